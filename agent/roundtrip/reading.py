"""Reading the workbook back, however Excel, WPS or LibreOffice rewrote it: all that is wrong at once, or the claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from openpyxl import Workbook
from openpyxl.cell import Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from agent.acts import Claim, Part, Unclear, claim
from agent.acts.files import read_file
from agent.acts.filling import BY_KEY, Head, head
from agent.acts.saying import File
from agent.config import Config, Plan
from agent.excel.opening import opened
from agent.model import ConfigError, Day, Statement
from agent.roundtrip.layout import (
    COLUMNS,
    GUIDE,
    HEAD_COLUMNS,
    HEAD_FIELD,
    HEAD_TEXT,
    HEADS,
    HIDDEN,
    IDENTITY,
    INDICATOR,
    PROJECT,
    TITLE,
    VERSION,
    Column,
    Identity,
    identity,
    of_field,
)
from agent.roundtrip.problems import Problem
from agent.written import text_of

HEADINGS_WITHIN, MOST_ROWS, MOST_COLUMNS = 15, 2000, 60
SEPARATORS = str.maketrans({"；": "\n", ";": "\n", "、": "\n", "，": "\n"})
Made = Mapping[tuple[int, str], tuple[Statement, ...]]


@dataclass(frozen=True)
class Returned:
    """What a workbook says: claims and heads, or problems; `missing` are rows it was made with and holds no longer."""

    book: Workbook
    claims: list[Claim] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)  # rows stated before in which nothing stands now


class Row(NamedTuple):
    """One row of a sheet: where it stands, whose it is, and its texts by column."""

    sheet: str
    number: int
    known: Identity
    texts: Mapping[str, str]
    places: Mapping[str, str]  # of each column the address of its cell


def read(path: Path, config: Config, today: Mapping[int, Day], made: Made, folder: Path | None = None) -> Returned:
    """What the workbook in a file says. `today` is by year of plan; `made` what was stated before."""
    books = opened(path)
    reading = _Reading(books.written, books.valued, config, path)
    returned = Returned(books.written)
    reading.read(returned, today, made, _files_in(folder, returned))
    return returned


def _files_in(folder: Path | None, returned: Returned) -> dict[str, Path]:
    """The files of a folder by name; of two of the same name neither can be meant."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        if path.is_file():
            if path.name in found:
                returned.problems.append(Problem("", "", f"佐证材料文件夹中有两个“{path.name}”"))
            found[path.name] = path
    return found


