"""The 抽样核对表 on paper: one drawn record a line, with room for what the source system says and who looked."""

from __future__ import annotations

from agent.evidence.cells import unguarded
from agent.evidence.contents import Contents
from agent.evidence.sampling import Sample, walk_name
from agent.export.blocks import signatures, title
from agent.export.form import Cell, Form, Grid, Style
from agent.export.workbook import xlsx

HEADS = (  # heading and width
    ("序号", 5),
    ("数据源", 11),
    ("编号", 17),
    ("系统", 12),
    ("指标", 15),
    ("计入日期", 11),
    ("程序所记", 36),
    ("判定依据", 30),
    ("程序判定", 10),
    ("源系统所记", 20),
    ("是否一致", 8),
    ("差异说明", 14),
)
ANSWER = "□ 是\n□ 否"
SIGNED = ("核对人(签名)", "核对日期", "复核人(签名)", "复核日期")
NOTES = (
    "逐条在源系统中按编号查出该记录，核对“程序所记”的各栏(括号内为源系统的栏目)，不同的填入“源系统所记”，在“是否一致”中勾选。",
    "“程序判定”由“程序所记”按“判定依据”得出，可逐条复算。",
    "不一致的，在“差异说明”中写明；只影响录入而不影响判定的也写明。",
)


def sample_sheet(contents: Contents, sample: Sample, seed: str) -> bytes:
    """The sheet as a workbook that prints on A4; the same records drawn give the same bytes."""
    plan, period = contents.config.plans[0], contents.asked.period
    systems = {id: system.name for id, system in plan.systems.items()}
    rows = {walk_name(one.indicator.project, one.indicator.id): one.indicator.name for one in contents.indicators}
    grid = Grid([width for _, width in HEADS])
    title(grid, "抽样核对表", f"{plan.organisation} · {period.words}")
    drawn = (
        f"自计入指标的 {sample.total:,} 行中抽 {len(sample.rows):,} 行，种子 {seed}：同一账本、同一种子抽出同样的记录。"
    )
    grid.whole(drawn, Style.NOTE)
    begins = grid.add(*(Cell(head, Style.LABEL) for head, _ in HEADS))
    for number, row in enumerate(sample.rows, 1):
        source, id, system, indicator, day, facts, why, outcome, reason = (unguarded(cell) or "" for cell in row)
        counts = f"{outcome}\n({reason})" if reason else outcome
        called = systems.get(system, system), rows.get(indicator, indicator)
        centred = (str(number), source, id, *called, day, facts, why, counts)
        grid.add(
            *(Cell(text, Style.TEXT if place in (2, 4, 6, 7) else Style.CENTRE) for place, text in enumerate(centred)),
            Cell("", Style.TEXT),
            Cell(ANSWER, Style.CENTRE),
            Cell("", Style.TEXT),
        )
    for note in NOTES:
        grid.whole(note, Style.NOTE)
    signatures(grid, SIGNED, {})
    return xlsx(Form("抽样核对表", (grid.sheet("抽样核对表", begins),), {}))
