"""`dabiao export`: the official forms, each logged with its hash so that it can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    from agent.asking import Asked
    from agent.config import Config
    from agent.export import Basis
    from agent.ledger import Ledger
    from agent.model import Day, Instant
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
    demo: bool = False  # of a report: its figures are made up
    template: Path | None = None  # the bureau's own workbook, where that is filled in


@dataclass(frozen=True)
class Made:
    """The file's content, what the log keeps of it, and what is said to the person who asked."""

    content: bytes
    body: Mapping[str, Any]
    said: Sequence[str] = ()


def judged(order: Order) -> Made:
    """One of the forms that verdicts go into."""
    (made,) = official([order])
    return made


def official(orders: Sequence[Order]) -> list[Made]:
    """Forms of one year that verdicts go into, from one reading of the ledger."""
    from agent.export import LAYOUTS, format_of
    from agent.export.logged import fingerprint
    from agent.export.template import filled_template

    writers = [format_of(order.file) for order in orders]
    made = []
    with judged_bases(orders) as bases:
        for order, write, (basis, body) in zip(orders, writers, bases, strict=True):
            with progress("filling in") as filling:
                form = LAYOUTS[order.form](basis, filling)
            body = {**body, "rows": form.printed}
            if order.template is None:
                made.append(Made(write(form), body, form.said))
                continue
            content, differs = filled_template(order.template, form, basis.profile)
            made.append(Made(content, {**body, "template": fingerprint(order.template)}, [*differs, *form.said]))
    return made


def check_template(order: Order) -> None:
    """A bureau's own file is filled in as a new workbook, never in its place."""
    template = order.template
    if template is None:
        return
    if order.form not in TEMPLATED:
        raise ConfigError(f"--template：只用于 {'、'.join(TEMPLATED)}")
    if order.file.suffix.lower() != ".xlsx":
        raise ConfigError(f"-o {order.file.name}：填入下发表时文件名应以 .xlsx 结尾")
    if order.file.exists() and template.exists() and order.file.samefile(template):
        raise ConfigError(f"-o {order.file}：就是下发表本身；请换一个文件名，下发表不会被改动")


def told(order: Order) -> Made:
    """A report of the period for those who manage it."""
    from agent.report import REPORTS, material, writer_of

    write = writer_of(order.file)
    with judged_bases([order]) as ((basis, body),), progress("telling") as telling:
        story = REPORTS[order.form](material(basis, order.demo), telling)
    return Made(write(story), {**body, "demo": order.demo, "rows": story.printed}, [story.sentence])


@contextmanager
def judged_bases(orders: Sequence[Order]) -> Iterator[Iterator[tuple[Basis, dict[str, Any]]]]:
    """What forms of one year are made from, each judged when its turn comes, and what the log keeps of that."""
    from agent.asking import asked, of_days
    from agent.export import Basis, load_profile, period_of, plan_of
    from agent.export.logged import fingerprint, iso, seq_of

    first = orders[0]
    plan, profile = plan_of(first.config, first.year), load_profile(first.profile)
    seq, targets = seq_of(first.ledger), [fingerprint(path) for path in first.targets]

    def bases(answer: Asked) -> Iterator[tuple[Basis, dict[str, Any]]]:
        for former, order in zip([first, *orders], orders, strict=False):
            question = order.question
            assert question.first is not None
            assert question.last is not None
            if question != former.question:
                answer = of_days(order.config, answer, question)
            board, snapshot = answer.board, answer.snapshot
            window = period_of(plan, question.first, question.last)
            yield (
                Basis(order.config, board.ledger, snapshot, plan, window, profile),
                {
                    "year": order.year,
                    "first": iso(question.first),
                    "last": iso(question.last),
                    "at": question.at,
                    "as_of": snapshot.as_of if question.at is None else None,
                    "seq": question.through or (snapshot.seq if board.ledger is order.ledger else seq),
                    "profile": {"name": profile.name, "sha256": profile.sha256},
                    "targets": targets,
                },
            )

    with (
        progress("judging") as judging,
        asked(first.config, first.ledger, first.question, first.now, judging, found=False) as answer,
    ):
        if answer.tried:
            raise ConfigError([f"{name}：口径与账本中的不同；先运行 dabiao collect，再导出" for name in answer.tried])
        yield bases(answer)


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


