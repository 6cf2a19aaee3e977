"""A Snapshot → the alerts that stand at its instant. Pure: the same Snapshot gives the same ones, after a restart too.

1. An open record that is due soon or overdue, of a clock below four hours, stands as an alert of its own in every tier
   it has reached, until it is answered; one overdue for more than a day is left to the morning's digest.
2. Of one indicator and system at most ten that came due within an hour stand alone; one alert counts the others.
3. On the morning of a working day everything else that is due today or overdue is one digest a project and system.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agent.alerts.fate import End, FateOf, Subject
from agent.alerts.names import (
    ALERTNAME,
    DASHBOARD_URL,
    DESCRIPTION,
    DIRECTOR_AFTER_SECONDS,
    ESCALATION,
    INDICATOR,
    PROJECT,
    RECORD_DUE_SOON,
    RECORD_OVERDUE,
    RECORDS_DUE_TODAY,
    RECORDS_PILE_UP,
    RUNBOOK_URL,
    SEVERITY,
    SOURCE,
    SUBJECT,
    SUMMARY,
    SYSTEM,
    TICKET,
    Escalation,
    Severity,
)
from agent.alerts.wording import Wording
from agent.config import Config
from agent.evaluate import SHORT_CLOCK_US
from agent.evaluate.board import SHOWN_OPEN
from agent.model import SECOND_US, Instant, OpenRecord, Snapshot, Stage, Verdict
from agent.worktime import CalendarUnknown

HOUR_US = 3600 * SECOND_US
OLD_US = 24 * HOUR_US
ALONE, WITHIN_US = 10, HOUR_US
# Only for so long: what is accepted later in the morning and due the same day is no digest of its own.
DIGEST_FROM_US, DIGEST_UNTIL_US = 8 * HOUR_US + 45 * 60 * SECOND_US, 9 * HOUR_US + 30 * 60 * SECOND_US
WINDOW = "year"  # whose verdicts count what is open

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as Alertmanager knows it: labels say which, annotations what. `since` is when its cause began."""

    labels: Labels
    annotations: Mapping[str, str]
    since: Instant
    due: Instant | None = None  # of a single record


