"""A year drawn as SVG: the value so far, each month alone, the target, and where the year will end. Pure.

Colours are attributes, so that a drawing stands alone in a report; a page's style sheet may set others by class.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from html import escape
from math import floor, log10

from agent.model import Day, Unit
from agent.shown import shown

WIDTH, HEIGHT = 960, 380
LEFT, RIGHT, TOP, BOTTOM = 96, 16, 34, 40
TICKS = 5
LENGTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A value that holds for the days [first, last); None where there is none."""

    first: Day
    last: Day
    value: float | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where the year will end, seen from a day and the value then."""

    day: Day
    now: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class YearPlot:
    """What is drawn. `so_far` are values by the end of days, `targets` what was promised over stretches of days."""

    id: str
    title: str
    year: int
    unit: Unit
    so_far: Sequence[tuple[Day, float | None]]
    months: Sequence[Stretch]
    targets: Sequence[Stretch]
    ahead: Ahead | None = None

    def svg(self) -> str:
        """The drawing, with a title and a description in words for those who do not see it."""
        return "".join(_parts(self, _Scale(self)))


class _Scale:
    """Where days and values lie in the drawing."""

    def __init__(self, plot: YearPlot) -> None:
        self.first, self.last = date(plot.year, 1, 1).toordinal(), date(plot.year + 1, 1, 1).toordinal()
        values = [value for _, value in plot.so_far if value is not None]
        values += [one.value for one in (*plot.months, *plot.targets) if one.value is not None]
        if plot.ahead is not None:
            values += [plot.ahead.low, plot.ahead.high]
        low, high = min(values, default=0.0), max(values, default=1.0)
        room = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
        most = 1.0 if plot.unit is Unit.RATIO and high <= 1 else high + room
        self.step = _step(most - max(0.0, low - room), plot.unit)
        self.low = floor(max(0.0, low - room) / self.step) * self.step
        self.high = most

    def x(self, day: float) -> float:
        return LEFT + (day - self.first) / (self.last - self.first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def ticks(self) -> Iterator[float]:
        at = self.low
        while at <= self.high + self.step * 1e-6:
            yield at
            at += self.step


def _step(span: float, unit: Unit) -> float:
    """The smallest round step that needs no more than a few ticks."""
    if unit is Unit.SECONDS and (fits := [one for one in LENGTHS if span / one <= TICKS]) and span >= 1:
        return fits[0]
    scale: float = 10 ** floor(log10(span / TICKS))
    return next(scale * one for one in (1, 2, 5, 10) if span / (scale * one) <= TICKS)


def _parts(plot: YearPlot, scale: _Scale) -> Iterator[str]:
    yield (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{plot.id}-title {plot.id}-desc" xmlns="http://www.w3.org/2000/svg" font-size="14">'
    )
    yield f'<title id="{plot.id}-title">{escape(plot.title)}</title>'
    yield f'<desc id="{plot.id}-desc">{escape(_words(plot))}</desc>'
    yield from _axes(plot, scale)
    if plot.ahead is not None:
        yield from _ahead(plot.ahead, scale)
    yield from _months(plot, scale)
    for one in plot.targets:
        if one.value is not None:
            yield _line("plot-target", "#b3201a", 2, [(one.first, one.value), (one.last, one.value)], scale, "9 5")
    for points in _unbroken(plot.so_far):
        yield _line("plot-value", "#1f55a5", 3, points, scale)
        day, value = points[-1]
        yield _dot("plot-value", "#1f55a5", day, value, 4, scale)
    yield from _legend(plot)
    yield "</svg>"


def _axes(plot: YearPlot, scale: _Scale) -> Iterator[str]:
    for tick in scale.ticks():
        y = scale.y(tick)
        yield f'<path class="plot-grid" stroke="#d9dfdc" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        text = shown(Fraction(tick).limit_denominator(10**6), plot.unit)
        yield f'<text class="plot-text" fill="#55625d" text-anchor="end" x="{LEFT - 8}" y="{y + 5:.1f}">{text}</text>'
    for month in range(1, 13):
        begins = date(plot.year, month, 1).toordinal()
        yield f'<path class="plot-grid" stroke="#d9dfdc" d="M{scale.x(begins):.1f} {HEIGHT - BOTTOM}v6"/>'
        yield (
            f'<text class="plot-text" fill="#55625d" text-anchor="middle" x="{scale.x(begins + 15):.1f}" '
            f'y="{HEIGHT - BOTTOM + 22}">{month}月</text>'
        )


def _ahead(ahead: Ahead, scale: _Scale) -> Iterator[str]:
    begins, ends = f"{scale.x(ahead.day):.1f} {scale.y(ahead.now):.1f}", scale.x(scale.last)
    yield (
        f'<path class="plot-band" fill="#1f55a5" fill-opacity="0.16" '
        f'd="M{begins}L{ends:.1f} {scale.y(ahead.high):.1f}V{scale.y(ahead.low):.1f}Z"/>'
    )
    yield _line("plot-value", "#1f55a5", 2, [(ahead.day, ahead.now), (scale.last, ahead.value)], scale, "3 4")


def _months(plot: YearPlot, scale: _Scale) -> Iterator[str]:
    for one in plot.months:
        if one.value is not None:
            yield _line("plot-month", "#6f7d77", 2, [(one.first + 2, one.value), (one.last - 2, one.value)], scale)
            yield _dot("plot-month", "#6f7d77", (one.first + one.last) / 2, one.value, 4, scale)


def _unbroken(so_far: Sequence[tuple[Day, float | None]]) -> Iterator[list[tuple[Day, float]]]:
    """The runs of points without a gap: no data is drawn as nothing."""
    run: list[tuple[Day, float]] = []
    for day, value in so_far:
        if value is not None:
            run.append((day, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(
    kind: str, colour: str, width: int, points: Sequence[tuple[float, float]], scale: _Scale, dashes: str = ""
) -> str:
    path = "L".join(f"{scale.x(day):.1f} {scale.y(value):.1f}" for day, value in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path class="{kind}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed} d="M{path}"/>'


def _dot(kind: str, colour: str, day: float, value: float, size: int, scale: _Scale) -> str:
    x, y = f"{scale.x(day):.1f}", f"{scale.y(value):.1f}"
    return f'<circle class="{kind}" fill="{colour}" cx="{x}" cy="{y}" r="{size}" stroke="none"/>'


def _legend(plot: YearPlot) -> Iterator[str]:
    entries = [("plot-value", "#1f55a5", "", "本年累计"), ("plot-month", "#6f7d77", "", "当月")]
    if plot.targets:
        entries.append(("plot-target", "#b3201a", "9 5", "目标"))
    if plot.ahead is not None:
        entries.append(("plot-value", "#1f55a5", "3 4", "全年预计(浅色为八成把握的区间)"))
    x = LEFT
    for kind, colour, dashes, text in entries:
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        yield f'<path class="{kind}" fill="none" stroke="{colour}" stroke-width="3"{dashed} d="M{x} 14h28"/>'
        yield f'<text class="plot-text" fill="#55625d" x="{x + 34}" y="19">{text}</text>'
        x += 34 + 15 * len(text) + 24


def _words(plot: YearPlot) -> str:
    """The drawing in a sentence."""
    told = [(day, value) for day, value in plot.so_far if value is not None]
    parts = [f"{plot.year}年"]
    if told:
        day, value = told[-1]
        parts.append(f"截至{date.fromordinal(day - 1).isoformat()}累计{_said(value, plot.unit)}")
    parts += [
        f"{date.fromordinal(one.first).month}月{_said(one.value, plot.unit)}"
        for one in plot.months
        if one.value is not None
    ]
    parts += [f"目标{_said(one.value, plot.unit)}" for one in plot.targets[-1:] if one.value is not None]
    if (ahead := plot.ahead) is not None:
        low, high = _said(ahead.low, plot.unit), _said(ahead.high, plot.unit)
        parts.append(f"全年预计{_said(ahead.value, plot.unit)}，八成把握在{low}至{high}之间")
    return "；".join(parts)


def _said(value: float, unit: Unit) -> str:
    return shown(Fraction(value).limit_denominator(10**9), unit)
