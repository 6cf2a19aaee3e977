"""Charts of a report, each with its numbers on it: values along the months against a target, and counts as bars. Pure.

What misses has a shape of its own (a square, a hatched bar), so that nothing is told by colour alone. A chart is plain
data: it is drawn here as SVG that stands alone, and by others as what their file can hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

FULL, HALF = 720, 350  # widths; printed across a page, or half of one, the letters come out alike
SIZE = 11  # of letters
LETTERS = 30  # the height a number takes above its point
INK, SOFT, GRID, GOOD, BAD = "#17201d", "#55625d", "#d9dfdc", "#1f55a5", "#b3201a"
FONTS = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif"
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 24, 22
BAR_ROW = 22  # of a bar that lies
WIDEST_NAME = 186


@dataclass(frozen=True, slots=True)
class Mark:
    """One point or bar: what stands under it, its value (None: there is none), and what is printed on it."""

    label: str
    value: float | None
    text: str
    misses: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A promised value along the marks, with its name."""

    text: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Points:
    """Values along the months against what was promised. The scale need not begin with 0: a line is no length."""

    id: str
    title: str
    marks: Sequence[Mark]
    targets: Sequence[Line] = ()
    width: int = FULL
    height: int = 104


@dataclass(frozen=True, slots=True)
class Bars:
    """Counts, from 0; `lying` with long names. After `limit` marks a dashed line says what lies beyond (its text)."""

    id: str
    title: str
    marks: Sequence[Mark]
    lying: bool = False
    limit: tuple[int, str] | None = None
    width: int = FULL
    height: int = 124


Chart = Points | Bars
Scale = Callable[[float], float]  # where a value lies


def svg(chart: Chart) -> str:
    """The drawing, with a title and all its numbers in words for those who do not see it."""
    height = chart.height
    if isinstance(chart, Bars) and chart.lying:
        height = BAR_ROW * len(chart.marks) + 6
    match chart:
        case Points():
            drawn = _points(chart)
        case Bars(lying=True):
            drawn = _lying(chart)
        case Bars():
            drawn = _standing(chart, height)
    head = (
        f'<svg class="chart" viewBox="0 0 {chart.width} {height}" role="img" font-size="{SIZE}" '
        f'aria-labelledby="{chart.id}-title {chart.id}-desc" font-family="{FONTS}" xmlns="http://www.w3.org/2000/svg">'
    )
    told = f'<title id="{chart.id}-title">{escape(chart.title)}</title>'
    told += f'<desc id="{chart.id}-desc">{escape(in_words(chart))}</desc>'
    return "".join([head, told, _hatching(chart.id), *drawn, "</svg>"])


def in_words(chart: Chart) -> str:
    """All its numbers in a sentence."""
    said = "，".join(f"{mark.label}{mark.text}{'（未达标）' if mark.misses else ''}" for mark in chart.marks)
    promised = "；".join(line.text for line in chart.targets) if isinstance(chart, Points) else ""
    return f"{said}；{promised}" if promised else said


def breadth(text: str) -> float:
    """About how wide a text is printed."""
    return sum(SIZE if ord(char) > 0x2E7F else SIZE * 0.57 for char in text)


def _hatching(id: str) -> str:
    return (
        f'<defs><pattern id="{id}-hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="#fdebe9"/>'
        f'<path d="M0 0V5" stroke="{BAD}" stroke-width="3.2"/></pattern></defs>'
    )


def _text(x: float, y: float, text: str, colour: str = INK, anchor: str = "middle", bold: bool = False) -> str:
    """A text on a white rim, so that a line behind it does not make it hard to read."""
    weight = ' font-weight="700"' if bold else ""
    rim = 'stroke="#fff" stroke-width="3" paint-order="stroke"'
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" {rim}{weight}>{escape(text)}</text>'


# --- values along the months ---------------------------------------------------------------------------------------


def _points(chart: Points) -> Iterator[str]:
    values = [mark.value for mark in chart.marks if mark.value is not None]
    promised = [value for line in chart.targets for value in line.values if value is not None]
    low, high = min([*values, *promised], default=0.0), max([*values, *promised], default=1.0)
    room = (high - low) * 0.12 or abs(high) * 0.05 or 1.0
    low, high = low - room, high + room
    names = max((breadth(line.text) for line in chart.targets), default=0.0)
    slot = (chart.width - LEFT - RIGHT - names - 8) / max(len(chart.marks), 1)
    top, bottom = 20, chart.height - BOTTOM - 18

    def x(number: float) -> float:
        return LEFT + slot * (number + 0.5)

    def y(value: float) -> float:
        return top + (high - value) / (high - low) * (bottom - top)

    yield f'<path stroke="{GRID}" d="M{LEFT} {chart.height - BOTTOM:.1f}H{x(len(chart.marks) - 0.5):.1f}"/>'
    for number, mark in enumerate(chart.marks):
        yield _text(x(number), chart.height - 7, mark.label, SOFT)
    for line in chart.targets:
        yield from _promised(line, slot, y)
    known = [(number, mark.value) for number, mark in enumerate(chart.marks) if mark.value is not None]
    for (number, value), (after, following) in pairwise(known):
        if after == number + 1:  # a month without a value leaves a gap
            path = f"M{x(number):.1f} {y(value):.1f}L{x(after):.1f} {y(following):.1f}"
            yield f'<path fill="none" stroke="{GOOD}" stroke-width="1.6" d="{path}"/>'
    for number, mark in enumerate(chart.marks):
        if mark.value is None:
            yield _text(x(number), chart.height - BOTTOM - 6, mark.text, SOFT)
        else:
            lines = [y(promise) for line in chart.targets if (promise := line.values[number]) is not None]
            at = y(mark.value)
            yield from _point(x(number), at, mark, below=any(0 < at - line < LETTERS for line in lines))


