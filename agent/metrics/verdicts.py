"""The series of verdicts, and of what their indicators promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from agent.alerts import rings
from agent.book import all_indicators
from agent.config import Config, Indicator, Plan
from agent.evaluate import OWED, owed_from
from agent.measures import Milestone, Uptime
from agent.metrics.families import (
    ACKNOWLEDGED,
    ALERT_AFTER,
    ALLOWANCE_LEFT,
    ATTESTATION_DUE,
    FORECASTS,
    INDICATOR_INFO,
    NEXT_DUE,
    OPEN_RECORDS,
    PART,
    REACHABLE,
    RINGING,
    RINGING_DUE,
    TARGETS,
    TOTAL,
    Family,
    escaped,
)
from agent.model import SECOND_US, Instant, Snapshot, Stage, State, Unit, Verdict
from agent.shown import shown_target
from agent.worktime import LocalDays

Lines = dict[Family, list[str]]
JUDGED_WINDOW = "ytd"  # whose target, allowance and forecast are those of the year
OPEN_WINDOW = "year"  # holds what is due later this year too
# What follows the shared labels on each of the lines of a state.
STATE_LINES = {holds: tuple(f'state="{state}"}} {int(state is holds)}\n' for state in State) for holds in State}


class VerdictSeries:
    """Writes verdicts; it remembers the labels of each, which cost the most to write."""

    def __init__(self, config: Config) -> None:
        """What the configuration says of the indicators; names are unique within all plans of a project."""
        self._days = config.plans[0].days
        self._indicators: dict[tuple[str, str], tuple[Plan, Indicator]] = {
            (indicator.project, indicator.id): (plan, indicator)
            for plan in config.plans
            for indicator in all_indicators(plan)
        }
        self._stated = {key for key, (_, one) in self._indicators.items() if not one.measure.from_records}
        self._labels: dict[tuple[str, str, str | None, str], str] = {}

    def write(self, verdicts: Sequence[Verdict], lines: Lines) -> None:
        """Add the lines of all verdicts to those of their families."""
        for verdict in verdicts:
            key = (verdict.project, verdict.indicator, verdict.system, verdict.window.name)
            labels = self._labels.get(key)
            if labels is None:
                labels = self._labels[key] = labels_of(verdict)
            judged = TOTAL if verdict.system is None else PART
            if (number := number_of(verdict.value, verdict.unit, self._days)) is not None:
                value = judged.values[verdict.unit]
                lines[value].append(f"{value.name}{{{labels}}} {number!r}\n")
            if not self._is_stated(verdict):
                lines[judged.records].append(counts_of(judged.records.name, labels, verdict))
            lines[judged.state].append(states_of(judged.state.name, labels, verdict.state))
            if (covered := verdict.coverage) is not None:
                lines[judged.coverage].append(f"{judged.coverage.name}{{{labels}}} {covered!r}\n")
        self._write_alerted([one for one in verdicts if one.system is None], lines)
        self._write_promises(
            [one for one in verdicts if one.window.name == JUDGED_WINDOW and one.system is None], lines
        )
        write_open([one for one in verdicts if one.window.name == OPEN_WINDOW and not self._is_stated(one)], lines)

    def _is_stated(self, verdict: Verdict) -> bool:
        """Whether a person states the value, so that there are no records to count."""
        return (verdict.project, verdict.indicator) in self._stated

    def _write_alerted(self, verdicts: Sequence[Verdict], lines: Lines) -> None:
        """In which windows a miss is alerted, and from how many records on."""
        for verdict in verdicts:
            known = self._indicators.get((verdict.project, verdict.indicator))
            if known is not None and verdict.window.name in known[1].alert_windows:
                key = (verdict.project, verdict.indicator, verdict.window.name)
                put(lines, ALERT_AFTER, key, needed_volume(known[1]))

    def _write_promises(self, verdicts: Sequence[Verdict], lines: Lines) -> None:
        """Target, allowance, forecast and what the indicator is, from the verdicts of the year so far."""
        for verdict in verdicts:
            key = (verdict.project, verdict.indicator)
            if (target := verdict.target) is not None:
                put(lines, TARGETS.get(target.unit), key, number_of(target.value, target.unit, self._days))
            put(lines, ALLOWANCE_LEFT, key, verdict.allowance_left)
            put(lines, FORECASTS.get(verdict.unit), key, verdict.forecast.value if verdict.forecast else None)
            put(lines, REACHABLE, key, None if verdict.reachable is None else int(verdict.reachable))
            if (known := self._indicators.get(key)) is not None:
                plan, indicator = known
                put(lines, ATTESTATION_DUE, key, owed_by(plan, indicator) if verdict.reason in OWED else None)
                put(lines, ACKNOWLEDGED, key, known_until(plan, verdict))
                put(lines, INDICATOR_INFO, (*key, *described(indicator, verdict)), 1)


def labels_of(verdict: Verdict) -> str:
    """The labels all series of a verdict share, as they are written."""
    system = "" if verdict.system is None else f',system="{escaped(verdict.system)}"'
    row = f'project="{escaped(verdict.project)}",indicator="{escaped(verdict.indicator)}"'
    return f'{row}{system},window="{escaped(verdict.window.name)}"'


def counts_of(name: str, labels: str, verdict: Verdict) -> str:
    """The four lines of the records by outcome."""
    start = f"{name}{{{labels},outcome="
    return (
        f'{start}"good"}} {verdict.good}\n{start}"bad"}} {verdict.bad}\n'
        f'{start}"open"}} {verdict.open}\n{start}"excluded"}} {verdict.excluded}\n'
    )


def states_of(name: str, labels: str, state: State) -> str:
    """One line a state, 1 for the one that holds."""
    start = f"{name}{{{labels},"
    return start + start.join(STATE_LINES[state])


def write_open(verdicts: Sequence[Verdict], lines: Lines) -> None:
    """Open records by system. What belongs to no system stands under the empty one, so that the sum is the total."""
    parts: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.system is not None:
            parts.setdefault((verdict.project, verdict.indicator), []).append(verdict)
            _write_stages(verdict.system, verdict, verdict.stages, verdict.next_due, lines)
    for verdict in verdicts:
        if verdict.system is None:
            of_systems = parts.get((verdict.project, verdict.indicator), [])
            rest = {
                stage: verdict.stages.get(stage, 0) - sum(one.stages.get(stage, 0) for one in of_systems)
                for stage in Stage
            }
            due = None if any(one.next_due == verdict.next_due for one in of_systems) else verdict.next_due
            if not of_systems or any(rest.values()):
                _write_stages("", verdict, rest, due, lines)


def _write_stages(
    system: str, verdict: Verdict, stages: Mapping[Stage, int], due: Instant | None, lines: Lines
) -> None:
    key = (verdict.project, verdict.indicator, system)
    for stage in Stage:
        put(lines, OPEN_RECORDS, (*key, stage), stages.get(stage, 0))
    put(lines, NEXT_DUE, key, None if due is None else due / SECOND_US)


def write_ringing(snapshot: Snapshot, lines: Lines) -> None:
    """The open records that ring one by one, by system and stage; where none does there is no sample."""
    ringing: dict[tuple[str, ...], list[Instant]] = {}
    for one in snapshot.open:
        if one.due is not None and rings(one, snapshot.as_of):
            ringing.setdefault((one.project, one.indicator, one.system or "", one.stage), []).append(one.due)
    for key, dues in ringing.items():
        put(lines, RINGING, key, len(dues))
        put(lines, RINGING_DUE, key, min(dues) / SECOND_US)


def put(lines: Lines, family: Family | None, values: tuple[str, ...], number: float | None) -> None:
    """Add one sample; a number that is not known has none."""
    if family is not None and number is not None:
        lines[family].append(family.line(values, number))


def number_of(value: Fraction | None, unit: Unit, days: LocalDays) -> float | None:
    """A value as a series carries it: a day is the instant it begins."""
    if value is None or unit is Unit.TEXT:
        return None
    if unit is Unit.DATE:
        return days.start_of(int(value)) / SECOND_US
    return value.numerator / value.denominator


def owed_by(plan: Plan, indicator: Indicator) -> float:
    """When a person's statement is due, as a timestamp."""
    return plan.days.start_of(owed_from(indicator)) / SECOND_US


def needed_volume(indicator: Indicator) -> int:
    """How many records say something; where there are none, or their number says nothing, none are needed."""
    measure = indicator.measure
    counts = measure.from_records and not isinstance(measure, Uptime | Milestone)
    return indicator.alert_volume if counts else 0


def known_until(plan: Plan, verdict: Verdict) -> float | None:
    """When an acknowledgement ends, as a timestamp: at the midnight after its last day."""
    one = verdict.acknowledged
    return None if one is None else plan.days.start_of(one.until + 1) / SECOND_US


def described(indicator: Indicator, verdict: Verdict) -> tuple[str, ...]:
    """Name, level, printed text, owner, the target in force as it is read, and the unit of the value."""
    read = "" if verdict.target is None else shown_target(verdict.target)
    return indicator.name, "/".join(indicator.level), indicator.text, indicator.owner or "", read, verdict.unit
