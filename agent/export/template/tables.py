"""The tables of indicators in a workbook: under which heading what is put, and which row is whose."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from openpyxl import Workbook

from agent.export.filling import Filling
from agent.export.profile import ColumnKeys, Profile
from agent.export.template.grid import Grid, Place, heading, name

NAME = "name"
PROJECT = "项目名称"
TOTALS = ("总分", "合计", "总计", "总得分")
TITLES = ("自评表", "监控表", "跟踪表", "评价表")
BARE = ("……", "…", "...")


@dataclass(slots=True)
class Table:
    """One table: its rows of headings, its columns by the profile's, the rows below by name, and the cells around."""

    grid: Grid
    first: int  # of the headings
    below: int  # the first row of indicators
    columns: Mapping[int, int]  # number of the profile's column → column of the sheet
    begins: int = 1  # what belongs to it: from this row …
    ends: int = 0  # … to this one
    rows: dict[int, str] = field(default_factory=dict)  # row → its name as printed
    total: int | None = None

    @property
    def after(self) -> int:
        """The row below the indicators and their total."""
        return max(self.total or 0, *self.rows, self.below - 1) + 1

    def around(self) -> Iterator[int]:
        """The rows above and below the table that belong to it."""
        yield from range(self.begins, self.first)
        yield from range(self.after, self.ends + 1)


class Spellings:
    """The words by which headings and labels are known: the profile's own and the other ones it lists."""

    def __init__(self, profile: Profile, period: str) -> None:
        """Those of a profile for a form of a period."""
        self.period = period
        self._also = {
            heading(word.format(period=period)): [heading(other.format(period=period)) for other in others]
            for word, others in profile.keys.also.items()
        }

    def of(self, word: str) -> list[str]:
        """How a heading or label may be spelled, the profile's own first."""
        known = heading(word.format(period=self.period))
        return [known, *self._also.get(known, ())]


def tables(book: Workbook, columns: Sequence[ColumnKeys], known: Spellings, names: Collection[str]) -> list[Table]:
    """Every table of the visible sheets, from top to bottom; `names` are those of our rows."""
    return [
        table
        for sheet in book.worksheets
        if sheet.sheet_state == "visible"
        for table in _of_sheet(Grid(sheet), columns, known, names)
    ]


def _of_sheet(grid: Grid, columns: Sequence[ColumnKeys], known: Spellings, names: Collection[str]) -> list[Table]:
    found: list[Table] = []
    row = 1
    while row <= grid.rows:
        table = _headings(grid, row, columns, known)
        if table is not None:
            found.append(table)
            row = table.below
        else:
            row += 1
    for number, table in enumerate(found):
        next_one = found[number + 1].first if number + 1 < len(found) else grid.rows + 1
        _take_rows(table, columns, next_one, names)
        table.begins = _begin(grid, found[number - 1].after if number else 1, table.first) if number else 1
    for number, table in enumerate(found):
        table.ends = found[number + 1].begins - 1 if number + 1 < len(found) else grid.rows
    return found


def _headings(grid: Grid, row: int, columns: Sequence[ColumnKeys], known: Spellings) -> Table | None:
    """The table whose headings begin in a row: where the heading of the names stands with another one of ours."""
    (naming,) = [number for number, column in enumerate(columns) if column.key == NAME]
    spelled = known.of(columns[naming].head)
    at = next((at for at, text in grid.in_row(row) if heading(text) in spelled), None)
    if at is None:
        return None
    last = at.last_row
    if last == row and not grid.text(row + 1, at.column) and _says_headings(grid, row + 1, columns, known):
        last += 1
    places: dict[int, int] = {naming: at.column}
    for number, column in enumerate(columns):
        if number != naming:
            where = _column(grid, range(row, last + 1), known.of(column.head), places.values())
            if where is not None:
                places[number] = where
    return Table(grid, row, last + 1, places) if len(places) > 1 else None


def _says_headings(grid: Grid, row: int, columns: Sequence[ColumnKeys], known: Spellings) -> bool:
    words = {word for column in columns for word in known.of(column.head)}
    return any(heading(text) in words for _, text in grid.in_row(row))


def _column(grid: Grid, rows: range, spelled: Sequence[str], taken: Collection[int]) -> int | None:
    """The first column with one of these words in these rows, the profile's own word before the others."""
    for word in spelled:
        for column in range(1, grid.columns + 1):
            at = grid.place(rows[-1], column)
            if (
                column not in taken
                and at.column == column
                and word in {heading(grid.text(row, column)) for row in rows}
            ):
                return column
    return None


def _take_rows(table: Table, columns: Sequence[ColumnKeys], end: int, names: Collection[str]) -> None:
    grid = table.grid
    (naming,) = [at for number, at in table.columns.items() if columns[number].key == NAME]
    for row in range(table.below, end):
        said = list(grid.in_row(row))
        if any(heading(text) in TOTALS for _, text in said):
            table.total = row
            return
        if any(_is_project(text) or heading(text).endswith(TITLES) for _, text in said):
            return
        own = next((text for at, text in said if at.column == naming), "")
        shifted = next((text for at, text in said if at.column < naming and name(text) in names), "")
        found = own if name(own) in names else shifted or own
        if found and found not in BARE and (shifted or grid.place(row, naming).column == naming):
            table.rows[row] = found


def _begin(grid: Grid, first: int, last: int) -> int:
    """Where what belongs to a second table begins: at its title or its project's name."""
    for row in range(first, last):
        if any(_is_project(text) or heading(text).endswith(TITLES) for _, text in grid.in_row(row)):
            return row
    return last


def _is_project(text: str) -> bool:
    return heading(text).startswith(PROJECT)


def beside(grid: Grid, at: Place) -> Place | None:
    """The cell to the right of a label."""
    return grid.place(at.row, at.last_column + 1) if at.last_column < max(grid.columns, 2) else None


def project_of(table: Table, fillings: Sequence[Filling]) -> tuple[Filling | None, str]:
    """Whose table it is, and what it says of that where it is nobody's of ours."""
    by_name = {name(one.project): one for one in fillings}
    printed = _printed_project(table)
    if printed:
        return by_name.get(name(printed)), printed
    said = [text for row in range(table.begins, table.first) for _, text in table.grid.in_row(row)]
    titles = [name(text) for text in (table.grid.sheet.title, *said)]
    named = [one for known, one in by_name.items() if any(known in title for title in titles)]
    if len(named) == 1:
        return named[0], ""
    rows = {name(text) for text in table.rows.values()}
    shares = sorted(
        (len(rows & {name(line.row.indicator.name) for line in one.lines}), one.project) for one in fillings
    )
    if shares[-1][0] and (len(shares) == 1 or shares[-1][0] > shares[-2][0]):
        return by_name[name(shares[-1][1])], ""
    return None, ""


def _printed_project(table: Table) -> str:
    for row in range(table.begins, table.first):
        for at, text in table.grid.in_row(row):
            if heading(text) == PROJECT:
                right = beside(table.grid, at)
                return table.grid.text(right.row, right.column) if right is not None else ""
            if _is_project(text) and ":" in (plain := text.replace("：", ":")):
                return plain.split(":", 1)[1].strip()
    return ""
