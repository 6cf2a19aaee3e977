"""`dabiao import`: what came back filled in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.opening import complain, console, load, open_ledger, say
from agent.cli.options import DEFAULT_LEDGER, DEFAULT_TARGETS, DONE, LedgerAt, Targets
from agent.model import ConfigError

if TYPE_CHECKING:
    from agent.config import Config
    from agent.model import Instant
    from agent.roundtrip import Opinions, Returned


def import_(
    workbook: Annotated[Path, typer.Argument(help="A workbook that dabiao export --form attest made, filled in.")],
    evidence: Annotated[Path | None, typer.Option("--evidence", help="The folder with the files it names.")] = None,
    targets: Targets = DEFAULT_TARGETS,
    ledger: LedgerAt = DEFAULT_LEDGER,
) -> int:
    """Take a filled-in workbook into the ledger: all of it, or, where any cell is wrong, nothing."""
    from agent import acts, terminal
    from agent.book.statements import statements
    from agent.poll import now_instant
    from agent.roundtrip import is_of_readings, read

    if evidence is not None and not evidence.is_dir():
        raise ConfigError(f"--evidence：{evidence} 不是文件夹")
    config, now = load(targets, None), now_instant()
    if is_of_readings(workbook):
        return import_readings(workbook, config, ledger, now)
    with open_ledger(ledger) as opened:
        made = statements(acts.log(opened)[0])
        today = {plan.year: plan.days.day_of(now) for plan in config.plans}
        returned = read(workbook, config, today, made, evidence)
        for name in returned.missing:
            complain(f"表中已没有这一行，原有填报不变：{name}")
        for name in returned.emptied:
            complain(f"这一行已清空，原有填报不变（要撤回请用 dabiao attest … --take-back）：{name}")
        refuse(workbook, returned)
        taken = acts.take_in(opened, returned.claims, returned.heads, now, acts.account())
    changed = [outcome for outcome in taken.rows if outcome.act is not None]
    for line in terminal.attested(changed):
        console().print(line, soft_wrap=True)
    for act in taken.heads:
        say(f"表头信息（{act.subject}）：{'、'.join(sorted(act.body['fields']))}（第{act.n}条）")
    say(f"填报 {len(taken.rows)} 行：{len(changed)} 行有改动，{len(taken.rows) - len(changed)} 行与已有填报相同")
    return DONE


def import_readings(workbook: Path, config: Config, ledger: str, now: Instant) -> int:
    """Take what somebody says of the readings, as acts of this account."""
    from agent import acts
    from agent.roundtrip import read_readings

    returned = read_readings(workbook, config)
    for name in returned.missing:
        complain(f"表中已没有这一行，原有意见不变：{name}")
    refuse(workbook, returned)
    with open_ledger(ledger) as opened:
        made = acts.opine(opened, returned.opinions, now, acts.account())
    for act in made:
        if act is not None:
            against = act.body.get("objection")
            say(f"{act.subject}：{f'有异议：{against}' if against else '口径已确认'}（第{act.n}条）")
    changed = sum(act is not None for act in made)
    say(f"意见 {len(made)} 行：{changed} 行有改动，{len(made) - changed} 行与已有意见相同")
    return DONE


def refuse(workbook: Path, returned: Returned | Opinions) -> None:
    """Where any cell is wrong, nothing is taken, and the same workbook comes back marked."""
    from agent.roundtrip import marked

    if returned.problems:
        beside = workbook.with_name(f"{workbook.stem}.有误.xlsx")
        beside.write_bytes(marked(returned.book, returned.problems))
        lines = [str(problem) for problem in returned.problems]
        raise ConfigError([*lines, f"共 {len(lines)} 处有误，整份均未入账；标红的表见 {beside}"])


def import_targets(
    sheet: Annotated[Path, typer.Argument(help="The official 绩效目标表 as an .xlsx file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The targets.yaml to write; it must not be there.")],
    last: Annotated[
        Path | None, typer.Option("--last", help="Last year's targets.yaml: its measures are carried over by name.")
    ] = None,
    year: Annotated[int | None, typer.Option("--year", min=2000, max=2200, help="Default: as the sheet says.")] = None,
) -> int:
    """Make a draft of targets.yaml out of the official sheet, naming every guess."""
    import tempfile

    from agent.config.document import Document
    from agent.config.problems import Problems
    from agent.drafting import draft, tables

    if output.exists():
        raise ConfigError(f"-o {output}：文件已存在；草稿不覆盖已有文件，请换一个文件名")
    former = None
    if last is not None:
        load([last], None)
        former = Document.of_file(last, Problems()).content
    made = draft(tables(sheet), year, former if isinstance(former, dict) else None, last.name if last else "")
    with tempfile.TemporaryDirectory(prefix="dabiao-") as folder:
        trial = Path(folder) / output.name
        trial.write_text(made.text, encoding="utf-8")
        load([trial], None)
    output.write_text(made.text, encoding="utf-8")
    for line in made.guesses:
        say(f"  {line}")
    say(f"{output}：{made.rows} 行，沿用上年口径 {made.carried} 行，待核对 {len(made.guesses)} 处")
    return DONE
