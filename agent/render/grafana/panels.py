"""Panels as Grafana's JSON: what is asked, how each answer is shown, and where each panel stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.render.grafana.standing import NO_DATA, Tone

Json = dict[str, Any]

COLUMNS = 24  # of Grafana's grid
SOURCE = {"type": "prometheus", "uid": "${prometheus}"}  # the data source chosen on the dashboard
NOTHING = NO_DATA[0]
BLANK = "—"  # in a cell: there is no figure of this kind


@dataclass(frozen=True, slots=True)
class Query:
    """One question; `properties` are how its answer is shown, by Grafana's name of the property."""

    ref: str
    expression: str
    legend: str = ""
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: a label, or the figures of the query of this name."""

    of: str
    title: str
    properties: Mapping[str, object] = field(default_factory=dict)
    link: str = ""
    width: int | None = None


def figure(unit: str, decimals: int | None = None) -> Json:
    """Properties of a figure."""
    return {"unit": unit} if decimals is None else {"unit": unit, "decimals": decimals}


def coloured(tone: str) -> Json:
    """Properties of what has one colour."""
    return {"color": {"mode": "fixed", "fixedColor": tone}}


RATIO = figure("percentunit", 3)
NUMBER = figure("locale")  # every digit: 1,234 and not 1.23 K
SECONDS = figure("s")
DURATION = figure("dtdhms")
MOMENT = figure("dateTimeAsIso")
DAY = figure("time:YYYY-MM-DD")


def worded(mappings: Sequence[Json]) -> Json:
    """Properties of a figure that stands for a word."""
    return {"mappings": mappings, "unit": "none"}


# --- kinds of panels --------------------------------------------------------------------------------------------------


def stat(title: str, description: str, queries: Sequence[Query], **properties: object) -> Json:
    """The latest figures, large. Colours come from what the figures mean, never from thresholds typed here."""
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "percentChangeColorMode": "standard",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showPercentChange": False,
        "textMode": "auto",
        "wideLayout": True,
    }
    return _panel("stat", title, description, queries, options, properties, instant=True)


def graph(title: str, description: str, queries: Sequence[Query], **properties: object) -> Json:
    """Figures over time as lines: never stacked, and with a gap wherever there was no figure."""
    options = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "none"},
    }
    custom = {
        "drawStyle": "line",
        "fillOpacity": 0,
        "lineInterpolation": "stepAfter",
        "lineWidth": 2,
        "showPoints": "auto",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "none"},
    }
    return _panel("timeseries", title, description, queries, options, properties, custom, "palette-classic")


def timeline(title: str, description: str, queries: Sequence[Query], **properties: object) -> Json:
    """What held when, in words."""
    options = {
        "alignValue": "left",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "mergeValues": True,
        "rowHeight": 0.85,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 75, "lineWidth": 0}
    return _panel("state-timeline", title, description, queries, options, properties, custom)


def bars(title: str, description: str, queries: Sequence[Query], **properties: object) -> Json:
    """The latest figures of one kind, to compare."""
    options = {
        "displayMode": "basic",
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": False},
        "maxVizHeight": 32,
        "minVizHeight": 16,
        "minVizWidth": 8,
        "namePlacement": "auto",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "showUnfilled": False,
        "sizing": "auto",
        "valueMode": "text",
    }
    return _panel("bargauge", title, description, queries, options, {"min": 0} | properties, instant=True)


def table(
    title: str,
    description: str,
    queries: Mapping[str, str],
    columns: Sequence[Column],
    *,
    hidden: Sequence[str] = (),
    sort: Sequence[tuple[str, bool]] = (),
    nothing: str = NOTHING,
) -> Json:
    """Several questions side by side, one row for each combination of the labels all of them have.

    `hidden` labels are not shown, but a link may name them. `sort` are titles of columns, and whether from high to low.
    """
    assert len(queries) > 1, "Grafana names the figures of a single query differently"
    named = {column.of: f"Value #{column.of}" if column.of in queries else column.of for column in columns}
    made = _panel(
        "table",
        title,
        description,
        [Query(ref, expression) for ref, expression in queries.items()],
        {
            "cellHeight": "sm",
            "frameIndex": 0,
            "showHeader": True,
            "sortBy": [{"displayName": column, "desc": desc} for column, desc in sort],
        },
        {"noValue": nothing, "unit": "none"},
        {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": False, "inspect": False},
        instant=True,
    )
    for target in made["targets"]:
        target["format"] = "table"
    order = {name: place for place, name in enumerate([*named.values(), *hidden])}
    unseen = {"Time", *(f"Value #{ref}" for ref in queries)} - order.keys()
    made["transformations"] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": dict.fromkeys(sorted(unseen), True),
                "indexByName": order,
                "renameByName": {},
            },
        },
    ]
    made["fieldConfig"]["overrides"] = [
        *(_override("byName", named[column.of], _shown(column)) for column in columns),
        *(_override("byName", label, {"custom.hidden": True}) for label in hidden),
    ]
    return made


def _shown(column: Column) -> Json:
    shown = {"displayName": column.title, "noValue": BLANK, **column.properties}
    if "mappings" in shown:
        shown["custom.cellOptions"] = {"type": "color-text"}  # a mapping brings the colour of what it says
    if column.width is not None:
        shown["custom.width"] = column.width
    if column.link:
        shown["links"] = [{"title": f"查看{column.title}", "url": column.link}]
    return shown


def _panel(
    kind: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    options: Json,
    properties: Mapping[str, object],
    custom: Json | None = None,
    colours: str = "thresholds",
    *,
    instant: bool = False,
) -> Json:
    refs = [query.ref for query in queries]
    assert len(set(refs)) == len(refs), f"{title}: two queries of one name"
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": SOURCE,
        "targets": [_target(query, instant) for query in queries],
        "fieldConfig": {
            "defaults": {
                "color": {"mode": colours},
                "custom": custom or {},
                "noValue": NOTHING,
                "thresholds": {"mode": "absolute", "steps": [{"color": "text", "value": None}]},
                **properties,
            },
            "overrides": [
                _override("byFrameRefID", query.ref, query.properties) for query in queries if query.properties
            ],
        },
        "options": options,
    }


def _target(query: Query, instant: bool) -> Json:
    return {
        "refId": query.ref,
        "datasource": SOURCE,
        "editorMode": "code",
        "expr": query.expression,
        "format": "time_series",
        "instant": instant,
        "legendFormat": query.legend or "__auto",
        "range": not instant,
    }


def _override(matcher: str, options: str, properties: Mapping[str, object]) -> Json:
    return {
        "matcher": {"id": matcher, "options": options},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def renamed(names: Mapping[str, str], tones: Mapping[str, Tone] | None = None) -> list[Json]:
    """Overrides that show a series under another name, and in its colour."""
    return [
        _override("byName", name, {"displayName": word, **(coloured(tones[name]) if tones and name in tones else {})})
        for name, word in names.items()
    ]


# --- where they stand -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Band:
    """Panels side by side, each with its width; a band with a title begins a section."""

    height: int
    panels: Sequence[tuple[int, Json]]
    title: str = ""


def arranged(bands: Iterable[Band]) -> list[Json]:
    """The panels one band below the other, each with its place and a number of its own."""
    placed: list[Json] = []
    top = 0
    for band in bands:
        if band.title:
            place = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
            section = {"type": "row", "title": band.title, "collapsed": False, "panels": []}
            placed.append({"id": len(placed) + 1, "gridPos": place, **section})
            top += 1
        left = 0
        for width, panel in band.panels:
            place = {"h": band.height, "w": width, "x": left, "y": top}
            placed.append({"id": len(placed) + 1, "gridPos": place, **panel})
            left += width
        assert left == COLUMNS, f"the widths of a band are {left} in all, not {COLUMNS}"
        top += band.height
    return placed
