"""A ledger as it was, or as it would have been judged, at an instant: made anew from the records there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.book.bodies import decode
from agent.book.booking import Book
from agent.book.definition import Definition, Place
from agent.book.delivery import Delivery
from agent.book.history import served_at
from agent.book.noticing import INSERT, OF_CHANGES
from agent.book.registry import register
from agent.book.revival import revived
from agent.book.source_history import states_at, told_at
from agent.book.standing import standing
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant, Mapped, Record, utc_of

SLICE = 5000
LAST = 1 << 62
# What a batch knew: the current version where it was already there, else the revision that was current then. A record
# that only grows has no revisions; what it knew is cut at the instant by the measure.
KNOWN = (
    "SELECT source, kind, id, system, body, version, changed_at, withdrawn FROM record "
    "WHERE (seq <= ? OR (first_seq <= ? AND NOT EXISTS (SELECT 1 FROM revision WHERE record = pk))){among} "
    "UNION ALL SELECT r.source, r.kind, r.id, v.system, v.body, v.version, v.changed_at, v.withdrawn FROM revision v "
    "JOIN record r ON r.pk = v.record WHERE r.seq > ? AND v.seq <= ? AND v.until_seq > ?{among} ORDER BY 1, 2"
)
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
    cut: bool = True,
    tried: Collection[Place] = (),
    moving: bool = False,
    alone: tuple[str, str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Ledger]:
    """A scratch ledger judged at `instant`: with what is known today or, `known_then`, with what was known then.

    With `through` it is what was known in that batch; `moving` leaves out the records that count today as they did in
    it. What happened after the instant is left out; without `cut` it counts, as it does in the ledger itself. What was
    known then is judged by the definitions of then, on today's calendar, save those that are `tried`. Where one project
    and indicator `alone` is asked about, only records of the kinds it reads are derived. Raises ConfigError where
    nothing was known yet. It costs a derivation of every such record, and writes nothing.
    """
    with TemporaryDirectory(prefix="dabiao-") as folder, closing(Ledger.open(Path(folder) / "scratch.db")) as scratch:
        with ledger.read() as session:
            seq = through
            if seq is None:  # batch 0 is an answer too: of an empty ledger
                seq = _last_known(session, instant) if known_then else LAST
            if known_then:
                then = {place: spec for place, spec in served_at(session, seq).items() if place not in tried}
                definitions = [_as_of_then(one, then.get(one.place)) for one in definitions]
            judged = [one.judged_at(instant) for one in definitions] if cut else definitions
            among, kinds = f" AND {MOVING.format(batch=int(seq))}" if moving else "", list[str]()
            total = (session.one("SELECT record_pk FROM counter WHERE id = 1") or (0,))[0]
            if alone is not None:
                kinds = sorted({one.kind for one in judged if (one.project, one.indicator.partition("/")[0]) == alone})
                judged = [one for one in judged if one.kind in kinds]
                among += f" AND kind IN ({','.join('?' * len(kinds))})"
                total = (session.one(f"SELECT COUNT(*) FROM record WHERE pk > 0{among}", kinds) or (0,))[0]
            book = Book(scratch, register(scratch, judged).keys)
            _copy_sources(session, scratch, instant, known_then)
            _copy_acts(session, scratch, seq)
            _copy_findings(session, scratch, seq)
            rows = session.stream(KNOWN.replace("{among}", among), (seq, seq, *kinds, seq, seq, seq, *kinds), SLICE)
            done = 0
            for (source, kind), records in groupby(map(_record, rows), lambda one: (one.source, one.kind)):
                for part in _slices(records):
                    book.deliver(Delivery(source, kind, Mapped(part, [], [], None), instant))
                    done += len(part)
                    progress(done, total)
        yield scratch


def _as_of_then(one: Definition, spec: str | None) -> Definition:
    """A definition as it was; as it is where none was known, or the former can no longer be derived."""
    return one if spec is None else revived(one, spec) or one


def _last_known(session: Session, instant: Instant) -> int:
    """The last batch or act before the first that came later: their order counts, not the clock."""
    later = session.one(
        "SELECT MIN(seq) FROM "
        "(SELECT seq FROM batch WHERE learned_at > ? UNION ALL SELECT seq FROM act WHERE at > ?) later",
        (instant, instant),
    )
    first = session.one("SELECT MIN(seq), MIN(learned_at) FROM batch")
    last = (later[0] - 1) if later and later[0] is not None else LAST
    if first is None or first[0] is None or first[0] > last:
        began = "nothing has been collected" if first is None or first[1] is None else f"began {utc_of(first[1])}"
        raise ConfigError(f"as_of: not yet known then; the ledger {began}")
    return last


def _copy_sources(session: Session, scratch: Ledger, instant: Instant, known_then: bool) -> None:
    if known_then:
        states = [(source, *one) for source, one in states_at(session, instant).items()]
        told = told_at(session, instant)
    else:
        states = session.rows("SELECT source, last_success, reason FROM source_state")
        told = {}
        for source, begins, ends in session.rows(
            "SELECT source, begins, ends FROM coverage WHERE begins < ?", (instant,)
        ):
            told.setdefault(source, []).append((begins, min(ends, instant)))
    with scratch.write() as write:
        write.many(
            "INSERT INTO source_state (source, last_attempt, last_success, reason) VALUES (?,?,?,?)",
            [(source, success, success, reason) for source, success, reason in states],
        )
        write.many(
            "INSERT INTO coverage (source, begins, ends, learned_at) VALUES (?,?,?,?)",
            [
                (source, begins, ends, instant)
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


def _copy_findings(session: Session, scratch: Ledger, seq: int) -> None:
    """What was noticed of changes, which a scratch ledger does not see; what records show by themselves it notices."""
    noticed = session.rows(
        "SELECT kind, subject, text, at, seq FROM finding WHERE seq <= ? AND (cleared_seq IS NULL OR cleared_seq > ?) "
        f"AND kind IN ({','.join('?' * len(OF_CHANGES))})",
        (seq, seq, *OF_CHANGES),
    )
    with scratch.write() as write:
        write.many(INSERT, noticed)


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
