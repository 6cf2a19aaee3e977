"""One indicator in memory: its tallies summed by window, its open records, and the evidence a judgement needs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate

from agent.book.statements import last_before, values_before
from agent.config import Indicator, Plan
from agent.evaluate.coverage import Stretch, common, first_whole_day, history, share, together
from agent.evaluate.judgement import Evidence, judge, target_on
from agent.evaluate.openwork import OpenCount, OpenObservation, OpenWork
from agent.evaluate.outages import Lost, Outages
from agent.evaluate.percentiles import Percentiles, Place
from agent.evaluate.prospects import JUDGED_WINDOWS, Prospect
from agent.evaluate.windows import NAMES as WINDOW_NAMES
from agent.forecast import Outlook
from agent.ledger import Session
from agent.measures import Clocks, Count, Days, DurationMeasure, Setting, Uptime, promised_microseconds
from agent.model import (
    SECOND_US,
    Acknowledgement,
    Day,
    Instant,
    Objection,
    Outcome,
    Stage,
    Statement,
    Tally,
    Verdict,
    Window,
)
from agent.worktime import CalendarUnknown

Sums = list[int]


class Held:
    """One indicator with what the ledger holds of it. `definition` is None where a person states the value."""

    def __init__(
        self, plan: Plan, indicator: Indicator, setting: Setting, definition: int | None, sources: Sequence[str]
    ):
        """Nothing is loaded yet; `sources` are those that give its records."""
        measure = indicator.measure
        self.plan, self.indicator, self.setting = plan, indicator, setting
        self.definition, self.sources = definition, tuple(sources)
        self.confirmed = False
        self.statements: tuple[Statement, ...] = ()  # of its year, in the order in which they were made
        self.objection: Objection | None = None
        self.acknowledged: Acknowledgement | None = None  # the last of its year, be it in force or over
        self.changed_since_closing: list[tuple[Day, Day]] = []  # the closed days that would come out otherwise now
        self.clocks = Clocks(measure.clock, plan.calendar)
        self.open = OpenWork(indicator.warn_before_us, self.clocks, plan.days.day_of)
        self.tallies: dict[tuple[str, Day], Tally] = {}
        self.sums: dict[Place, Sums] = {}
        self.windows: tuple[Window, ...] = ()
        self.dirty: set[Place] = set()
        self.verdicts: dict[Place, Verdict] = {}
        self.shown: tuple[Verdict, ...] = ()  # the same, by window and system
        self._order: list[Place] = []
        self.patience: int | None = None  # the numbers of a percentile read in the next judgement; None: any number
        self.by_system = True  # whether each system is judged too
        self._put_off: set[Place] = set()  # what was told without its value for that
        self._percentiles: Percentiles | None = None
        if measure.percentile is not None and definition is not None:
            scale = SECOND_US if isinstance(measure, DurationMeasure) else 1
            self._percentiles = Percentiles(definition, measure.percentile, scale)
        self.systems: set[str] = set(measure.systems)
        self.catching_up = False
        self.registers: frozenset[str] = frozenset()  # of its sources, those that tell outages from before the others
        self.systems_told: tuple[str, ...] = ()  # those of which its sources would tell an outage
        self._outages = Outages(definition)
        self._history: list[Stretch] = []  # the time for which these alone account
        self._told_by_all: list[Stretch] = []  # the time in which all of them told everything
        self._begun: Instant | None = None  # when its sources began to tell
        self.prospect: Prospect | None = None
        self.rule: str | None = None  # the version of its definition, and of one that waits for approval
        self.waiting_rule: str | None = None

    def set_windows(self, windows: tuple[Window, ...]) -> None:
        """Sum the tallies of new windows: at midnight, and when everything was loaded anew."""
        self.windows = windows
        self.sums, self.verdicts, self._order = {}, {}, []
        if self._percentiles is not None:
            self._percentiles.keep(windows)
        by_system: dict[str, list[tuple[Day, Tally]]] = {}
        for (system, day), tally in self.tallies.items():
            by_system.setdefault(system, []).append((day, tally))
        for system, told in by_system.items():
            told.sort()
            days, through = [day for day, _ in told], [Tally(), *accumulate((tally for _, tally in told), Tally.plus)]
            for window in windows:
                begins, ends = bisect_left(days, window.first), bisect_left(days, window.last)
                if begins < ends:
                    change = Tally(*map(int.__sub__, through[ends], through[begins]))
                    for place in ((window.name, None), (window.name, system)):
                        sums = self.sums.setdefault(place, [0] * len(change))
                        sums[:] = map(int.__add__, sums, change)
        self.all_dirty()

    def load(self, tallies: dict[tuple[str, Day], Tally]) -> None:
        """Every tally the ledger holds, where none is held yet; they are summed once the windows are set."""
        self.tallies = tallies
        self.systems.update({system for system, _ in tallies if system})
        self._outages.forget({day for _, day in tallies})
        if self.prospect is not None:
            self.prospect.load(tallies)

    def set_tally(self, system: str, day: Day, tally: Tally) -> None:
        """A tally as the ledger now has it: only the difference moves."""
        former = self.tallies.get((system, day), Tally())
        self.tallies[(system, day)] = tally
        self._outages.forget((day,))
        if system and system not in self.systems:
            self.systems.add(system)
        change = Tally(*map(int.__sub__, tally, former))
        self._add(system, day, change)
        if self.prospect is not None:
            self.prospect.add(day, change)

    def _add(self, system: str, day: Day, change: Tally) -> None:
        for window in self.windows:
            if window.first <= day < window.last:
                for place in ((window.name, None), (window.name, system)):
                    self.dirty.add(place)
                    sums = self.sums.get(place)
                    if sums is None:
                        self.sums[place] = list(change)
                    else:
                        for at, number in enumerate(change):
                            sums[at] += number

    def move_number(self, system: str, day: Day, number: int, sign: int) -> None:
        """A number its percentiles are read from has come (+1) or gone (−1)."""
        for window in self.windows:
            if window.first <= day < window.last:
                for place in ((window.name, None), (window.name, system)):
                    self.dirty.add(place)
                    if self._percentiles is not None:
                        self._percentiles.move(place, number, sign)

    def forget_numbers(self) -> None:
        """Too much has changed to follow: have the numbers read anew."""
        if self._percentiles is not None:
            self._percentiles.forget()

    def move_outage(self, system: str, day: Day) -> None:
        """An outage of a day may have moved within it, which its sums do not show."""
        self._outages.forget((day,))
        self._touch(system, day)

    def forget_outages(self) -> None:
        """Too much has changed to follow: have every outage read anew."""
        self._outages.forget(day for _, day in self.tallies)
        if self.tells_outages:
            self.all_dirty()

    def set_open(self, record: int, observations: Sequence[OpenObservation], now: Instant) -> None:
        """The open observations of one record."""
        self.systems.update(one.system for one in observations if one.system)
        self.open.replace(record, observations, now)

    @property
    def tells_outages(self) -> bool:
        """Whether its records are down intervals."""
        return isinstance(self.indicator.measure, Uptime)

    @property
    def counts_working_time(self) -> bool:
        """Whether the time left of its open records is not simply the time until they are due."""
        return bool(self.open.held) and "service_hours" in self.clocks.kinds

    def left(self, one: OpenObservation, now: Instant) -> int | None:
        """The time left of an open record on its clock; None where that is the clock on the wall, or not known."""
        clock = self.clocks.named(one.clock)
        if one.due is None or clock.kind != "service_hours":
            return None
        try:
            return clock.worked(one.due) - clock.worked(now)
        except CalendarUnknown:
            return None

    def limit(self, one: OpenObservation) -> int | None:
        """How long an open record may take in all on the measure's clock; None where that is not said so."""
        if one.starts is None or one.due is None:
            return None
        worked = self.clocks.named(one.clock).worked
        try:
            return one.worked + worked(one.due) - worked(one.starts)
        except CalendarUnknown:
            return None

    def advance(self, now: Instant) -> bool:
        """Let time pass for the open records; whether any moved."""
        self.open.advance(now)
        moved = bool(self.open.changed)
        for system, day in self.open.changed:
            self._touch(system, day)
        self.open.changed.clear()
        if self._moves_with_time():
            for (system, day), count in self.open.places.items():
                if count.stages[Stage.OVERDUE] or count.stages[Stage.PAUSED]:
                    self._touch(system, day)
        return moved

    def _moves_with_time(self) -> bool:
        """Whether overdue or running records change the value as time passes."""
        measure = self.indicator.measure
        return isinstance(measure, Uptime) or (isinstance(measure, DurationMeasure) and measure.unfinished == "count")

    def _touch(self, system: str, day: Day) -> None:
        for window in self.windows:
            if window.first <= day < window.last:
                self.dirty |= {(window.name, None), (window.name, system)}

    def all_dirty(self) -> None:
        """Have every verdict judged again."""
        self.dirty = {(window.name, system) for window in self.windows for system in (None, *self.systems)}

    def judge_dirty(
        self, session: Session, told: dict[str, list[Stretch]], measured_from: dict[str, Instant], now: Instant
    ) -> bool:
        """Judge what moved; whether anything did."""
        if not self.dirty:
            return False
        stretches, begun = self._told(told, measured_from)
        self._told_by_all, self._begun = stretches, begun
        if self._percentiles is not None and self.indicator.measure.unfinished == "count":
            self._percentiles.run(
                [(one.system, one.day, self.open.taken(one, now)) for one in self.open.overdue.values()]
            )
        if self.tells_outages:
            self._outages.read(session)
        today = self.plan.days.day_of(now)
        systems = {system for _, system in self.dirty}
        dues = {system: (self.open.next_due(system, now), self.open.due_on(system, today)) for system in systems}
        for window in self.windows:
            moved = [
                system
                for name, system in self.dirty
                if name == window.name and (system is None or (system and self.by_system))
            ]
            if not moved:
                continue
            ends = min(window.end, now)
            covered = None if begun is None or begun >= ends else share(stretches, max(window.start, begun), ends)
            waiting = self.open.counts(window.first, window.last) if self.open.places else {}
            for system in moved:
                open_count = waiting.get(system) or OpenCount()
                verdict = self._judge(session, window, system, covered, open_count, dues[system], now, today)
                self.verdicts[(window.name, system)] = verdict
        self.dirty, self._put_off, self.patience = self._put_off, set(), None
        if len(self._order) != len(self.verdicts):
            self._order = sorted(self.verdicts, key=lambda place: (place[0], place[1] or ""))
        self.shown = tuple([self.verdicts[place] for place in self._order])
        return True

    def _told(
        self, told: dict[str, list[Stretch]], measured_from: dict[str, Instant]
    ) -> tuple[list[Stretch], Instant | None]:
        """The time in which all its sources told everything, and when they began to."""
        known = {source: told.get(source, []) for source in self.sources}
        if not known or not all(known.values()):
            return [], None
        self._history = history(known, self.registers)
        begun = max(measured_from.get(source, known[source][0][0]) for source in self.registers or self.sources)
        return together(known, self.registers), begun

    def _judge(
        self,
        session: Session,
        window: Window,
        system: str | None,
        covered: float | None,
        open_count: OpenCount,
        due: tuple[Instant | None, int],
        now: Instant,
        today: Day,
    ) -> Verdict:
        count = self._count(window, system, open_count, now)
        if put_off := self._is_put_off(window, system, count):
            self._put_off.add((window.name, system))
        if window.name in WINDOW_NAMES:  # which are about now: what comes next is theirs, whatever day it stands on
            next_due, due_today = due
        else:
            next_due, due_today = self.open.coming(system, now, window.first, window.last)
        known = Evidence(
            count=count,
            stages=open_count.stages,
            value=None if put_off else self._value(session, window, system, count),
            coverage=covered,
            has_source=bool(self.sources),
            next_due=next_due,
            due_today=due_today,
            catching_up=self.catching_up,
            put_off=put_off,
            confirmed=self.confirmed,
            definition=self.rule,
            definition_waiting=self.waiting_rule,
            outlook=self._outlook(session, window, count, now, today) if system is None else None,
            statement=last_before(self.statements, window.last) if self.statements else None,
            stated_values=values_before(self.statements, window.last) if self.statements else (),
            of_the_year=system is None and window.name in JUDGED_WINDOWS,
            acknowledged=self._acknowledged(now, today) if system is None else None,
            objection=self.objection if system is None else None,
            changed_since_closing=system is None
            and any(window.first <= first and last <= window.last for first, last in self.changed_since_closing),
        )
        return judge(self.indicator, window, system, known, today)

    def _acknowledged(self, now: Instant, today: Day) -> Acknowledgement | None:
        """The acknowledgement in force."""
        last = self.acknowledged
        return last if last is not None and last.at <= now and today <= last.until else None

    def _outlook(self, session: Session, window: Window, count: Count, now: Instant, today: Day) -> Outlook | None:
        """What is said of the year, in the windows that stand for it."""
        if self.prospect is None or window.name not in JUDGED_WINDOWS:
            return None

        numbers = self._percentiles
        ordered = None if numbers is None else lambda: numbers.ordered(session, window, count.tally.den)
        return self.prospect.outlook(target_on(self.indicator, today), self.open, now, today, ordered)

    def _count(self, window: Window, system: str | None, open_count: OpenCount, now: Instant) -> Count:
        tally = Tally(*self.sums.get((window.name, system), Tally()))
        measure, overdue = self.indicator.measure, open_count.stages[Stage.OVERDUE]
        if isinstance(measure, Days):
            return self._count_days(measure, window, system, tally, now)
        if isinstance(measure, Uptime):
            return self._count_uptime(window, system, tally, now)
        if measure.unfinished == "leave_out":
            return Count(tally, open_count.waiting + overdue, 0, open_count.lapsed)
        elapsed = 0
        if overdue and isinstance(measure, DurationMeasure):
            elapsed = self.open.elapsed(open_count.running, open_count.banked, now)
        return Count(tally, open_count.waiting, overdue, open_count.lapsed, elapsed)

    def _count_days(self, measure: Days, window: Window, system: str | None, tally: Tally, now: Instant) -> Count:
        owed, waiting = self.days_owed(measure, window, system, now)
        kept = sum(owed.values())
        return Count(
            Tally(kept, len(owed) - kept, tally.excluded, kept, len(owed)),
            int(waiting),
            due_days=len(owed),
            kept_days=kept,
        )

    def days_owed(
        self, measure: Days, window: Window, system: str | None, now: Instant
    ) -> tuple[dict[Day, bool], bool]:
        """The days on which a record was owed so far with whether there was one; today counts once it is kept.

        The second is whether today still waits for its record.
        """
        today = self.plan.days.day_of(now)
        first = max(window.first, first_whole_day(self.plan.days, self._begun))
        last = max(first, min(window.last, today + 1))
        try:
            due = measure.days_due(self.plan.calendar, first, last)
        except CalendarUnknown as unknown:
            due = measure.days_due(self.plan.calendar, first, max(first, min(last, unknown.first_unknown)))
        kept_on = {day for (name, day), one in self.tallies.items() if one.good and system in (None, name)}
        waiting = bool(due) and due[-1] == today and today not in kept_on
        return {day: day in kept_on for day in due if not (waiting and day == today)}, waiting

    def _count_uptime(self, window: Window, system: str | None, tally: Tally, now: Instant) -> Count:
        """What was stated counts by the tally; down intervals that state no up time count by the intervals."""
        accounted = self.accounted(window, system, now)
        unstated = accounted is not None
        outages = self._outages.within(window, system) if unstated else Lost()
        down, waiting = -outages.tallied, 0
        for one in self.outages_open(window, system):
            waiting += 1
            if unstated and self.is_history(one):
                outages.add(one.system, (one.starts or 0, now))
            else:
                begins, ends = max(one.starts or 0, window.start), min(now, window.end)
                down += promised_microseconds(self.setting, one.system, begins, ends)
        if accounted is None or self._begun is None:
            return Count(tally, waiting, down=down)
        names = self.names_accounted(system)
        known = sum(promised_microseconds(self.setting, name, a, b) for name in names for a, b in accounted)
        return Count(tally, waiting, down=down + outages.promised(self.setting, names, accounted, known), known=known)

    def accounted(self, window: Window, system: str | None, now: Instant) -> list[Stretch] | None:
        """The time of a window for which silence means up; None where the records state what was up."""
        if not self.registers and self.sums.get((window.name, system), [0])[-1]:
            return None
        if self._begun is None:
            return []
        limits = [(max(window.start, self._begun), min(window.end, now))]
        return common(self._history if self.registers else self._told_by_all, limits)

    def names_accounted(self, system: str | None) -> list[str]:
        """The systems for which silence means up, all of them or the one."""
        return [name for name in self.systems_told if system in (None, name)]

    def outages_open(self, window: Window, system: str | None) -> Iterator[OpenObservation]:
        """The down intervals that have not ended and began before the window's end, whatever day they stand on."""
        for one in self.open.observations():
            if system in (None, one.system) and one.starts is not None and one.starts < window.end:
                yield one

    def is_history(self, one: OpenObservation) -> bool:
        """Whether an outage is told by those sources whose silence means up."""
        return not self.registers or one.source in self.registers

    def _is_put_off(self, window: Window, system: str | None, count: Count) -> bool:
        """Whether the numbers of a percentile are too many to be read now, with everything else waiting for them."""
        if self.patience is None or self._percentiles is None or self._percentiles.has_read((window.name, system)):
            return False
        return count.tally.den > self.patience

    def _value(self, session: Session, window: Window, system: str | None, count: Count) -> Fraction | None:
        if self._percentiles is None:
            return self.indicator.measure.value(count)
        if not isinstance(self.indicator.measure, DurationMeasure) and (count.waiting or count.overdue):
            return None  # no date until everything planned is done
        return self._percentiles.value(session, window, system, count.tally.den)

    def counts_as(self, one: OpenObservation, now: Instant) -> Outcome:
        """How an open record counts at an instant: past its limit as missed, or as good where nothing had to happen."""
        stage = self.open.stage(one, now)
        if stage is None:
            return Outcome.GOOD
        missed = stage is Stage.OVERDUE and self.indicator.measure.unfinished == "count"
        return Outcome.BAD if missed else Outcome.OPEN
