"""A report as a Word file, with charts that Word draws itself. It needs python-docx."""

from __future__ import annotations

import io
from collections.abc import Sequence

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part as FilePart
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.table import CT_Row
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table as WordTable
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from agent.export.workbook import settled
from agent.model import State
from agent.plots import Bars, Chart, Points
from agent.plots.charts import in_words
from agent.report.story import SHAPES, Cell, Pair, Part, Picture, Story, Table, Text
from agent.report.wordcharts import CONTENT_TYPE, chart_xml

FACE = "Microsoft YaHei"
ACROSS, GUTTER = 182, 4  # millimetres: between the margins, between two pictures
INK, SOFT, GROUND, LINE = "17201D", "55625D", "F3F5F4", "D9DFDC"
COLOURS = {
    State.MET: "136A41", State.AT_RISK: "8A4F00", State.NO_DATA: "8A4F00", State.MISSED: "B3201A",
    State.PENDING: "1F55A5",
}  # fmt: skip
TINTS = {State.MET: "E6F3EC", State.AT_RISK: "FDF1DD", State.NO_DATA: "FDF1DD", State.MISSED: "FDEBE9"}
CHART = (
    "<w:drawing {names}><wp:inline distT='0' distB='0' distL='0' distR='0'><wp:extent cx='{wide}' cy='{high}'/>"
    "<wp:docPr id='{number}' name='{number}'/><wp:cNvGraphicFramePr/><a:graphic>"
    "<a:graphicData uri='http://schemas.openxmlformats.org/drawingml/2006/chart'>"
    "<c:chart xmlns:c='http://schemas.openxmlformats.org/drawingml/2006/chart' r:id='{part}'/>"
    "</a:graphicData></a:graphic></wp:inline></w:drawing>"
)


def written(story: Story) -> bytes:
    """The file; the same report gives the same bytes."""
    paper = _Paper(story)
    paper.head()
    paper.figures()
    for part in story.parts:
        paper.part(part)
    paper.say(story.foot, size=8, colour=SOFT)
    held = io.BytesIO()
    paper.document.save(held)
    return settled(held.getvalue())


