"""What the ledger serves of the definitions at hand: read, never written here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from agent.book.approval import WAITING
from agent.book.definition import Definition, Place, setting_for
from agent.book.promise import as_promised, promise_of, version_of, with_promise
from agent.book.revival import revived
from agent.config import Indicator, Plan
from agent.ledger import Ledger, Session
from agent.measures import Setting


class Stored(NamedTuple):
    """A definition as the ledger keeps it."""

    pk: int
    hash: str
    kind: str  # of the records it counts; none where a person answers for the value, and nothing is derived
    state: str  # active, building, leaving, retired, or waiting for approval
    spec: str


class Judged(NamedTuple):
    """An indicator as the ledger judges it. `definition` and `spec` are None where it knows nothing of it."""

    indicator: Indicator
    setting: Setting
    definition: int | None  # the key of what is counted
    spec: str | None  # the text it is judged by
    version: str | None


class Registered(NamedTuple):
    """The ledger keys of the definitions at hand, and of those that are still to be derived."""

    keys: dict[int, Definition]
    building: tuple[int, ...]
    serving: dict[Place, int]  # the key whose figures are shown
    former: dict[int, Definition]  # what is derived on in place of one at hand, out of the ledger's own text
    waiting: dict[Place, str]  # the versions that nobody else has approved yet
    specs: dict[int, str]  # of every definition the ledger keeps: the text it judges by

    @property
    def known(self) -> dict[int, Definition]:
        """Every definition that can be derived here: a Book needs them all."""
        return {**self.former, **self.keys}

    def in_force(self, one: Definition) -> Definition:
        """What the ledger judges by at the place of a definition; this itself where it judges by nothing yet."""
        pk = self.serving.get(one.place)
        if pk is None:
            return one
        return self.former[pk] if pk in self.former else one.promising(self.specs[pk])

    def judged(self, plan: Plan, indicator: Indicator, *, tried: bool = False) -> Judged:
        """An indicator of the files with what the ledger demands of it and how it counts; `tried`, what they demand."""
        pk = self.serving.get((plan.year, indicator.project, indicator.id))
        if pk is None:
            return Judged(indicator, setting_for(plan, indicator), None, None, None)
        former, spec = self.former.get(pk), self.specs[pk]
        if tried:
            spec = with_promise(spec, promise_of(indicator))
        promised = as_promised(indicator, spec)
        if former is not None:
            return Judged(replace(promised, measure=former.measure), former.setting, pk, spec, version_of(spec))
        return Judged(promised, setting_for(plan, promised), pk, spec, version_of(spec))


def current(ledger: Ledger, definitions: Sequence[Definition]) -> Registered:
    """What the ledger serves of these definitions right now; it writes nothing."""
    wanted = {one.place: one for one in definitions}
    found = Registered({}, (), {}, {}, {}, {})
    building: list[int] = []
    with ledger.read() as session:
        rows = [(place, stored) for place, stored in stored_definitions(session) if stored.state != "retired"]
    for place, (pk, hashed, _, state, spec) in rows:
        one = wanted.get(place)
        if one is not None and one.hash == hashed:
            found.keys[pk] = one
        elif one is not None and state != WAITING and (former := _former(one, hashed, spec)) is not None:
            found.former[pk] = former
        if state == WAITING:
            found.waiting[place] = version_of(spec)
            continue
        found.specs[pk] = spec
        if state == "building":
            building.append(pk)
        elif state == "active" or place not in found.serving:
            found.serving[place] = pk
    return found._replace(building=tuple(building))


def _former(successor: Definition, hashed: str, spec: str) -> Definition | None:
    """The definition the ledger knows under this hash, where it can still be derived exactly."""
    former = revived(successor, spec)
    return former if former is not None and former.hash == hashed else None


def stored_definitions(session: Session) -> Iterator[tuple[Place, Stored]]:
    """Every definition with its place; of those with one hash the one that lives comes last."""
    for year, project, indicator, *rest in session.rows(
        "SELECT year, project, indicator, pk, hash, kind, state, spec FROM definition "
        "ORDER BY CASE state WHEN 'retired' THEN 0 ELSE 1 END, pk"
    ):
        yield (year, project, indicator), Stored(*rest)
