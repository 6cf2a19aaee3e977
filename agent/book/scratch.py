"""A ledger as it was, or as it would have been judged, at an instant: made anew from the records there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agent.book.bodies import decode
from agent.book.booking import Book
from agent.book.definition import Definition, Place
from agent.book.delivery import Delivery
from agent.book.growth import grown
from agent.book.history import served_at
from agent.book.noticing import INSERT, NOTHING, OF_CHANGES
from agent.book.registry import register
from agent.book.revival import revived
from agent.book.source_history import Stretch, firsts, states_at, told_at
from agent.book.standing import standing
from agent.book.unmoved import take_over
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant, Mapped, Record, utc_of

SLICE = 5000
LAST = 1 << 62
# What a batch knew: the current version where it was already there, else the revision that was current then.
KNOWN = (
    "SELECT source, kind, id, system, body, version, changed_at, withdrawn FROM record WHERE seq <= ?{among} "
    "UNION ALL SELECT r.source, r.kind, r.id, v.system, v.body, v.version, v.changed_at, v.withdrawn FROM revision v "
    "JOIN record r ON r.pk = v.record WHERE r.seq > ? AND v.seq <= ? AND v.until_seq > ?{among} ORDER BY 1, 2"
)
# What was noticed of changes, which a scratch ledger does not see; what records show by themselves it notices itself.
AS_CHANGED = f"AND kind IN ({','.join(repr(kind) for kind in OF_CHANGES)})"
REJECTED = (
    "SELECT source, locator, hash, reason, mapped, seq FROM reject "
    "WHERE seq <= ? AND (resolved_seq IS NULL OR resolved_seq > ?) ORDER BY pk"
)
INSERT_REJECT = "INSERT INTO reject (source, locator, hash, reason, mapped, seq) VALUES (?,?,?,?,?,?)"
# Records that may count otherwise than in a batch: changed since, in themselves or in how they count, or still open.
MOVING = "(touched_seq > {batch} OR pk IN (SELECT record FROM observation WHERE outcome >= 3))"


@contextmanager
def ledger_at(
    ledger: Ledger,
    definitions: Sequence[Definition],
    instant: Instant,
    *,
    known_then: bool,
    through: int | None = None,
    learned_by: Instant | None = None,
    cut: bool = True,
    tried: Collection[Place] = (),
    moving: bool = False,
    sums_only: bool = False,
    alone: tuple[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Ledger]:
    """A scratch ledger judged at `instant`: with what is known today or, `known_then`, with what was known then.

    With `through` it is what was known in that batch, which was the last at `learned_by` (the instant itself, unless
    another is given); `moving` leaves out the records that count today as they did in it. What was known then is judged
    as it stood; of what is known today, what happened after the instant is left out, unless it is not to be `cut`. What
    was known then is judged by the definitions of then, on today's calendar, save those that are `tried`. Where one
    project and indicator `alone` is asked about, only records of the kinds it reads are derived. Raises ConfigError
    where nothing was known yet. It costs a derivation of every such record, and writes nothing; where `sums_only` are
    asked about, as verdicts are made of, one of the records that have moved since.
    """
    learned_at = instant if learned_by is None else learned_by
    of_then, cut = known_then or through is not None, cut and not known_then
    with TemporaryDirectory(prefix="dabiao-") as folder, closing(Ledger.open(Path(folder) / "scratch.db")) as scratch:
        with ledger.read() as session:
            seq = through
            if seq is None:  # batch 0 is an answer too: of an empty ledger
                seq = last_known(session, instant) if known_then else LAST
            if of_then:
                definitions = _known_in(session, seq, definitions, tried)
            judged = [one.judged_at(instant) for one in definitions] if cut else definitions
            among = _Among()
            if moving:
                among = among.narrowed(MOVING.format(batch=int(seq)))
            if alone is not None:
                kinds = sorted({one.kind for one in judged if (one.project, one.indicator.partition("/")[0]) == alone})
                judged = [one for one in judged if one.kind in kinds]
                among = among.narrowed(f"kind IN ({','.join('?' * len(kinds))})", *kinds)
            keys = register(scratch, judged).keys
            states, told = _sources_then(session, learned_at, through) if of_then else _sources_now(session)
            known_from = firsts(session, seq if of_then else None)
            _copy_sources(scratch, states, _cut(told, instant) if cut else told, known_from)
            _copy_acts(session, scratch, seq)
            _copy_rejects(session, scratch, seq)
            _copy_findings(session, scratch, seq, "" if of_then and not tried else AS_CHANGED)
            if sums_only and of_then and not cut and take_over(session, scratch, keys, seq):
                among = among.narrowed(f"touched_seq > {int(seq)}")
            _derive(session, Book(scratch, keys), seq, among, instant, progress)
        yield scratch


class _Among(NamedTuple):
    """Which records are derived: what SQL says of them after AND, and its values; nothing of all."""

    condition: str = ""
    values: tuple[str, ...] = ()

    def narrowed(self, condition: str, *values: str) -> _Among:
        """Those of them of which this holds too."""
        return _Among(f"{self.condition} AND {condition}", (*self.values, *values))

    def count(self, session: Session) -> int:
        """How many there are today, at most."""
        if not self.condition:
            (top,) = session.one("SELECT record_pk FROM counter WHERE id = 1") or (0,)
        else:
            (top,) = session.one(f"SELECT COUNT(*) FROM record WHERE pk > 0{self.condition}", self.values) or (0,)
        return int(top)


def _derive(
    session: Session, book: Book, seq: int, among: _Among, instant: Instant, progress: Callable[[int, int], None]
) -> None:
    """Book the records as a batch knew them."""
    known_by = (seq, *among.values, seq, seq, seq, *among.values)
    rows = session.stream(KNOWN.replace("{among}", among.condition), known_by, SLICE)
    known = chain(grown(session, seq, *among), map(_record, rows))
    done, total = 0, among.count(session)
    for (source, kind), records in groupby(known, lambda one: (one.source, one.kind)):
        for part in _slices(records):
            book.deliver(Delivery(source, kind, Mapped(part, [], [], None), instant))
            done += len(part)
            progress(done, total)


def _known_in(
    session: Session, seq: int, definitions: Sequence[Definition], tried: Collection[Place]
) -> list[Definition]:
    """The definitions by which a batch was judged, save those that are tried."""
    then = {place: spec for place, spec in served_at(session, seq).items() if place not in tried}
    found = [_as_of_then(one, then.get(one.place)) for one in definitions]
    return found if tried else [replace(one, watch=NOTHING) for one in found]  # what was noticed is copied


def _as_of_then(one: Definition, spec: str | None) -> Definition:
    """A definition as it was; as it is where none was known, or the former can no longer be derived."""
    return one if spec is None else revived(one, spec) or one


def last_known(session: Session, instant: Instant) -> int:
    """The last batch or act before the first that came later: their order counts, not the clock.

    Raises ConfigError where nothing was known yet.
    """
    later = session.one(
        "SELECT MIN(seq) FROM "
        "(SELECT seq FROM batch WHERE learned_at > ? UNION ALL SELECT seq FROM act WHERE at > ?) later",
        (instant, instant),
    )
    first = session.one("SELECT MIN(seq), MIN(learned_at) FROM batch")
    counter = session.one("SELECT seq FROM counter WHERE id = 1") or (0,)
    last = int(later[0] - 1 if later and later[0] is not None else counter[0])
    if first is None or first[0] is None or first[0] > last:
        began = "nothing has been collected" if first is None or first[1] is None else f"began {utc_of(first[1])}"
        raise ConfigError(f"as_of: not yet known then; the ledger {began}")
    return last


States = list[tuple[str, Instant | None, str | None]]  # of each source the last success, and why it cannot be read
Told = dict[str, list[Stretch]]


def _sources_then(session: Session, instant: Instant, through: int | None) -> tuple[States, Told]:
    """How the sources were doing, and what they had told."""
    return [(id, *one) for id, one in states_at(session, instant, through).items()], told_at(session, instant, through)


def _sources_now(session: Session) -> tuple[States, Told]:
    """How the sources are doing, and what they have told."""
    told: Told = {}
    for source, begins, ends in session.rows("SELECT source, begins, ends FROM coverage"):
        told.setdefault(source, []).append((begins, ends))
    return [*session.rows("SELECT source, last_success, reason FROM source_state")], told


def _cut(told: Told, instant: Instant) -> Told:
    """What was told of the time before an instant."""
    return {source: [(a, min(b, instant)) for a, b in stretches if a < instant] for source, stretches in told.items()}


def _copy_sources(scratch: Ledger, states: States, told: Told, known_from: Mapping[str, Instant]) -> None:
    with scratch.write() as write:
        write.many("INSERT INTO source_first (source, first, seq) VALUES (?,?,0)", list(known_from.items()))
        write.many(
            "INSERT INTO source_state (source, last_attempt, last_success, reason) VALUES (?,?,?,?)",
            [(source, success, success, reason) for source, success, reason in states],
        )
        write.many(
            "INSERT INTO coverage (source, begins, ends, learned_at) VALUES (?,?,?,?)",
            [
                (source, begins, ends, ends)
                for source, stretches in told.items()
                for begins, ends in dict(sorted(stretches)).items()  # of those that begin together, the longest
            ],
        )


def _copy_acts(session: Session, scratch: Ledger, seq: int) -> None:
    """The log up to a batch, and the exclusions it came to."""
    log = acts.read(session, seq)
    with scratch.write() as write:
        enter_acts(write, log)


def enter_acts(write: Session, log: Sequence[Act]) -> None:
    """Take a log into a ledger that has none, with the exclusions it came to."""
    for act in log:
        acts.append(write, act.at, act.account, act.kind, act.subject, act.body)
    write.many(
        "INSERT INTO exclusion (source, id, indicator, reason, act) VALUES (?,?,?,?,?)",
        [
            (*subject.partition("/")[::2], indicator, request.body["reason"], request.n)
            for (subject, indicator), request in standing(log).excluded.items()
        ],
    )


def _copy_findings(session: Session, scratch: Ledger, seq: int, among: str) -> None:
    """What was noticed up to a batch and not put right by then."""
    noticed = session.rows(
        "SELECT kind, subject, text, at, seq FROM finding WHERE seq <= ? AND (cleared_seq IS NULL OR cleared_seq > ?) "
        f"{among} ORDER BY pk",
        (seq, seq),
    )
    with scratch.write() as write:
        write.many(INSERT, noticed)


def _copy_rejects(session: Session, scratch: Ledger, seq: int) -> None:
    """The rows that could not be read up to a batch, and were not settled by then."""
    with scratch.write() as write:
        write.many(INSERT_REJECT, session.rows(REJECTED, (seq, seq)))


def _record(row: tuple[object, ...]) -> Record:
    source, kind, id, system, body, version, changed_at, withdrawn = row
    return decode(
        str(kind),
        str(source),
        str(id),
        system if isinstance(system, str) else None,
        str(body),
        version if isinstance(version, int) else None,
        changed_at if isinstance(changed_at, int) else None,
        bool(withdrawn),
    )


def _slices(records: Iterator[Record]) -> Iterator[list[Record]]:
    part: list[Record] = []
    for record in records:
        part.append(record)
        if len(part) == SLICE:
            yield part
            part = []
    if part:
        yield part
