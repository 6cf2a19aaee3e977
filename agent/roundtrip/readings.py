"""口径确认表: every reading of ours with what else could be meant, to be confirmed or objected to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from agent.acts import Opinion, Part
from agent.acts.readings import OF_TABLES, Reading, opinion, reading_of, reading_of_tables
from agent.book.standing import Standing
from agent.config import Config, Plan
from agent.evaluate.judgement import target_on
from agent.excel.opening import opened
from agent.explain.wording import formula
from agent.export.workbook import settled
from agent.model import ConfigError, Window
from agent.roundtrip.cells import FIRST_ROW, HEADER_ROWS, dress, header, height_of, open_cell, page, put, titles
from agent.roundtrip.layout import HIDDEN, IDENTITY, INDICATOR, NUMBER, PROJECT, TARGET, VERSION, Column, Identity
from agent.roundtrip.problems import Problem
from agent.roundtrip.rows import MOST_ROWS, Row, once, rows_of, rows_within, shown_cell
from agent.shown import shown_target
from agent.written import text_of

TITLE = "绩效指标口径确认表"
OURS, AS_PRINTED = "需确认的读法", "照原文读的行"
AGREES, OBJECTS = "确认", "有异议"
READ_AS, NOTE, COUNTED, OPTIONS, STANDS = "我方读法", "口径说明", "计量方式", "其他读法", "现状"
OPINION, OBJECTION = "意见", "异议内容（应如何读）"
WHOLE_TABLE = "全表"
COLUMNS: tuple[Column, ...] = (
    Column(IDENTITY, 2),
    Column(NUMBER, 5),
    Column(PROJECT, 14),
    Column(INDICATOR, 17),
    Column(TARGET, 12),
    Column(READ_AS, 12),
    Column(NOTE, 34),
    Column(COUNTED, 30),
    Column(OPTIONS, 24),
    Column(STANDS, 13),
    Column(OPINION, 9, Part.WORD),
    Column(OBJECTION, 24, Part.REASON),
)
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A reading with everything that is said of it."""

    reading: Reading
    known: Identity
    fixed: Mapping[str, str]
    is_ours: bool  # and not simply what is printed


def lines_of(config: Config, plan: Plan, window: Window) -> Iterator[Line]:
    """Every reading of a year: of the tables as a whole first, then row by row."""
    for one in plan.readings:
        fixed = {
            PROJECT: WHOLE_TABLE,
            INDICATOR: one.name,
            TARGET: one.text,
            NOTE: one.note,
            OPTIONS: "\n".join(one.options),
        }
        yield Line(reading_of_tables(plan, one), Identity(VERSION, plan.year, OF_TABLES, one.id), fixed, True)
    for project in plan.projects:
        for row in project.indicators:
            sources = [source for source in config.sources if source.spec.record == row.measure.of]
            told = formula(row, plan, sources, window)
            fixed = {
                PROJECT: project.name,
                INDICATOR: row.name,
                TARGET: row.text,
                READ_AS: shown_target(target_on(row, window.last - 1)),
                NOTE: row.note or "",
                COUNTED: told.sentence.removeprefix(f"{row.name} = "),
                OPTIONS: "\n".join(row.options),
            }
            known = Identity(VERSION, plan.year, project.id, row.id)
            yield Line(reading_of(row), known, fixed, bool(row.note))


# --- written ----------------------------------------------------------------------------------------------------------


