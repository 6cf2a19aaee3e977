"""The dashboards as they are rendered: what Grafana accepts, what every panel must have, what is typed only once."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import promql_parser
import pytest
import yaml

from agent import words
from agent.config import load
from agent.metrics.families import FAMILIES, INDICATOR_INFO, OWN
from agent.model import State, Unit
from agent.render.grafana import files, places
from agent.render.grafana.panels import COLUMNS
from agent.render.grafana.standing import ORDER, RANKS, STATES, TONES, UNREACHABLE_RANK
from tests.example_snapshot import TARGETS
from tests.grafana_asking import GENERATED, filled, panels, queries, shipped, used

Json = dict[str, Any]

ROOT = Path(__file__).parents[1]
SCHEMAS = Path(__file__).parent / "grafana"
PROVISIONING = ROOT / "deploy" / "grafana" / "provisioning"
CSS = ROOT / "agent" / "web" / "static" / "style.css"
DASHBOARDS = shipped()
PANELS = [
    pytest.param(dashboard, panel, id=f"{uid}: {panel['title']}")
    for uid, dashboard in DASHBOARDS.items()
    for panel in panels(dashboard)
]
EACH = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS.keys())
EACH_PANEL = pytest.mark.parametrize(("dashboard", "panel"), PANELS)
OLD_NAMES = {"hidden"}  # of Grafana up to 12.2; later ones translate it to hideFrom.viz as they load a table
THEIRS = {"ALERTS": {"alertname", "severity", "alertstate", "project", "indicator", "system"}}


def schema(name: str) -> Json:
    read: Json = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return read


OF_DASHBOARD, OF_PANELS = schema("dashboard"), schema("panels")


def refused(said: object, part: Json, definitions: Json) -> list[str]:
    """What one part of a schema does not allow."""
    validator = jsonschema.Draft7Validator({"definitions": definitions, **part})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(said)]


def complaints(dashboard: Json) -> list[str]:
    """What Grafana's own types do not allow in a dashboard, its panels, their options and their field settings."""
    definitions = OF_DASHBOARD["definitions"]
    row, other = OF_DASHBOARD["properties"]["panels"]["items"]["anyOf"]
    found = refused({**dashboard, "panels": []}, OF_DASHBOARD, definitions)
    for panel in dashboard["panels"]:
        found += refused(panel, row if panel["type"] == "row" else other, definitions)
    for panel in panels(dashboard):
        for part, said in parts(panel):
            found += refused(said, part, OF_PANELS["definitions"])
    return found


def parts(panel: Json) -> list[tuple[Json, object]]:
    """The parts of a panel that depend on its kind: what the schema of that kind says, and what the panel says."""
    kind = OF_PANELS["properties"][panel["type"]]["properties"]
    custom = kind["custom"]
    if "$ref" in custom:
        custom = OF_PANELS["definitions"][custom["$ref"].rpartition("/")[2]]
    setting = custom["properties"]
    checked = [
        (kind["options"], panel["options"]),
        ({**custom, "required": []}, panel["fieldConfig"]["defaults"]["custom"]),
    ]
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            prefix, _, name = one["id"].partition("custom.")
            if not prefix and name not in OLD_NAMES:
                checked.append((setting.get(name, {"not": {}}), one["value"]))
    return checked


# --- what Grafana accepts ---------------------------------------------------------------------------------------------


@EACH
def test_grafanas_own_types_allow_the_dashboard(dashboard: Json) -> None:
    assert complaints(dashboard) == []


def planted(path: str, value: object) -> Json:
    """The overview with one mistake."""
    dashboard = copy.deepcopy(DASHBOARDS[places.OVERVIEW])
    *steps, last = path.split(".")
    at: Any = dashboard
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    return dashboard


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("titel", "总览", "'titel' was unexpected"),
        ("graphTooltip", "1", "'1' is not one of"),
        ("panels.0.gridPos.w", "12", "'12' is not of type 'number'"),
        ("panels.0.fieldConfig.defaults.thresholds.mode", "fixed", "'fixed' is not one of"),
        ("panels.0.fieldConfig.defaults.units", "s", "'units' was unexpected"),
        ("panels.0.titel", "总览", "'titel' was unexpected"),
        ("panels.0.options.colourMode", "value", "'colourMode' was unexpected"),
        ("panels.0.options.colorMode", "text", "'text' is not one of"),
        ("panels.2.options.cellHeight", "tiny", "'tiny' is not one of"),
        ("panels.2.fieldConfig.defaults.custom.wide", True, "'wide' was unexpected"),
        ("panels.2.fieldConfig.overrides.0.properties.2.value", "250", "'250' is not of type 'number'"),
        ("templating.list.1.hide", "no", "'no' is not one of"),
        ("links.0.type", "page", "'page' is not one of"),
    ],
)
def test_a_planted_mistake_is_seen(path: str, value: object, said: str) -> None:
    assert any(said in complaint for complaint in complaints(planted(path, value)))


