"""A form as cells on a grid, whatever it is written as: sheets of rows, merged cells, and where each figure is from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from agent.export.rows import Origin

if TYPE_CHECKING:
    from agent.export.filling import Filling


class Style(StrEnum):
    """How a cell looks."""

    TITLE = "title"
    SUBTITLE = "subtitle"
    LABEL = "label"  # a heading inside the table
    CENTRE = "centre"
    TEXT = "text"
    NUMBER = "number"
    SECTION = "section"  # above a table of the annex, without a frame
    NOTE = "note"  # below the table, without a frame
    SIGN = "sign"  # 填报人, without a frame


FRAMED = (Style.LABEL, Style.CENTRE, Style.TEXT, Style.NUMBER)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with its extent. `number` is what a spreadsheet counts with, printed with `places` decimals."""

    text: str = ""
    style: Style = Style.TEXT
    across: int = 1
    down: int = 1
    number: Fraction | None = None
    places: int | None = None
    origin: Origin | None = None
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page to be printed on A4: cells by row and column; `widths` in characters of the body's size."""

    name: str
    widths: tuple[int, ...]
    rows: tuple[tuple[tuple[int, Cell], ...], ...]  # of each row the cells with the column they begin in
    repeated: int | None = None  # the row printed again on every further page
    landscape: bool = True
    heads: int = 1  # so many rows are repeated

    def cells(self) -> Iterator[tuple[int, int, Cell]]:
        """Every cell with its row and column, from 0."""
        for at, row in enumerate(self.rows):
            for column, cell in row:
                yield at, column, cell


@dataclass(frozen=True, slots=True)
class Form:
    """A whole form: what is printed, and the same as plain data for programs."""

    title: str
    sheets: tuple[Sheet, ...]
    content: dict[str, Any] = field(repr=False)
    printed: dict[str, dict[str, str]] = field(
        default_factory=dict, repr=False
    )  # project/indicator → what stands there
    said: tuple[str, ...] = ()  # to the person who asked for it
    fillings: tuple[Filling, ...] = field(default=(), repr=False)  # for a workbook of the bureau's own


class Grid:
    """Rows being laid out on a number of columns."""

    def __init__(self, widths: Sequence[int]) -> None:
        """Begin empty."""
        self.widths = tuple(widths)
        self.rows: list[tuple[tuple[int, Cell], ...]] = []
        self._reaching: dict[int, int] = {}  # column → first row below a cell that reaches down

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.widths)

    def add(self, *cells: Cell) -> int:
        """A row, its cells from left to right past those that reach down into it; its number."""
        at, column, placed = len(self.rows), 0, []
        for cell in cells:
            while self._reaching.get(column, 0) > at:
                column += 1
            placed.append((column, cell))
            for covered in range(column, column + cell.across):
                self._reaching[covered] = at + cell.down
            column += cell.across
        if column > self.columns:
            raise ValueError(f"{column} columns of cells on a grid of {self.columns}")
        self.rows.append(tuple(placed))
        return at

    def whole(self, text: str, style: Style) -> int:
        """A row of one cell."""
        return self.add(Cell(text, style, across=self.columns))

    def spread(self, *shares: int) -> tuple[int, ...]:
        """How many columns each of several cells takes, so that their widths come near these shares of the whole."""
        edges, total = [0], sum(self.widths)
        for number in range(1, len(shares)):
            wanted = total * sum(shares[:number]) / sum(shares)
            left = len(shares) - number
            candidates = range(edges[-1] + 1, self.columns - left + 1)
            edges.append(min(candidates, key=lambda edge: abs(sum(self.widths[:edge]) - wanted)))
        return tuple(b - a for a, b in zip(edges, [*edges[1:], self.columns], strict=True))

    def sheet(self, name: str, repeated: int | None = None, heads: int = 1, landscape: bool = True) -> Sheet:
        """The grid as a sheet."""
        return Sheet(name, self.widths, tuple(self.rows), repeated, landscape, heads)
