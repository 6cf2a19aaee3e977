"""Commands of the year's end: closing a period with its evidence pack, and checking such a pack anywhere."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.choosing import chosen_indicator
from agent.cli.opening import caught_up, console, load, open_ledger, progress, say
from agent.cli.options import (
    DEFAULT_LEDGER,
    DEFAULT_SOURCES,
    DEFAULT_TARGETS,
    DOES_NOT_HOLD,
    DONE,
    LedgerAt,
    Sources,
    Targets,
)
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.book.period import Period
    from agent.config import Config

Year = Annotated[int | None, typer.Option("--year", min=2000, max=2200, help="A whole year.")]
PeriodText = Annotated[str | None, typer.Option("--period", help="Months of one year: 2026-01..07 or 2026-07.")]
PackFile = Annotated[Path, typer.Argument(metavar="PACK", help="The zip that close has written.")]


def close(
    out: Annotated[Path, typer.Option("-o", "--output", help="Where to write the evidence pack.")],
    year: Year = None,
    period: PeriodText = None,
    final: Annotated[bool, typer.Option("--final", help="For good; without it, a draft.")] = False,
    restate: Annotated[bool, typer.Option("--restate", help="Close a period again that was closed for good.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why; a restatement needs one.")] = None,
    sign: Annotated[Path | None, typer.Option("--sign", metavar="KEY", help="Ed25519 private key, PEM.")] = None,
    profile: Annotated[
        list[str] | None, typer.Option("--profile", help="Of the official forms: a name, or a .yaml file; repeatable.")
    ] = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Freeze a period: its values into the log of acts, and everything they follow from into an evidence pack."""
    from agent import evidence, terminal
    from agent.acts import account
    from agent.book.closings import DRAFT, FINAL
    from agent.poll import now_instant

    config = load(targets, sources)
    wanted_period = _period(config, year, period)
    signer = evidence.Signer(sign) if sign is not None else None
    wanted = evidence.Wanted(FINAL if final else DRAFT, restate, (reason or "").strip() or None, signer)
    texts = evidence.targets_texts(config), evidence.sources_text(config, sources)
    profiles = evidence.profiles_for(config, wanted_period, profile or ())
    with open_ledger(ledger, made=False) as opened:
        caught_up(opened, config)
        asked = evidence.Question(config, *texts, wanted_period, now_instant(), profiles)
        with progress("closing") as advance:
            closed = evidence.close(opened, asked, wanted, out, account(), advance)
    console().print(terminal.closed(closed, out, config))


def verify(
    pack: PackFile,
    key: Annotated[Path | None, typer.Option("--key", metavar="PUB", help="Ed25519 public key, PEM.")] = None,
) -> int:
    """Check a pack without the ledger: every hash, then every value worked out again from the pack alone."""
    from agent import evidence, terminal
    from agent.memory import sweep_seldom
    from collectors import COLLECTORS

    sweep_seldom()
    with progress("verifying") as advance:
        verified = evidence.verify(pack, COLLECTORS, key, advance)
    console().print(terminal.verified(verified))
    return DOES_NOT_HOLD if verified.problems else DONE


def closed(
    diff: Annotated[bool, typer.Option("--diff", help="Also what has changed since, by indicator and record.")] = False,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """The closings there are; --diff holds what each period comes to now against what it came to then."""
    from agent import evidence, terminal
    from agent.poll import now_instant

    config = load(targets, sources)
    with open_ledger(ledger, made=False) as opened:
        if diff:
            now = now_instant()
            with progress("comparing") as advance:
                found = evidence.changed_since(
                    opened, lambda period: evidence.Question(config, {}, b"", period, now), advance
                )
        else:
            found = [evidence.Since(one, None) for one in evidence.closed_periods(opened)]
    console().print(terminal.closings(found, config))
    return DOES_NOT_HOLD if any(one.moved and one.closing.stage == "final" for one in found) else DONE


def sample(
    out: Annotated[Path, typer.Option("-o", "--output", help="Where to write the sheet: .xlsx to print, or .csv.")],
    n: Annotated[int, typer.Option("--n", min=1, max=10_000, help="How many records.")] = 30,
    seed: Annotated[str, typer.Option("--seed", help="The same seed draws the same records.")] = "1",
    indicator: Annotated[str | None, typer.Option("--indicator", help="Only of this one.")] = None,
    year: Year = None,
    period: PeriodText = None,
    targets: Targets = DEFAULT_TARGETS,
    sources: Sources = DEFAULT_SOURCES,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> None:
    """Draw records of a period to be checked one by one against the source systems (抽样核对表)."""
    from agent import evidence
    from agent.poll import now_instant
    from agent.saving import appearing

    if out.suffix not in (".csv", ".xlsx"):
        raise ConfigError(f"-o {out}：文件名应以 .xlsx 或 .csv 结尾")
    config = load(targets, sources)
    place = chosen_indicator(config, indicator) if indicator is not None else None
    asked = evidence.Question(config, {}, b"", _period(config, year, period), now_instant())
    with open_ledger(ledger, made=False) as opened, opened.frozen() as still, progress("drawing") as advance:
        with still.read() as session:
            past = evidence.known_by(session, 0)
        contents = evidence.judged(asked, still, past)
        found = evidence.drawn(contents, n, seed, place, advance)
    sheet = evidence.as_table(found) if out.suffix == ".csv" else evidence.sample_sheet(contents, found, seed)
    with appearing(out, sheet):
        pass
    say(f"{out}：抽样核对表，种子 {seed}")


def _period(config: Config, year: int | None, period: str | None) -> Period:
    from agent.book.period import period_of, year_of

    if (year is None) == (period is None):
        raise ConfigError("--year 与 --period：应给出其中一个")
    found = year_of(year) if year is not None else period_of(period or "")
    known = [plan.year for plan in config.plans]
    if (asked := date.fromordinal(found.first).year) not in known:
        promised = "、".join(map(str, known))
        raise ConfigError(f"{found.words}：没有 {asked} 年的目标文件；已有 {promised} 年，用 --targets 指明")
    return found
