"""The schedule: every source in its own slot, a tick that publishes the Snapshot, and a clean stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from agent.book import catch_up, current, definitions
from agent.config import Config
from agent.evaluate import Board
from agent.findings import Findings
from agent.ledger import Ledger
from agent.memory import give_back
from agent.model import SECOND_US, Finding, Instant, LedgerError, Snapshot, instant_of
from agent.poll.round import Outcome, Round

log = logging.getLogger("dabiao.poll")
TICK_SECONDS = 5.0
CATCH_UP_SECONDS = 10.0
LOOK_SECONDS = 60.0  # for findings
AT_ONCE = 10_000  # numbers of a percentile that a start waits for
LEDGER_TROUBLE = "ledger"  # the kind of finding
EVENTS = {EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "still_running", EVENT_JOB_ERROR: "failed"}


def now_instant() -> Instant:
    """The wall clock."""
    return instant_of(datetime.now(UTC))


class Publisher:
    """The Snapshot everybody reads. Swapping a reference is atomic, so readers need no lock."""

    def __init__(self) -> None:
        """Nothing is published yet."""
        self._snapshot: Snapshot | None = None
        self._listeners: list[Callable[[Snapshot], None]] = []
        self._counts: dict[tuple[str, ...], float] = {}
        self._counting = threading.Lock()

    def snapshot(self) -> Snapshot | None:
        """The newest Snapshot."""
        return self._snapshot

    def publish(self, snapshot: Snapshot) -> None:
        """Make a Snapshot the newest."""
        self._snapshot = snapshot
        for listener in self._listeners:
            listener(snapshot)

    def listen(self, listener: Callable[[Snapshot], None]) -> None:
        """Have every Snapshot told to a listener, in the tick's thread."""
        self._listeners.append(listener)

    def count(self, name: str, by: float = 1, *labels: str) -> None:
        """Add to one of the agent's own counters, the one of these labels. Any thread may."""
        with self._counting:
            self._counts[(name, *labels)] = self._counts.get((name, *labels), 0) + by

    def own(self) -> Mapping[tuple[str, ...], float]:
        """The agent's own counters, by name and labels."""
        with self._counting:
            return dict(self._counts)