# --- places -----------------------------------------------------------------------------------------------------------


def test_each_dashboard_is_a_file_named_by_its_uid_that_never_changes() -> None:
    made = files(load([ROOT / "targets.yaml"], None, collectors={}))
    assert {path: json.loads(text)["uid"] for path, text in made.items()} == {
        f"grafana/{uid}.json": uid for uid in ("dabiao-overview", "dabiao-indicator", "dabiao-system", "dabiao-sources")
    }
    assert {uid: one["title"] for uid, one in DASHBOARDS.items()} == places.TITLES
    assert {one["id"] for one in DASHBOARDS.values()} == {None}  # Grafana's own number


@EACH
def test_panels_fill_the_grid_and_none_covers_another(dashboard: Json) -> None:
    taken: Counter[tuple[int, int]] = Counter()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS
        across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        taken.update((x, y) for x in across for y in down)
    height = max(y for _, y in taken) + 1
    assert taken == Counter((x, y) for x in range(COLUMNS) for y in range(height))


@EACH
def test_panels_have_numbers_of_their_own(dashboard: Json) -> None:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(numbers)) == len(numbers)


# --- what every panel must have ---------------------------------------------------------------------------------------


@EACH_PANEL
def test_a_panel_says_in_chinese_what_it_shows(dashboard: Json, panel: Json) -> None:
    for text in (panel["title"], panel["description"]):
        assert re.search(r"[一-鿿]", text)
    assert panel["description"].endswith("。")


@EACH_PANEL
def test_every_figure_has_a_unit(dashboard: Json, panel: Json) -> None:
    units = [panel["fieldConfig"]["defaults"].get("unit")]
    if panel["type"] == "table":
        units = [properties(panel, f"Value #{target['refId']}").get("unit") for target in seen(panel)]
    elif units == [None]:
        units = [properties(panel, target["refId"]).get("unit") for target in panel["targets"]]
    assert units
    assert all(units)
    assert "" not in units


def seen(panel: Json) -> list[Json]:
    """The queries whose figures a table shows."""
    hidden = panel["transformations"][1]["options"]["excludeByName"]
    return [target for target in panel["targets"] if f"Value #{target['refId']}" not in hidden]


def properties(panel: Json, of: str) -> Json:
    """The overrides of one field or query."""
    found = [one["properties"] for one in panel["fieldConfig"]["overrides"] if one["matcher"]["options"] == of]
    return {one["id"]: one["value"] for each in found for one in each}


@EACH_PANEL
def test_no_data_is_a_word_a_gap_or_a_dash_and_never_a_line_across(dashboard: Json, panel: Json) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    assert not re.search(r"\d", defaults["noValue"])
    if panel["type"] == "timeseries":
        assert defaults["custom"]["spanNulls"] is False
        assert defaults["custom"]["stacking"]["mode"] == "none"
    if panel["type"] == "table":
        for target in seen(panel):
            assert properties(panel, f"Value #{target['refId']}")["noValue"] == "—"


@EACH_PANEL
def test_no_limit_is_typed_into_a_panel(dashboard: Json, panel: Json) -> None:
    said = json.dumps(panel)
    assert [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None]
    assert '"id": "thresholds"' not in said


@EACH
def test_it_is_renewed_no_faster_than_it_is_scraped(dashboard: Json) -> None:
    (source,) = provisioned("datasources")["datasources"]
    seconds = {"s": 1, "m": 60, "h": 3600}
    intervals = [dashboard["refresh"], *dashboard["timepicker"]["refresh_intervals"]]
    scraped = int(source["jsonData"]["timeInterval"][:-1])
    assert all(int(one[:-1]) * seconds[one[-1]] >= scraped for one in intervals)


