"""Tables of targets → the text of targets.yaml: last year's measures by name, a guess for the rest, each one named."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from agent.config import parse_target
from agent.drafting.guessing import Guess, guess, in_prose
from agent.drafting.sheet import Line, Table
from agent.model import ConfigError, Unit
from agent.written import number, plain, spelled

FUNDS = {
    "项目总预算(元)": "total",
    "项目当年预算(元)": "planned",
    "同名项目上年预算额(元)": "last_year_planned",
    "同名项目上年预算执行数(元)": "last_year_executed",
}
GOAL, GOAL_KEY = "总目标及阶段性目标", "年度总体目标"
APPLICANT = "申报单位名称"
NOT_CARRIED = {"name", "level", "text", "target", "note"}
NO_MEASURE = "未找到上年口径，暂由人填报；如有数据源，请改写 measure"
PROSE_LEVEL = (GOAL, "工作质量标准")


@dataclass(slots=True)
class Draft:
    """The text of targets.yaml, and every guess with where it stands in the sheet."""

    text: str = ""
    guesses: list[str] = field(default_factory=list)
    carried: int = 0
    rows: int = 0


def draft(tables: Sequence[Table], year: int | None, last: Mapping[str, Any] | None, last_name: str = "") -> Draft:
    """The draft for a year, by default the one the tables print."""
    printed = {table.year for table in tables if table.year is not None}
    if year is None and len(printed) != 1:
        raise ConfigError("--year：表中没有写明年度，或不止一个年度，请用 --year 指明")
    meant = year if year is not None else printed.pop()
    made = Draft()
    drafting = _Drafting(meant, last or {}, made)
    for table in tables:
        drafting.take(table)
    head = f"# {meant}年绩效目标：由 dabiao import-targets 根据官方目标表生成的草稿，note 中的读法须逐行核对。\n"
    if last_name:
        head += f"# 计量口径按名称沿用 {last_name}；沿用 {made.carried} 行，共 {made.rows} 行。\n"
    made.text = head + yaml.safe_dump(drafting.content, allow_unicode=True, sort_keys=False, width=110)
    return made


class _Drafting:
    """Puts the file together, project by project."""

    def __init__(self, year: int, last: Mapping[str, Any], made: Draft) -> None:
        self.year, self.last, self.made = year, last, made
        self.former_year = int(last["year"]) if "year" in last else year
        self.content: dict[str, Any] = {"year": year, "organisation": last.get("organisation", "")}
        self.content["timezone"] = last.get("timezone", "Asia/Shanghai")
        for key in ("calendar", "systems", "links"):
            if key in last:
                self.content[key] = self._moved(last[key])
        self.projects: dict[str, Any] = {}
        self.content["projects"] = self.projects

    def take(self, table: Table) -> None:
        self.content["organisation"] = self.content["organisation"] or table.head.get(APPLICANT, "") or "待填"
        id, former = self._former(table)
        funds = {
            key: plain(value)
            for label, key in FUNDS.items()
            if (value := number(table.head.get(label, ""))) is not None
        }
        rows = former.get("indicators") or {}
        indicators: dict[str, Any] = {}
        lines: list[tuple[Line, dict[str, str]]] = [(line, {}) for line in table.lines]
        names = {line.name for line in table.lines}
        lines += [(line, {"form": "none"}) for line in self._prose(table) if line.name not in names]
        for line, more in lines:
            key, entry = self._row(line, rows, len(indicators) + 1)
            while key in indicators:
                key += "-2"
            indicators[key] = {**entry, **more}
        self.projects[id] = {
            "name": table.name,
            "funds": {**self._moved(former.get("funds") or {}), **funds},
            "form": self._head(table, former),
            "indicators": indicators,
        }

    def _former(self, table: Table) -> tuple[str, Mapping[str, Any]]:
        projects = self.last.get("projects") or {}
        found = next((id for id, one in projects.items() if _same(one.get("name", ""), table.name)), None)
        if found is not None:
            return found, projects[found]
        id = f"project-{len(self.projects) + 1}"
        self._say(f"{table.sheet}：项目“{table.name}”编号暂为 {id}")
        return id, {}

    def _head(self, table: Table, former: Mapping[str, Any]) -> dict[str, str]:
        """The head of the form; dates of the sample year are moved to the year meant."""
        kept = {key: value for key, value in table.head.items() if key not in (*FUNDS, "项目名称", APPLICANT)}
        if GOAL in kept:
            kept[GOAL_KEY] = kept.pop(GOAL)
        for key in ("计划开始日期", "计划完成日期"):
            if key in kept and table.year is not None and table.year != self.year:
                moved = kept[key].replace(str(table.year), str(self.year))
                if moved != kept[key]:
                    self._say(f"{table.sheet}：{key}由 {kept[key]} 改为 {moved}")
                kept[key] = moved
        return {**self._moved(former.get("form") or {}), **kept}

    def _row(self, line: Line, rows: Mapping[str, Any], number: int) -> tuple[str, dict[str, Any]]:
        self.made.rows += 1
        read = guess(line.name, line.text, self.year)
        key = next((id for id, one in rows.items() if _same(one.get("name", ""), line.name)), None)
        entry: dict[str, Any] = {"name": line.name, "level": list(line.level), "text": line.text}
        if key is None:
            notes = [*([line.repaired] if line.repaired else []), *read.notes, NO_MEASURE]
            self._note(line, notes)
            return f"r{number:02d}", {**entry, "target": read.target, "note": "；".join(notes), "measure": read.measure}
        self.made.carried += 1
        former = rows[key]
        carried = self._moved({one: value for one, value in former.items() if one not in NOT_CARRIED})
        if _same(str(former.get("text", "")), line.text, years=True):
            target, notes = self._moved(former.get("target", read.target)), []
        else:
            target, notes = self._changed(former, read, line)
        if line.repaired:
            notes.append(line.repaired)
        self._note(line, notes)
        kept = [str(former["note"])] if former.get("note") else []
        said = "；".join([*kept, *(note for note in notes if not kept or note not in kept[0])])
        return key, {**entry, "target": target, **({"note": said} if said else {}), **carried}

    def _changed(self, former: Mapping[str, Any], read: Guess, line: Line) -> tuple[Any, list[str]]:
        """The target of a row that is printed otherwise than last year; a kind it cannot be measured by is left."""
        notes = [f"目标值由“{former.get('text')}”改为“{line.text}”", *read.notes]
        measure = former.get("measure") or {}
        old = former.get("target")
        if measure.get("kind") == "attested":
            fits = read.target in measure.get("accept", ())
        else:
            fits = isinstance(old, str) and parse_target(old).unit is parse_target(read.target).unit
        if (fits and parse_target(read.target).unit is not Unit.TEXT) or (measure.get("kind") == "attested" and fits):
            return read.target, notes
        return self._moved(old), [*notes, "与上年的计量方式不符，目标暂按上年，请核对"]

    def _prose(self, table: Table) -> list[Line]:
        goal = table.head.get(GOAL, "")
        note = "只见于总目标文字，不在指标表中，附表列示，不计分"
        return [Line(PROSE_LEVEL, name, text, f"{table.sheet}（{GOAL}）", note) for name, text in in_prose(goal)]

    def _note(self, line: Line, notes: Sequence[str]) -> None:
        if notes:
            self._say(f"{line.place} {line.name}“{line.text}”：{'；'.join(notes)}")

    def _say(self, text: str) -> None:
        self.made.guesses.append(text)

    def _moved(self, value: Any) -> Any:
        """What is carried over, its years moved along."""
        shift = self.year - self.former_year
        match value:
            case dict():
                return {self._moved(key): self._moved(one) for key, one in value.items()}
            case list():
                return [self._moved(one) for one in value]
            case str() if shift:
                years = (self.former_year, self.former_year + 1)
                pattern = rf"(?<!\d)({years[0]}|{years[1]})(?!\d)"
                return re.sub(pattern, lambda found: str(int(found[0]) + shift), value)
        return value


def _same(one: str, other: str, years: bool = False) -> bool:
    """Whether two printed texts say the same, widths and, where asked, years apart."""
    texts = [spelled(text) for text in (one, other)]
    if years:
        texts = [re.sub(r"\d{4}年", "年", text) for text in texts]
    return texts[0] == texts[1]