def readings(order: Order) -> Made:
    """The workbook in which the readings of ours are confirmed or objected to."""
    from agent.book.standing import standing
    from agent.export import period_of, plan_of
    from agent.export.logged import fingerprint, iso, seq_of
    from agent.ledger import acts
    from agent.roundtrip import lines_of, workbook_of_readings

    plan, question = plan_of(order.config, order.year), order.question
    if order.file.suffix.lower() != ".xlsx":
        raise ConfigError(f"-o {order.file.name}：口径确认表的文件名应以 .xlsx 结尾")
    assert question.first is not None
    assert question.last is not None
    with order.ledger.read() as session:
        stands = standing(acts.read(session, question.through))
    lines = list(lines_of(order.config, plan, period_of(plan, question.first, question.last)))
    body = {
        "year": order.year,
        "first": iso(question.first),
        "last": iso(question.last),
        "at": None,
        "as_of": order.now,
        "seq": question.through or seq_of(order.ledger),
        "targets": [fingerprint(path) for path in order.targets],
    }
    ours = sum(line.is_ours for line in lines)
    return Made(workbook_of_readings(plan, lines, stands), body, [f"口径 {len(lines)} 行，其中 {ours} 行为我方读法"])


FORMS: dict[str, Callable[[Order], Made]] = {
    "attest": offices,
    "readings": readings,
    "self-evaluation": judged,
    "monitoring": judged,
    "targets": judged,
    "annual-report": told,
    "monthly-report": told,
}
ALL, OFFICIAL = "all", ("self-evaluation", "targets", "monitoring")
TEMPLATED = ("self-evaluation", "monitoring")
WHOLE_YEAR = ("readings", "self-evaluation", "targets", "annual-report")


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; its ending says what it is.")],
    form: Annotated[
        str | None,
        typer.Option("--form", help=f"One of {', '.join(FORMS)}; or {ALL}: the official ones, into the folder -o."),
    ] = None,
    year: Annotated[
        int | None, typer.Option("--year", min=2000, max=2200, help="Default: the latest promised.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", help="Months of the year, as 2026-01..07, which monitoring has by default."),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option("--month", help="Of the form monthly-report, as 2026-10; default: the last month that is over."),
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Of the form attest: this office (责任处室) alone.")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="A form profile by name, or its .yaml file.")] = "mof-2020",
    template: Annotated[
        Path | None,
        typer.Option("--template", help="The bureau's own workbook (下发表.xlsx): a copy of it is filled in."),
    ] = None,
    at: At = None,
    as_of: AsOf = None,
    again: Annotated[
        int | None, typer.Option("--again", help="Make the export, or a form of the closing, of this act once more.")
    ] = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Fill in an official form, and log it with its hash."""
    from agent.poll import now_instant

    config, now = load(targets, sources), now_instant()
    with open_ledger(ledger, made=False) as opened:
        if again is not None:
            return make_again(config, opened, again, output, profile, now, targets, template, form)
        if form is None or form not in (*FORMS, ALL):
            raise ConfigError(f"--form：应为 {'、'.join((*FORMS, ALL))} 之一，现为 {form or '空'}")
        wanted = config.plans[-1].year if year is None else year
        question = question_of(config, at=at, as_of=as_of)
        judged_at = next(at for at in (question.at, question.as_of, now) if at is not None)
        today = config.plans[0].days.day_of(judged_at)
        demo = FORMS.get(form) is told and is_demonstration(sources)
        orders = []
        for one in OFFICIAL if form == ALL else (form,):
            months = None if form == ALL and one in WHOLE_YEAR else period
            first, last = days_of(one, wanted, months, month, today)
            asked = replace(question, first=first, last=last, with_year=True)
            file = output / f"{one}.xlsx" if form == ALL else output
            orders.append(Order(config, opened, one, wanted, asked, profile, file, now, targets, owner, demo, template))
        for order in orders:
            check_template(order)
        if form == ALL:
            output.mkdir(parents=True, exist_ok=True)
            return log_all(orders, official(orders))
        return make_and_log(orders[0])


def days_of(form: str, year: int, period: str | None, month: str | None, today: Day) -> tuple[Day, Day]:
    """The days a form is of, `today` being the day it is judged on; ConfigError where they cannot be asked of it."""
    from agent.export import months

    if period is not None and form in WHOLE_YEAR:
        raise ConfigError(f"--period：{form} 为全年，不分月份")
    if form == "monthly-report":
        if period is not None:
            raise ConfigError(f"--period：{form} 为一个月，用 --month {year}-10 指明")
        from agent.report import month_of

        return month_of(month, year, today)
    if month is not None:
        raise ConfigError(f"--month：{form} 不按月，只用于 monthly-report")
    return months(period or (f"{year}-01..07" if form == "monitoring" else None), year)


def is_demonstration(sources: Path) -> bool:
    """Whether the figures are those of `dabiao demo`, made up."""
    from importlib.resources import files

    return sources.resolve() == Path(str(files("agent.demo").joinpath("sources.yaml"))).resolve()


def make_and_log(order: Order) -> int:
    """Make a form, write it and log it."""
    return log_all([order], [FORMS[order.form](order)])


def log_all(orders: Sequence[Order], made: Sequence[Made]) -> int:
    """Log what was made and write it. A file stands under its name only once it is logged: `--again` makes it again."""
    from agent.acts import account
    from agent.export.logged import log_export
    from agent.saving import appearing

    for order, one in zip(orders, made, strict=True):
        hashed = hashlib.sha256(one.content).hexdigest()
        body = {**one.body, "file": order.file.name, "sha256": hashed}
        with appearing(order.file, one.content):
            act = log_export(order.ledger, order.now, account(), order.form, body)
        for line in one.said:
            say(line)
        say(f"{order.file}：已记为第{act.n}号导出（SHA-256 {hashed}）")
    return DONE


def make_again(
    config: Config,
    ledger: Ledger,
    number: int,
    output: Path,
    profile: str,
    now: Instant,
    targets: Sequence[Path],
    template: Path | None = None,
    form: str | None = None,
) -> int:
    """Make a logged form once more from what was known then; nothing is written unless every byte is the same.

    A form of a closing is made again by the closing's number, and is the one in its pack.
    """
    from agent.export import load_profile
    from agent.export.logged import day_of, differences, logged_export
    from agent.saving import appearing
    from agent.status import Question

    former = logged_export(ledger, number, form, load_profile(profile).name, output.suffix)
    body = former.body
    if template is None and (wanted := body.get("template")) is not None:
        raise ConfigError(f"--again {number}：当时填入的是 {wanted['name']}，请用 --template 给出这份下发表")
    question = Question(
        first=day_of(body["first"]),
        last=day_of(body["last"]),
        at=body["at"],
        as_of=body["as_of"],
        through=body["seq"],
        with_year=True,
    )
    order = Order(
        config,
        ledger,
        former.subject,
        body["year"],
        question,
        profile,
        output,
        now,
        targets,
        body.get("owner"),
        body.get("demo", False),
        template,
    )
    check_template(order)
    made = FORMS[former.subject](order)
    if hashlib.sha256(made.content).hexdigest() != body["sha256"]:
        for line in differences(body, made.body):
            complain(f"--again {number}：{line}")
        complain(f"--again {number}：与当时导出的 {body['file']} 不相同，未写出文件")
        return DOES_NOT_HOLD
    with appearing(output, made.content):
        pass
    say(f"{output}：与第{number}号导出逐字节相同（SHA-256 {body['sha256']}）")
    return DONE