class _Reading:
    """Finds the rows of the sheets, wherever they were moved, and takes each by what it was made for."""

    def __init__(self, written: Workbook, valued: Workbook, config: Config, path: Path) -> None:
        self.written, self.valued, self.config = written, valued, config
        self.expected = self._expected(path)
        self.plan = self._plan(path)
        self.rows = {
            (project.id, row.id): (project, row) for project in self.plan.projects for row in project.indicators
        }

    def _expected(self, path: Path) -> list[tuple[Identity, str, str]]:
        """The rows the workbook was made with, as its hidden sheet says."""
        if HIDDEN not in self.written.sheetnames:
            raise ConfigError(f"{path}：不是由 dabiao export --form attest 生成的填报表（找不到隐藏的表“{HIDDEN}”）")
        rows = list(_rows_within(self.written[HIDDEN], MOST_ROWS, 3))
        title, version, year = (*rows[0], None, None, None)[:3] if rows else (None, None, None)
        if title != TITLE or not isinstance(year, int):
            raise ConfigError(f"{path}：不是由 dabiao export --form attest 生成的填报表")
        if version != VERSION:
            raise ConfigError(f"{path}：填报表的版本应为 {VERSION}，现为 {version}；请重新导出填报表")
        self.year = year
        found = ((identity(text_of(cells[0])), text_of(cells[1]), text_of(cells[2])) for cells in rows[1:])
        return [(known, project, name) for known, project, name in found if known is not None]

    def _plan(self, path: Path) -> Plan:
        plan = next((plan for plan in self.config.plans if plan.year == self.year), None)
        if plan is None:
            years = "、".join(str(plan.year) for plan in self.config.plans)
            raise ConfigError(f"{path}：应为 {years} 年度的填报表，现为 {self.year} 年度")
        return plan

    def read(self, returned: Returned, today: Mapping[int, Day], made: Made, files: Mapping[str, Path]) -> None:
        """Take every row of every sheet."""
        rows = [row for row in self._rows(returned.problems) if self._belongs(row, returned.problems)]
        seen: dict[Identity, Row] = {}
        for row in rows:
            if (former := seen.get(row.known)) is not None:
                says = f"与 {former.sheet}!{former.places[IDENTITY].replace('A', 'B', 1)} 是同一行，请删去其中一行"
                returned.problems.append(Problem(row.sheet, _shown_cell(row), says))
            else:
                seen[row.known] = row
        for row in seen.values():
            if row.sheet == HEADS:
                continue
            self._take(row, returned, today[self.year], made, files)
        self._take_heads([row for row in seen.values() if row.sheet == HEADS], returned)
        names = {known: f"{project} {name}" for known, project, name in self.expected}
        returned.missing.extend(name for known, name in names.items() if known not in seen)

    # --- rows ---

    def _rows(self, problems: list[Problem]) -> Iterator[Row]:
        for sheet in self.written.worksheets:
            if sheet.title not in (GUIDE, HIDDEN):
                yield from self._rows_of(sheet, problems)

    def _rows_of(self, sheet: Worksheet, problems: list[Problem]) -> Iterator[Row]:
        columns = HEAD_COLUMNS if sheet.title == HEADS else COLUMNS
        found = _headings(sheet, columns)
        if found is None:
            if any(identity(text_of(cell)) for row in _rows_within(sheet, MOST_ROWS, 1) for cell in row):
                problems.append(Problem(sheet.title, "", "找不到表头行，请在原表上填写，不要删改表头"))
            return
        below, places = found
        first = below + 1
        for merged in sheet.merged_cells.ranges:
            if merged.max_row >= first and any(merged.min_col <= at <= merged.max_col for at in places.values()):
                cell, says = merged.coord.split(":")[0], f"合并了单元格 {merged.coord}，请取消合并"
                problems.append(Problem(sheet.title, cell, says))
        for number in range(first, min(sheet.max_row, MOST_ROWS) + 1):
            cells = {label: sheet.cell(number, at) for label, at in places.items()}
            texts = {label: self._text(sheet, cell, problems) for label, cell in cells.items()}
            addresses = {label: cell.coordinate for label, cell in cells.items()}
            known = identity(texts.get(IDENTITY, "")) or self._by_name(texts)
            if known is not None:
                yield Row(sheet.title, number, known, texts, addresses)
            elif any(texts[column.label] for column in columns if column.part and column.label in texts):
                cell = addresses.get(INDICATOR, f"B{number}")
                problems.append(Problem(sheet.title, cell, "认不出这一行是哪个项目的哪项指标，请在原表上填写"))

    def _by_name(self, texts: Mapping[str, str]) -> Identity | None:
        """The row whose hidden cell was lost, by the names that stand in it."""
        project, name = texts.get(PROJECT, ""), texts.get(INDICATOR) or texts.get(HEAD_FIELD, "")
        if not project or not name:
            return None
        found = [known for known, *names in self.expected if names == [project, name]]
        for one in self.plan.projects if HEAD_FIELD in texts else ():
            found += [
                of_field(self.year, one.id, key)
                for key, field in BY_KEY.items()
                if (one.name, field.label) == (project, name)
            ]
        return found[0] if len(found) == 1 else None

    def _text(self, sheet: Worksheet, cell: Cell | MergedCell, problems: list[Problem]) -> str:
        """What a cell says; of a formula the value it was saved with."""
        value = cell.value
        if cell.data_type == "f":
            value = self.valued[sheet.title][cell.coordinate].value
            if value is None:
                problems.append(Problem(sheet.title, cell.coordinate, "公式没有计算结果，请直接填写数值"))
                return ""
        if cell.data_type == "e" or (isinstance(value, str) and value in ERRORS):
            problems.append(Problem(sheet.title, cell.coordinate, f"单元格是错误值“{value}”，请直接填写"))
            return ""
        return text_of(value)

    def _belongs(self, row: Row, problems: list[Problem]) -> bool:
        known = row.known
        names = (
            {f"@{key}" for key in BY_KEY}
            if row.sheet == HEADS
            else {name for project, name in self.rows if project == known.project}
        )
        if known.year != self.year:
            says = f"应为 {self.year} 年度的行，现为 {known.year} 年度"
        elif known.project not in {project.id for project in self.plan.projects}:
            says = f"targets.yaml 中没有项目“{row.texts.get(PROJECT) or known.project}”"
        elif known.name not in names:
            says = f"targets.yaml 的该项目中没有“{row.texts.get(INDICATOR) or known.name}”"
        else:
            return True
        problems.append(Problem(row.sheet, _shown_cell(row), says))
        return False

    # --- what the rows say ---

    def _take(self, row: Row, returned: Returned, today: Day, made: Made, files: Mapping[str, Path]) -> None:
        project, indicator = self.rows[(row.known.project, row.known.name)]
        cells = {
            column.part: column.label for column in COLUMNS if column.part is not None and column.label in row.texts
        }
        said: dict[Part, str] = {part: row.texts[label] for part, label in cells.items() if part is not Part.EVIDENCE}
        names = [
            name.strip() for name in row.texts.get(cells.get(Part.EVIDENCE, ""), "").translate(SEPARATORS).split("\n")
        ]
        named = [name for name in names if name]
        before = made.get((self.year, f"{project.id}/{indicator.id}"), ())
        if not named and not any(text for part, text in said.items() if part is not Part.THROUGH):
            if before and not indicator.measure.from_records:
                returned.emptied.append(f"{project.name} {indicator.name}")
            return
        wrong = []
        kept = {name: hashed for one in before for name, hashed in one.evidence}
        found: list[File] = []
        for name in named:
            try:
                found.append(_file(name, files, kept))
            except (OSError, ValueError) as failed:
                reason = failed.strerror if isinstance(failed, OSError) else str(failed)
                wrong.append((Part.EVIDENCE, f"“{name}”：{reason}"))
        try:
            returned.claims.append(claim(self.plan, indicator, said, today, found))
        except Unclear as unclear:
            wrong += unclear.wrong
        for part, says in wrong:
            label = cells.get(part)
            returned.problems.append(Problem(row.sheet, row.places[label] if label else _shown_cell(row), says))

    def _take_heads(self, rows: Sequence[Row], returned: Returned) -> None:
        for project in dict.fromkeys(row.known.project for row in rows):
            mine = {row.known.name[1:]: row for row in rows if row.known.project == project}
            told, unfit = head(project, self.year, {key: row.texts.get(HEAD_TEXT, "") for key, row in mine.items()})
            returned.heads.append(told)
            for key, says in unfit:
                row = mine[key]
                returned.problems.append(Problem(row.sheet, row.places[HEAD_TEXT], says))