class Standing:
    """Tells which alerts stand."""

    def __init__(self, config: Config, fate: FateOf = lambda of: End.UNKNOWN) -> None:
        """Take the words and links of the configuration; `fate` is asked what became of a record open no longer."""
        self._fate = fate
        self._config, self._wording = config, Wording(config)
        self._links = config.plans[-1].links

    def at(self, snapshot: Snapshot) -> dict[Labels, Alert]:
        """The alerts that stand at the Snapshot's instant, by their labels."""
        short = [one for one in snapshot.open if rings(one, snapshot.as_of)]
        crowds: dict[tuple[str, str, str | None], list[OpenRecord]] = {}
        for one in short:
            crowds.setdefault((one.project, one.indicator, one.system), []).append(one)
        found = [alert for crowd in crowds.values() for alert in self._crowd(crowd, snapshot)]
        return {alert.labels: alert for alert in (*found, *self._digests(snapshot))}

    def ended(self, alert: Alert, snapshot: Snapshot) -> str:
        """The message that tells how an alert ended which no longer stands: a record may be open all the same."""
        labels, subject = dict(alert.labels), alert.annotations[SUBJECT]
        if alert.due is None:
            return self._wording.over(subject)
        project, indicator = key = labels[PROJECT], labels[INDICATOR]
        of_same = [one for one in snapshot.open if (one.project, one.indicator) == key]
        one = next((one for one in of_same if (one.source, one.id) == (labels[SOURCE], labels[TICKET])), None)
        if one is None:
            listed = [found.due for found in of_same if found.stage is Stage.OVERDUE and found.due is not None]
            is_beyond = len(listed) >= SHOWN_OPEN and alert.due <= min(listed)
            if is_beyond:
                return self._wording.unseen(subject, project, indicator, labels[SOURCE])
            became = self._fate(Subject(project, indicator, labels[SOURCE], labels[TICKET]))
            return self._wording.ended(subject, project, indicator, became)
        if one.stage is Stage.PAUSED or one.due is None:
            return self._wording.paused(subject, one)
        if snapshot.as_of - one.due > OLD_US:
            return self._wording.old(subject, one)
        if one.due > alert.due:
            return self._wording.postponed(subject, one, snapshot.as_of)
        return self._wording.crowded(subject, one)

    def _crowd(self, crowd: Sequence[OpenRecord], snapshot: Snapshot) -> Iterator[Alert]:
        """The records of one indicator and system: a newer one never takes the place of one that rings already."""
        dues = [one.due or 0 for one in crowd]  # in order, as the Snapshot has them
        alone = [one for place, one in enumerate(crowd) if place - bisect_right(dues, dues[place] - WITHIN_US) < ALONE]
        for one in alone:
            yield from self._tiers(one, snapshot.as_of)
        if len(alone) < len(crowd):
            yield self._pile(crowd[0], len(alone), snapshot)

    def _tiers(self, one: OpenRecord, now: Instant) -> Iterator[Alert]:
        due = one.due or now
        yield self._single(
            RECORD_DUE_SOON, Severity.CRITICAL, Escalation.DUTY, one, self._wording.warned(one, due), now
        )
        if one.stage is Stage.OVERDUE:
            yield self._single(RECORD_OVERDUE, Severity.CRITICAL, Escalation.LEAD, one, due, now)
            if now - due >= (after := DIRECTOR_AFTER_SECONDS * SECOND_US):
                yield self._single(RECORD_OVERDUE, Severity.CRITICAL, Escalation.DIRECTOR, one, due + after, now)

    def _single(
        self, name: str, severity: Severity, tier: Escalation, one: OpenRecord, since: Instant, now: Instant
    ) -> Alert:
        labels = {
            PROJECT: one.project,
            INDICATOR: one.indicator,
            SYSTEM: one.system or "",
            SOURCE: one.source,
            TICKET: one.id,
            ESCALATION: tier,
        }
        said = {
            SUMMARY: self._wording.record(one, now),
            DESCRIPTION: self._wording.promise(one, now),
            SUBJECT: self._wording.subject(one),
        }
        return self._alert(name, severity, labels, said, since, one.due)

    def _pile(self, one: OpenRecord, alone: int, snapshot: Snapshot) -> Alert:
        verdict = next((v for v in self._verdicts(snapshot) if _is_of(v, one)), None)
        labels = {PROJECT: one.project, INDICATOR: one.indicator, SYSTEM: one.system or ""}
        summary, description = self._wording.pile(one, verdict, alone, snapshot.as_of)
        said = {SUMMARY: summary, DESCRIPTION: description, SUBJECT: self._wording.crowd(one)}
        return self._alert(RECORDS_PILE_UP, Severity.CRITICAL, labels, said, one.due or snapshot.as_of)

    def _digests(self, snapshot: Snapshot) -> Iterator[Alert]:
        """One a project and system, from 8:45 to 9:30 of a working day."""
        plan = self._config.plans[-1]
        day = plan.days.day_of(snapshot.as_of)
        begun = plan.days.start_of(day)
        if not begun + DIGEST_FROM_US <= snapshot.as_of < begun + DIGEST_UNTIL_US or not self._works(day):
            return
        waiting: dict[tuple[str, str], list[Verdict]] = {}
        for verdict in self._verdicts(snapshot):
            if verdict.system is not None and (verdict.due_today or verdict.stages.get(Stage.OVERDUE)):
                waiting.setdefault((verdict.project, verdict.system), []).append(verdict)
        for (project, system), verdicts in waiting.items():
            summary, description = self._wording.digest(system, verdicts, snapshot)
            labels = {PROJECT: project, SYSTEM: system, "day": plan.days.date_of(day).isoformat()}
            said = {SUMMARY: summary, DESCRIPTION: description, SUBJECT: self._wording.place(system)}
            yield self._alert(RECORDS_DUE_TODAY, Severity.INFO, labels, said, begun + DIGEST_FROM_US)

    def _works(self, day: int) -> bool:
        try:
            return bool(self._config.plans[-1].calendar.working_days(day, day + 1))
        except CalendarUnknown:
            return (day + 6) % 7 < 5  # a digest on a holiday does less harm than none

    def _verdicts(self, snapshot: Snapshot) -> Iterator[Verdict]:
        for verdict in snapshot.verdicts:
            if verdict.window.name == WINDOW and "/" not in verdict.indicator:
                yield verdict

    def _alert(
        self,
        name: str,
        severity: Severity,
        labels: Mapping[str, str],
        said: Mapping[str, str],
        since: Instant,
        due: Instant | None = None,
    ) -> Alert:
        named = {ALERTNAME: name, SEVERITY: severity.value, **labels}
        links = {RUNBOOK_URL: self._links.runbook(name), DASHBOARD_URL: f"{self._links.agent}/"}
        written = tuple(sorted((key, str(value)) for key, value in named.items() if value))
        return Alert(written, {**said, **links}, since, due)


def rings(one: OpenRecord, now: Instant) -> bool:
    """Whether an open record is an alert of its own."""
    return (
        one.stage in (Stage.DUE_SOON, Stage.OVERDUE)
        and one.due is not None
        and one.limit_us is not None
        and one.limit_us < SHORT_CLOCK_US
        and now - one.due <= OLD_US
    )


def _is_of(verdict: Verdict, one: OpenRecord) -> bool:
    return (verdict.project, verdict.indicator, verdict.system) == (one.project, one.indicator, one.system)
