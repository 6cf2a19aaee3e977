"""`dabiao export`: the official forms, each logged with its hash so that it can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.opening import complain, load, open_ledger, progress, question_of, say
from agent.cli.options import (
    DEFAULT_LEDGER,
    DEFAULT_SOURCES,
    DEFAULT_TARGETS,
    DOES_NOT_HOLD,
    DONE,
    AsOf,
    At,
    LedgerAt,
    Sources,
    Targets,
)
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.config import Config
    from agent.ledger import Ledger
    from agent.model import Instant
    from agent.status import Question


@dataclass(frozen=True)
class Order:
    """What is to be made, and from what."""

    config: Config
    ledger: Ledger
    form: str
    year: int
    question: Question  # its days are those of the form
    profile: str
    file: Path
    now: Instant
    targets: Sequence[Path]
    owner: str | None = None  # of the workbook offices fill in: the one it is for


@dataclass(frozen=True)
class Made:
    """The file's content, what the log keeps of it, and what is said to the person who asked."""

    content: bytes
    body: Mapping[str, Any]
    said: Sequence[str] = ()


def judged(order: Order) -> Made:
    """One of the forms that verdicts go into."""
    from agent.asking import asked
    from agent.export import LAYOUTS, Basis, format_of, load_profile, period_of, plan_of
    from agent.export.logged import fingerprint, iso, seq_of

    plan, profile, write = plan_of(order.config, order.year), load_profile(order.profile), format_of(order.file)
    question, seq = order.question, seq_of(order.ledger)
    assert question.first is not None
    assert question.last is not None
    with (
        progress("judging") as judging,
        asked(order.config, order.ledger, question, order.now, judging) as (board, snapshot, tried),
    ):
        if tried:
            raise ConfigError([f"{name}：口径与账本中的不同；先运行 dabiao collect，再导出" for name in tried])
        window = period_of(plan, question.first, question.last)
        basis = Basis(order.config, board.ledger, snapshot, plan, window, profile)
        with progress("filling in") as filling:
            form = LAYOUTS[order.form](basis, filling)
        if board.ledger is order.ledger:
            seq = snapshot.seq
    body = {
        "year": order.year,
        "first": iso(question.first),
        "last": iso(question.last),
        "at": question.at,
        "as_of": snapshot.as_of if question.at is None else None,
        "seq": question.through or seq,
        "profile": {"name": profile.name, "sha256": profile.sha256},
        "targets": [fingerprint(path) for path in order.targets],
        "rows": form.printed,
    }
    return Made(write(form), body, form.said)


def offices(order: Order) -> Made:
    """The workbook in which each office fills in what it answers for."""
    from agent.asking import asked
    from agent.book.statements import filled
    from agent.export import plan_of
    from agent.export.logged import fingerprint, iso, seq_of
    from agent.ledger import acts
    from agent.roundtrip import sheets_of, workbook

    plan, question = plan_of(order.config, order.year), order.question
    if order.file.suffix.lower() != ".xlsx":
        raise ConfigError(f"-o {order.file.name}：填报表的文件名应以 .xlsx 结尾")
    assert question.first is not None
    assert question.last is not None
    with (
        progress("judging") as judging,
        asked(order.config, order.ledger, question, order.now, judging) as (board, snapshot, _),
        board.ledger.read() as session,
    ):
        heads = filled(acts.read(session))
    verdicts = [
        one for one in snapshot.verdicts if (one.window.first, one.window.last) == (question.first, question.last)
    ]
    through = min(question.last - 1, plan.days.day_of(snapshot.as_of))
    try:
        sheets = sheets_of(plan, verdicts, heads, through, order.owner)
    except ValueError as unknown:
        raise ConfigError(f"--owner：{unknown}") from None
    body = {
        "year": order.year,
        "first": iso(question.first),
        "last": iso(question.last),
        "at": question.at,
        "as_of": snapshot.as_of if question.at is None else None,
        "seq": question.through or seq_of(order.ledger),
        "owner": order.owner,
        "targets": [fingerprint(path) for path in order.targets],
    }
    return Made(workbook(sheets), body, [f"{owner}：{len(rows)} 行" for owner, rows in sheets.owners.items()])


FORMS: dict[str, Callable[[Order], Made]] = {
    "attest": offices,
    "self-evaluation": judged,
    "monitoring": judged,
    "targets": judged,
}


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; its ending says what it is.")],
    form: Annotated[str | None, typer.Option("--form", help=f"One of {', '.join(FORMS)}.")] = None,
    year: Annotated[
        int | None, typer.Option("--year", min=2000, max=2200, help="Default: the latest promised.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", help="Months of the year, as 2026-01..07, which monitoring has by default."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Of the form attest: this office (责任处室) alone.")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="A form profile by name, or its .yaml file.")] = "mof-2020",
    at: At = None,
    as_of: AsOf = None,
    again: Annotated[int | None, typer.Option("--again", help="Make the export of this act once more.")] = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Fill in an official form, and log it with its hash."""
    from agent.export import months
    from agent.poll import now_instant

    config, now = load(targets, sources), now_instant()
    with open_ledger(ledger, made=False) as opened:
        if again is not None:
            return make_again(config, opened, again, output, profile, now, targets)
        if form not in FORMS:
            raise ConfigError(f"--form：应为 {'、'.join(FORMS)} 之一，现为 {form or '空'}")
        wanted = config.plans[-1].year if year is None else year
        if period is not None and form in ("self-evaluation", "targets"):
            raise ConfigError(f"--period：{form} 为全年，不分月份")
        first, last = months(period or (f"{wanted}-01..07" if form == "monitoring" else None), wanted)
        question = replace(question_of(config, at=at, as_of=as_of), first=first, last=last, with_year=True)
        return make_and_log(Order(config, opened, form, wanted, question, profile, output, now, targets, owner))


def make_and_log(order: Order) -> int:
    """Make a form, write it and log it."""
    from agent.acts import account
    from agent.export.logged import log_export

    made = FORMS[order.form](order)
    hashed = hashlib.sha256(made.content).hexdigest()
    order.file.write_bytes(made.content)
    body = {**made.body, "file": order.file.name, "sha256": hashed}
    act = log_export(order.ledger, order.now, account(), order.form, body)
    for line in made.said:
        say(line)
    say(f"{order.file}：已记为第{act.n}号导出（SHA-256 {hashed}）")
    return DONE


def make_again(
    config: Config, ledger: Ledger, number: int, output: Path, profile: str, now: Instant, targets: Sequence[Path]
) -> int:
    """Make a logged form once more from what was known then; nothing is written unless every byte is the same."""
    from agent.export.logged import day_of, differences, logged_export
    from agent.status import Question

    former = logged_export(ledger, number)
    body = former.body
    question = Question(
        first=day_of(body["first"]),
        last=day_of(body["last"]),
        at=body["at"],
        as_of=body["as_of"],
        through=body["seq"],
        with_year=True,
    )
    made = FORMS[former.subject](
        Order(config, ledger, former.subject, body["year"], question, profile, output, now, targets, body.get("owner"))
    )
    if hashlib.sha256(made.content).hexdigest() != body["sha256"]:
        for line in differences(body, made.body):
            complain(f"--again {number}：{line}")
        complain(f"--again {number}：与当时导出的 {body['file']} 不相同，未写出文件")
        return DOES_NOT_HOLD
    output.write_bytes(made.content)
    say(f"{output}：与第{number}号导出逐字节相同（SHA-256 {body['sha256']}）")
    return DONE