# --- words and colours ------------------------------------------------------------------------------------------------


def test_every_state_has_its_word_and_its_rank_once() -> None:
    assert set(ORDER) == set(State) == set(TONES)
    (known, nothing) = STATES
    shown = {rank: one["text"] for rank, one in known["options"].items()}
    assert shown == {str(rank): words.STATES[state] for state, rank in RANKS.items()} | {
        str(UNREACHABLE_RANK): words.UNREACHABLE
    }
    assert nothing["options"]["result"]["text"] == words.STATES[State.NO_DATA]
    assert nothing["options"]["match"] == "null+nan"


def test_a_state_has_the_colour_it_has_on_the_page() -> None:
    css = re.sub(r"/\*.*?\*/", "", CSS.read_text(encoding="utf-8"), flags=re.DOTALL)
    tones = {
        selector.strip(): tone
        for selectors, tone in re.findall(r"([^{}]+)\{ --state: var\(--(\w+)\)", css)
        for selector in selectors.split(",")
    }
    assert {state: tones.get(f".{state}", "calm") for state in State} == {
        state: one.name.lower() for state, one in TONES.items()
    }


# --- queries ----------------------------------------------------------------------------------------------------------

LABELS = {
    **{family.name: {*family.labels} for family in FAMILIES},
    **THEIRS,
}
CHOSEN = {"project": "p", "indicator": "i", "system": "s", "window": "ytd", "source": "s"}


def selectors(expression: str) -> list[Any]:
    found: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def unknown(expression: str) -> list[str]:
    """The series and labels in an expression that nobody writes."""
    found = []
    for selector in selectors(expression):
        asked = {matcher.name for matcher in selector.matchers.matchers}
        found += [selector.name] if selector.name not in LABELS else sorted(asked - LABELS[selector.name])
    return found


@EACH
def test_every_query_reads_series_and_labels_that_exist(dashboard: Json) -> None:
    for asked in queries(dashboard):
        expression = filled(asked.expression, CHOSEN)
        assert selectors(expression), asked
        assert unknown(expression) == [], asked


def test_a_series_or_a_label_that_is_not_ours_would_be_seen() -> None:
    assert unknown("sum(rate(dabiao_tick_total[1m]))") == ["dabiao_tick_total"]
    assert unknown(f'rate({OWN["ticks"].name}{{window="ytd"}}[1m])') == ["window"]


def test_amounts_are_told_apart_as_numbers_and_money(tmp_path: Path) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(
        TARGETS
        + """
      reports:
        {name: 分析报告篇数, level: [产出目标], text: "≥12篇", target: ">= 12", measure: {kind: entered, unit: count}}
""",
        encoding="utf-8",
    )
    made = files(load([path], None, collectors={}))
    overview = json.loads(made["grafana/dabiao-overview.json"])
    (table,) = [panel for panel in panels(overview) if panel["title"] == "指标一览"]
    asked = {target["refId"]: target["expr"] for target in table["targets"]}
    for unit, shown in ((Unit.COUNT, "locale"), (Unit.CNY, "suffix:元")):
        assert f'unit="{unit}"' in asked[unit]
        assert INDICATOR_INFO.name in asked[unit]
        assert properties(table, f"Value #{unit}")["unit"] == shown
        assert unknown(filled(asked[unit], CHOSEN)) == []


def test_a_unit_nobody_promised_has_no_column() -> None:
    (table,) = [panel for panel in panels(DASHBOARDS[places.OVERVIEW]) if panel["title"] == "指标一览"]
    refs = {target["refId"] for target in table["targets"]}
    assert {Unit.RATIO, Unit.SECONDS, Unit.DATE} <= refs
    assert not {Unit.COUNT, Unit.CNY} & refs


# --- variables and links ----------------------------------------------------------------------------------------------


def variables(dashboard: Json) -> set[str]:
    return {one["name"] for one in dashboard["templating"]["list"]}


@EACH
def test_every_variable_that_is_used_exists_and_every_one_that_exists_is_used(dashboard: Json) -> None:
    said = json.dumps(dashboard, ensure_ascii=False)
    asked = {name for one in queries(dashboard) for name in used(one.expression)}
    shown = {name for panel in dashboard["panels"] for name in used(panel["title"])}
    linked = {name for link in dashboard["links"] for name in used(link["url"])}
    assert asked | shown | linked <= variables(dashboard)
    assert variables(dashboard) <= used(said)


