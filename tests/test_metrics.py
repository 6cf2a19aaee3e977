"""The exposition: what it says, in both formats; what it leaves out; and that it is written once a Snapshot."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from agent import __version__
from agent.config import load
from agent.metrics import FAMILIES, Exposition, Family
from agent.metrics.families import OWN
from agent.model import SECOND_US, State
from collectors import COLLECTORS
from tests.example_snapshot import make_config, make_snapshot, make_verdict
from tests.plans import site

GOLDEN = Path(__file__).parent / "golden" / "metrics.txt"
COUNTS: dict[tuple[str, ...], float] = {
    ("ticks",): 7,
    ("tick_cpu_seconds",): 0.125,
    ("alerts_posted", "accepted"): 3,
    ("notifications", "duty", "failed"): 1,
}


@pytest.fixture
def config(tmp_path):
    return make_config(tmp_path)


@pytest.fixture
def snapshot(config):
    return make_snapshot(config)


@pytest.fixture
def rendered(config, snapshot):
    return Exposition(config).render(snapshot, COUNTS)


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def told(families: Iterable[Metric]) -> Samples:
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def samples_of(text: bytes) -> Samples:
    return told(parse_text(text.decode()))


def sample(text: bytes, name: str, **labels: str) -> float | None:
    return samples_of(text).get((name, frozenset(labels.items())))


def names_in(text: bytes) -> set[str]:
    return {name for name, _ in samples_of(text)}


def test_the_exposition_of_a_snapshot_is_the_golden_file(rendered):
    said = rendered.text.decode().replace(f'version="{__version__}"', 'version="any"')
    assert said == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.server
def test_promtool_finds_nothing_to_complain_of(rendered, promtool):
    checked = subprocess.run([promtool, "check", "metrics"], input=rendered.text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_both_formats_say_the_same_samples(rendered):
    assert told(parse_openmetrics(rendered.openmetrics.decode())) == samples_of(rendered.text)


def test_openmetrics_types_infos_and_counters_by_their_family_name(rendered):
    types = {family.name: family.type for family in parse_openmetrics(rendered.openmetrics.decode())}
    assert types["dabiao_indicator"] == "info"
    assert types["dabiao_build"] == "info"
    assert types["dabiao_source_rows"] == "counter"
    assert types["dabiao_indicator_state"] == "gauge"
    assert rendered.openmetrics.endswith(b"\n# EOF\n")


def test_the_text_format_knows_no_info_type(rendered):
    assert b"# TYPE dabiao_indicator_info gauge\n" in rendered.text
    assert b"# TYPE dabiao_source_rows_total counter\n" in rendered.text


def test_compressed_bytes_are_those_of_the_plain_ones(rendered):
    assert gzip.decompress(rendered.text_gzip) == rendered.text
    assert gzip.decompress(rendered.openmetrics_gzip) == rendered.openmetrics


def test_an_unchanged_snapshot_is_not_rendered_again(config, snapshot):
    exposition = Exposition(config)
    first = exposition.render(snapshot, COUNTS)
    again = exposition.render(snapshot, {("ticks",): 8})
    assert again is first
    assert again.text is first.text


def test_a_new_snapshot_with_the_same_verdicts_equals_one_rendered_from_scratch(config, snapshot):
    exposition = Exposition(config)
    exposition.render(snapshot, COUNTS)
    later = replace(snapshot, as_of=snapshot.as_of + SECOND_US, sources=snapshot.sources[:2])
    assert exposition.render(later, COUNTS).text == Exposition(config).render(later, COUNTS).text


def test_a_verdict_that_moved_or_went_is_told_anew(config, snapshot):
    exposition = Exposition(config)
    exposition.render(snapshot, COUNTS)
    moved = make_verdict(config, "fault-response", value=Fraction(301), state=State.MISSED, bad=9, coverage=1.0)
    later = replace(snapshot, verdicts=(moved, *snapshot.verdicts[1:-1]))
    text = exposition.render(later, COUNTS).text
    assert text == Exposition(config).render(later, COUNTS).text
    labels = {"project": "ops", "indicator": "fault-response", "window": "ytd"}
    assert sample(text, "dabiao_indicator_seconds", **labels) == 301
    assert sample(text, "dabiao_indicator_state", **labels, state="missed") == 1
    assert sample(text, "dabiao_indicator_state", **labels, state="met") == 0
    assert sample(text, "dabiao_indicator_records", **labels, outcome="bad") == 9


def test_every_state_is_there_and_one_is_true(rendered, snapshot):
    states: dict[frozenset[tuple[str, str]], dict[str, float]] = {}
    for (name, labels), value in samples_of(rendered.text).items():
        if name in ("dabiao_indicator_state", "dabiao_system_indicator_state"):
            state = dict(labels)["state"]
            states.setdefault(labels - {("state", state)}, {})[state] = value
    assert len(states) == len(snapshot.verdicts)
    for values in states.values():
        assert values.keys() == {state.value for state in State}
        assert sorted(values.values()) == [0] * (len(State) - 1) + [1]


def test_what_is_unknown_has_no_series(rendered):
    text = rendered.text
    assert sample(text, "dabiao_indicator_amount", project="ops", indicator="funds", window="ytd") is None
    assert sample(text, "dabiao_indicator_coverage_ratio", project="ops", indicator="funds", window="ytd") is None
    assert sample(text, "dabiao_source_up", source="archive-up") is None
    assert sample(text, "dabiao_source_last_success_timestamp_seconds", source="permits") is None
    assert sample(text, "dabiao_source_clock_offset_seconds", source="fault-desk") is None
    assert "dabiao_forecast_ratio" not in names_in(text)
    assert b"NaN" not in text
    assert b"None" not in text


def test_a_value_below_its_target_is_not_rounded_up(rendered):
    value = sample(rendered.text, "dabiao_indicator_ratio", project="ops", indicator="permits-on-time", window="ytd")
    assert value == 0.94996


def test_a_value_a_person_states_counts_no_records(rendered):
    labels = {"project": "ops", "indicator": "funds", "window": "ytd", "outcome": "good"}
    assert sample(rendered.text, "dabiao_indicator_records", **labels) is None


def test_what_a_person_owes_is_due_as_the_day_begins(rendered):
    owed = sample(rendered.text, "dabiao_attestation_due_timestamp_seconds", project="ops", indicator="funds")
    assert owed == datetime(2027, 1, 20, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()


def test_what_belongs_to_no_system_makes_up_the_total_of_open_records(rendered):
    overdue = {
        dict(labels)["system"]: value
        for (name, labels), value in samples_of(rendered.text).items()
        if name == "dabiao_open_records" and ("stage", "overdue") in labels
    }
    assert overdue == {"archive": 1, "": 1}


def test_a_probe_that_has_not_run_lately_says_nothing_of_the_system(config, snapshot):
    later = replace(snapshot, as_of=snapshot.as_of + 60 * SECOND_US)
    names = names_in(Exposition(config).render(later, COUNTS).text)
    assert "dabiao_system_up" not in names
    assert "dabiao_system_info" in names


def test_label_values_are_escaped(rendered):
    names = {
        dict(labels)["name"]
        for (name, labels) in samples_of(rendered.text)
        if name == "dabiao_indicator_info"
    }  # fmt: skip
    assert '办件"按时"率\\' in names


def test_a_line_break_in_a_label_is_escaped():
    line = Family("f", FAMILIES[0].kind, "", ("a",)).line(('x\n"y"\\',), 1)
    assert line == 'f{a="x\\n\\"y\\"\\\\"} 1\n'


def test_before_the_first_snapshot_only_what_needs_none_is_there(config):
    names = names_in(Exposition(config).render(None, {}).text)
    infos = {"dabiao_build_info", "dabiao_project_info", "dabiao_route_info", "dabiao_system_info"}
    assert names == infos | {family.name for family in OWN.values()}


def test_an_indicator_measured_from_records_names_the_sources_of_them(tmp_path):
    share = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
    config = site(tmp_path, {"x": share, "y": {"kind": "attested", "accept": ["健全"]}})
    text = Exposition(config).render(None, {}).text.decode()
    told = [line for line in text.splitlines() if line.startswith("dabiao_indicator_source_info{")]
    assert told == ['dabiao_indicator_source_info{project="ops",indicator="x",source="cases"} 1']


NAMED = """
alerting:
  routes:
    duty: {kind: outbox, name: 值班群, fallback: sms}
    sms: {kind: outbox, name: 值班短信}
