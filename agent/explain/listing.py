"""Every record behind a verdict, one line each, for those who count after us: a stream, in the ledger's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from agent import words
from agent.book.bodies import decode
from agent.book.exclusions import covers_name
from agent.book.standing import EXCLUDE, RESTORE, standing
from agent.config import Config
from agent.evaluate.openwork import OpenObservation
from agent.explain.cases import due_finder, finished_at, taken
from agent.explain.glossary import short
from agent.explain.subject import Subject, subject
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.measures import Timed
from agent.model import SECOND_US, ConfigError, Instant, Outcome, Record, Snapshot, Stage, Window

Line = tuple[str, ...]
Progress = Callable[[int, int], None]
KINDS = ("all", "missed", "open", "excluded")
REQUESTS = {EXCLUDE: "申请剔除", RESTORE: "申请恢复"}
LINES = (
    "SELECT o.record, r.source, r.id, o.day, o.system, o.outcome, o.reason, o.starts, o.due, o.worked, o.num, o.den, "
    "r.kind, r.system, r.body, r.version, r.changed_at, r.withdrawn FROM observation o "
    "JOIN record r ON r.pk = o.record WHERE {place} ORDER BY o.record, o.day"
)


def listing(
    config: Config,
    ledger: Ledger,
    snapshot: Snapshot,
    project: str,
    indicator: str,
    window: Window | str,
    system: str | None,
    kind: str,
    progress: Progress = lambda done, total: None,
) -> Iterator[Line]:
    """The head and then each record of a kind: all, missed, open or excluded. ConfigError where no record counts."""
    about = subject(config, ledger, snapshot, project, indicator, window, system)
    if about.definition is None or not about.measure.from_records:
        raise ConfigError(f"{project}/{indicator}: expected an indicator that counts records")
    with ledger.read() as session:
        log = acts.read(session)
    taken_out, asked = standing(log).excluded, standing(log).waiting
    with ledger.read() as session:
        yield from _Listing(about, taken_out, asked).lines(session, kind, progress)


class _Listing:
    """What one line needs to know of the indicator and of the acts."""

    def __init__(self, about: Subject, taken_out: Mapping[tuple[str, str], Act], asked: Sequence[Act]) -> None:
        self.about, self.taken_out, self.asked = about, taken_out, asked
        self.name = about.indicator.subject
        self.stages = about.open_work()
        self.due_of = due_finder(about)
        measure = about.measure
        mapped = {name for source in about.sources for name in source.spec.times}
        first = [measure.start_name, measure.to] if isinstance(measure, Timed) else []
        self.times = tuple(dict.fromkeys([*first, *sorted(measure.names() & mapped)]))
        self.fields = tuple(sorted(measure.names() & {n for source in about.sources for n in source.spec.fields}))

    def lines(self, session: Session, kind: str, progress: Progress) -> Iterator[Line]:
        """The head, then the lines."""
        head = ("数据源", "编号", "系统", "归属日", "结果", "说明", *map(short, self.times), "时限届满")
        yield (*head, "用时秒(按时钟)", "超时秒(自然时间)", *map(short, self.fields), "剔除事项", "待批准申请")
        place, values = self.about.by_place()
        counted = self.about.verdict
        total = counted.good + counted.bad + counted.open + counted.excluded
        for done, row in enumerate(session.stream(LINES.replace("{place}", place), values)):
            if done % 1000 == 0:
                progress(done, max(total, done))
            one = OpenObservation(*row[:10])
            result, note = self._result(one)
            if kind == "all" or result == kind:
                record = decode(row[12], row[1], row[2], *row[13:])
                yield self._line(one, record, result, note, row[10], row[11])

    def _result(self, one: OpenObservation) -> tuple[str, str]:
        """Good, missed, open or excluded, and why."""
        match one.outcome:
            case Outcome.GOOD:
                return "good", ""
            case Outcome.BAD:
                return "missed", ""
            case Outcome.EXCLUDED:
                return "excluded", words.excluded(one.reason or "")
        stage = self.stages.stage(one, self.about.now)
        if stage is None:
            return "good", ""
        late = stage is Stage.OVERDUE and self.about.measure.unfinished == "count"
        note = words.STAGES[stage] if one.reason is None else words.excluded(one.reason)
        return "missed" if late else "open", note

    def _line(self, one: OpenObservation, record: Record, result: str, note: str, num: int, den: int) -> Line:
        about = self.about
        is_open = one.outcome >= Outcome.OPEN
        due = one.due if is_open else self.due_of(record)
        until = about.now if is_open else finished_at(record, about)
        worked = taken(record, until, num, den, about)
        late = "" if until is None or due is None or until <= due else f"{(until - due) / SECOND_US:g}"
        return (
            *(record.source, record.id, record.system or "", date.fromordinal(one.day).isoformat()),
            *(words.OUTCOMES["bad" if result == "missed" else result], note),
            *(self._moment(record.times.get(name)) for name in self.times),
            *(self._moment(due), "" if worked is None else f"{worked:g}", late),
            *(record.fields.get(name, "") for name in self.fields),
            *(self._taken_out(record), self._asked(record)),
        )

    def _moment(self, at: Instant | None) -> str:
        return "" if at is None else f"{self.about.local(at):%Y-%m-%d %H:%M:%S}"

    def _taken_out(self, record: Record) -> str:
        found = [
            act
            for (subject, indicator), act in self.taken_out.items()
            if subject == f"{record.source}/{record.id}" and covers_name(indicator, self.name)
        ]
        return "；".join(f"第{act.n}条 {act.account}：{act.body['reason']}" for act in found)

    def _asked(self, record: Record) -> str:
        return "；".join(requests(self.asked, f"{record.source}/{record.id}", self.name))


def requests(asked: Sequence[Act], subject: str | None, name: str) -> Iterator[str]:
    """The requests that wait for approval and would change how a record (None: any) counts toward an indicator."""
    for act in asked:
        if act.kind in REQUESTS and subject in (None, act.subject) and covers_name(act.body["indicator"], name):
            which = "" if subject is not None else f" {act.subject}"
            yield f"第{act.n}条 {act.account} {REQUESTS[act.kind]}{which}：{act.body['reason']}"


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, whatever a source wrote."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
