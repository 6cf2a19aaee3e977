"""A dashboard around its panels: variables, links to the others, marks of alerts and restarts, times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent import words
from agent.alerts.names import ALERTNAME, SEVERITY, Severity
from agent.config import Config
from agent.evaluate import WINDOW_NAMES
from agent.metrics.families import INDICATOR_INFO, OWN, SOURCE_INTERVAL, SYSTEM_INFO
from agent.metrics.verdicts import JUDGED_WINDOW
from agent.render.grafana.panels import SOURCE, Band, arranged
from agent.render.grafana.places import DATA_SOURCE, PAGES, TAG, TITLES, link
from agent.render.grafana.queries import PART, once, select
from agent.render.grafana.standing import Tone

Json = dict[str, Any]

SCHEMA_VERSION = 39  # of Grafana 10.4; later ones bring it up to date as they load it
REFRESH = "30s"  # two scrapes of 15 s: sooner it would show the same
ANY = ".+"  # every value of a label that has one
ON_LOAD, ON_TIME_RANGE = 1, 2  # when a variable asks anew
PROMETHEUS_RESULT = 3  # Grafana's number for a variable filled by `query_result`


def dashboard(
    config: Config,
    uid: str,
    description: str,
    bands: Iterable[Band],
    variables: Sequence[Json],
    since: str,
    alerts: str = "",
) -> Json:
    """The whole JSON. `alerts` narrows the alerts that are marked."""
    return {
        "id": None,
        "uid": uid,
        "title": TITLES[uid],
        "description": description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": REFRESH,
        "time": {"from": since, "to": "now"},
        "timepicker": {"refresh_intervals": [REFRESH, "1m", "5m", "15m", "1h"]},
        "timezone": config.plans[0].timezone,
        "weekStart": "monday",
        "templating": {"list": [_data_source(), *variables]},
        "annotations": {"list": [_restarts(), _alerts(alerts)]},
        "links": [*(_other(one) for one in TITLES if one != uid), _agents(config, uid)],
        "panels": arranged(bands),
    }


# --- variables --------------------------------------------------------------------------------------------------------


def _data_source() -> Json:
    return {
        "name": "prometheus",
        "label": "Prometheus",
        "type": "datasource",
        "query": SOURCE["type"],
        "current": {"text": DATA_SOURCE, "value": DATA_SOURCE},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "refresh": ON_LOAD,
        "regex": "",
        "skipUrlSync": False,
    }


def projects(config: Config, *, several: bool) -> Json:
    """The tables of targets, by name."""
    names = {project.id: project.name for plan in config.plans for project in plan.projects}
    return _listed("project", "项目", names, next(iter(names)), several=several)


def windows() -> Json:
    """The windows all figures are known in."""
    names = {name: words.WINDOWS[name] for name in WINDOW_NAMES}
    return _listed("window", "时段", names, JUDGED_WINDOW, several=False)


def indicators(config: Config) -> Json:
    """The indicators of the chosen project, evidence measures too, by name."""
    expression = once(select(INDICATOR_INFO, {"project": '="$project"'}), ("indicator", "name"))
    rows = config.plans[0].projects[0].indicators
    first = next((one for one in rows if one.measure.from_records), rows[0])  # one with something to see
    return _asked("indicator", "指标", expression, {"text": first.name, "value": first.id}, several=False)


def systems(config: Config, *, several: bool) -> Json:
    """The systems, by name."""
    first = next(iter(config.plans[0].systems.values()), None)
    current = {"text": first.name, "value": first.id} if first else {"text": "", "value": ""}
    return _asked("system", "系统", once(SYSTEM_INFO.name, ("system", "name")), current, several=several)


def sources() -> Json:
    """The sources; their names are what `sources.yaml` calls them."""
    return _asked("source", "数据源", once(SOURCE_INTERVAL.name, ("source",)), {"text": "", "value": ""}, several=True)


def _listed(name: str, label: str, names: Mapping[str, str], first: str, *, several: bool) -> Json:
    """A variable whose values are known here."""
    options = [
        {"text": text, "value": value, "selected": not several and value == first} for value, text in names.items()
    ]
    return {
        **_choice(name, label, "custom", {"text": names[first], "value": first}, several=several),
        "query": ", ".join(f"{_plain(text)} : {value}" for value, text in names.items()),
        "options": [{"text": "All", "value": ALL, "selected": True}, *options] if several else options,
    }


def _plain(text: str) -> str:
    """A text inside Grafana's list of texts and values, which commas part."""
    return text.replace(",", "\\,")


def _asked(name: str, label: str, expression: str, current: Json, *, several: bool) -> Json:
    """A variable whose values Prometheus tells: the label of its name, shown by the label `name` where there is one."""
    asked = f"query_result({expression})"
    return {
        **_choice(name, label, "query", current, several=several),
        "datasource": SOURCE,
        "query": {"query": asked, "qryType": PROMETHEUS_RESULT, "refId": name},
        "refresh": ON_TIME_RANGE,
        "regex": f'/[{{,]{name}="(?<value>[^"]+)|[{{,]name="(?<text>[^"]+)/g',
        "sort": 1,
    }


def _choice(name: str, label: str, kind: str, current: Json, *, several: bool) -> Json:
    every = {"allValue": ANY} if several else {}
    return {
        "name": name,
        "label": label,
        "type": kind,
        "current": EVERY if several else current,
        "hide": 0,
        "includeAll": several,
        "multi": several,
        "skipUrlSync": False,
        **every,
    }


ALL = "$__all"  # Grafana's own value for every value
EVERY: Json = {"text": ["All"], "value": [ALL]}


# --- links and marks --------------------------------------------------------------------------------------------------


def _other(uid: str) -> Json:
    """To another dashboard, at its own choice of project, indicator and time."""
    return _link(TITLES[uid], f"{link(uid)}?${{prometheus:queryparam}}", "dashboard")


def _agents(config: Config, uid: str) -> Json:
    """To the agent's own page on the same subject, with each record that missed."""
    return _link("监测程序网页", config.plans[-1].links.agent + PAGES[uid], "external link")


def _link(title: str, url: str, icon: str) -> Json:
    return {
        "type": "link",
        "title": title,
        "tooltip": f"打开{title}",
        "url": url,
        "icon": icon,
        "asDropdown": False,
        "includeVars": False,
        "keepTime": False,
        "tags": [],
        "targetBlank": False,
    }


def _alerts(narrowed: str) -> Json:
    """Where an alert of ours was firing. `ALERTS` is Prometheus' own series; what the agent posts is not in it."""
    ours = f'{ALERTNAME}=~"Dabiao.+",{SEVERITY}!="{Severity.INFO}",alertstate="firing"'
    told = ", ".join((ALERTNAME, SEVERITY, *PART))
    expression = f"max by ({told}) (ALERTS{{{','.join(filter(None, [ours, narrowed]))}}})"
    return _mark("告警", expression, Tone.BAD, "{{alertname}}", "{{indicator}} {{system}}")


def _restarts() -> Json:
    """Where the agent had begun anew: its counters begin at nothing."""
    return _mark("监测程序重启", f"max(resets({OWN['ticks'].name}[5m])) > 0", Tone.CALM, "监测程序重启", "")


def _mark(name: str, expression: str, tone: Tone, title: str, text: str) -> Json:
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": tone,
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": SEVERITY,
        "useValueForTime": False,
        "target": {"refId": "Anno", "datasource": SOURCE, "expr": expression, "interval": "60s"},
    }