sources:
  desk: {collector: file, path: desk.csv, name: 故障台, record: fault, id: n, times: {reported_at: a, responded_at: b}}
  cases: {collector: file, path: cases.csv, record: case, id: n, times: {accepted_at: a, finished_at: b, due_at: c}}
  features: {collector: file, path: f.csv, record: feature, id: n, times: {accepted_at: a}, fields: {year: y}}
"""


def test_sources_and_routes_say_what_people_call_them_and_whose_records_ring(tmp_path):
    (tmp_path / "sources.yaml").write_text(NAMED, encoding="utf-8")
    make_config(tmp_path)
    config = load([tmp_path / "targets.yaml"], tmp_path / "sources.yaml", collectors=COLLECTORS)
    text = Exposition(config).render(None, {}).text.decode()
    assert [line for line in text.splitlines() if line.startswith(("dabiao_source_info{", "dabiao_route_info{"))] == [
        'dabiao_source_info{source="desk",name="故障台",rings="yes"} 1',
        'dabiao_source_info{source="cases",name="cases",rings="no"} 1',
        'dabiao_source_info{source="features",name="features",rings="no"} 1',
        'dabiao_route_info{route="duty",name="值班群",fallback="值班短信"} 1',
        'dabiao_route_info{route="sms",name="值班短信",fallback=""} 1',
    ]


def test_no_name_is_written_twice_and_all_follow_the_manners_of_prometheus():
    names = [family.name for family in FAMILIES]
    assert len(set(names)) == len(names)
    for family in FAMILIES:
        assert family.name.startswith("dabiao_")
        assert family.name.endswith("_total") == (family.kind == "counter")
        assert family.name.endswith("_info") == (family.kind == "info")
        assert family.help.endswith(".")