def _promised(line: Line, slot: float, y: Scale) -> Iterator[str]:
    last = None
    for number, value in enumerate(line.values):
        if value is not None:
            begins, ends = LEFT + slot * number, LEFT + slot * (number + 1)
            dashed = 'stroke-dasharray="6 4"'
            yield f'<path stroke="{BAD}" stroke-width="1.2" {dashed} d="M{begins:.1f} {y(value):.1f}H{ends:.1f}"/>'
            last = ends, y(value)
    if last is not None:
        yield _text(last[0] + 5, last[1] + 4, line.text, BAD, "start")


def _point(x: float, y: float, mark: Mark, below: bool) -> Iterator[str]:
    """A point with its number above it, or below where a promised value is drawn just above."""
    if mark.misses:
        corner = f'x="{x - 4:.1f}" y="{y - 4:.1f}"'
        yield f'<rect {corner} width="8" height="8" fill="#fff" stroke="{BAD}" stroke-width="2.4"/>'
    else:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{GOOD}"/>'
    yield _text(x, y + 18 if below else y - 9, mark.text, BAD if mark.misses else INK, bold=mark.misses)


# --- counts --------------------------------------------------------------------------------------------------------


def _standing(chart: Bars, height: int) -> Iterator[str]:
    values = [mark.value for mark in chart.marks if mark.value is not None]
    low, high = min([0.0, *values]), max([0.0, *values]) or 1.0
    top, bottom = TOP, height - BOTTOM - (14 if low < 0 else 0)
    slot = (chart.width - LEFT - RIGHT) / max(len(chart.marks), 1)
    wide = min(slot * 0.7, 46)

    def y(value: float) -> float:
        return top + (high - value) / (high - low) * (bottom - top)

    for number, mark in enumerate(chart.marks):
        x = LEFT + slot * (number + 0.5)
        yield _text(x, height - 7, mark.label, SOFT)
        if mark.value is None:
            yield _text(x, y(0) - 4, mark.text, SOFT)
            continue
        fill = f"url(#{chart.id}-hatch)" if mark.misses else GOOD
        above, below = min(y(mark.value), y(0)), max(y(mark.value), y(0))
        edge = f' stroke="{BAD}"' if mark.misses else ""
        yield (
            f'<rect x="{x - wide / 2:.1f}" y="{above:.1f}" width="{wide:.1f}" height="{below - above:.1f}" '
            f'fill="{fill}"{edge}/>'
        )
        at = above - 5 if mark.value >= 0 else below + 12
        yield _text(x, at, mark.text, BAD if mark.misses else INK, bold=mark.misses)
    yield f'<path stroke="{SOFT}" d="M{LEFT} {y(0):.1f}H{chart.width - RIGHT}"/>'
    if chart.limit is not None:
        at, text = LEFT + slot * chart.limit[0], chart.limit[1]
        yield f'<path stroke="{BAD}" stroke-width="1.2" stroke-dasharray="6 4" d="M{at:.1f} 6V{y(0):.1f}"/>'
        yield _text(at + 5, 15, text, BAD, "start")


def _lying(chart: Bars) -> Iterator[str]:
    named = min(WIDEST_NAME, max((breadth(mark.label) for mark in chart.marks), default=0.0)) + 8
    said = max((breadth(mark.text) for mark in chart.marks), default=0.0) + 8
    most = max((mark.value or 0 for mark in chart.marks), default=0) or 1
    room = chart.width - LEFT - RIGHT - named - said
    for number, mark in enumerate(chart.marks):
        y = 4 + BAR_ROW * number
        x, long = LEFT + named, room * (mark.value or 0) / most
        fill = f"url(#{chart.id}-hatch)" if mark.misses else GOOD
        edge = f' stroke="{BAD}"' if mark.misses else ""
        yield _text(LEFT + named - 6, y + 13, mark.label, INK, "end")
        if long:
            yield f'<rect x="{x:.1f}" y="{y + 2}" width="{long:.1f}" height="{BAR_ROW - 8}" fill="{fill}"{edge}/>'
        yield _text(x + long + 6, y + 13, mark.text, INK, "start")
    yield f'<path stroke="{SOFT}" d="M{LEFT + named:.1f} 2V{BAR_ROW * len(chart.marks) + 2}"/>'