def links(dashboard: Json) -> list[tuple[str, str]]:
    """Where a link stands, and its address."""
    found = [(one["title"], one["url"]) for one in dashboard["links"]]
    for panel in panels(dashboard):
        for override in panel["fieldConfig"]["overrides"]:
            for one in override["properties"]:
                if one["id"] == "links":
                    found += [(panel["title"], link["url"]) for link in one["value"]]
    return found


@EACH
def test_every_link_leads_to_a_dashboard_that_knows_its_variables(dashboard: Json) -> None:
    inside = [(where, url) for where, url in links(dashboard) if url.startswith("/d/")]
    assert {url.partition("?")[0] for _, url in inside} >= {
        f"/d/{uid}" for uid in DASHBOARDS if uid != dashboard["uid"]
    }
    for _, url in inside:
        uid, _, query = url.removeprefix("/d/").partition("?")
        carried = set(re.findall(r"var-(\w+)=", query)) | set(re.findall(r"\$\{(\w+):queryparam\}", query))
        assert carried <= variables(DASHBOARDS[uid])
        assert set(re.findall(r"\$\{(\w+):queryparam\}|=\$(\w+)", query)[0]) - {""} <= variables(dashboard)


def test_what_alerts_link_to_exists() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in (GENERATED.parent / "prometheus").glob("*.yml"))
    found = re.findall(r"dashboard_url: \S+/d/([\w-]+)(\?.*)?", said)
    assert found
    for uid, query in found:
        assert set(re.findall(r"var-(\w+)=", query)) <= variables(DASHBOARDS[uid])


@EACH_PANEL
def test_a_link_in_a_row_speaks_of_columns_the_row_has(dashboard: Json, panel: Json) -> None:
    named = set(re.findall(r"__data\.fields\.(\w+)", json.dumps(panel)))
    assert all(any(re.search(rf"\b{label}\b", target["expr"]) for target in panel["targets"]) for label in named)
    if panel["type"] == "table":
        order = panel["transformations"][1]["options"]["indexByName"]
        assert named <= order.keys()


def test_windows_and_projects_are_chosen_by_their_chinese_names() -> None:
    listed = {one["name"]: one for one in DASHBOARDS[places.OVERVIEW]["templating"]["list"] if one["type"] == "custom"}
    known = {one["value"]: one["text"] for one in listed["window"]["options"]}
    assert known == {name: text for name, text in words.WINDOWS.items() if name != "custom"}
    for variable in listed.values():
        pairs = [re.fullmatch(r"(.+) : (.+)", one.strip()) for one in re.split(r"(?<!\\),", variable["query"])]
        read = {pair[2]: pair[1].replace("\\,", ",") for pair in pairs if pair}
        assert len(read) == len(pairs)
        options = {one["value"]: one["text"] for one in variable["options"] if one["value"] != "$__all"}
        assert read == options


# --- provisioning -----------------------------------------------------------------------------------------------------


def provisioned(kind: str) -> Json:
    (path,) = (PROVISIONING / kind).glob("*.yaml")
    read: Json = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def test_the_provisioned_data_source_is_the_one_the_dashboards_show() -> None:
    (source,) = provisioned("datasources")["datasources"]
    assert (source["uid"], source["type"], source["access"]) == (places.DATA_SOURCE, "prometheus", "proxy")
    for dashboard in DASHBOARDS.values():
        (chosen,) = [one for one in dashboard["templating"]["list"] if one["type"] == "datasource"]
        assert chosen["current"]["value"] == places.DATA_SOURCE
        asked = [target["datasource"] for panel in panels(dashboard) for target in panel["targets"]]
        asked += [mark["datasource"] for mark in dashboard["annotations"]["list"]]
        assert all(one == {"type": "prometheus", "uid": "${prometheus}"} for one in asked)


def test_the_provisioned_folder_cannot_be_edited_away() -> None:
    provider = provisioned("dashboards")
    (folder,) = provider["providers"]
    assert provider["apiVersion"] == 1
    assert (folder["folder"], folder["folderUid"]) == (places.FOLDER, places.FOLDER_UID)
    assert (folder["type"], folder["allowUiUpdates"], folder["disableDeletion"]) == ("file", False, True)
