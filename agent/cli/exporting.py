"""`dabiao export`: the official forms, each logged with its hash so that it can be made again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.making import FORMS, Made, Order, check_template, official, told
from agent.cli.opening import complain, load, open_ledger, question_of, say
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
    from agent.model import Day


FILES = (".xlsx", ".xls", ".csv", ".json", ".html", ".docx", ".pdf", ".zip")
ALL, OFFICIAL = "all", ("self-evaluation", "targets", "monitoring")
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
            return make_again(config, opened, again, output, profile, targets, template, form)
        if form is None or form not in (*FORMS, ALL):
            raise ConfigError(f"--form：应为 {'、'.join((*FORMS, ALL))} 之一，现为 {form or '空'}")
        if form == ALL:
            check_folder(output)
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
            make_folder(output)
            return log_all(orders, official(orders))
        return make_and_log(orders[0])


def check_folder(output: Path) -> None:
    """The official forms together go into a folder; a name like that of a file is a slip."""
    if output.is_file() or output.suffix.lower() in FILES:
        raise ConfigError(f"-o {output}：--form {ALL} 写三张表，应给出文件夹，如 -o {output.with_suffix('')}")


def make_folder(output: Path) -> None:
    """The folder the forms go into; ConfigError where there can be none."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"-o {output}：不能写入（{error.strerror}）") from None


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
        say(f"{order.file}：已记为第{act.n}条导出（SHA-256 {hashed}）")
    return DONE


def make_again(
    config: Config,
    ledger: Ledger,
    number: int,
    output: Path,
    profile: str,
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
        learned_by=None if body["at"] is None else former.at,
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
        former.at,
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
    say(f"{output}：与第{number}条导出逐字节相同（SHA-256 {body['sha256']}）")
    return DONE
