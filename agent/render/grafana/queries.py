"""PromQL over the series of `agent.metrics.families`: their names and labels are taken from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from agent.metrics.families import (
    INDICATOR,
    INDICATOR_INFO,
    OPEN_LABELS,
    OPEN_RECORDS,
    REACHABLE,
    SNAPSHOT_TIME,
    SYSTEM_IN_SERVICE,
    SYSTEM_INFO,
    SYSTEM_UP,
    TOTAL,
    Family,
    Judged,
)
from agent.model import State, Unit
from agent.render.grafana.standing import CLOSED_RANK, RANKS, UNREACHABLE_RANK

Where = Mapping[str, str]  # label → operator and quoted value, such as `="ytd"`

PART = (*INDICATOR, "system")
PROMISED = '!~".+/.+"'  # an indicator that is a row of the table, not an evidence measure of one
MILLISECONDS = 1000  # Grafana's dates count in them
NOW = f"scalar(max({SNAPSHOT_TIME.name}))"  # by the agent's clock: the instant all figures are of


def equal(text: str) -> str:
    """The condition that a label says exactly this."""
    return f'="{text}"'


def select(family: Family, where: Where) -> str:
    """The series of a family; a condition on a label it does not have is left out."""
    said = ",".join(f"{label}{condition}" for label, condition in where.items() if label in family.labels)
    return f"{family.name}{{{said}}}" if said else family.name


def once(expression: str, by: Iterable[str], how: str = "max") -> str:
    """One series for each combination of the labels, however many agents or scrapes tell it."""
    labels = ", ".join(by)
    return f"{how} by ({labels}) ({expression})" if labels else f"{how}({expression})"


def value(families: Mapping[Unit, Family], unit: Unit, where: Where) -> str:
    """The figures of one unit, as Grafana shows it. What is counted and what is paid share a family: the info tells."""
    family = families[unit]
    selected = select(family, where)
    if unit is Unit.DATE:
        return f"{selected} * {MILLISECONDS}"
    if any(other is not unit and one is family for other, one in families.items()):
        of_unit = select(INDICATOR_INFO, {**where, "unit": equal(unit)})
        return f"{selected} and on ({', '.join(INDICATOR)}) {of_unit}"
    return selected


def standing(judged: Judged, where: Where, by: Iterable[str]) -> str:
    """The rank of the state each verdict is in, see `standing.RANKS`. Only a total can be lost: a part has no year."""

    def held(state: State) -> str:
        return f"({select(judged.state, {**where, 'state': equal(state)})} == 1)"

    ranked = [f"{held(state)} * {rank}" for state, rank in RANKS.items()]
    if judged is TOTAL:
        lost = f"{held(State.MISSED)} and on ({', '.join(INDICATOR)}) ({select(REACHABLE, where)} == 0)"
        ranked.insert(0, f"({lost}) * {UNREACHABLE_RANK}")
    return once(" or ".join(ranked), by, "min")


def running(where: Where) -> str:
    """Whether each system is up, by `standing.UP`; of one that is not promised to be up now only that is said."""
    closed = f"{service(where)} == {CLOSED_RANK}"
    return f"({once(select(SYSTEM_UP, where), ('system',), 'min')} unless on (system) ({closed})) or {closed}"


def service(where: Where) -> str:
    """Whether each system is promised to be up, by `standing.UP`."""
    return f"({once(select(SYSTEM_IN_SERVICE, where), ('system',))} + {CLOSED_RANK})"


def named(expression: str, where: Where) -> str:
    """Figures by indicator, with its name as a further label."""
    names = once(select(INDICATOR_INFO, where), (*INDICATOR, "name"))
    return f"({expression}) * on ({', '.join(INDICATOR)}) group_left (name) {names}"


def system_named(expression: str) -> str:
    """Figures by system, with its name as a further label."""
    return f"({expression}) * on (system) group_left (name) {once(SYSTEM_INFO.name, ('system', 'name'))}"


def open_somewhere(where: Where) -> str:
    """A condition: where records are open, by indicator and system."""
    keys = ", ".join(OPEN_LABELS)
    return f"and on ({keys}) (sum by ({keys}) ({select(OPEN_RECORDS, where)}) > 0)"
