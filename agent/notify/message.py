"""A message as whole items, and the longest text of it that a receiver takes: the rest is counted, nothing is cut."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

TITLE_CHARACTERS = 60  # of what a telephone shows before the message is opened
BETWEEN = "\n\n"
CUT = "…"


class Item(NamedTuple):
    """What is said of one thing, complete in itself, and where a reader finds more."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Items, the most urgent first. `left_out` are others that whoever wrote the message already had to leave out."""

    items: tuple[Item, ...]
    heading: str = ""
    left_out: int = 0

    @property
    def title(self) -> str:
        """One short line for what shows only that."""
        line = (self.heading or self.items[0].text).partition("\n")[0]
        return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1] + CUT


Style = Callable[[Item], str]


def plain(item: Item) -> str:
    """An item as text; its link stands on a line of its own."""
    return _sound(item.text) + (f"\n{item.link}" if item.link else "")


# What would make markup, a mention of everybody or a link to elsewhere out of a source's own words.
NO_MARKUP = str.maketrans({"<": "＜", ">": "＞", "`": "｀"})


def markdown(item: Item) -> str:
    """An item as Markdown: its lines stay apart, and its words make no markup."""
    lines = _sound(item.text).translate(NO_MARKUP).replace("](", "］(").splitlines()
    return "  \n".join([*lines, f"[查看详情]({item.link})"] if item.link else lines)


def _sound(text: str) -> str:
    """Without halves of characters, which no encoding takes."""
    return text.encode("utf-8", "replace").decode()


def fitted(message: Message, style: Style, fits: Callable[[str], bool]) -> str:
    """The message with as many whole items as fit, and 另有N条 for the others.

    `fits` must hold for every text that is shorter than one for which it holds. Where not even the first item fits it
    is shortened, between two characters.
    """
    items = [style(item) for item in message.items]

    def text(number: int) -> str:
        return _joined(message.heading, items[:number], len(items) - number + message.left_out)

    if fits(whole := text(len(items))):
        return whole
    whole_items = bisect_left(range(1, len(items)), True, key=lambda number: not fits(text(number)))
    if whole_items:
        return text(whole_items)
    left_out, first = len(items) - 1 + message.left_out, items[0]
    most = bisect_left(
        range(len(first)), True, key=lambda length: not fits(_joined("", [first[:length] + CUT], left_out))
    )
    return _joined("", [first[: max(0, most - 1)] + CUT], left_out)


def _joined(heading: str, items: Sequence[str], left_out: int) -> str:
    rest = [f"另有{left_out}条"] if left_out else []
    return BETWEEN.join([*([heading] if heading else []), *items, *rest])