ERRORS = ("#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#N/A", "#NUM!", "#NULL!")


def _headings(sheet: Worksheet, columns: Sequence[Column]) -> tuple[int, dict[str, int]] | None:
    """The row below which the table begins, and the place of each column; its headings may stand in two rows."""
    labels = {column.label for column in columns}
    wanted = {PROJECT, columns[-2].label}
    rows = list(_rows_within(sheet, HEADINGS_WITHIN, MOST_COLUMNS))
    for number, cells in enumerate(rows, 1):
        if PROJECT not in map(text_of, cells):
            continue
        below = rows[number] if number < len(rows) else ()
        places = {
            text_of(cell): at for row in (cells, below) for at, cell in enumerate(row, 1) if text_of(cell) in labels
        }
        two = any(text_of(cell) in labels for cell in below)
        if wanted <= places.keys():
            return number + (1 if two or not any(map(text_of, below)) else 0), places
    return None


def _rows_within(sheet: Worksheet, rows: int, columns: int) -> Iterator[tuple[object, ...]]:
    """The values of the first rows; beyond the sheet's last openpyxl would make a cell of each it is asked for."""
    return sheet.iter_rows(max_row=min(sheet.max_row, rows), max_col=columns, values_only=True)


def _shown_cell(row: Row) -> str:
    """A cell of the row that can be seen."""
    return row.places.get(INDICATOR) or row.places.get(HEAD_FIELD) or f"{get_column_letter(2)}{row.number}"


def _file(name: str, files: Mapping[str, Path], kept: Mapping[str, str]) -> File:
    """A file by its name: from the folder, or where that has none, as it was kept with an earlier statement."""
    if name in files:
        return read_file(files[name])
    if name in kept:
        return File(name, kept[name], None)
    raise ValueError("找不到文件，请连同佐证材料文件夹一并导入（--evidence）")