class _Paper:
    """The document being written."""

    def __init__(self, story: Story) -> None:
        self.story, self.document, self.charts = story, docx.Document(), 0
        self.size = 8.0 if story.one_page else 9.0
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(14)
        section.top_margin, section.bottom_margin = Mm(10), Mm(10)
        section.header_distance = section.footer_distance = Mm(5)
        normal = self.document.styles["Normal"]
        assert isinstance(normal, ParagraphStyle)
        _face(normal)
        normal.font.size, normal.font.color.rgb = Pt(self.size), RGBColor.from_string(INK)
        normal.paragraph_format.space_after, normal.paragraph_format.space_before = Pt(0), Pt(0)
        for level, size in ((1, 19), (2, 11)):
            heading = self.document.styles[f"Heading {level}"]
            assert isinstance(heading, ParagraphStyle)
            _face(heading)
            heading.font.size, heading.font.bold, heading.font.color.rgb = Pt(size), True, RGBColor.from_string(INK)
            heading.paragraph_format.space_before = Pt(5 if story.one_page else 9)
            heading.paragraph_format.space_after = Pt(2)
        about = self.document.core_properties
        about.title, about.author = f"{story.period}{story.title}", story.organisation
        if not story.one_page:
            _number_pages(section.footer.paragraphs[0])

    def head(self) -> None:
        """Whose report of what it is, and the year in a sentence."""
        first = self.say(self.story.organisation, colour=SOFT)
        for mark in self.story.marks:
            _run(first, f"  [{mark}]", COLOURS[State.AT_RISK], bold=True)
        title = self.document.add_heading(level=1)
        _run(title, f"{self.story.period} ", COLOURS[State.PENDING])
        _run(title, self.story.title)
        title.paragraph_format.space_before = Pt(0)
        self.say(self.story.sentence, size=10.5).paragraph_format.space_after = Pt(5)

    def figures(self) -> None:
        """The few figures, three in a row, or all of them on the page of a month."""
        figures = self.story.figures
        across = len(figures) if self.story.one_page else 3
        table = self.document.add_table(rows=-(-len(figures) // across), cols=across)
        _fixed(table, [ACROSS / across] * across)
        for number, figure in enumerate(figures):
            cell = table.cell(number // across, number % across)
            colour = COLOURS.get(figure.state, SOFT) if figure.state is not None else SOFT
            _shade(cell, GROUND)
            _edges(cell, left=(24, colour), top=(24, "FFFFFF"), right=(24, "FFFFFF"))
            label = cell.paragraphs[0]
            label.paragraph_format.space_before = Pt(2)
            _run(label, figure.label, SOFT, size=8.5)
            value = cell.add_paragraph()
            _run(value, figure.value, INK if colour == SOFT else colour, size=16, bold=True)
            _run(cell.add_paragraph(), figure.note, SOFT, size=8)

    def part(self, part: Part) -> None:
        """A part with its heading."""
        if part.title:
            heading = self.document.add_heading(part.title, level=2)
            heading.paragraph_format.page_break_before = part.fresh
            if part.lead:
                _run(heading, f"　{part.lead}", SOFT, size=8.5, bold=False)
        for block in part.blocks:
            match block:
                case Table():
                    self.table(block)
                case Picture():
                    self.pictures([block], ACROSS)
                case Pair():
                    both = [one for one in (block.left, block.right) if one is not None]
                    self.pictures(both, (ACROSS - GUTTER) / 2)
                case Text():
                    self.say(block.text).paragraph_format.space_after = Pt(2)

    def say(self, text: str, size: float | None = None, colour: str = INK) -> Paragraph:
        """A paragraph."""
        paragraph = self.document.add_paragraph()
        _run(paragraph, text, colour, size=size)
        return paragraph

    def table(self, table: Table) -> None:
        """A table whose heading is repeated on each page, and whose rows are not torn."""
        made = self.document.add_table(rows=1 + len(table.rows), cols=len(table.heads))
        _fixed(made, [ACROSS * head.width / sum(one.width for one in table.heads) for head in table.heads])
        for head, cell in zip(table.heads, made.rows[0].cells, strict=True):
            _run(cell.paragraphs[0], head.text, SOFT, size=self.size - 0.5, bold=True)
            _edges(cell, bottom=(6, SOFT))
        _repeated(made)
        _margins(made, 0 if table.grid else 60)
        for row, line in zip(table.rows, made.rows[1:], strict=True):
            _whole(line._tr)
            for piece, cell in zip(row, line.cells, strict=True):
                self._cell(piece, cell, tinted=table.grid)
        for number, head in enumerate(table.heads):
            if head.number or (table.grid and number):
                where = WD_ALIGN_PARAGRAPH.CENTER if table.grid else WD_ALIGN_PARAGRAPH.RIGHT
                for cell in made.columns[number].cells:
                    cell.paragraphs[0].alignment = where

    def _cell(self, piece: Cell, cell: _Cell, tinted: bool) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
        _edges(cell, bottom=(2, LINE))
        if piece.state is not None:
            _run(paragraph, SHAPES[piece.state], COLOURS.get(piece.state, SOFT), bold=True)
            if piece.text:
                _run(paragraph, " ")
            if tinted and piece.state in TINTS:
                _shade(cell, TINTS[piece.state])
        if piece.draft:
            _run(paragraph, "[草稿] ", SOFT)
        _run(paragraph, piece.text, bold=piece.strong)

    def pictures(self, pictures: Sequence[Picture], wide: float) -> None:
        """Charts beside each other in a line, with what is said under them."""
        paragraph = self.document.add_paragraph()
        for picture in pictures:
            self._chart(paragraph, picture.chart, wide)
        for picture in pictures:
            if picture.note:
                self.say(picture.note, size=8, colour=SOFT).paragraph_format.space_after = Pt(4)

    def _chart(self, paragraph: Paragraph, chart: Chart, wide: float) -> None:
        self.charts += 1
        package = self.document.part.package
        assert package is not None
        part = FilePart(PackURI(f"/word/charts/chart{self.charts}.xml"), CONTENT_TYPE, chart_xml(chart), package)
        drawn = CHART.format(
            names=nsdecls("w", "wp", "a", "r"),
            wide=Mm(wide),
            high=Mm(_high(chart)),
            number=self.charts,
            part=self.document.part.relate_to(part, RELATIONSHIP_TYPE.CHART),
        )
        drawing = parse_xml(drawn)
        drawing.find(f".//{qn('wp:docPr')}").set("descr", f"{chart.title}：{in_words(chart)}")
        paragraph.add_run()._r.append(drawing)


def _high(chart: Chart) -> float:
    """The height of a chart in millimetres."""
    if isinstance(chart, Bars) and chart.lying:
        return 10 + 5.4 * len(chart.marks)
    return 36.0 if isinstance(chart, Points) else 44.0


# --- what python-docx has no word for ---------------------------------------------------------------------------------


def _run(
    paragraph: Paragraph, text: str, colour: str = INK, *, size: float | None = None, bold: bool | None = None
) -> None:
    run = paragraph.add_run(text)
    run.font.color.rgb, run.font.bold = RGBColor.from_string(colour), bold
    if size is not None:
        run.font.size = Pt(size)


def _face(style: ParagraphStyle) -> None:
    style.font.name = FACE
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(name), None)
    for name in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(name), FACE)


def _fixed(table: WordTable, widths: Sequence[float]) -> None:
    """Columns of these widths in millimetres, whatever stands in them."""
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _margins(table: WordTable, twips: int) -> None:
    """The room left and right of what stands in the cells, in twentieths of a point."""
    margins = OxmlElement("w:tblCellMar")
    for name in ("left", "right"):
        margin = OxmlElement(f"w:{name}")
        margin.set(qn("w:w"), str(twips))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)


def _shade(cell: _Cell, colour: str) -> None:
    shading = OxmlElement("w:shd")
    for name, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", colour)):
        shading.set(qn(name), value)
    cell._tc.get_or_add_tcPr().append(shading)


def _edges(cell: _Cell, **edges: tuple[int, str]) -> None:
    """Lines along edges of a cell: their width in eighths of a point, their colour."""
    borders = OxmlElement("w:tcBorders")
    for name in ("top", "left", "bottom", "right"):
        if name in edges:
            edge = OxmlElement(f"w:{name}")
            size, colour = edges[name]
            for key, value in (("w:val", "single"), ("w:sz", str(size)), ("w:space", "0"), ("w:color", colour)):
                edge.set(qn(key), value)
            borders.append(edge)
    properties = cell._tc.get_or_add_tcPr()
    shading = properties.find(qn("w:shd"))
    if shading is None:
        properties.append(borders)
    else:
        shading.addprevious(borders)  # the order the schema demands


def _repeated(table: WordTable) -> None:
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _whole(row: CT_Row) -> None:
    row.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _number_pages(paragraph: Paragraph) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for word in ("PAGE", None, "NUMPAGES"):
        if word is None:
            _run(paragraph, " / ", SOFT, size=8)
            continue
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), word)
        paragraph._p.append(field)
