"""What the ledger holds, kept in memory by window, brought up to date by what changed; each tick gives a Snapshot."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain

from agent.book.acknowledgements import acknowledgements
from agent.book.definition import Definition, all_indicators, definitions
from agent.book.served import current
from agent.book.source_history import firsts
from agent.book.standing import objection_of, reading_hash, standing
from agent.book.statements import statements
from agent.config import Config, Plan, Source
from agent.evaluate.coverage import Stretch, from_first, registers_of, systems_told, until_now
from agent.evaluate.held import Held
from agent.evaluate.numbers import moved_numbers
from agent.evaluate.openwork import OpenObservation, with_clocks
from agent.evaluate.outages import MOVED
from agent.evaluate.ownership import plans_in_force
from agent.evaluate.prospects import Prospect, day_kinds
from agent.evaluate.since_closing import SinceClosing
from agent.evaluate.windows import windows
from agent.ledger import Ledger, Session, acts
from agent.model import SECOND_US, Day, Finding, Instant, OpenRecord, Snapshot, SourceStatus, Tally, Verdict, Window

# Of an indicator, on either side of their limit: much of one kind never hides what is urgent of another.
SHOWN_OPEN = 100
SHOWN_FINDINGS = 1000
STALE_REFRESH = 60 * SECOND_US
CHANGED = "SELECT pk, kind FROM record WHERE touched_seq > ? LIMIT ?"
RELOAD_ABOVE = 20_000  # changed records after which loading all open ones anew is cheaper
OPEN = (
    "SELECT o.record, r.source, r.id, o.day, o.system, o.outcome, o.reason, o.starts, o.due, o.worked, o.definition "
    "FROM observation o JOIN record r ON r.pk = o.record WHERE o.outcome >= 3"
)
TALLIES = "SELECT definition, system, day, good, bad, excluded, num, den FROM tally WHERE definition IN {in}"

WindowsOf = Callable[[Plan, Instant], tuple[Window, ...]]
PlansOf = Callable[[Instant], Sequence[Plan]]


class Board:
    """The indicators of the plan in force, ready to be judged. Not thread safe: one thread refreshes it."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        windows_of: WindowsOf | None = None,
        plans_of: PlansOf | None = None,
        tried: Collection[str] = (),
        patience: int | None = None,
        *,
        by_system: bool = True,
    ) -> None:
        """`windows_of` gives the windows to keep, by default every named one; `plans_of` the plans that own them.

        What the ledger holds to be promised counts; of the indicators `tried` (project/indicator), what the files say.
        Of a percentile of more numbers than `patience` the first Snapshot only says that it is being read. Verdicts are
        on all systems together and, `by_system`, on each.
        """
        self.config, self.ledger, self._tried = config, ledger, frozenset(tried)
        self._patience, self._by_system = patience, by_system
        self._windows_of = windows_of or (lambda plan, now: windows(plan.days, plan.year, now))
        self._plans_of = plans_of or (lambda now: plans_in_force(config.plans, now))
        self._plans: Sequence[Plan] = ()
        self._held: dict[int, Held] = {}
        self._ranked: dict[int, Definition] = {}  # those of them whose value is a percentile
        self._indicators: list[Held] = []
        self._seq = self._definitions_seq = -1
        self._acts = 0
        self._since_closing = SinceClosing()
        self._days: dict[int, int] = {}
        self._told: dict[str, list[Stretch]] = {}
        self._fresh: dict[str, bool] = {}
        self._overlap = {one.id: one.spec.since.overlap if one.spec.since else 0 for one in config.sources}
        self._stale_since: Instant = 0
        self._open: tuple[OpenRecord, ...] = ()
        self._verdicts: tuple[Verdict, ...] = ()

    def refresh(self, now: Instant) -> Snapshot:
        """Take in what the ledger learned since, let time pass, judge what moved."""
        with self.ledger.read() as session:
            counter = session.one("SELECT seq FROM counter WHERE id = 1")
            seq = counter[0] if counter else 0
            changed = self._take_in(session, seq, now)
            for held in self._indicators:
                changed |= held.advance(now)
            self._midnight(now)
            self._take_acts(session, now)
            self._take_closings(session, seq)
            statuses = self._sources(session, now)
            begun = self._measured_from()
            judged = [held.judge_dirty(session, self._told, begun, now) for held in self._indicators]
            findings = self._findings(session)
        if changed or not self._verdicts or any(held.counts_working_time for held in self._indicators):
            self._open = tuple(self._nearest(now))
        if any(judged):
            self._verdicts = tuple(chain.from_iterable(held.shown for held in self._indicators))
        covered, self._patience = self._calendar_covered_until(), None
        return Snapshot(now, seq, self._verdicts, statuses, self._open, findings, covered)

    def look_at(self, windows_of: WindowsOf, plans_of: PlansOf) -> None:
        """Judge other windows from the next refresh on."""
        self._windows_of, self._plans_of = windows_of, plans_of
        self._days.clear()

    @property
    def has_more(self) -> bool:
        """Whether the next refresh has more to say though nothing happens."""
        return any(held.dirty for held in self._indicators)

    @property
    def indicators(self) -> Sequence[Held]:
        """The indicators it judges, as they stood at the last refresh."""
        return self._indicators

    @property
    def told(self) -> Mapping[str, Sequence[Stretch]]:
        """Of which time each source had told everything at the last refresh, as the verdicts count it."""
        return self._told

    # --- what the ledger learned ---

    def _take_in(self, session: Session, seq: int, now: Instant) -> bool:
        registered = session.one(
            "SELECT COUNT(*), MAX(from_seq), MAX(built_through) FROM definition WHERE state <> 'retired'"
        )
        serving = hash(registered and (registered[0], registered[1]))
        begun = [plan.year for plan in self._plans_of(now)] != [plan.year for plan in self._plans]  # a new year
        if begun or serving != self._definitions_seq or self._seq < 0:
            self._load(session, now)
            self._definitions_seq, self._seq = serving, seq
            return True
        if seq == self._seq:
            return False
        former, self._seq = self._seq, seq
        for row in session.rows(
            "SELECT definition, system, day, good, bad, excluded, num, den FROM tally WHERE seq > ?", (former,)
        ):
            if (held := self._held.get(row[0])) is not None:
                held.set_tally(row[1], row[2], Tally(*row[3:]))
        return self._take_in_open(session, former, now)

    def _load(self, session: Session, now: Instant) -> None:
        """Everything anew: at the start, and when the definitions that serve have changed."""
        self._held, self._indicators, self._days, self._acts = {}, [], {}, 0
        registered = current(self.ledger, definitions(self.config))
        self._plans = self._plans_of(now)
        for plan in self._plans:
            kinds = day_kinds(plan)
            for configured in all_indicators(plan):
                place = (plan.year, configured.project, configured.id)
                is_tried = configured.subject in self._tried
                indicator, setting, pk, _, version = registered.judged(plan, configured, tried=is_tried)
                measure = indicator.measure
                wanted = [source for source in self.config.sources if reads(measure.of, measure.sources, source)]
                held = Held(plan, indicator, setting, pk, [source.id for source in wanted])
                held.patience, held.by_system = self._patience, self._by_system
                held.registers = registers_of(measure, wanted)
                held.systems_told = systems_told(measure, plan.systems, wanted)
                held.prospect = Prospect(plan, indicator, kinds) if indicator.measure.from_records else None
                held.catching_up = pk is None and indicator.measure.from_records
                held.rule = version
                held.waiting_rule = registered.waiting.get(place)
                self._indicators.append(held)
                if pk is not None:
                    self._held[pk] = held
        self._ranked = {pk: one for pk, one in registered.known.items() if one.percentile and pk in self._held}
        tallies: dict[int, dict[tuple[str, Day], Tally]] = {pk: {} for pk in self._held}
        for pk, system, day, *sums in session.rows_in(TALLIES, list(self._held)):
            tallies[pk][(system, day)] = Tally(*sums)
        for pk, held in self._held.items():
            held.load(tallies[pk])
        self._load_open(session, now)

    def _load_open(self, session: Session, now: Instant) -> None:
        by_place: dict[tuple[int, int], list[OpenObservation]] = {}
        for row in session.rows_in(OPEN + " AND o.definition IN {in}", list(self._held)):
            by_place.setdefault((row[10], row[0]), []).append(OpenObservation(*row[:10]))
        for definition, held in self._held.items():
            for record in [record for record in held.open.held if (definition, record) not in by_place]:
                held.set_open(record, (), now)
        for (definition, record), observations in by_place.items():
            if (found := self._held.get(definition)) is not None:
                found.set_open(record, with_clocks(session, found.clocks, observations), now)

    def _take_in_open(self, session: Session, former: int, now: Instant) -> bool:
        """Only changed records can have gained or lost open observations."""
        kinds = dict(session.rows(CHANGED, (former, RELOAD_ABOVE + 1)))
        if len(kinds) > RELOAD_ABOVE:
            for pk in self._ranked:
                self._held[pk].forget_numbers()
            for held in self._indicators:
                held.forget_outages()
            self._load_open(session, now)
            return True
        changed = list(kinds)
        outages = {held.indicator.measure.of for held in self._indicators if held.tells_outages}
        for key, system, day in session.rows_in(MOVED, [pk for pk in changed if kinds[pk] in outages]):
            if key in self._held:
                self._held[key].move_outage(system, day)
        moved, lost = moved_numbers(session, self._ranked, changed, former)
        for one in moved:
            self._held[one.definition].move_number(one.system, one.day, one.number, one.sign)
        for pk in lost:
            self._held[pk].forget_numbers()
        by_place: dict[tuple[int, int], list[OpenObservation]] = {}
        for row in session.rows_in(OPEN + " AND o.record IN {in}", changed):
            by_place.setdefault((row[10], row[0]), []).append(OpenObservation(*row[:10]))
        for definition, held in self._held.items():
            for record in changed:
                observations = by_place.get((definition, record), ())
                if observations or record in held.open.held:
                    held.set_open(record, with_clocks(session, held.clocks, observations), now)
        return bool(changed)

    def _take_acts(self, session: Session, now: Instant) -> None:
        """What people did since: readings confirmed, values stated, misses acknowledged."""
        count = (session.one("SELECT COUNT(*) FROM act") or (0,))[0]
        if count == self._acts:
            return
        log = acts.read(session)
        self._since_closing.learn(log, now)
        self._acts, stands, stated = count, standing(log), statements(log)
        known = acknowledgements(log)
        rows = {held.indicator.subject: held.indicator for held in self._indicators}
        for held in self._indicators:
            name = held.indicator.row
            act = stands.confirmed.get(name) or stands.objected.get(name)
            is_of_this = act is not None and act.body["reading"] == reading_hash(rows[name])
            held.confirmed = is_of_this and name in stands.confirmed
            held.objection = objection_of(act) if act is not None and is_of_this and not held.confirmed else None
            place = (held.plan.year, held.indicator.subject)
            held.statements, held.acknowledged = stated.get(place, ()), known.get(place)
            held.all_dirty()

    def _take_closings(self, session: Session, seq: int) -> None:
        """Which indicators have changed since a period of theirs was closed for good."""
        if self._since_closing.refresh(session, seq):
            for held in self._indicators:
                periods = self._since_closing.periods(held.plan.year, held.indicator.subject)
                held.changed_since_closing = periods
                held.all_dirty()

    def _midnight(self, now: Instant) -> None:
        """A new day has new windows; the sums are made anew."""
        for held in self._indicators:
            today = held.plan.days.day_of(now)
            if not held.windows or self._days.get(id(held)) != today:
                held.set_windows(self._windows_of(held.plan, now))
                self._days[id(held)] = today

    # --- what the sources told ---

    def _sources(self, session: Session, now: Instant) -> tuple[SourceStatus, ...]:
        state = {
            row[0]: row[1:]
            for row in session.rows(
                "SELECT source, last_success, records, reason, signals, rows_new, rows_changed, rows_same, "
                "rows_rejected FROM source_state"
            )
        }
        rejects = dict(session.rows("SELECT source, COUNT(*) FROM reject WHERE resolved_seq IS NULL GROUP BY source"))
        told: dict[str, list[Stretch]] = {}
        for source, begins, ends in session.rows("SELECT source, begins, ends FROM coverage"):
            told.setdefault(source, []).append((begins, ends))
        statuses = tuple(
            self._status(source, state.get(source.id), rejects.get(source.id, 0), told)
            for source in self.config.sources
        )
        known_from, days = firsts(session), self.config.plans[0].days
        for source in self.config.sources:
            told[source.id] = from_first(told.get(source.id, ()), source, known_from.get(source.id), days)
        self._take_coverage(told, statuses, now)
        return statuses

    def _status(
        self, source: Source, row: Sequence[object] | None, rejects: int, told: dict[str, list[Stretch]]
    ) -> SourceStatus:
        success, records, reason, signals, new, changed, same, rejected = row or (None, 0, None, None, 0, 0, 0, 0)
        stretches = told.get(source.id)
        return SourceStatus(
            source=source.id,
            collector=source.collector,
            systems=tuple(sorted(source.systems)),
            interval_seconds=source.every_us / SECOND_US,
            up=None if row is None else reason is None,
            last_success=success if isinstance(success, int) else None,
            records=int(str(records)),
            rejects=rejects,
            reason=str(reason) if reason is not None else None,
            covered_through=max(ends for _, ends in stretches) if stretches else None,
            rows={
                "new": int(str(new)),
                "changed": int(str(changed)),
                "same": int(str(same)),
                "rejected": int(str(rejected)),
            },
            signals=json.loads(str(signals)) if signals else {},
        )

    def _take_coverage(self, told: dict[str, list[Stretch]], statuses: Iterable[SourceStatus], now: Instant) -> None:
        """Indicators are judged again when a source of theirs goes stale, comes back, or fills a gap."""
        stale_again = now - self._stale_since >= STALE_REFRESH
        moved: set[str] = set()
        for source, status in zip((one.id for one in self.config.sources), statuses, strict=True):
            fresh = bool(status.up and status.is_fresh(now))
            stretches = until_now(told.get(source, []), status, now, self._overlap[source])
            known = self._told.get(source, [])
            if fresh and self._fresh.get(source):  # its end follows the clock: only its gaps can have changed
                same = known[:-1] == stretches[:-1] and [a for a, _ in known[-1:]] == [a for a, _ in stretches[-1:]]
            else:
                same = known == stretches and fresh == self._fresh.get(source)
            # A gap weighs less as time passes, and one that grows weighs more: look again now and then.
            if not same or (stale_again and (not fresh or len(stretches) > 1)):
                moved.add(source)
            self._told[source], self._fresh[source] = stretches, fresh
        if stale_again:
            self._stale_since = now
        for held in self._indicators:
            if not moved.isdisjoint(held.sources):
                held.all_dirty()

    def _measured_from(self) -> dict[str, Instant]:
        return {source.id: source.measured_from for source in self.config.sources if source.measured_from is not None}

    def _findings(self, session: Session) -> tuple[Finding, ...]:
        rows = session.rows(
            "SELECT kind, subject, text, at FROM finding WHERE cleared_seq IS NULL "
            f"ORDER BY pk DESC LIMIT {SHOWN_FINDINGS}"
        )
        return (*(one.finding for one in self._since_closing.changes), *(Finding(*row) for row in rows))

    # --- what is nearest ---

    def _nearest(self, now: Instant) -> list[OpenRecord]:
        """The open records nearest to their limit; evidence measures repeat their parent's and are left out."""
        lines = [
            [(due, id, place, one, held) for due, id, one in held.open.nearest(now, SHOWN_OPEN)]
            for place, held in enumerate(self._indicators)
            if "/" not in held.indicator.id
        ]
        nearest = heapq.merge(*lines, key=lambda item: item[:3])
        return [
            OpenRecord(
                held.indicator.project,
                held.indicator.id,
                one.source,
                one.id,
                one.system or None,
                stage,
                one.starts,
                one.due,
                held.left(one, now),
                held.limit(one),
                bool(one.worked),
            )
            for _, _, _, one, held in nearest
            if (stage := held.open.stage(one, now)) is not None
        ]

    def _calendar_covered_until(self) -> Instant | None:
        ends = [plan.days.start_of(plan.calendar.covered_until) for plan in self.config.plans]
        return min(ends, default=None)


def reads(kind: str, sources: Sequence[str], source: Source) -> bool:
    """Whether a source gives the records a measure counts."""
    return source.spec.record == kind and (not sources or source.id in sources)
