"""`dabiao import`: what came back filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.opening import complain, console, load, open_ledger, say
from agent.cli.options import DEFAULT_LEDGER, DEFAULT_TARGETS, DONE, LedgerAt, Targets
from agent.model import ConfigError


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
    from agent.roundtrip import marked, read

    if evidence is not None and not evidence.is_dir():
        raise ConfigError(f"--evidence：{evidence} 不是文件夹")
    config, now = load(targets, None), now_instant()
    with open_ledger(ledger) as opened:
        made = statements(acts.log(opened)[0])
        today = {plan.year: plan.days.day_of(now) for plan in config.plans}
        returned = read(workbook, config, today, made, evidence)
        for name in returned.missing:
            complain(f"表中已没有这一行，原有填报不变：{name}")
        for name in returned.emptied:
            complain(f"这一行已清空，原有填报不变（要撤回请用 dabiao attest … --take-back）：{name}")
        if returned.problems:
            beside = workbook.with_name(f"{workbook.stem}.有误.xlsx")
            beside.write_bytes(marked(returned.book, returned.problems))
            lines = [str(problem) for problem in returned.problems]
            raise ConfigError([*lines, f"共 {len(lines)} 处有误，整份均未入账；标红的表见 {beside}"])
        taken = acts.take_in(opened, returned.claims, returned.heads, now, acts.account())
    changed = [outcome for outcome in taken.rows if outcome.act is not None]
    for line in terminal.attested(changed):
        console().print(line, soft_wrap=True)
    for act in taken.heads:
        say(f"表头信息（{act.subject}）：{'、'.join(sorted(act.body['fields']))}（第{act.n}条）")
    say(f"填报 {len(taken.rows)} 行：{len(changed)} 行有改动，{len(taken.rows) - len(changed)} 行与已有填报相同")
    return DONE
