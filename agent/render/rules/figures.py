"""What the texts say of an indicator: its name, its window, its target, its value with as many digits as it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.metrics import families as series
from agent.model import Unit
from agent.render.promql import held, instant, looked_up, name, number, span, told
from agent.render.rules.writing import INDICATOR, JUDGED, Writer
from agent.words import WINDOWS

SUBJECT = f"{name('dabiao_indicator_info', 'name', *INDICATOR)}"
PROJECT = name("dabiao_project_info", "name", "project")
WINDOW = "".join(f'{{{{ if eq $labels.window "{id}" }}}}{word}{{{{ end }}}}' for id, word in WINDOWS.items())
TARGET = (
    f"{{{{ with {looked_up('dabiao_indicator_info{project=%q,indicator=%q}', *INDICATOR)} }}}}"
    "{{ . | first | label `target` }}{{ end }}"
)


def value() -> str:
    """The value of an indicator in words, with a comma after it; nothing where it has none."""
    families = {
        unit: family.name + "{project=%q,indicator=%q,window=%q}" for unit, family in series.TOTAL.values.items()
    }
    return _in_words(families, "当前值", "，", JUDGED)


def ahead() -> str:
    """Where the year will end, in words, with a comma before it; nothing where nobody can say."""
    families = {unit: family.name + "{project=%q,indicator=%q}" for unit, family in series.FORECASTS.items()}
    return _in_words(families, "，照目前走势全年预计", "", INDICATOR)


def left_to_miss() -> str:
    """What it takes to keep the year's promise: how many more may miss, or that it is too late."""
    left, reachable = (
        held(family.name + "{project=%q,indicator=%q}") for family in (series.ALLOWANCE_LEFT, series.REACHABLE)
    )
    is_lost = looked_up(f"{reachable} == 0", *INDICATOR)
    lost = f"{{{{ with {is_lost} }}}}年内已无法达标{{{{ else }}}}照此已无法达标{{{{ end }}}}"
    some, none = f"要全年达标，今后至多再超时{number('$v', '%.0f')}件。", "要全年达标，今后不能再有一件超时。"
    spent = f"全年容许的超时件数{{{{ printf `%.0f` $v | reReplaceAll `^-` `已超` }}}}件，{lost}。"
    said = f"{{{{ if gt $v 0.0 }}}}{some}{{{{ else if eq $v 0.0 }}}}{none}{{{{ else }}}}{spent}{{{{ end }}}}"
    unsaid = f"{reachable} == 0 unless on (project, indicator) {left} < 0"
    return told(left, said, *INDICATOR) + told(unsaid, "年内已无法达标。", *INDICATOR)


def year_left(write: Writer) -> str:
    """How many days the year still has after today."""
    today = f"vector({write.local('time()')})"
    return told(f"365 + (year({today}) % 4 == bool 0) - day_of_year({today})", f"，距年底还有{number('$v', '%.0f')}天")


def next_due(write: Writer) -> str:
    """When the time of the next open record is up; nothing where there is none."""
    due = write.local(f"min({series.NEXT_DUE.name}{{project=%q,indicator=%q}})")
    return told(due, f"未办完的单子中，最早的一件{instant('$v')}到期。", *INDICATOR)


def _in_words(families: Mapping[Unit, str], head: str, tail: str, labels: Sequence[str]) -> str:
    """The number of whichever of these series there is, held against the promised one."""
    pieces = ""
    for unit, family in families.items():
        if unit in SHOWN:
            scale = "100 * " if unit is Unit.RATIO else ""
            target = f"{scale}{held(series.TARGETS[unit].name + '{project=%q,indicator=%q}')}"
            pieces += told(f"{scale}{held(family)}", f"{head}{SHOWN[unit](target)}{tail}", *labels)
    return pieces


def _finer(coarse: str, fine: str, layout: str, target: str) -> str:
    """The value, or where it would be printed like the target it is held against, the value with more digits."""
    asked = looked_up(target, *INDICATOR)
    equal = f"eq (printf `{layout}` $v) (printf `{layout}` (. | first | value))"
    chosen = f"{{{{ if {equal} }}}}{fine}{{{{ else }}}}{coarse}{{{{ end }}}}"
    return f"{{{{ with {asked} }}}}{chosen}{{{{ else }}}}{coarse}{{{{ end }}}}"


SHOWN: Mapping[Unit, Callable[[str], str]] = {
    Unit.RATIO: lambda target: _finer(number("$v", "%.2f"), number("$v", "%.5f"), "%.2f", target) + "%",
    Unit.SECONDS: lambda target: _finer(span("$v"), number("$v", "%.3f") + "秒", "%.0f", target),
    Unit.COUNT: lambda target: '{{ printf `%.2f` $v | reReplaceAll "[.]00$" "" }}',
}
