"""Messages to people: what is kept of them, how long they may be, and how they reach a chat group."""

from __future__ import annotations

from agent.notify import Outbox, Sent


def test_the_outbox_keeps_the_newest_messages_and_gives_them_newest_first():
    outbox = Outbox(most=3)
    for at in range(5):
        outbox.add(Sent(at, "duty", "题", f"第{at}条", delivered=at % 2 == 0))
    assert [sent.at for sent in outbox.recent()] == [4, 3, 2]
