"""Configuration: what the two YAML files may say, and what is said of what they may not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict

from agent.config import Config, load, parse_target
from agent.config.document import Document
from agent.config.problems import Problems
from agent.config.sources import CollectorKind
from agent.model import ConfigError, Target, Unit
from collectors import COLLECTORS as REAL_COLLECTORS

BAD = Path(__file__).parent / "bad"
ENVIRON = {"DESK_URL": "https://desk.example", "DESK_TOKEN": "very-secret-token"}


def _is_short(text: str) -> str:
    if len(text) > 8:
        raise ValueError(f"expected at most 8 characters, got {text!r}")
    return text


class DeskOptions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    url: str
    limit: Annotated[str, AfterValidator(_is_short)] = ""
    since_param: str | None = None
    interval_seconds: float = 0


class Desk:
    """What config knows of a collector: its options and the mapping it brings along."""

    Options: ClassVar[type[BaseModel]] = DeskOptions
    mapping: ClassVar[Mapping[str, Any]] = {}


class Pulse:
    """A collector that maps its rows itself."""

    Options: ClassVar[type[BaseModel]] = DeskOptions
    mapping: ClassVar[Mapping[str, Any]] = {
        "record": "uptime",
        "id": ["from"],
        "times": {"from": "from", "to": "to"},
        "fields": {"state": "state"},
    }


COLLECTORS: dict[str, type[CollectorKind]] = {"desk": Desk, "pulse": Pulse}


def loaded(targets: Path = BAD / "right-targets.yaml", sources: Path | None = BAD / "right-sources.yaml") -> Config:
    return load([targets], sources, collectors=COLLECTORS, environ=ENVIRON)


def problems(targets: Path, sources: Path | None) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        loaded(targets, sources)
    return list(raised.value.problems)


def changed(tmp_path: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = (BAD / f"right-{name}.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in BAD.glob("*-*.yaml") if not path.stem.startswith("right-"))
)
def test_each_mistake_has_its_exact_message(name: str) -> None:
    path = BAD / f"{name}.yaml"
    expected = re.findall(r"^# expect: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    found = (
        problems(path, BAD / "right-sources.yaml")
        if name.startswith("targets")
        else problems(BAD / "right-targets.yaml", path)
    )
    assert [line.replace(f"{path}:", "") for line in found] == expected


def test_the_right_files_load_and_say_what_is_not_used() -> None:
    config = loaded()
    (plan,), (source,) = config.plans, config.sources
    assert (plan.year, plan.timezone, plan.organisation) == (2026, "Asia/Shanghai", "交易中心")
    assert [one.id for one in plan.projects[0].indicators] == ["fault-handled", "fault-response"]
    handled = plan.projects[0].indicators[0]
    assert handled.targets == ((None, Target(">=", Fraction(95, 100), Unit.RATIO, ">=95%")),)
    assert (handled.judged_on, handled.coverage_min, handled.line) == (date(2026, 12, 31).toordinal(), 0.98, 13)
    assert (source.every_us, source.deadline_us, source.systems) == (10_000_000, 60_000_000, frozenset({"archive"}))
    assert source.is_ordered
    assert [line.rpartition("right-")[2] for line in config.warnings] == [
        "sources.yaml:2: sources.desk: mapped, but used by no measure: level"
    ]


def test_mistakes_of_both_files_come_all_at_once_sorted_by_file_and_line(tmp_path: Path) -> None:
    targets = changed(
        tmp_path, "targets", ("of: fault, cohort", "of: falt, cohort"), ("<= 5 min", "< 5 min"), ("2026", "year")
    )
    sources = changed(tmp_path, "sources", ("every: 10s", "every: often"), ("DESK_URL", "NOWHERE"))
    found = problems(targets, sources)
    assert [line.replace(f"{tmp_path}/", "").split(": ")[:2] for line in found] == [
        ["sources.yaml:4", "sources.desk.every"],
        ["sources.yaml:5", "sources.desk.url"],
        ["targets.yaml:1", "year"],
        ["targets.yaml:23", "projects.ops.indicators.fault-response.target"],
    ]


def test_a_secret_is_filled_in_and_shown_by_no_message(tmp_path: Path) -> None:
    assert loaded().sources[0].options == DeskOptions(
        url="https://desk.example/api", since_param=None, interval_seconds=10
    )
    for at in ("every: 10s", "id: ticket", "record: fault", "changed_at: UPDATED"):
        key = at.partition(":")[0]
        sources = changed(
            tmp_path, "sources", (at, f'{key}: "! ${{env:DESK_TOKEN}}"'), ("url:", "ulr: ${env:DESK_TOKEN}\n    url:")
        )
        assert "very-secret-token" not in "\n".join(problems(BAD / "right-targets.yaml", sources))


def test_a_secret_file_is_read_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a/b\n", encoding="utf-8")
    sources = changed(tmp_path, "sources", ("${env:DESK_URL}/api", "${file:token}/${env:DESK_TOKEN}"))
    assert loaded(sources=sources).sources[0].options == DeskOptions(url="a/b/very-secret-token", interval_seconds=10)


def test_a_collector_is_told_the_interval_and_the_parameter_of_since(tmp_path: Path) -> None:
    sources = changed(tmp_path, "sources", ("every: 10s", "every: 2 min\n    since: {param: after, start: 2026-01-01}"))
    source = loaded(sources=sources).sources[0]
    assert source.options == DeskOptions(url="https://desk.example/api", since_param="after", interval_seconds=120)
    assert source.since_start is not None
    assert source.since_start.isoformat() == "2026-01-01T00:00:00+08:00"


def test_what_a_collector_maps_itself_stands_beside_what_the_user_maps(tmp_path: Path) -> None:
    keys = "collector: pulse, url: x, system: {is: archive}, fields: {office: OFFICE}, measured_from: 2026-03-01"
    sources = changed(tmp_path, "sources", ("sources:\n", f"sources:\n  pulse: {{{keys}}}\n"))
    config = loaded(sources=sources)
    source = config.source("pulse")
    assert source is not None
    assert source.spec.record == "uptime"
    assert list(source.spec.fields) == ["state", "office"]
    assert source.measured_from == 1_772_294_400_000_000
    assert not source.is_ordered
    assert f"{sources}:2: sources.pulse: no measure reads its uptime records" in config.warnings
    assert config.source("pulsar") is None


def test_a_column_without_a_map_names_the_systems_themselves(tmp_path: Path) -> None:
    sources = changed(tmp_path, "sources", ("{column: sys, map: {DA: archive}}", "{column: sys}"))
    system = loaded(sources=sources).sources[0].spec.system
    assert system is not None
    assert system.map == {"archive": "archive"}


def test_a_column_that_looks_personal_may_be_mapped_for_a_stated_reason(tmp_path: Path) -> None:
    sources = changed(
        tmp_path,
        "sources",
        ("LEVEL}", "LEVEL, desk: AGENT_NAME}\n    allow_personal: the desk's own name, no person's"),
    )
    assert "desk" in loaded(sources=sources).sources[0].spec.fields


def test_two_plans_may_not_promise_for_the_same_project_and_year(tmp_path: Path) -> None:
    again = changed(tmp_path, "targets")
    first = BAD / "right-targets.yaml"
    with pytest.raises(ConfigError) as raised:
        load([first, again], None, collectors=COLLECTORS)
    assert raised.value.problems == (f"{again}:9: projects.ops: {first} has this project for 2026 already",)
    next_year = changed(tmp_path, "targets", ("year: 2026", "year: 2027"))
    config = load([next_year, first], BAD / "right-sources.yaml", collectors=COLLECTORS, environ=ENVIRON)
    assert [plan.year for plan in config.plans] == [2026, 2027]


def test_a_target_that_changes_within_the_year_keeps_each_day_it_begins(tmp_path: Path) -> None:
    listed = '[{from: 2026-07-01, target: "<= 4 min"}, {target: "<= 5 min"}]'
    plan = loaded(changed(tmp_path, "targets", ('"<= 5 min"', listed))).plans[0]
    targets = plan.projects[0].indicators[1].targets
    assert [(begins, target.value, target.text) for begins, target in targets] == [
        (None, Fraction(300), "<= 5 min"),
        (date(2026, 7, 1).toordinal(), Fraction(240), "<= 4 min"),
    ]


def test_an_evidence_measure_is_an_indicator_of_its_own(tmp_path: Path) -> None:
    measure = "{kind: on_time, of: fault, from: reported_at, to: responded_at, limit: 5 min}"
    beside = f"evidence: {{within-5min: {{name: 占比, measure: {measure}}}}}"
    plan = loaded(changed(tmp_path, "targets", ('text: "<=5分钟"', f'text: "<=5分钟"\n        {beside}'))).plans[0]
    (evidence,) = plan.projects[0].indicators[1].evidence
    assert (evidence.id, evidence.targets, evidence.form) == ("fault-response/within-5min", (), "none")


def test_a_system_without_a_source_is_warned_of(tmp_path: Path) -> None:
    targets = changed(tmp_path, "targets", ("systems:\n", "systems:\n  portal: 房地产交易网站\n"))
    assert f"{targets}:7: systems.portal: no source speaks of this system" in loaded(targets).warnings


def test_a_file_that_is_not_there_or_no_text_is_one_clear_line(tmp_path: Path) -> None:
    missing, binary, deep = tmp_path / "none.yaml", tmp_path / "binary.yaml", tmp_path / "deep.yaml"
    binary.write_bytes(b"year: 2026\nname: \xff\xfe\n")
    deep.write_text("[" * 1000, encoding="utf-8")
    assert problems(missing, None) == [f"{missing}:1: cannot be read: No such file or directory"]
    assert problems(binary, None) == [f"{binary}:2: expected UTF-8 text"]
    assert "expected at most 40 levels" in problems(deep, None)[0]


@pytest.mark.parametrize(
    ("text", "op", "value", "unit"),
    [
        (">= 95 %", ">=", Fraction(95, 100), Unit.RATIO),
        ("＞＝９５％", ">=", Fraction(95, 100), Unit.RATIO),
        ("≤ 0.5%", "<=", Fraction(5, 1000), Unit.RATIO),
        ("= 100 %", "=", Fraction(1), Unit.RATIO),
        ("<= 5 min", "<=", Fraction(300), Unit.SECONDS),
        (">= 12", ">=", Fraction(12), Unit.COUNT),
        ("<= 4763873 CNY", "<=", Fraction(4763873), Unit.CNY),
        ("<= 476.3873 万元", "<=", Fraction(4763873), Unit.CNY),
        ("95..98 %", "in", Fraction(95, 100), Unit.RATIO),
        ("by 2026-12-31", "by", Fraction(date(2026, 12, 31).toordinal()), Unit.DATE),
        ("健全", "is", None, Unit.TEXT),
    ],
)
def test_a_target_is_read_in_base_units(text: str, op: str, value: Fraction | None, unit: Unit) -> None:
    target = parse_target(text)
    assert (target.op, target.value, target.unit, target.text) == (op, value, unit, text)
    assert target.word == (text if op == "is" else None)
    assert target.high == (Fraction(98, 100) if op == "in" else None)


@given(st.text(alphabet=st.sampled_from("><=.%≤by 0123456789min元健"), max_size=12))
def test_any_text_is_a_target_or_refused_in_words(text: str) -> None:
    try:
        target = parse_target(text)
    except ValueError:
        return
    assert (target.value is None) == (target.op == "is")


@given(
    st.recursive(
        st.text(alphabet="abc 中:'\"-{}[]#\n", max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(alphabet="abc中", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_what_yaml_writes_is_read_back_as_text(content: Any) -> None:
    path = Path("unread.yaml")
    document = Document(str(path), Problems())
    document.read(yaml.safe_dump(content, allow_unicode=True, default_style='"'))
    assert document.content == content


@pytest.mark.parametrize(
    "text",
    ["a: [1", "a: 'x", "{" * 50, "? [a]\n: b", "a: b: c", "- a\nb: c", "\x00", "%YAML 9", "&a [*a]", "a: !!set {b}"],
)
def test_text_that_is_no_yaml_is_a_mistake_and_no_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    assert problems(path, None)


def test_the_shipped_files_load_with_the_real_collectors(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    example = (root / "deploy" / "sources.example.yaml").read_text(encoding="utf-8")
    environ = {
        name: "sqlite://" if "DB" in name else "http://desk.example" for name in re.findall(r"env:(\w+)", example)
    }
    for secret in set(re.findall(r"\$\{file:([^}]*)\}", example)):
        (tmp_path / Path(secret).name).write_text("token", encoding="utf-8")
    sources = tmp_path / "sources.yaml"
    sources.write_text(re.sub(r"\$\{file:[^}]*/([^}/]*)\}", r"${file:\1}", example), encoding="utf-8")
    config = load([root / "targets.yaml"], sources, collectors=REAL_COLLECTORS, environ=environ)
    assert sum(len(project.indicators) for project in config.plans[0].projects) == 46
    assert all("mapped, but used by no measure" in warning for warning in config.warnings)


def test_links_stand_on_this_machine_unless_the_file_says_otherwise(tmp_path):
    assert loaded().plans[0].links.runbook("DabiaoNoData") == "http://127.0.0.1:8046/runbooks/DabiaoNoData.md"
    said = "organisation: 交易中心\nlinks: {agent: https://dabiao.example/, grafana: https://ops.example/grafana}"
    links = loaded(changed(tmp_path, "targets", ("organisation: 交易中心", said))).plans[0].links
    assert links.runbook("DabiaoNoData") == "https://dabiao.example/runbooks/DabiaoNoData.md"
    assert links.dashboard("dabiao-overview") == "https://ops.example/grafana/d/dabiao-overview"
    asked = links.dashboard("dabiao-system", system="{{ $labels.system }}", window="近7天")
    assert asked.endswith("/d/dabiao-system?var-system={{ $labels.system }}&var-window=%E8%BF%917%E5%A4%A9")
