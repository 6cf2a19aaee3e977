"""Stating a value in a terminal; what is wrong is said in Chinese, for the officer who answers for it reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.choosing import chosen_indicator
from agent.cli.opening import console, load, open_ledger, say
from agent.cli.options import DEFAULT_LEDGER, DEFAULT_TARGETS, LedgerAt, Targets
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.acts import Part
    from agent.config import Config, Indicator, Plan


def attest(
    indicator: Annotated[str, typer.Argument(help="project/indicator, or the indicator alone where that is clear.")],
    numerator: Annotated[str, typer.Option("--numerator", help="The amount, or the part of the whole.")] = "",
    denominator: Annotated[str, typer.Option("--denominator", help="The whole; a ratio needs it.")] = "",
    word: Annotated[str, typer.Option("--word", help="The quality, as 健全.")] = "",
    band: Annotated[str, typer.Option("--band", help="达成, 部分达成 or 未达成.")] = "",
    score: Annotated[str, typer.Option("--score", help="Share of the points, as 85%; default 100% if 达成.")] = "",
    through: Annotated[str, typer.Option("--through", help="The last day it speaks of; default: today.")] = "",
    evidence: Annotated[list[Path] | None, typer.Option("--evidence", help="A file to keep with it.")] = None,
    cause: Annotated[
        list[str] | None,
        typer.Option("--cause", help="经费保障, 制度保障, 人员保障, 硬件条件保障 or 其他; repeatable."),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why it is off target, or does not apply.")] = "",
    not_applicable: Annotated[bool, typer.Option("--not-applicable", help="The row does not apply.")] = False,
    sent: Annotated[str, typer.Option("--sent", help="Of a survey: questionnaires sent.")] = "",
    returned: Annotated[str, typer.Option("--returned", help="Of a survey: questionnaires returned.")] = "",
    valid: Annotated[str, typer.Option("--valid", help="Of a survey: valid ones.")] = "",
    take_back: Annotated[bool, typer.Option("--take-back", help="Take the last statement back.")] = False,
    year: Annotated[int | None, typer.Option("--year", help="The year it speaks of, where several are loaded.")] = None,
    targets: Targets = DEFAULT_TARGETS,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """State the value of a row people answer for, or why a measured one is off target. It replaces what was said."""
    from agent import acts, terminal
    from agent.acts.files import read_files
    from agent.poll import now_instant

    plan, row = chosen_row(load(targets, None), indicator, year)
    said = {
        acts.Part.NUMERATOR: numerator,
        acts.Part.DENOMINATOR: denominator,
        acts.Part.WORD: word,
        acts.Part.BAND: band,
        acts.Part.SCORE: score,
        acts.Part.THROUGH: through,
        **ticked(cause or ()),
        acts.Part.REASON: reason,
        acts.Part.NOT_APPLICABLE: "是" if not_applicable else "",
        acts.Part.SENT: sent,
        acts.Part.RETURNED: returned,
        acts.Part.VALID: valid,
    }
    now = now_instant()
    if take_back:
        if any(said.values()) or evidence:
            raise ConfigError("--take-back：撤回时不应同时填写其他内容")
        with open_ledger(ledger) as opened:
            former = acts.take_back(opened, row, plan.year, now, acts.account())
        say(f"{row.name}（{plan.year}年）：已撤回第{former.act}条填报")
        return
    files, unreadable = read_files(evidence or [])
    try:
        claim = acts.claim(plan, row, said, plan.days.day_of(now), files)
    except acts.Unclear as unclear:
        unreadable += unclear.wrong
    if unreadable:
        raise ConfigError([f"--{_option(part)}：{says}" for part, says in unreadable])
    with open_ledger(ledger) as opened:
        outcomes = acts.state(opened, [claim], now, acts.account())
    for line in terminal.attested(outcomes):
        console().print(line, soft_wrap=True)


def ticked(causes: Sequence[str]) -> dict[Part, str]:
    """The causes named, as cells that are ticked; ConfigError for one the form does not have."""
    from agent import words
    from agent.acts.saying import OF_CAUSE, TICKS

    known = {words.CAUSES[cause]: part for part, cause in OF_CAUSE.items()}
    if unknown := [name for name in causes if name not in known]:
        raise ConfigError([f"--cause：应为{'、'.join(known)}之一，现为“{name}”" for name in unknown])
    return {known[name]: TICKS[0] for name in causes}


def _option(part: Part) -> str:
    """The option that says a part."""
    return "cause" if part.startswith("cause_") else part.value.replace("_", "-")


def chosen_row(config: Config, text: str, year: int | None) -> tuple[Plan, Indicator]:
    """The row of the table of one year that is named."""
    place = chosen_indicator(config, text)
    if "/" in place[1]:
        raise ConfigError(f"{'/'.join(place)}：是佐证指标，不填报；应为目标表中的行")
    found = [
        (plan, row)
        for plan in config.plans
        for project in plan.projects
        for row in project.indicators
        if (row.project, row.id) == place and year in (None, plan.year)
    ]
    if len(found) != 1:
        years = "或".join(str(plan.year) for plan in config.plans)
        raise ConfigError(f"--year：应为 {years}，现为{'空' if year is None else f' {year}'}")
    return found[0]
