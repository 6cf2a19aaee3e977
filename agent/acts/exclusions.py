"""What needs two accounts: taking a record out, taking it in again, putting a changed rule in force."""

from __future__ import annotations

from collections.abc import Sequence

from agent.book import Book, Definition
from agent.book.exclusions import covers
from agent.book.registry import accept
from agent.book.standing import APPROVE, DEFINE, EXCLUDE, RESTORE, RETRACT, standing
from agent.ledger import Ledger, Session, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant


def request_exclusion(
    ledger: Ledger,
    record: str,
    indicator: str,
    reason: str,
    now: Instant,
    who: str,
    definitions: Sequence[Definition] | None = None,
) -> Act:
    """Ask for a record (`source/id`) to be taken out of one indicator, or of all where `indicator` is empty.

    With `definitions` the indicator has to be one that reads such records.
    """
    return _request(ledger, EXCLUDE, record, indicator, reason, now, who, definitions)


def request_return(ledger: Ledger, record: str, indicator: str, reason: str, now: Instant, who: str) -> Act:
    """Ask for an excluded record to count again."""
    return _request(ledger, RESTORE, record, indicator, reason, now, who)


def _request(
    ledger: Ledger,
    kind: str,
    record: str,
    indicator: str,
    reason: str,
    now: Instant,
    who: str,
    definitions: Sequence[Definition] | None = None,
) -> Act:
    if not reason.strip():
        raise ConfigError("--reason：应写明理由，现为空")
    with ledger.write() as session:
        source, id = _known(session, record)
        if definitions is not None:
            _check_that_it_counts(session, source, id, indicator, definitions)
        now_holds = standing(acts.read(session))
        subject, place = f"{source}/{id}", (f"{source}/{id}", indicator)
        if kind == RESTORE and place not in now_holds.excluded:
            raise ConfigError(f"{record}：没有被剔除，无可恢复")
        if kind == EXCLUDE and place in now_holds.excluded:
            raise ConfigError(f"{record}：已被剔除（第{now_holds.excluded[place].n}条）")
        for waiting in now_holds.waiting:
            if (waiting.subject, waiting.body.get("indicator")) == place:
                raise ConfigError(f"{record}：{waiting.account} 已提出申请（第{waiting.n}条），等待批准")
        return acts.append(session, now, who, kind, subject, {"indicator": indicator, "reason": reason.strip()})


def _check_that_it_counts(
    session: Session, source: str, id: str, indicator: str, definitions: Sequence[Definition]
) -> None:
    """A record can be taken out only of what reads records of its kind and source."""
    kind = (session.one("SELECT kind FROM record WHERE source = ? AND id = ?", (source, id)) or ("",))[0]
    named = [one for one in definitions if one.project and covers(indicator, one)]
    if any(one.reads(source, kind) for one in named):
        return
    if not indicator:
        raise ConfigError(f"{source}/{id}：没有指标计入 {source} 的 {kind} 记录")
    read = "、".join(sorted({one.kind for one in named if one.kind})) or "无"
    raise ConfigError(f"--indicator：{indicator} 不计入 {source} 的 {kind} 记录（计入的是：{read}）")


def retract(ledger: Ledger, number: int, now: Instant, who: str) -> Act:
    """Take back a request of one's own that nobody has decided yet."""
    with ledger.write() as session:
        request = _waiting(session, number)
        if request.account != who:
            raise ConfigError(f"第{number}条：申请人是 {request.account}，只有该账号可以撤回")
        if request.kind == DEFINE:
            raise ConfigError(f"第{number}条：口径变更应在目标文件中改回，不在此撤回")
        return acts.append(session, now, who, RETRACT, str(number), {})


def _waiting(session: Session, number: int) -> Act:
    """The request of this number, if it still waits."""
    waiting = {act.n: act for act in standing(acts.read(session)).waiting}
    if number not in waiting:
        listed = "、".join(str(n) for n in waiting) or "无"
        raise ConfigError(f"第{number}条：不是等待批准的申请（等待批准的有：{listed}）")
    return waiting[number]


def approve(ledger: Ledger, book: Book, number: int, now: Instant, who: str) -> Act:
    """Approve a request made by another account. A record is derived anew in the same transaction.

    A changed definition begins to be derived; the caller, and any running agent, catch up with it.
    """
    with ledger.write() as session:
        request = _waiting(session, number)
        if request.account == who:
            raise ConfigError(f"第{number}条：申请人就是 {who}，须由另一账号批准")
        done = acts.append(session, now, who, APPROVE, str(number), {})
        if request.kind == DEFINE:
            project, _, indicator = request.subject.partition("/")
            told = request.body
            accept(session, (told["year"], project, indicator), told["hash"], told.get("version"))
            return done
        source, _, id = request.subject.partition("/")
        place = (source, id, request.body["indicator"])
        session.run("DELETE FROM exclusion WHERE source = ? AND id = ? AND indicator = ?", place)
        if request.kind == EXCLUDE:
            session.run(
                "INSERT INTO exclusion (source, id, indicator, reason, act) VALUES (?,?,?,?,?)",
                (*place, request.body["reason"], number),
            )
        book.derive_again(session, source, id)
        return done


def _known(session: Session, record: str) -> tuple[str, str]:
    """The record a person names as `source/id`, or by its id alone where that is clear."""
    found = session.rows("SELECT source, id FROM record WHERE id = ?", (record,))
    if not found and "/" in record:
        source, _, id = record.partition("/")
        found = session.rows("SELECT source, id FROM record WHERE source = ? AND id = ?", (source, id))
    if len(found) == 1:
        return found[0][0], found[0][1]
    if found:
        raise ConfigError(f"记录“{record}”：应为{'、'.join('/'.join(one) for one in found)}之一")
    raise ConfigError(f"记录“{record}”：没有这条记录；应写作 数据源/编号，如 dabiao explain 所列")
