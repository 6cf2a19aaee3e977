"""Charts as Word draws them itself: they stay sharp, need no fonts of ours, and go into slides by copy and paste.

DrawingML of ECMA-376, part 1, chapter 21.2. Every number is printed as the report has it, so the labels are texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape

from agent.plots import Bars, Chart, Line, Mark, Points
from agent.plots.charts import BAD, GOOD, INK, SOFT

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
NAMESPACES = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
)
NUMBERS = {"#,##0": "{:,.0f}", "0.00%": "{:.2%}"}  # formats of Word, and how they print
SMALL, TITLE = 800, 850  # sizes of letters in hundredths of a point
FACE = '<a:latin typeface="Microsoft YaHei"/><a:ea typeface="Microsoft YaHei"/>'


def chart_xml(chart: Chart) -> bytes:
    """The chart's part of a Word file."""
    plot = _points(chart) if isinstance(chart, Points) else _bars(chart)
    drawn = f"{_title(chart)}<c:autoTitleDeleted val='0'/><c:plotArea><c:layout/>{plot}</c:plotArea>"
    shown = "<c:plotVisOnly val='1'/><c:dispBlanksAs val='gap'/>"
    empty = "<c:spPr><a:noFill/><a:ln><a:noFill/></a:ln></c:spPr>"
    text = (
        f"<c:chartSpace {NAMESPACES}><c:roundedCorners val='0'/><c:chart>{drawn}{shown}</c:chart>{empty}</c:chartSpace>"
    )
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'.encode()


def _title(chart: Chart) -> str:
    text = chart.title
    if isinstance(chart, Bars) and chart.limit is not None:
        text += f"，{chart.limit[1]}"
    where = (
        "<c:layout><c:manualLayout><c:xMode val='edge'/><c:yMode val='edge'/><c:x val='0.01'/><c:y val='0.01'/>"
        "</c:manualLayout></c:layout>"
    )
    return f"<c:title><c:tx>{_rich(text, INK, TITLE, bold=True)}</c:tx>{where}<c:overlay val='0'/></c:title>"


def _rich(text: str, colour: str, size: int = SMALL, *, bold: bool = False) -> str:
    letters = f"<a:rPr lang='zh-CN' sz='{size}' b='{int(bold)}'>{_fill(colour)}{FACE}</a:rPr>"
    return f"<c:rich><a:bodyPr wrap='none'/><a:p><a:r>{letters}<a:t>{escape(text)}</a:t></a:r></a:p></c:rich>"


def _letters(colour: str, *, bold: bool = False) -> str:
    """The same look for programs that read it from beside the text."""
    look = f"<a:defRPr sz='{SMALL}' b='{int(bold)}'>{_fill(colour)}{FACE}</a:defRPr>"
    return f"<c:txPr><a:bodyPr wrap='none'/><a:p><a:pPr>{look}</a:pPr><a:endParaRPr lang='zh-CN'/></a:p></c:txPr>"


def _fill(colour: str) -> str:
    return f"<a:solidFill><a:srgbClr val='{colour.removeprefix('#').upper()}'/></a:solidFill>"


def _hatched() -> str:
    bad = BAD.removeprefix("#").upper()
    return (
        f"<a:pattFill prst='wdUpDiag'><a:fgClr><a:srgbClr val='{bad}'/></a:fgClr>"
        f"<a:bgClr><a:srgbClr val='FFFFFF'/></a:bgClr></a:pattFill><a:ln w='9525'>{_fill(BAD)}</a:ln>"
    )


def _points(chart: Points) -> str:
    series = [_course(chart), *(_promised(chart, line, number) for number, line in enumerate(chart.targets, 1))]
    values = [mark.value for mark in chart.marks if mark.value is not None]
    values += [value for line in chart.targets for value in line.values if value is not None]
    low, high = min(values), max(values)
    room = (high - low) * 0.35 or abs(high) * 0.05 or 1.0
    return (
        f"<c:lineChart><c:grouping val='standard'/><c:varyColors val='0'/>{''.join(series)}<c:marker val='1'/>"
        f"<c:axId val='1'/><c:axId val='2'/></c:lineChart>{_axes(low - 1.5 * room, high + room)}"
    )


def _course(chart: Points) -> str:
    marker = f"<c:marker><c:symbol val='circle'/><c:size val='6'/><c:spPr>{_fill(GOOD)}</c:spPr></c:marker>"
    missed = (
        f"<c:marker><c:symbol val='square'/><c:size val='8'/><c:spPr>{_fill('#ffffff')}"
        f"<a:ln w='22225'>{_fill(BAD)}</a:ln></c:spPr></c:marker>"
    )
    line = f"<a:ln w='19050'>{_fill(GOOD)}</a:ln>"
    points = "".join(
        f"<c:dPt><c:idx val='{number}'/>{missed}<c:bubble3D val='0'/><c:spPr>{line}</c:spPr></c:dPt>"
        for number, mark in enumerate(chart.marks)
        if mark.misses
    )
    labels = _labels(chart.marks, lambda number: "b" if _lies_below(chart, number) else "t")
    return (
        f"<c:ser><c:idx val='0'/><c:order val='0'/>{_named(chart.title)}<c:spPr>{line}</c:spPr>{marker}{points}{labels}"
        f"{_cached(chart.marks, [mark.value for mark in chart.marks])}<c:smooth val='0'/></c:ser>"
    )


def _lies_below(chart: Points, number: int) -> bool:
    """Whether a month misses from below: its number then stands on the side away from the promised value."""
    mark, promised = chart.marks[number], [line.values[number] for line in chart.targets]
    return mark.misses and any(one is not None and mark.value is not None and mark.value < one for one in promised)


