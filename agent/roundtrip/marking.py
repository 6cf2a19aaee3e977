"""The same workbook with every bad cell in red and a comment that says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from agent.roundtrip.problems import Problem

RED = PatternFill("solid", fgColor="FF9B9B")
WIDTH, HEIGHT = 320, 110


def marked(book: Workbook, problems: Iterable[Problem]) -> bytes:
    """The workbook as a file, marked; what is wrong with no cell of its own stands in none."""
    said: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        if problem.cell:
            said.setdefault((problem.sheet, problem.cell), []).append(problem.says)
    for (sheet, cell), says in said.items():
        at = book[sheet][cell]
        at.fill = RED
        at.comment = Comment("\n".join(says), "dabiao", HEIGHT, WIDTH)
    held = BytesIO()
    book.save(held)
    return held.getvalue()
