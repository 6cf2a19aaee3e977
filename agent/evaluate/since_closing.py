"""What has changed since a period was closed for good: the sums it rests on, the rules, and what people stated.

A closing keeps, of each indicator, what its decided records summed up to, by which rule, and which statement counted.
These are held against what the ledger says now. A record whose time merely ran out changes none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from agent.book.closings import FINAL, Closing, Value, closings
from agent.book.promise import version_of
from agent.book.statements import last_before, statements
from agent.ledger import Session
from agent.ledger.acts import Act
from agent.model import Day, Finding, Instant, Statement, Tally

CHANGED = "changed_since_closing"
SERVING = "SELECT pk, year, project, indicator, spec FROM definition WHERE state = 'active'"
MOVED = "SELECT DISTINCT definition FROM tally WHERE seq > ? AND day >= ? AND day < ?"
SUMS = (
    "SELECT definition, SUM(good), SUM(bad), SUM(excluded), SUM(num), SUM(den), MAX(seq) FROM tally "
    "WHERE definition IN {in} AND day >= {first} AND day < {last} GROUP BY definition"
)
LEARNED = "SELECT MAX(learned_at) FROM batch WHERE seq = ?"


class Definition(NamedTuple):
    """A definition that serves: its plan's year, and the version of its rule."""

    pk: int
    year: int
    version: str


class Sum(NamedTuple):
    """What the decided records of a period come to, and the batch that changed that last."""

    tally: Tally
    seq: int


COUNTED = ("已结合格", "已结不合格", "剔除")  # the first three of a tally
NOTHING = Sum(Tally(), 0)


class Change(NamedTuple):
    """One indicator that a closing holds otherwise than the ledger does now."""

    closing: Closing
    year: int
    name: str  # project/indicator
    finding: Finding


class SinceClosing:
    """Follows the closings that stand; a refresh costs what changed. One thread at a time."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.changes: tuple[Change, ...] = ()
        self._closings: list[Closing] = []
        self._stated: Mapping[tuple[int, str], Sequence[Statement]] = {}
        self._serving: dict[str, list[Definition]] = {}
        self._sums: list[dict[int, Sum]] = []
        self._seq: int | None = None

    def learn(self, log: Sequence[Act], now: Instant) -> None:
        """Take in the log: at first, when it has grown, and when the definitions that serve are others."""
        made = [one for one in closings(log) if one.stage == FINAL and one.superseded is None]
        self._closings = [one for one in made if one.judged_at <= now]
        self._stated = statements(log) if self._closings else {}
        self._seq = None

    def refresh(self, session: Session, seq: int) -> bool:
        """Take in what the ledger learned up to a batch; whether what has changed may be something else now."""
        if seq == self._seq:
            return False
        if anew := self._seq is None:
            self._serving = {}
            for pk, year, project, indicator, spec in session.rows(SERVING) if self._closings else ():
                place = self._serving.setdefault(f"{project}/{indicator}", [])
                place.append(Definition(pk, year, version_of(spec)))
            known = [one.pk for some in self._serving.values() for one in some]
            self._sums = [_sums(session, one, known) for one in self._closings]
        else:
            for one, sums in zip(self._closings, self._sums, strict=True):
                moved = session.rows(MOVED, (self._seq, one.period.first, one.period.last))
                sums |= _sums(session, one, [pk for (pk,) in moved])
        self._seq, former = seq, self.changes
        self.changes = tuple(self._compared(session))
        return anew or self.changes != former

    def periods(self, year: int, name: str) -> list[tuple[Day, Day]]:
        """The closed days [first, last) for which an indicator has changed."""
        found = (one.closing.period for one in self.changes if (one.year, one.name) == (year, name))
        return [(period.first, period.last) for period in found]

    def _compared(self, session: Session) -> Iterator[Change]:
        for closing, sums in zip(self._closings, self._sums, strict=True):
            for name, then in closing.values.items():
                one = _definition(self._serving.get(name, ()), then, closing.period.first)
                if one is None:
                    continue
                total = sums.get(one.pk, NOTHING)
                said = [*_counted(then.tally, total.tally)]
                if one.version != then.rule:
                    said.append("口径已变更")
                if (stated := self._statement(closing, one.year, name)) != then.stated:
                    said.append(f"填报依据由{_act(then.stated)}变为{_act(stated)}")
                if said:
                    yield Change(closing, one.year, name, self._finding(session, closing, name, said, total.seq))

    def _finding(self, session: Session, closing: Closing, name: str, said: list[str], seq: int) -> Finding:
        learned = session.one(LEARNED, (seq,)) if seq > closing.batch else None
        at = learned[0] if learned is not None and learned[0] is not None else closing.act.at
        text = f"{closing.period.words}定稿(操作日志第{closing.act.n}条)之后有变化：{'，'.join(said)}"
        return Finding(CHANGED, name, text, at)

    def _statement(self, closing: Closing, year: int, name: str) -> int | None:
        """The act that states the value of a period; only one that begins the year is stated."""
        begins = date.fromordinal(closing.period.first)
        if (begins.month, begins.day) != (1, 1):
            return closing.values[name].stated
        found = last_before(self._stated.get((year, name), ()), closing.period.last)
        return None if found is None else found.act


def _sums(session: Session, closing: Closing, wanted: Collection[int]) -> dict[int, Sum]:
    asked = SUMS.replace("{first}", str(closing.period.first)).replace("{last}", str(closing.period.last))
    found = {row[0]: Sum(Tally(*map(int, row[1:6])), row[6]) for row in session.rows_in(asked, sorted(wanted))}
    return {pk: found.get(pk, NOTHING) for pk in wanted}


def _definition(serving: Sequence[Definition], then: Value, first: Day) -> Definition | None:
    """The one a closed value is held against: by the same rule, else that of the plan that owned the days."""
    same = [one for one in serving if one.version == then.rule]
    owning = [one for one in serving if one.year <= date.fromordinal(first).year]
    return max(same or owning, key=lambda one: one.year, default=None)


def _counted(then: Tally, now: Tally) -> Iterator[str]:
    counts = (
        ("已结合格", then.good, now.good),
        ("已结不合格", then.bad, now.bad),
        ("剔除", then.excluded, now.excluded),
    )
    moved = [f"{what}{a}→{b}" for what, a, b in counts if a != b]
    yield from moved
    if not moved and then != now:
        yield "已结记录的数值"


def _act(number: int | None) -> str:
    return "无" if number is None else f"第{number}条"
