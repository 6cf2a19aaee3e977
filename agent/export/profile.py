"""A form profile: columns, classes, weights, scoring and words of one administration's forms, from YAML; strict.

The shipped ones lie in `profiles/`. What is wrong in a file is said with file, line and path, all of it at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from agent.config.document import Document
from agent.config.keys import Keys, Ratio
from agent.config.problems import Problems, unknown
from agent.config.shape import shaped
from agent.export.columns import COLUMNS, WRITTEN
from agent.export.scoring import Grade, Reverse, Rules
from agent.model import ConfigError

FOLDER = Path(__file__).with_name("profiles")
DEFAULT = "mof-2020"
ANY = "*"
FUNDS = "funds"
CELLS_OF_FUNDS = 8  # head, label, three amounts, points, rate, score

Name = Annotated[str, Field(min_length=1)]


class GradeKeys(Keys):
    """One grade of the total."""

    name: Name
    least: Annotated[Decimal, Field(ge=0, le=100)]


class ClassKeys(Keys):
    """One 一级指标 with its 二级指标, in printed order."""

    name: Name
    parts: tuple[Name, ...] = ()


class MappingKeys(Keys):
    """Where rows of a level are printed; `*` is any part of a level, and in `to` what stood there."""

    level: tuple[Name, ...] = Field(min_length=1)
    name: Name | None = None
    to: Literal["funds"] | tuple[Name, Name]


class FundRowKeys(Keys):
    """One line of 项目资金; each figure names a key under `funds` in targets.yaml."""

    label: Name
    planned: Name
    budget: Name
    executed: Name


class FundsKeys(Keys):
    """The block 项目资金. Its first row is the total."""

    head: Name
    stated_by: Name  # the row whose statement tells what was spent of what
    points: bool
    reason_below: Ratio | None = None
    rows: tuple[FundRowKeys, ...] = Field(min_length=1)


class ColumnKeys(Keys):
    """One column of the indicators."""

    key: Name
    head: Name
    group: Name | None = None
    width: Annotated[int, Field(ge=3, le=120)]


class TextKeys(Keys):
    """A line of text; `key` is its name among what people fill in, by default the label."""

    label: Name
    key: Name | None = None

    @property
    def field(self) -> str:
        """Under which name the text is kept."""
        return self.key or self.label


class LayoutKeys(Keys):
    """One form: its head, its columns, what stands below."""

    title: Name
    head: tuple[tuple[Name, ...], ...] = ()
    columns: tuple[ColumnKeys, ...] = Field(min_length=3)
    opening: Name | None = None
    texts: tuple[TextKeys, ...] = ()
    closing: tuple[TextKeys, ...] = ()
    money: tuple[tuple[TextKeys, ...], ...] = ()
    signatures: tuple[Name, ...] = ()
    notes: tuple[Name, ...] = ()


class ProfileKeys(Keys):
    """The whole file."""

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    basis: Name
    weights: Name
    reverse: Reverse = Reverse.RATIO
    over: Ratio = Fraction(3, 10)
    over_for_reverse: bool = False
    grades: tuple[GradeKeys, ...] = Field(min_length=1)
    classes: tuple[ClassKeys, ...] = Field(min_length=1)
    mapping: tuple[MappingKeys, ...] = Field(min_length=1)
    without_points: Literal["annex", "table"] = "table"
    funds: FundsKeys | None = None
    self_evaluation: LayoutKeys = Field(alias="self-evaluation")
    monitoring: LayoutKeys
    targets: LayoutKeys
    also: Mapping[Name, tuple[Name, ...]] = Field(default_factory=dict)  # other words for a heading or a label


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was read and holds together; `sha256` is its file's."""

    keys: ProfileKeys
    rules: Rules
    file: str
    sha256: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.keys.name

    def place(self, level: Sequence[str], name: str) -> tuple[str, str] | None:
        """一级 and 二级 a row is printed under; None for the block of funds. KeyError where no line fits."""
        line = self._line(level, name, with_funds=True)
        return None if line.to == FUNDS else _to(line.to, level)

    def place_in_table(self, level: Sequence[str], name: str) -> tuple[str, str]:
        """The same in a form without the block of funds."""
        return _to(self._line(level, name, with_funds=False).to, level)

    def _line(self, level: Sequence[str], name: str, *, with_funds: bool) -> MappingKeys:
        for line in self.keys.mapping:
            if line.name in (None, name) and _fits(line.level, level) and (with_funds or line.to != FUNDS):
                return line
        raise KeyError(" · ".join(level))

    def order(self, place: tuple[str, str]) -> tuple[int, int]:
        """Where a class stands among the printed ones; what the file does not name comes last."""
        names = [one.name for one in self.keys.classes]
        if place[0] not in names:
            return len(names), 0
        at = names.index(place[0])
        parts = self.keys.classes[at].parts
        return at, parts.index(place[1]) if place[1] in parts else len(parts)


def shipped() -> tuple[str, ...]:
    """The names of the profiles that come with the program."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def load_profile(wanted: str) -> Profile:
    """The profile of this name, or in this file. ConfigError with every mistake."""
    path = FOLDER / f"{wanted}.yaml" if wanted in shipped() else Path(wanted)
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(f"--profile：没有名为 {wanted} 的表式；可用 {'、'.join(shipped())}，或给出 .yaml 文件")
    problems = Problems()
    document = Document.of_file(path, problems)
    keys = shaped(document, (), ProfileKeys, document.content) if document.is_whole else None
    if keys is not None:
        for where, says in _contradictions(keys):
            document.problem(where, says)
    problems.raise_any()
    assert keys is not None
    grades = tuple(Grade(one.name, Fraction(one.least)) for one in keys.grades)
    rules = Rules(keys.reverse, keys.over, keys.over_for_reverse, grades)
    return Profile(keys, rules, str(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _fits(pattern: Sequence[str], level: Sequence[str]) -> bool:
    return len(pattern) <= len(level) and all(a in (ANY, b) for a, b in zip(pattern, level, strict=False))


def _to(to: str | tuple[str, str], level: Sequence[str]) -> tuple[str, str]:
    parts = [level[at if at < len(level) else -1] if name == ANY else name for at, name in enumerate(to)]
    return parts[0], parts[1]


def _contradictions(keys: ProfileKeys) -> Iterator[tuple[tuple[str | int, ...], str]]:
    least = [one.least for one in keys.grades]
    if least != sorted(set(least), reverse=True) or least[-1] != 0:
        yield ("grades",), "expected the best grade first, each from a lower total on, and the last from 0"
    for form, layout in (
        ("self-evaluation", keys.self_evaluation),
        ("monitoring", keys.monitoring),
        ("targets", keys.targets),
    ):
        for number, column in enumerate(layout.columns):
            if column.key not in (*COLUMNS, WRITTEN):
                yield (form, "columns", number, "key"), unknown("column", column.key, (*COLUMNS, WRITTEN))
        if not any(column.key == "name" for column in layout.columns):
            yield (form, "columns"), "expected a column `name`, by which a row is known"
        if keys.funds is not None and form == "self-evaluation" and len(layout.columns) < CELLS_OF_FUNDS:
            yield (form, "columns"), f"expected at least {CELLS_OF_FUNDS} columns, under which the funds stand"
    scored = any(line.to == FUNDS for line in keys.mapping)
    if scored and (keys.funds is None or not keys.funds.points):
        yield ("mapping",), "a row goes to the funds, where no points are given: expected funds with `points: true`"
