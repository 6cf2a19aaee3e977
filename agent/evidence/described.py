"""What tells a reader of a pack how to read it: the schema of every table, and the page to begin with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent import words
from agent.evidence.cells import fraction
from agent.evidence.contents import Contents
from agent.evidence.forms import Filled
from agent.evidence.papers import held_of, worked_out
from agent.evidence.table import Column
from agent.evidence.walk import Walk
from agent.evidence.writing import json_bytes
from agent.shown import shown_target, shown_value

RULES = {
    "encoding": "UTF-8，以BOM开头；.csv.gz 为 gzip 压缩",
    "delimiter": ",",
    "header": "第一行为列名",
    "text": "以 = + - @ 制表符、换行或撇号开头而又不是数的文本，前面加一个撇号，使电子表格不把它当作公式；"
    "读取时去掉这个撇号；单独一个撇号是空文本，空单元格是没有",
    "time": "ISO 8601，本地时间与时差，如 2026-03-02T09:00:00+08:00",
    "date": "ISO 8601，如 2026-03-02",
    "decimal": "十进制，不舍入，无千分位",
}
TABLES = "\n".join(
    (
        "| 文件 | 内容 |",
        "| --- | --- |",
        "| `values.csv` | 每项指标的值、状态、明细所在的表和公式 |",
        "| `verdicts.json` | 全部判定，各系统分列，含未舍入的值 |",
        "| `forms/` `profiles/` | 官方表格(xlsx、json)及所依据的表式；期间不自1月起、或指标没有分值的，没有 |",
        "| `expected.json` | 监控表上的全年预计，由逐日合计重新得出；全年的值和数据完整率照录 |",
        "| `ahead.csv` | 预计所依据的逐日合计：期间内的由包内记录得出，期间外的照账本抄录 |",
        "| `schema.json` | 每张表每一列的含义 |",
        "| `targets/` `sources.json` | 承诺了什么、从哪里测量(不含密码) |",
        "| `definitions.json` | 计数所依据的口径 |",
        "| `calendar/` | 每一天是否工作日、服务时间 |",
        "| `records/` | 计入的全部记录，每个数据源一张表 |",
        "| `indicators/` | 每项指标的逐件明细 |",
        "| `coverage.csv` `gaps.csv` `sources.csv` | 数据源读到了哪些时间、缺了哪些 |",
        "| `rejects.csv` `findings.csv` | 未能读成记录的行、未解决的疑点 |",
        "| `exclusions.csv` `attestations.csv` `evidence/` | 剔除与批准、填报、佐证材料 |",
        "| `acts.jsonl` | 操作日志，逐条以哈希相连 |",
        "| `manifest.json` | 每个文件的SHA-256，逐个相连 |",
    )
)
CHECKS = """\
## 怎样核对

1. 在装有本软件的任何一台机器的空目录里：`dabiao verify 证据包.zip`。它核对每个文件的哈希，再只凭包内的记录与口径
   重新计算每一个值，不同之处逐一列出。
2. 不用本软件：`manifest.json` 列有每个文件的SHA-256，`sha256sum` 即可核对；链值是
   `SHA-256(前一链值 换行 路径 换行 该文件的SHA-256 换行)`。
3. 手工重算一项指标：解压 `indicators/` 下的表，用 Excel、WPS 或 LibreOffice 打开，在空白单元格填入下表的公式。
4. 抽样核对：`dabiao sample --year 年度 --n 30 --seed 种子 -o 抽样核对表.xlsx` 抽出记录，逐条与源系统比对。
"""


def schema(tables: Mapping[str, Sequence[Column]]) -> bytes:
    """How every table is written, and what each of its columns holds."""
    told = {path: [column._asdict() for column in columns] for path, columns in sorted(tables.items())}
    return json_bytes({"rules": RULES, "tables": told})


def _forms(filled: Filled) -> Iterator[str]:
    if filled.forms:
        yield "## 表格"
        yield ""
        for path, form in filled.forms.items():
            yield from (f"- `{path}.xlsx` {form.title}", *(f"  - {line}" for line in form.said))
        yield ""


def readme(contents: Contents, walk: Walk, filled: Filled, stage: str) -> bytes:
    """The page to begin with: what the pack is, how to check it, and a formula for every indicator."""
    plan = contents.indicators[0].plan if contents.indicators else contents.config.plans[0]
    lines = [
        f"# {plan.organisation} {contents.asked.period.words} 绩效指标证据包({stage})",
        "",
        "包内是这一期间每一个指标值的全部依据：凭它可以在另一台机器上重新算出同样的值。",
        "",
        TABLES,
        "",
        CHECKS,
        *_forms(filled),
        "## 指标与公式",
        "",
        "| 指标 | 目标 | 值 | 未舍入 | 状态 | 表 | 公式 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for verdict in contents.snapshot.verdicts:
        if verdict.system is None:
            path, formula = worked_out(walk, held_of(contents, verdict), verdict)
            cells = (
                verdict.name,
                shown_target(verdict.target),
                shown_value(verdict),
                fraction(verdict.value),
                words.STATES[verdict.state],
                f"`{path}`" if path else "—",
                f"`{formula}`" if formula else "—",
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return ("\n".join(lines) + "\n").encode()
