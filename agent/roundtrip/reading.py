"""Reading the workbook back, however Excel, WPS or LibreOffice rewrote it: all that is wrong at once, or the claims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from agent.acts import Claim, Part, Unclear, claim
from agent.acts.files import read_file
from agent.acts.filling import BY_KEY, Head, head
from agent.acts.saying import File
from agent.config import Config, Plan
from agent.excel.opening import Opened, opened
from agent.model import ConfigError, Day, Statement
from agent.roundtrip.layout import (
    COLUMNS,
    GUIDE,
    HEAD_COLUMNS,
    HEAD_FIELD,
    HEAD_TEXT,
    HEADS,
    HIDDEN,
    INDICATOR,
    PROJECT,
    TITLE,
    VERSION,
    Identity,
    identity,
    of_field,
)
from agent.roundtrip.problems import Problem
from agent.roundtrip.rows import MOST_ROWS, Row, once, rows_of, rows_within, shown_cell
from agent.written import text_of

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


def read(path: Path, config: Config, today: Mapping[int, Day], made: Made, folder: Path | None = None) -> Returned:
    """What the workbook in a file says. `today` is by year of plan; `made` what was stated before."""
    books = opened(path)
    reading = _Reading(books, config, path)
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

    def __init__(self, books: Opened, config: Config, path: Path) -> None:
        self.books, self.written, self.config = books, books.written, config
        self.expected = self._expected(path)
        self.plan = self._plan(path)
        self.rows = {
            (project.id, row.id): (project, row) for project in self.plan.projects for row in project.indicators
        }

    def _expected(self, path: Path) -> list[tuple[Identity, str, str]]:
        """The rows the workbook was made with, as its hidden sheet says."""
        if HIDDEN not in self.written.sheetnames:
            raise ConfigError(f"{path}：不是由 dabiao export --form attest 生成的填报表（找不到隐藏的表“{HIDDEN}”）")
        rows = list(rows_within(self.written[HIDDEN], MOST_ROWS, 3))
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
        seen = once(rows, returned.problems)
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
        yield from rows_of(sheet, self.books, columns, self._by_name, problems)

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
        problems.append(Problem(row.sheet, shown_cell(row), says))
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
            returned.problems.append(Problem(row.sheet, row.places[label] if label else shown_cell(row), says))

    def _take_heads(self, rows: Sequence[Row], returned: Returned) -> None:
        for project in dict.fromkeys(row.known.project for row in rows):
            mine = {row.known.name[1:]: row for row in rows if row.known.project == project}
            told, unfit = head(project, self.year, {key: row.texts.get(HEAD_TEXT, "") for key, row in mine.items()})
            returned.heads.append(told)
            for key, says in unfit:
                row = mine[key]
                returned.problems.append(Problem(row.sheet, row.places[HEAD_TEXT], says))


def _file(name: str, files: Mapping[str, Path], kept: Mapping[str, str]) -> File:
    """A file by its name: from the folder, or where that has none, as it was kept with an earlier statement."""
    if name in files:
        return read_file(files[name])
    if name in kept:
        return File(name, kept[name], None)
    raise ValueError("找不到文件，请连同佐证材料文件夹一并导入（--evidence）")
