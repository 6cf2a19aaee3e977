"""Tables that fit the terminal: the least important columns give way, and what gave way is named below.

Rich measures Chinese by the cells it takes. Texts never pass through its markup, and control characters never reach
the terminal, whatever a source wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.model import Stage, State

WORD = re.compile(r"[!-~]+")  # as ids and paths are made of: each letter takes one cell
PIECE = re.compile(r"[^/_.-]+[/_.-]*|[/_.-]+")
GAP = 2  # cells between columns
STATE_STYLES = {
    State.MET: "green",
    State.AT_RISK: "yellow",
    State.MISSED: "bold red",
    State.EMPTY: "dim",
    State.NO_DATA: "magenta",
    State.PENDING: "cyan",
    State.NOT_DUE: "dim",
    State.NOT_APPLICABLE: "dim",
}
STAGE_STYLES = {Stage.IN_TIME: "green", Stage.DUE_SOON: "yellow", Stage.OVERDUE: "bold red", Stage.PAUSED: "dim"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Where the terminal is too narrow, those of the highest rank go first; rank 0 stays.

    A column with `least` may be folded down to that many cells; one that `joins` adds its text to the first column
    instead of going.
    """

    title: str
    rank: int = 0
    least: int | None = None
    right: bool = False
    joins: bool = False


class Grid:
    """Rows under columns, as wide as they need or as the terminal is. Nothing is cut: long texts are folded."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
        """Each row has one text a column."""
        self.columns, self.rows = tuple(columns), tuple(rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table at the width at hand."""
        kept = self._kept(options.max_width)
        rows = self._cells(kept)
        lined = console.is_terminal and not options.ascii_only
        padding = (0, GAP - 1 if lined else GAP, 0, 0)  # a box divides its columns by one cell of its own
        table = Table(box=box.SIMPLE_HEAD if lined else None, pad_edge=False, padding=padding, show_edge=False)
        columns = [self.columns[place] for place in kept]
        widths = _widths(columns, rows, options.max_width)
        for column, width in zip(columns, widths, strict=True):
            justify: JustifyMethod = "right" if column.right else "left"
            table.add_column(Text(column.title), justify=justify, overflow="fold", width=width)
        for row in rows:
            table.add_row(*map(_folded, row, widths))
        yield table
        gone = [c.title for place, c in enumerate(self.columns) if place not in kept and not c.joins]
        if gone:
            yield Text(f"(终端较窄，未显示：{'、'.join(gone)})", "dim")

    def _cells(self, kept: Sequence[int]) -> list[list[Text]]:
        """The rows of the columns that stay, with the texts of those that join the first."""
        joined = [place for place, column in enumerate(self.columns) if place not in kept and column.joins]
        return [
            [Text(" ").join([row[0], *(row[place] for place in joined)]), *(row[place] for place in kept[1:])]
            for row in self.rows
        ]

    def _kept(self, width: int) -> list[int]:
        """The places of the columns that fit; the first always stays."""
        kept = list(range(len(self.columns)))
        while self._needed(kept) > width:
            rank = max(self.columns[place].rank for place in kept)
            if rank == 0:
                break
            kept.remove(next(place for place in reversed(kept) if self.columns[place].rank == rank))
        return kept

    def _needed(self, kept: Sequence[int]) -> int:
        columns = [self.columns[place] for place in kept]
        leasts = map(_least, columns, _naturals(columns, self._cells(kept)))
        return sum(leasts) + GAP * len(kept)


def _naturals(columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> list[int]:
    """The width of each column's longest line."""
    texts = ([column.title, *(row[place].plain for row in rows)] for place, column in enumerate(columns))
    return [max(cell_len(line) for text in several for line in text.split("\n")) for several in texts]


def _least(column: Column, natural: int) -> int:
    return natural if column.least is None else min(natural, max(column.least, cell_len(column.title)))


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Text]], most: int) -> list[int]:
    """What each column gets: its least, and what is left over goes first to those that lack little to stand whole."""
    naturals = _naturals(columns, rows)
    widths = list(map(_least, columns, naturals))
    spare = max(0, most - sum(widths) - GAP * len(widths))
    for place in sorted(range(len(widths)), key=lambda at: naturals[at] - widths[at]):
        more = min(spare, naturals[place] - widths[place])
        widths[place] += more
        spare -= more
    return widths


def _folded(text: Text, width: int) -> Text:
    """A text whose words that are too long for their column end a line behind one of their marks, where they have any.

    Rich breaks them anywhere, and half of an id can be searched for by nobody.
    """
    breaks = list(_breaks(text.plain, width))
    return Text("\n").join(text.divide(breaks)) if breaks else text


def _breaks(text: str, width: int) -> Iterator[int]:
    for word in WORD.finditer(text):
        begins = word.start()
        for piece in PIECE.finditer(text, *word.span()):
            if piece.start() > begins and piece.end() - begins > width:
                begins = piece.start()
                yield begins


def said(text: object, style: str = "") -> Text:
    """A text as it may be shown: control characters spelled out, nothing read as markup."""
    return Text("".join(_visible(str(text))), style)


def _visible(text: str) -> Iterator[str]:
    for char in text:
        if char != "\n" and unicodedata.category(char).startswith("C"):
            yield char.encode("unicode_escape", "backslashreplace").decode()
        else:
            yield char


def number(value: int | None, style: str = "") -> Text:
    """A count with thousands separators; a dash for what is unknown."""
    return Text("—", "dim") if value is None else Text(f"{value:,}", style if value else "dim")


def heading(text: str) -> Text:
    """The head of a section."""
    return said(text, "bold")


def indented(grid: Grid) -> Padding:
    """A grid under its heading."""
    return Padding(grid, (0, 0, 0, 2))


def labelled(rows: Sequence[tuple[str, Text]]) -> Table:
    """Labels in a column, and beside each its text, folded under itself."""
    table = Table.grid(padding=(0, GAP, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(label), text)
    return table
