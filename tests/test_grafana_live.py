"""The dashboards over a real Prometheus that scrapes a real agent on the simulated platform: what queries answer."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests
import yaml

from agent.model import State
from agent.render.grafana import places
from agent.render.grafana.standing import RANKS, UNREACHABLE_RANK
from tests.grafana_asking import Chosen, Json, ask, choices, filled, options, panels, queries, shipped
from tests.grafana_site import STARTED, WAIT_SECONDS, Site, site

pytestmark = pytest.mark.server

DASHBOARDS = shipped()

# What is looked at, one after another: a length of time, a share with pauses, a date, words, and evidence.
LOOKS: dict[str, list[dict[str, str]]] = {
    places.OVERVIEW: [{}],
    places.INDICATOR: [
        {"project": "platform-ops", "indicator": "fault-response"},
        {"project": "home-sales", "indicator": "case-on-time"},
        {"project": "platform-ops", "indicator": "features-on-time"},
        {"project": "platform-ops", "indicator": "system-stability"},
        {"project": "home-sales", "indicator": "review-errors"},
        {"project": "platform-ops", "indicator": "service-efficiency"},
    ],
    places.SYSTEM: [{"system": "new-home-signing"}, {"system": "resale-signing"}, {"system": "video"}],
    places.SOURCES: [{}],
}

# What the platform does not show, and the made series that show it: for ten minutes, one sample a minute.
CERTIFICATE = {'dabiao_certificate_expiry_timestamp_seconds{system="portal",probe="p"}': "1.8e9x10"}
DONE = {
    'dabiao_indicator_timestamp_seconds{project="platform-ops",indicator="features-on-time",window="ytd"}': "1.79e9x10"
}
SPENT = {'dabiao_allowance_left_records{project="platform-ops",indicator="features-on-time"}': "-3x10"}
RESTARTED = {"dabiao_ticks_total": "100 112 124 136 3 15 27 39 51 63 75"}
NOT_ON_THE_PLATFORM: dict[tuple[str, str, str], tuple[dict[str, str], float]] = {
    # no simulated system speaks HTTPS
    (places.OVERVIEW, "系统运行情况", "certificate"): (CERTIFICATE, 1.8e12),
    (places.SYSTEM, "证书到期", "certificate"): (CERTIFICATE, 1.8e12),
    # not all functions of the year have been accepted
    (places.OVERVIEW, "指标一览", "date"): (DONE, 1.79e12),
    (places.INDICATOR, "实际值", "date"): (DONE, 1.79e12),
    (places.INDICATOR, "走势", "value_date"): (DONE, 1.79e12),
    # nobody has spent more than the allowance
    (places.OVERVIEW, "指标一览", "spent"): (SPENT, 3),
    (places.INDICATOR, "还可超时(件)", "spent"): (SPENT, 3),
    # the agent has not restarted
    **{(uid, "mark 监测程序重启", "Anno"): (RESTARTED, 1) for uid in places.TITLES},
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("grafana")) as running:
        yield running


def looks(seen: Site) -> Iterator[tuple[Json, Chosen]]:
    for uid, wanted in LOOKS.items():
        for one in wanted:
            yield DASHBOARDS[uid], choices(DASHBOARDS[uid], seen.prometheus, one)


# --- everything that is asked -----------------------------------------------------------------------------------------


def test_every_query_of_every_panel_has_an_answer_somewhere(seen: Site) -> None:
    known, answered = set(), set()
    for dashboard, chosen in looks(seen):
        for asked in queries(dashboard):
            key = (asked.uid, asked.where, asked.ref)
            known.add(key)
            if ask(seen.prometheus, filled(asked.expression, chosen)):
                answered.add(key)
    assert known - answered == NOT_ON_THE_PLATFORM.keys()


def test_every_figure_is_plausible_for_its_unit(seen: Site) -> None:
    for dashboard, chosen in looks(seen):
        for panel in panels(dashboard):
            for target in panel["targets"]:
                unit = unit_of(panel, target["refId"])
                for _, value in ask(seen.prometheus, filled(target["expr"], chosen)):
                    assert plausible(value, unit), (dashboard["uid"], panel["title"], target["refId"], unit, value)


def unit_of(panel: Json, ref: str) -> str:
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["options"] in (ref, f"Value #{ref}"):
            for one in override["properties"]:
                if one["id"] == "unit":
                    return str(one["value"])
    return str(panel["fieldConfig"]["defaults"]["unit"])


def plausible(value: float, unit: str) -> bool:
    match unit:
        case "percentunit":
            return 0 <= value <= 1
        case "locale":
            return value == int(value)
        case "dateTimeAsIso" | "time:YYYY-MM-DD":
            return 2026 <= datetime.fromtimestamp(value / 1000, STARTED.tzinfo).year <= 2027
        case "prefix:已超":
            return value > 0
        case "s":
            return -60 < value < 3600
        case "dtdhms":
            return 0 <= value < 366 * 86400
        case "short":
            return 0 <= value < 10**6
        case "none":
            return value in {UNREACHABLE_RANK, *RANKS.values()}
    return False


def test_the_queries_of_a_table_share_the_labels_its_rows_are_told_apart_by(seen: Site) -> None:
    """Grafana puts the answers side by side where all labels agree that all of them have."""
    for dashboard, chosen in looks(seen):
        for panel in panels(dashboard):
            if panel["type"] == "table":
                keys = rows_of(seen, panel, chosen)
                every = set().union(*keys.values()) if keys else set()
                first = next(iter(keys.values()), set())
                assert first == every, (dashboard["uid"], panel["title"], every - first)


def rows_of(seen: Site, panel: Json, chosen: Chosen) -> dict[str, set[tuple[str, ...]]]:
    """The rows each query speaks of, by the labels all of them have."""
    told = {one["refId"]: ask(seen.prometheus, filled(one["expr"], chosen)) for one in panel["targets"]}
    named = [{name for labels, _ in rows for name in labels} for rows in told.values() if rows]
    shared = sorted(set.intersection(*named)) if named else []
    found = {}
    for ref, rows in told.items():
        found[ref] = {tuple(labels.get(name, "") for name in shared) for labels, _ in rows}
        assert len(found[ref]) == len(rows), (panel["title"], ref, "two figures for one row")
    return found


# --- one number everywhere --------------------------------------------------------------------------------------------


def table(uid: str, title: str) -> dict[str, str]:
    """The expressions of a table by the names of its queries."""
    (panel,) = [one for one in panels(DASHBOARDS[uid]) if one["title"] == title]
    return {target["refId"]: target["expr"] for target in panel["targets"]}


def rank(row: Json) -> int:
    lost = row["state"] == State.MISSED and row["reachable"] is False and row["system"] is None
    return UNREACHABLE_RANK if lost else RANKS[State(row["state"])]


def moment_ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


@pytest.mark.parametrize("window", ["ytd", "today", "month"])
def test_the_overview_says_what_the_status_says(seen: Site, window: str) -> None:
    status = seen.status(window=window)
    year = {(row["indicator"], row["project"]): row for row in seen.status()["indicators"] if row["system"] is None}
    rows = {
        (row["indicator"], row["project"]): row
        for row in status["indicators"]
        if row["system"] is None and "/" not in row["indicator"]
    }
    assert len(rows) == 46
    chosen = choices(DASHBOARDS[places.OVERVIEW], seen.prometheus, {"window": window})
    said = {ref: seen.ask(asked, chosen) for ref, asked in table(places.OVERVIEW, "指标一览").items()}
    assert said["state"] == {key: rank(row) for key, row in rows.items()}
    for unit in ("ratio", "seconds"):
        assert said[unit] == {
            k: row["value"] for k, row in rows.items() if row["unit"] == unit and row["value"] is not None
        }
        foreseen = {k: year[k]["forecast"]["value"] for k in rows if year[k]["unit"] == unit and year[k]["forecast"]}
        assert said[f"forecast_{unit}"] == foreseen
    dates = {k: f"{row['value']}T00:00+08:00" for k, row in rows.items() if row["unit"] == "date" and row["value"]}
    assert said["date"] == {key: moment_ms(text) for key, text in dates.items()}
    left = {k: year[k]["allowance_left"] for k in rows if year[k]["allowance_left"] is not None}
    assert said["allowance"] == {k: number for k, number in left.items() if number >= 0}
    assert said["spent"] == {k: -number for k, number in left.items() if number < 0}
    assert said["coverage"] == {key: row["coverage"] for key, row in rows.items() if row["coverage"] is not None}


def test_the_overview_names_every_row_with_its_owner_and_its_target_as_it_is_read(seen: Site) -> None:
    chosen = choices(DASHBOARDS[places.OVERVIEW], seen.prometheus, {})
    found = ask(seen.prometheus, filled(table(places.OVERVIEW, "指标一览")["known"], chosen))
    told = {(labels["project"], labels["indicator"]): labels for labels, _ in found}
    rows = {(one.project, one.id): one for project in seen.config.plans[0].projects for one in project.indicators}
    assert told.keys() == rows.keys()
    for key, labels in told.items():
        assert (labels["name"], labels.get("owner")) == (rows[key].name, rows[key].owner)
    assert told["home-sales", "case-on-time"]["target"] == "≥99%"  # printed as ≤99%
    assert told["platform-ops", "fault-response"]["target"] == "≤5分钟"


def test_the_counts_by_state_are_those_of_the_status(seen: Site) -> None:
    rows = [row for row in seen.status()["indicators"] if row["system"] is None and "/" not in row["indicator"]]
    chosen = choices(DASHBOARDS[places.OVERVIEW], seen.prometheus, {})
    asked = table(places.OVERVIEW, "各状态指标数")
    told = {ref: seen.ask(expression, chosen)[()] for ref, expression in asked.items()}
    assert told.pop("all") == 46
    assert told == {state: sum(row["state"] == state for row in rows) for state in State}


@pytest.mark.parametrize("system", ["new-home-signing", "portal"])
def test_a_systems_parts_are_those_of_the_status(seen: Site, system: str) -> None:
    rows = {
        (row["indicator"], row["name"], row["project"]): row
        for row in seen.status(system=system)["indicators"]
    }  # fmt: skip
    chosen = choices(DASHBOARDS[places.SYSTEM], seen.prometheus, {"system": system})
    asked = table(places.SYSTEM, "各项指标")
    assert seen.ask(asked["state"], chosen) == {key: rank(row) for key, row in rows.items()}
    counted = {key: row for key, row in rows.items() if row["coverage"] is not None or row["good"] or row["bad"]}
    for outcome in ("good", "bad", "open", "excluded"):
        told = seen.ask(asked[outcome], chosen)
        assert {key: told[key] for key in counted} == {key: row[outcome] for key, row in counted.items()}


def test_what_is_open_is_what_the_status_counts(seen: Site) -> None:
    status = seen.status(window="year")
    rows = [row for row in status["indicators"] if "/" not in row["indicator"]]
    chosen = choices(DASHBOARDS[places.OVERVIEW], seen.prometheus, {})
    asked = table(places.OVERVIEW, "未结记录与最近到期")
    for stage in ("overdue", "due_soon", "in_time", "paused"):
        told = seen.ask(asked[stage], chosen)
        assert sum(told.values()) == sum(row["stages"].get(stage, 0) for row in rows if row["system"] is None)
    now = moment_ms(status["as_of"])
    due = {
        (row["indicator"], row["name"], row["project"], row["system"]): moment_ms(row["next_due"])
        for row in rows
        if row["system"] is not None and row["next_due"] is not None
    }
    told = {key: at for key, at in seen.ask(asked["due"], chosen).items() if len(key) == 4}
    assert told == pytest.approx(due)
    left = {key: seconds for key, seconds in seen.ask(asked["left"], chosen).items() if len(key) == 4}
    assert left == pytest.approx({key: (at - now) / 1000 for key, at in due.items()})
    assert 0 < left["fault-response", "故障响应及时率", "platform-ops", "resale-signing"] < 5 * 60


def test_the_sources_are_those_of_the_status(seen: Site) -> None:
    rows = {(row["source"],): row for row in seen.status()["sources"]}
    chosen = choices(DASHBOARDS[places.SOURCES], seen.prometheus, {})
    asked = table(places.SOURCES, "数据源一览")
    assert seen.ask(asked["up"], chosen) == {key: int(row["up"]) for key, row in rows.items()}
    assert seen.ask(asked["rejects"], chosen) == {key: row["rejects"] for key, row in rows.items()}
    assert sum(seen.ask(asked["rejects"], chosen).values()) == 1
    assert seen.ask(asked["last"], chosen) == {key: moment_ms(row["last_success"]) for key, row in rows.items()}


# --- variables --------------------------------------------------------------------------------------------------------


def test_variables_are_chosen_by_chinese_names(seen: Site) -> None:
    dashboard = DASHBOARDS[places.INDICATOR]
    listed = {one["name"]: one for one in dashboard["templating"]["list"]}
    plan = seen.config.plans[0]
    for project in plan.projects:
        known = options(listed["indicator"], seen.prometheus, {"project": project.id})
        rows = [one for row in project.indicators for one in (row, *row.evidence)]
        assert known == {one.id: one.name for one in rows}
    assert options(listed["system"], seen.prometheus, {}) == {id: one.name for id, one in plan.systems.items()}
    assert options(listed["project"], seen.prometheus, {}) == {one.id: one.name for one in plan.projects}


def test_what_a_dashboard_opens_with_can_be_chosen(seen: Site) -> None:
    for dashboard in DASHBOARDS.values():
        chosen = choices(dashboard, seen.prometheus, {})
        for variable in dashboard["templating"]["list"]:
            if variable["type"] != "datasource" and not variable["includeAll"]:
                known = options(variable, seen.prometheus, chosen)
                assert known[variable["current"]["value"]] == variable["current"]["text"]


def test_the_agents_own_page_is_one_link_away(seen: Site) -> None:
    base = seen.config.plans[-1].links.agent
    for dashboard, chosen in looks(seen):
        (url,) = [link["url"] for link in dashboard["links"] if link["url"].startswith(base)]
        page = requests.get(seen.agent + filled(url.removeprefix(base), chosen), timeout=WAIT_SECONDS)
        assert page.status_code == 200, url


# --- promtool ---------------------------------------------------------------------------------------------------------


CHOSEN = {
    "project": "platform-ops",
    "indicator": "features-on-time",
    "system": "portal",
    "window": "ytd",
    "source": "s",
}


def test_promtool_accepts_every_query(promtool: str, tmp_path: Path) -> None:
    asked = [filled(one.expression, CHOSEN) for dashboard in DASHBOARDS.values() for one in queries(dashboard)]
    rules = [{"record": f"asked:{number}", "expr": expression} for number, expression in enumerate(asked)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}), encoding="utf-8")
    checked = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert f"SUCCESS: {len(rules)} rules found" in checked.stdout
    file.write_text(file.read_text(encoding="utf-8").replace("max by (", "max bye (", 1), encoding="utf-8")
    assert subprocess.run([promtool, "check", "rules", file], capture_output=True, check=False).returncode


def test_what_the_platform_does_not_show_is_shown_of_made_series(promtool: str, tmp_path: Path) -> None:
    asked = {(one.uid, one.where, one.ref): one for dashboard in DASHBOARDS.values() for one in queries(dashboard)}
    tests = []
    for key, (series, expected) in NOT_ON_THE_PLATFORM.items():
        query = f"max({filled(asked[key].expression, CHOSEN)})"
        answered = {"expr": query, "eval_time": "6m", "exp_samples": [{"labels": "{}", "value": expected}]}
        made = [{"series": name, "values": values} for name, values in series.items()]
        tests.append({"interval": "1m", "input_series": made, "promql_expr_test": [answered]})
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": tests}), encoding="utf-8")
    tested = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
