"""A dashboard's questions as Grafana asks them: its variables filled from Prometheus, then put into every query."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

Json = dict[str, Any]
Chosen = dict[str, str]  # a variable → what is put into queries for it
Sample = tuple[dict[str, str], float]

GENERATED = Path(__file__).parents[1] / "deploy" / "generated" / "grafana"
WAIT_SECONDS = 120
RANGE = {"__range": "10m", "__rate_interval": "1m", "__interval": "15s"}  # what Grafana works out from the time shown
USE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")
QUERY_RESULT = re.compile(r"query_result\((.+)\)")


def shipped() -> dict[str, Json]:
    """The dashboards of the shipped targets, by uid."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GENERATED.glob("*.json"))]
    return {one["uid"]: one for one in read}


def panels(dashboard: Json) -> Iterator[Json]:
    """Its panels, without the headings of sections."""
    yield from (panel for panel in dashboard["panels"] if panel["type"] != "row")


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a panel, an annotation or a variable, as it stands in the dashboard."""

    uid: str
    where: str
    ref: str
    expression: str

    def __str__(self) -> str:
        return f"{self.uid} · {self.where} · {self.ref}"


def queries(dashboard: Json) -> Iterator[Asked]:
    """Everything a dashboard asks Prometheus."""
    uid = dashboard["uid"]
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield Asked(uid, panel["title"], target["refId"], target["expr"])
    for mark in dashboard["annotations"]["list"]:
        yield Asked(uid, f"mark {mark['name']}", mark["target"]["refId"], mark["target"]["expr"])
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield Asked(uid, f"variable {variable['name']}", variable["name"], asked_by(variable))


def asked_by(variable: Json) -> str:
    """The expression behind a variable."""
    found = QUERY_RESULT.fullmatch(variable["query"]["query"])
    assert found, f"{variable['name']} is not filled by query_result"
    return found[1]


def filled(expression: str, chosen: Mapping[str, str]) -> str:
    """The expression with its variables replaced; one that is not known raises KeyError."""
    known = {**RANGE, **chosen}
    return USE.sub(lambda use: known[use[1] or use[2]], expression)


def used(expression: str) -> set[str]:
    """The dashboard's own variables in an expression, a title or a link."""
    return {use[1] or use[2] for use in USE.finditer(expression)} - RANGE.keys()


def ask(prometheus: str, expression: str) -> list[Sample]:
    """The samples of an instant query, labels and value."""
    answer = requests.get(f"{prometheus}/api/v1/query", params={"query": expression}, timeout=WAIT_SECONDS).json()
    assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
    data = answer["data"]
    assert data["resultType"] == "vector", expression
    return [(one["metric"], float(one["value"][1])) for one in data["result"]]


def options(variable: Json, prometheus: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """The values of a variable and the texts they are shown by: as Grafana lists them or reads them out of answers."""
    if variable["type"] == "custom":
        return {one["value"]: one["text"] for one in variable["options"] if one["value"] != "$__all"}
    body, _, flags = variable["regex"].removeprefix("/").rpartition("/")
    assert flags == "g"
    pattern = re.compile(body.replace("(?<", "(?P<"))
    found = {}
    for labels, value in ask(prometheus, filled(asked_by(variable), chosen)):
        said = "{" + ",".join(f'{name}="{text}"' for name, text in labels.items()) + f"}} {value} 0"
        groups: dict[str, str] = {}
        for match in pattern.finditer(said):
            groups |= {name: text for name, text in match.groupdict().items() if text is not None}
        found[groups["value"]] = groups.get("text", groups["value"])
    return found


def choices(dashboard: Json, prometheus: str, wanted: Mapping[str, str]) -> Chosen:
    """A value for each variable: the one wanted, else every one where that can be chosen, else the first."""
    chosen: Chosen = {}
    for variable in dashboard["templating"]["list"]:
        name = variable["name"]
        if variable["type"] == "datasource":
            continue
        known = options(variable, prometheus, chosen)
        assert known, f"{dashboard['uid']}: nothing to choose for {name}"
        if name in wanted:
            assert wanted[name] in known, f"{dashboard['uid']}: {name} cannot be {wanted[name]}"
            chosen[name] = wanted[name]
        else:
            chosen[name] = variable["allValue"] if variable["includeAll"] else variable["current"]["value"]
    return chosen