def workbook_of_readings(plan: Plan, lines: Sequence[Line], stands: Standing) -> bytes:
    """The workbook as a file: what is ours on one sheet, what is read as it is printed on another."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, is_ours in ((OURS, True), (AS_PRINTED, False)):
        mine = [line for line in lines if line.is_ours is is_ours]
        if mine:
            _sheet(book.create_sheet(title), plan, mine, stands)
    hidden = book.create_sheet(HIDDEN)
    hidden.sheet_state = "veryHidden"
    hidden.append([TITLE, VERSION, plan.year])
    for line in lines:
        hidden.append([str(line.known), line.fixed[PROJECT], line.fixed[INDICATOR], line.reading.hash])
    book.properties.title, book.properties.creator = f"{TITLE}（{plan.year}年度）", "dabiao"
    book.properties.created = datetime(1980, 1, 1)  # noqa: DTZ001 - the file format's own, without a zone
    held = BytesIO()
    book.save(held)
    return settled(held.getvalue())


def _sheet(at: Worksheet, plan: Plan, lines: Sequence[Line], stands: Standing) -> None:
    titles(at, len(COLUMNS), TITLE, f"（{plan.year}年度）　　逐行填“{AGREES}”或“{OBJECTS}”；有异议的写明应如何读")
    header(at, COLUMNS)
    for number, line in enumerate(lines, 1):
        row, said = FIRST_ROW + number - 1, opinion(stands, line.reading)
        objection = "" if said is None else said.body.get("objection", "")
        word = "" if said is None else OBJECTS if objection else AGREES
        stand = "待确认" if said is None else f"{said.account}填“{word}”（第{said.n}条）"
        fixed = {
            **line.fixed,
            IDENTITY: str(line.known),
            STANDS: stand,
        }
        for place, column in enumerate(COLUMNS, 1):
            cell = at.cell(row, place)
            dress(cell, "left" if column.part is None or column.part is Part.REASON else "center")
            if column.part is not None:
                given = (word if column.part is Part.WORD else objection) or None
                open_cell(cell, column.part, given, said is None and line.is_ours and column.part is Part.WORD)
            else:
                put(cell, number if column.label == NUMBER else fixed.get(column.label, ""))
        widths = [(column.width, at.cell(row, place)) for place, column in enumerate(COLUMNS, 1)]
        at.row_dimensions[row].height = height_of(widths)
    letter = get_column_letter(len(COLUMNS) - 1)
    last = FIRST_ROW + len(lines) - 1
    check = DataValidation("list", f'"{AGREES},{OBJECTS}"', allow_blank=True, showErrorMessage=True)
    check.errorTitle, check.error = "请核对", f"应为“{AGREES}”或“{OBJECTS}”"
    check.add(f"{letter}{FIRST_ROW}:{letter}{last}")
    at.add_data_validation(check)
    at.freeze_panes = f"E{FIRST_ROW}"
    page(at, len(COLUMNS), last, f"{HEADER_ROWS[0]}:{HEADER_ROWS[1]}")


# --- read -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Opinions:
    """What a workbook says of readings: opinions, or problems; `missing` rows it holds no longer."""

    book: Workbook
    opinions: list[Opinion] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def is_of_readings(path: Path) -> bool:
    """Whether a workbook is one of readings, as its hidden sheet says."""
    book = opened(path).written
    return HIDDEN in book.sheetnames and book[HIDDEN]["A1"].value == TITLE


def read_readings(path: Path, config: Config) -> Opinions:
    """What the workbook in a file says of the readings as they stand. ConfigError where it is of another year."""
    books = opened(path)
    made = list(rows_within(books.written[HIDDEN], MOST_ROWS, 4))
    year, returned = made[0][2], Opinions(books.written)
    plan = next((plan for plan in config.plans if plan.year == year), None)
    if plan is None:
        years = "、".join(str(plan.year) for plan in config.plans)
        raise ConfigError(f"{path}：应为 {years} 年度的口径确认表，现为 {year} 年度")
    known = {str(Identity(VERSION, plan.year, *one.subject.split("/", 1))): one for one in _readings(plan)}
    listed = [[text_of(cell) for cell in cells] for cells in made[1:]]
    hashes = {known_as: (hashed, f"{project} {name}") for known_as, project, name, hashed in listed if known_as}
    rows = [
        row
        for sheet in books.written.worksheets
        if sheet.title != HIDDEN
        for row in rows_of(sheet, books, COLUMNS, lambda texts: None, returned.problems)
    ]
    seen = once(rows, returned.problems)
    for row in seen.values():
        _take(row, known.get(str(row.known)), hashes.get(str(row.known), ("", ""))[0], returned)
    told = {str(one) for one in seen}
    returned.missing.extend(name for one, (_, name) in hashes.items() if one not in told)
    return returned


def _readings(plan: Plan) -> Iterator[Reading]:
    yield from (reading_of_tables(plan, one) for one in plan.readings)
    yield from (reading_of(row) for project in plan.projects for row in project.indicators)


def _take(row: Row, reading: Reading | None, made_with: str, returned: Opinions) -> None:
    word, says = row.texts.get(OPINION, ""), row.texts.get(OBJECTION, "")
    if not word and not says:
        return
    at, against = row.places.get(OPINION, shown_cell(row)), row.places.get(OBJECTION, shown_cell(row))
    wrong = returned.problems
    if reading is None:
        wrong.append(Problem(row.sheet, shown_cell(row), "targets.yaml 中没有这一行"))
    elif reading.hash != made_with:
        wrong.append(Problem(row.sheet, at, "这一行的读法在导出之后已改，请重新导出口径确认表"))
    elif word not in (AGREES, OBJECTS):
        wrong.append(Problem(row.sheet, at, f"应为“{AGREES}”或“{OBJECTS}”，现为{f'“{word}”' if word else '空'}"))
    elif word == OBJECTS and not says:
        wrong.append(Problem(row.sheet, against, "有异议的应写明应如何读，现为空"))
    elif word == AGREES and says:
        wrong.append(Problem(row.sheet, at, f"写有异议内容，意见应为“{OBJECTS}”，现为“{AGREES}”"))
    elif len(says) > LONGEST:
        wrong.append(Problem(row.sheet, against, f"不应超过 {LONGEST} 字，现为 {len(says)} 字"))
    else:
        returned.opinions.append(Opinion(reading, says))
