"""Putting an explanation together from a Snapshot and the ledger. It reads one state of the ledger and no clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date

from agent import words
from agent.book.standing import standing
from agent.config import Config
from agent.explain.ahead import ahead
from agent.explain.arithmetic import numbers
from agent.explain.cases import excluded, missed, missed_days, open_cases, undecided, with_requests
from agent.explain.coverage import longest, missing, since, told
from agent.explain.explanation import Beside, Explanation, Owed, Version
from agent.explain.judged import coverage_of, why, words_of_state
from agent.explain.listing import requests
from agent.explain.statement import stated
from agent.explain.subject import Subject, subject
from agent.explain.wording import formula
from agent.ledger import Ledger, Session, acts
from agent.measures import Attested, Timed
from agent.model import Snapshot, Verdict, Window
from agent.shown import moment, shown_target, shown_value
from agent.status import status_answer

LIMIT = 50


def explain(
    config: Config,
    ledger: Ledger,
    snapshot: Snapshot,
    project: str,
    indicator: str,
    window: Window | str = "ytd",
    system: str | None = None,
    limit: int = LIMIT,
    tried: Collection[str] = (),
) -> Explanation:
    """Explain one verdict of a ledger's latest Snapshot: at most `limit` records of a sort, with how many there are.

    Of the indicators `tried` what the files promise counts, not what the ledger holds to be promised. ConfigError where
    the Snapshot holds no such verdict.
    """
    about = subject(config, ledger, snapshot, project, indicator, window, system, tried)
    with ledger.read() as session:
        return _explanation(session, about, limit)


def _explanation(session: Session, about: Subject, limit: int) -> Explanation:
    verdict, one = about.verdict, about.indicator
    known = told(session, about)
    gaps, begun = missing(known, about), since(known, about)
    waiting = about.waiting(session)
    undecided_ones = undecided(waiting, about)
    asked, row = standing(acts.read(session)).waiting, one.subject

    def request_of(source: str, id: str) -> str | None:
        return "；".join(requests(asked, f"{source}/{id}", row)) or None

    return Explanation(
        as_of=about.local(about.now),
        project=next(project.name for project in about.plan.projects if project.id == one.project),
        level=one.level,
        name=one.name,
        printed=one.text,
        note=one.note,
        owner=one.owner,
        system=_system_name(about, about.system) if about.system is not None else None,
        begins=about.local(about.window.start),
        ends=about.local(about.window.end),
        window=words.WINDOWS[about.window.name],
        verdict=verdict,
        answer=_answer(about),
        value=shown_value(verdict),
        target=shown_target(verdict.target),
        state=words_of_state(verdict),
        why=why(verdict, one),
        flags=words.flags(verdict),
        formula=formula(one, about.plan, about.sources, about.window),
        numbers=numbers(session, about, waiting),
        evidence=tuple(_evidence(about)),
        systems=tuple(_systems(about)),
        time_names=_time_names(about),
        missed=with_requests(missed(session, about, waiting, limit), request_of),
        missed_total=verdict.bad,
        missed_days=missed_days(session, about, limit),
        open=with_requests(open_cases(session, about, undecided_ones[:limit]), request_of),
        open_total=len(undecided_ones),
        excluded=excluded(session, about, request_of),
        gaps=longest(gaps, limit),
        gaps_total=len(gaps),
        coverage=coverage_of(verdict) + ("" if begun is None else f"（自{moment(begun, about.zone)}起才有数据）"),
        findings=tuple(_findings(about)),
        version=_version(session, about),
        owed=_owed(about),
        requests=tuple(requests(asked, None, row)),
        wall_clock=about.clocks.kinds == {"always"},
        stated=tuple(stated(verdict.stated, about)) if verdict.stated is not None else (),
        ahead=tuple(ahead(verdict, about.measure)),
    )


def _answer(about: Subject) -> dict[str, object]:
    """The verdict as programs get it everywhere else."""
    alone = replace(about.snapshot, verdicts=(about.verdict,), sources=(), open=(), findings=())
    answer = status_answer(alone, about.config, about.window.name)
    return dict(answer["indicators"][0])


def _system_name(about: Subject, id: str) -> str:
    return about.plan.systems[id].name if id in about.plan.systems else id


def _evidence(about: Subject) -> Iterator[Beside]:
    for one in about.indicator.evidence:
        for verdict in about.verdicts(one.id):
            if verdict.system == about.system:
                yield _beside(one.id, one.name, verdict)


def _systems(about: Subject) -> Iterator[Beside]:
    if about.system is None:
        for verdict in about.verdicts(about.indicator.id):
            happened = verdict.good + verdict.bad + verdict.open + verdict.excluded
            if verdict.system is not None and (happened or verdict.value is not None):
                yield _beside(verdict.system, _system_name(about, verdict.system), verdict)


def _beside(id: str, name: str, verdict: Verdict) -> Beside:
    return Beside(
        id=id,
        name=name,
        value=shown_value(verdict),
        target=shown_target(verdict.target),
        state=words_of_state(verdict),
        good=verdict.good,
        bad=verdict.bad,
        open=verdict.open,
        excluded=verdict.excluded,
    )


def _time_names(about: Subject) -> tuple[str, ...]:
    """The times the measure reads that the sources map: start and end first, then as the mapping has them."""
    measure = about.measure
    mapped = [name for source in about.sources for name in source.spec.times]
    first = [measure.start_name, measure.to] if isinstance(measure, Timed) else []
    return tuple(dict.fromkeys([*first, *(name for name in mapped if name in measure.names())]))


def _findings(about: Subject) -> Iterator[str]:
    """What does not add up in this indicator, in its sources, or in the systems it counts."""
    one = about.indicator
    subjects = {one.id, one.subject, *(source.id for source in about.sources), *_counted_systems(about)}
    for finding in about.snapshot.findings:
        if finding.subject in subjects or finding.subject.partition("/")[0] in subjects:
            yield f"{words.finding(finding.kind)}，{finding.subject}：{finding.text}"


def _counted_systems(about: Subject) -> set[str]:
    """The systems an open record of which would count."""
    if about.system is not None:
        return {about.system}
    if not isinstance(about.measure, Timed):
        return set()
    return set(about.measure.systems) or {system for source in about.sources for system in source.systems}


def _version(session: Session, about: Subject) -> Version | None:
    row = session.one("SELECT from_seq FROM definition WHERE pk = ?", (about.definition,))
    if row is None or about.spec is None:
        return None
    return Version(about.verdict.definition or "", about.plan.year, row[0], about.in_force, about.spec)


def _owed(about: Subject) -> Owed | None:
    one, measure = about.indicator, about.measure
    if measure.from_records:
        return None
    day = one.attest_by if one.attest_by is not None else one.judged_on + 1
    accepted, evidence = (measure.accept, measure.evidence_expected) if isinstance(measure, Attested) else ((), None)
    return Owed(one.owner, date.fromordinal(day), accepted, evidence)
