"""A form as one HTML page that needs nothing else and prints on A4."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from agent.export.form import Cell, Form, Sheet
from agent.export.workbook import TINTS

STYLE = """
@page { size: A4 landscape; margin: 10mm 11mm 12mm; }
* { box-sizing: border-box; }
body { margin: 0; font: 9pt/1.3 "宋体", SimSun, "仿宋", FangSong, "Noto Serif CJK SC", serif; color: #000;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
section { break-after: page; max-width: 275mm; margin: 0 auto; }
section:last-child { break-after: auto; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
table + table { margin-top: -1px; }
tr { break-inside: avoid; }
td { padding: .6mm 1.2mm; overflow-wrap: anywhere; white-space: pre-line; vertical-align: middle; }
.label, .centre, .text, .number { border: .3mm solid #000; }
.label, .centre, .number, .title, .subtitle { text-align: center; }
.title { font: bold 18pt "黑体", SimHei, "Noto Sans CJK SC", sans-serif; padding: 3mm 0 1mm; }
.label, .section { font-family: "黑体", SimHei, "Noto Sans CJK SC", sans-serif; }
.section { padding-top: 4mm; }
.note { font-size: 8.5pt; }
.open { font-style: italic; }
@media screen { section { padding: 8mm 0; } }
"""


def html(form: Form) -> bytes:
    """The page: each sheet begins on paper of its own, the table's heading is repeated."""
    head = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(form.title)}</title>'
    tints = "".join(f".{origin.value}{{background:#{colour}}}" for origin, colour in TINTS.items())
    sections = "".join(f"<section>{''.join(_tables(sheet))}</section>\n" for sheet in form.sheets)
    return f"{head}<style>{STYLE}{tints}</style>\n{sections}</html>\n".encode()


def _tables(sheet: Sheet) -> Iterator[str]:
    """What stands above the repeated heading is a table of its own, so that the heading begins one."""
    total = sum(sheet.widths)
    columns = "".join(f'<col style="width:{100 * width / total:.3f}%">' for width in sheet.widths)
    begins = sheet.repeated or 0
    if begins:
        yield f"<table><colgroup>{columns}</colgroup>{_rows(sheet, 0, begins)}</table>"
    ends = begins + sheet.heads if sheet.repeated is not None else begins
    heading = f"<thead>{_rows(sheet, begins, ends)}</thead>"
    yield f"<table><colgroup>{columns}</colgroup>{heading}<tbody>{_rows(sheet, ends, len(sheet.rows))}</tbody></table>"


def _rows(sheet: Sheet, first: int, last: int) -> str:
    return "".join(f"<tr>{''.join(_cell(cell) for _, cell in row)}</tr>\n" for row in sheet.rows[first:last])


def _cell(cell: Cell) -> str:
    classes = [cell.style.value, *([cell.origin.value] if cell.origin else []), *(["open"] if cell.unconfirmed else [])]
    spans = f' colspan="{cell.across}"' if cell.across > 1 else ""
    spans += f' rowspan="{cell.down}"' if cell.down > 1 else ""
    return f'<td class="{" ".join(classes)}"{spans}>{escape(cell.text)}</td>'
