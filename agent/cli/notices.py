"""The work calendar: taking over a year's notice from Excel, and showing what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.opening import complain, console, load, say
from agent.cli.options import DEFAULT_TARGETS, DOES_NOT_HOLD, DONE, Targets


def calendar_import(
    sheet: Annotated[Path, typer.Argument(help="An .xlsx file with the columns 日期 and 类型.")],
    targets: Targets = DEFAULT_TARGETS,
) -> None:
    """Check a year's holidays and make-up days in an Excel sheet, and write them beside targets.yaml."""
    from agent.config.arrangement import read_sheet, written

    year, arrangement = read_sheet(sheet)
    file = targets[-1].parent / f"calendar-{year}.yaml"
    file.write_text(written(year, arrangement), encoding="utf-8")
    say(f"{file}：{year}年放假 {len(arrangement.holidays)} 天，调休上班 {len(arrangement.makeup)} 天")
    say(f"在 {targets[-1]} 的 calendar 下写一行 years_file: {file.name}，然后运行 dabiao calendar show --year {year}")


def calendar_show(
    year: Annotated[int | None, typer.Option("--year", min=2000, max=2200, help="Default: the years promised.")] = None,
    targets: Targets = DEFAULT_TARGETS,
) -> int:
    """Show the working days by month, days off marked 休 and weekends worked marked 班."""
    from agent import terminal
    from agent.worktime import CalendarUnknown

    config = load(targets, None)
    for plan in config.plans:
        if year is None or plan is config.plans[-1]:
            try:
                console().print(terminal.arrangement(plan, plan.year if year is None else year))
            except CalendarUnknown as unknown:
                complain(str(unknown))
                return DOES_NOT_HOLD
    return DONE
