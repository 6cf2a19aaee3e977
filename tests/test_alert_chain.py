"""From a source system to the people: what rings, whom it reaches, what it says, and what must not ring."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alert_chain import PORTAL, Chain, chain

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain(tmp_path_factory.mktemp("chain")) as running:
        yield running


def test_a_fault_rings_while_there_are_minutes_left_and_a_second_one_of_its_system_rings_too(whole: Chain) -> None:
    due = {"F1": whole.platform.report("F1", seconds_ago=245)}
    first = whole.awaited("firing", ticket="F1")
    due["F2"] = whole.platform.report("F2", seconds_ago=185)  # reported a minute after the first
    second = whole.awaited("firing", ticket="F2")
    for ticket, told in (("F1", first), ("F2", second)):
        assert told.at < due[ticket]
        assert told.labels["alertname"] == "DabiaoRecordDueSoon"
        assert told.receiver == "duty"
        assert f"{PORTAL} 故障单{ticket} " in told.annotations["summary"]
    whole.platform.answer("F1")
    whole.awaited("resolved", ticket="F1")
    assert not whole.receivers.of("resolved", ticket="F2")
    whole.platform.answer("F2")
    whole.awaited("resolved", ticket="F2")
    assert [len(whole.receivers.of("firing", ticket=ticket)) for ticket in due] == [1, 1]