def _promised(chart: Points, line: Line, number: int) -> str:
    last = max((at for at, value in enumerate(line.values) if value is not None), default=0)
    look = f"<c:spPr><a:ln w='15875'>{_fill(BAD)}<a:prstDash val='dash'/></a:ln></c:spPr>"
    named = f"<c:dLbl><c:idx val='{last}'/>{_letters(BAD)}<c:dLblPos val='r'/>{''.join(_said('SerName'))}</c:dLbl>"
    label = f"<c:dLbls>{named}{_no_labels()}</c:dLbls>"
    bare = "<c:marker><c:symbol val='none'/></c:marker>"
    return (
        f"<c:ser><c:idx val='{number}'/><c:order val='{number}'/>{_named(line.text)}{look}{bare}{label}"
        f"{_cached(chart.marks, line.values)}<c:smooth val='0'/></c:ser>"
    )


def _bars(chart: Bars) -> str:
    points = "".join(
        f"<c:dPt><c:idx val='{number}'/><c:invertIfNegative val='0'/><c:bubble3D val='0'/>"
        f"<c:spPr>{_hatched()}</c:spPr></c:dPt>"
        for number, mark in enumerate(chart.marks)
        if mark.misses
    )
    series = (
        f"<c:ser><c:idx val='0'/><c:order val='0'/>{_named(chart.title)}<c:spPr>{_fill(GOOD)}</c:spPr>"
        f"<c:invertIfNegative val='0'/>{points}{_labels(chart.marks, lambda number: 'outEnd')}"
        f"{_cached(chart.marks, [mark.value for mark in chart.marks])}</c:ser>"
    )
    direction = "bar" if chart.lying else "col"
    values = [mark.value or 0 for mark in chart.marks]
    low, high = min(0.0, *values), max(0.0, *values) or 1.0
    room = 0.9 if chart.lying else 0.2  # for the numbers beyond the bars
    return (
        f"<c:barChart><c:barDir val='{direction}'/><c:grouping val='clustered'/><c:varyColors val='0'/>{series}"
        f"<c:gapWidth val='45'/><c:axId val='1'/><c:axId val='2'/></c:barChart>"
        f"{_axes(low * (1 + room), high * (1 + room), lying=chart.lying)}"
    )


def _named(text: str) -> str:
    return (
        f"<c:tx><c:strRef><c:f>x</c:f><c:strCache><c:ptCount val='1'/>{_point(0, text)}</c:strCache></c:strRef></c:tx>"
    )


def _cached(marks: Sequence[Mark], values: Sequence[float | None]) -> str:
    names = "".join(_point(number, mark.label) for number, mark in enumerate(marks))
    numbers = "".join(_point(number, repr(value)) for number, value in enumerate(values) if value is not None)
    count = f"<c:ptCount val='{len(marks)}'/>"
    return (
        f"<c:cat><c:strLit>{count}{names}</c:strLit></c:cat>"
        f"<c:val><c:numLit><c:formatCode>General</c:formatCode>{count}{numbers}</c:numLit></c:val>"
    )


def _point(number: int, text: str) -> str:
    return f"<c:pt idx='{number}'><c:v>{escape(text)}</c:v></c:pt>"


def _labels(marks: Sequence[Mark], place: Callable[[int], str]) -> str:
    labels = (
        _label(number, mark.text, BAD if mark.misses else INK, place(number), bold=mark.misses, value=mark.value)
        for number, mark in enumerate(marks)
        if mark.value is not None
    )
    return f"<c:dLbls>{''.join(labels)}{_no_labels()}</c:dLbls>"


def _label(number: int, text: str, colour: str, place: str, *, bold: bool = False, value: float | None = None) -> str:
    """A label that prints the value by its number format where that gives the text, else as a text of its own."""
    printed = next((code for code, form in NUMBERS.items() if value is not None and form.format(value) == text), None)
    said = f"<c:tx>{_rich(text, colour, bold=bold)}</c:tx>"
    if printed is not None:
        said = f"<c:numFmt formatCode='{printed}' sourceLinked='0'/><c:spPr><a:noFill/></c:spPr>"
    return (
        f"<c:dLbl><c:idx val='{number}'/>{said}{_letters(colour, bold=bold)}<c:dLblPos val='{place}'/>"
        f"{''.join(_said('Val'))}</c:dLbl>"
    )


def _no_labels() -> str:
    return "".join(_said(None))


def _said(wanted: str | None) -> Iterator[str]:
    """What a label prints: the value (`Val`), the name of the series (`SerName`), or nothing."""
    for name in ("LegendKey", "Val", "CatName", "SerName", "Percent", "BubbleSize"):
        yield f"<c:show{name} val='{int(name == wanted)}'/>"


def _axes(low: float, high: float, *, lying: bool = False) -> str:
    order = "maxMin" if lying else "minMax"
    names = (
        f"<c:catAx><c:axId val='1'/><c:scaling><c:orientation val='{order}'/></c:scaling><c:delete val='0'/>"
        f"<c:axPos val='{'l' if lying else 'b'}'/><c:majorTickMark val='none'/><c:minorTickMark val='none'/>"
        f"<c:tickLblPos val='low'/><c:spPr><a:ln w='9525'>{_fill(SOFT)}</a:ln></c:spPr>{_letters(SOFT)}"
        "<c:crossAx val='2'/><c:crosses val='autoZero'/></c:catAx>"
    )
    scale = f"<c:orientation val='minMax'/><c:max val='{high!r}'/><c:min val='{low!r}'/>"
    return names + (
        f"<c:valAx><c:axId val='2'/><c:scaling>{scale}</c:scaling><c:delete val='1'/>"
        f"<c:axPos val='{'b' if lying else 'l'}'/><c:crossAx val='1'/><c:crosses val='autoZero'/></c:valAx>"
    )