class Schedule:
    """Polls every source, ticks, publishes. `start` returns at once; `stop` within a few seconds."""

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        rounds: Sequence[Round],
        publisher: Publisher,
        clock: Callable[[], Instant] = now_instant,
        speed: float = 1.0,
    ) -> None:
        """Nothing runs yet. `clock` is the wall clock; a demonstration brings its own, with `speed` seconds in one."""
        self.config, self.ledger, self.rounds, self.publisher = config, ledger, list(rounds), publisher
        self.clock, self.speed = clock, speed
        self.board = Board(config, ledger, patience=AT_ONCE)
        self._definitions = definitions(config)
        self._findings, self._looked = Findings(config, ledger), -LOOK_SECONDS
        self._found: tuple[Finding, ...] = ()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._reasons: dict[str, str | None] = {}
        self._trouble: str | None = None
        self._threads: list[threading.Thread] = []
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            daemon=False,  # its workers take after it: one that hangs is then seen by whoever ends the process
            executors={"default": ThreadPoolExecutor(1)} | {one.source.id: ThreadPoolExecutor(1) for one in rounds},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._scheduler.add_listener(self._on_event, sum(EVENTS))

    def start(self) -> None:
        """Begin: the tick, what definitions still have to be derived, and every source a moment after the other."""
        self._begin("tick", self._tick_forever)
        self._begin("catch-up", self._keep_up)
        begin = datetime.now(UTC)
        for place, one in enumerate(self.rounds):
            every = one.source.every_us / SECOND_US / self.speed
            offset = min(every, 10.0) * place / max(1, len(self.rounds)) / 5
            first = begin + timedelta(seconds=offset)
            # Fixed phase offsets: jitter would drift and lose samples.
            trigger = IntervalTrigger(seconds=every, start_date=first, timezone=UTC)
            self._scheduler.add_job(
                self.poll, trigger, args=[one], id=one.source.id, executor=one.source.id, next_run_time=first
            )
        self._scheduler.start()

    def stop(self, seconds: float = 4.0) -> bool:
        """Stop; whether everything had ended in time. A poll that hangs is left to die with the process."""
        self._stopping.set()
        self._wake.set()
        self._scheduler.shutdown(wait=False)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def poll(self, one: Round) -> None:
        """One round of one source, whatever happens in it."""
        if self._stopping.is_set():
            return
        try:
            outcome = one.run(self.clock())
        except LedgerError as failed:
            self._note_trouble(str(failed))
            self._wake.set()
            return
        except Exception as failed:
            log.exception("source=%s event=internal-error", one.source.id)
            one.book.fail(one.source.id, f"internal error: {type(failed).__name__}", self.clock(), {})
            self._wake.set()
            return
        self._note(outcome)

    def tick(self) -> Snapshot:
        """Bring the Snapshot up to date and publish it."""
        begun = time.process_time()
        snapshot = self._with_trouble(self._with_findings(self.board.refresh(self.clock())))
        self.publisher.publish(snapshot)
        self.publisher.count("ticks")
        self.publisher.count("tick_cpu_seconds", time.process_time() - begun)
        return snapshot

    def _with_findings(self, snapshot: Snapshot) -> Snapshot:
        """The Snapshot with what was found in the ledger, which is not looked through at every tick."""
        if time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            try:
                self._found = self._findings.of(snapshot)
            except LedgerError:
                raise
            except Exception:  # the figures do not depend on it
                self.publisher.count("tick_failures")
                log.exception("event=findings-failed")
        return replace(snapshot, findings=(*self._found, *snapshot.findings))

    def _with_trouble(self, snapshot: Snapshot) -> Snapshot:
        """The Snapshot with what is wrong with the ledger first among its findings."""
        if self._trouble is None:
            return snapshot
        others = tuple(one for one in snapshot.findings if one.kind != LEDGER_TROUBLE)
        trouble = Finding(LEDGER_TROUBLE, self.ledger.name, self._trouble, snapshot.as_of)
        return replace(snapshot, findings=(trouble, *others))

    def _tick_forever(self) -> None:
        while not self._stopping.is_set():
            try:
                self.tick()
            except LedgerError as failed:
                self._note_trouble(str(failed))
                if (former := self.publisher.snapshot()) is not None:  # its `as_of` tells how old it is
                    self.publisher.publish(self._with_trouble(former))
            except Exception:
                self.publisher.count("tick_failures")
                log.exception("event=tick-failed")
            self._wake.wait(0 if self.board.has_more else self._until_next())
            self._wake.clear()

    def _until_next(self) -> float:
        """Seconds until the next tick: at the next due instant, at least every few seconds."""
        snapshot = self.publisher.snapshot()
        if snapshot is None:
            return 1.0
        now = self.clock()
        due = next((one.due for one in snapshot.open if one.due is not None and one.due >= now), None)
        return TICK_SECONDS if due is None else max(0.05, min(TICK_SECONDS, (due + 1 - now) / SECOND_US))

    def _keep_up(self) -> None:
        """Derive what still has to be: at the start, and what somebody has approved since; keep the process small."""
        self._catch_up()
        while not self._stopping.wait(CATCH_UP_SECONDS):
            self._catch_up()
            give_back()  # of what polls, ticks and pages have freed meanwhile

    def _catch_up(self) -> None:
        try:
            registered = current(self.ledger, self._definitions)
            if registered.known.keys().isdisjoint(registered.building):
                return
            log.info("event=derive definitions=%d", len(registered.building))
            catch_up(self.ledger, registered)
        except LedgerError as failed:
            self._note_trouble(str(failed))
        except Exception:  # the indicators concerned keep telling 无数据, and why
            log.exception("event=derive-failed")
        self._wake.set()

    def _note(self, outcome: Outcome) -> None:
        """Log changes of state, not every poll, and wake the tick when something came."""
        if outcome.skipped:
            return
        former = self._reasons.get(outcome.source, "")
        if outcome.reason != former:
            self._reasons[outcome.source] = outcome.reason
            if outcome.reason is not None:
                log.warning("source=%s event=down reason=%r", outcome.source, outcome.reason)
            else:
                log.info("source=%s event=up", outcome.source)
            self._wake.set()
        if any((outcome.booked.new, outcome.booked.changed, outcome.booked.rejected)):
            self._wake.set()
        if self._trouble is not None:
            log.info("event=ledger-recovered")
            self._trouble = None

    def _note_trouble(self, reason: str) -> None:
        self.publisher.count("ledger_failures")
        if self._trouble != reason:
            self._trouble = reason
            log.error("event=ledger-trouble reason=%r", reason)

    def _on_event(self, event: JobEvent) -> None:
        self.publisher.count(f"runs_{EVENTS[event.code]}")
        log.warning("source=%s event=run-%s", event.job_id, EVENTS[event.code])

    def _begin(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
