"""附表: how the form was scored, where each value is from, what stands beside it, what was taken out, what is owed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from agent import words
from agent.evaluate.judgement import UNCONFIRMED
from agent.explain.judged import coverage_of, words_of_state
from agent.export.appraisal import Appraisal
from agent.export.basis import Basis
from agent.export.blocks import ORIGINS
from agent.export.columns import value_text
from agent.export.content import reason_owed
from agent.export.form import Cell, Grid, Sheet, Style
from agent.export.profile import Profile
from agent.export.rows import Line
from agent.export.scoring import HUNDRED, Attention, Reverse
from agent.model import Verdict
from agent.shown import shown_target, written

WIDTHS = (25, 17, 17, 19, 12, 12, 10, 32)
SOURCES = ("指标", "指标值原文", "读法", "实际完成值", "状态", "来源", "数据完整率", "算式与件数")
BESIDE = ("指标", "佐证", "佐证", "数值", "合格", "不合格", "剔除", "佐证材料")
REVERSE = {
    Reverse.RATIO: "A÷B×分值",
    Reverse.LINEAR: "[1−(B−A)÷A]×分值，B达到2A及以上为0",
}
ATTENTIONS = {
    Attention.BELOW: "未达到指标值，应写明偏差原因及改进措施",
    Attention.ABOVE: "超出指标值过多，应写明原因",
}


def annex(basis: Basis, appraisal: Appraisal, lines: Sequence[Line], name: str) -> Sheet:
    """The annex of one project."""
    grid = Grid(WIDTHS)
    grid.whole("附表：计分方法、取值来源与佐证", Style.TITLE)
    grid.whole(f"{appraisal.project.name}（{basis.period}，数据截至 {basis.as_of}）", Style.SUBTITLE)
    grid.whole("一、计分方法", Style.SECTION)
    for number, text in enumerate(scoring_in_words(basis.profile, appraisal), 1):
        grid.whole(f"{number}. {text}", Style.TEXT)
    _sources(grid, appraisal, lines)
    _beside(grid, basis, appraisal, lines)
    _taken_out(grid, lines)
    _owed(grid, appraisal)
    _against_the_forecast(grid, basis, appraisal)
    return grid.sheet(name)


def scoring_in_words(profile: Profile, appraisal: Appraisal | None = None) -> Iterator[str]:
    """The rules by which was scored, as they were set."""
    rules = profile.rules
    yield f"依据：{profile.keys.basis}；表式 {profile.name}。"
    yield "正向指标：完成值B达到指标值A得满分，否则得B÷A×分值；B为负按0计。“=”按不低于计分，“=0”按不高于计分。"
    yield f"反向指标：B不高于A得满分，否则得{REVERSE[rules.reverse]}。"
    yield "区间指标：区间内得满分，低于下限按正向、高于上限按反向计。期限指标：如期完成得满分，逾期不得分。"
    yield (
        "定性指标按三档：达成年度指标得80%(含)至100%，部分达成年度指标并具有一定效果得60%(含)至80%，"
        "未达成年度指标且效果较差得60%以下；达成而未另定得分率的得满分。"
    )
    if profile.keys.funds is not None and profile.keys.funds.points:
        yield "预算执行率：全年执行数÷全年预算数×分值，不超过分值。"
    over = written(rules.over * 100)
    also = "" if rules.over_for_reverse else "（反向指标除外）"
    yield "是否达标按未舍入的数值判定；得分四舍五入到两位小数，总分为各行得分之和。"
    yield f"未达到指标值，或超出指标值{over}%及以上{also}的，应说明原因。"
    yield f"等级：{grades_in_words(profile)}。"
    if appraisal is not None and appraisal.left_out:
        left = HUNDRED - sum(row.given for row in appraisal.left_out)
        names = "、".join(row.indicator.name for row in appraisal.left_out)
        yield f"不适用：{names}。其余各行分值乘以100÷{written(left)}，保留两位小数，尾差计入分值最大的一行。"


def grades_in_words(profile: Profile) -> str:
    """`90(含)–100 优，80(含)–90 良，…`."""
    parts, upper = [], "100"
    for one in profile.rules.grades:
        least = written(one.least)
        parts.append(f"{least}(含)–{upper} {one.name}" if one.least else f"{upper}以下 {one.name}")
        upper = least
    return "，".join(parts)


def _table(grid: Grid, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    cells: list[Cell] = []
    for head in heads:
        if cells and cells[-1].text == head:
            cells[-1] = Cell(head, Style.LABEL, across=cells[-1].across + 1)
        else:
            cells.append(Cell(head, Style.LABEL))
    grid.add(*cells)
    for row in rows:
        grid.add(*row)


def _sources(grid: Grid, appraisal: Appraisal, lines: Sequence[Line]) -> None:
    grid.whole("二、取值来源（含只在附表列示的指标）", Style.SECTION)
    shown_lines = [*([Line(appraisal.budget)] if appraisal.budget else []), *lines]
    _table(grid, SOURCES, [_source(line) for line in shown_lines])


def _reading(verdict: Verdict) -> str:
    """Whether anybody stands for how the row is read."""
    if UNCONFIRMED not in verdict.flags:
        return ""
    against = verdict.objection
    return f"\n{words.FLAGS[UNCONFIRMED]}" + (f"\n有异议：{against.says}" if against is not None else "")


def _source(line: Line) -> list[Cell]:
    row, verdict = line.row, line.row.verdict
    read = shown_target(verdict.target) + _reading(verdict)
    coverage = coverage_of(verdict) if row.indicator.measure.from_records else "—"
    return [
        Cell(row.indicator.name, Style.TEXT),
        Cell(row.indicator.text, Style.CENTRE),
        Cell(read, Style.CENTRE),
        Cell(value_text(verdict), Style.CENTRE, origin=row.origin, unconfirmed=row.unconfirmed),
        Cell(words_of_state(verdict), Style.CENTRE),
        Cell(ORIGINS[row.origin], Style.CENTRE),
        Cell(coverage, Style.CENTRE),
        Cell(_worked_out(line), Style.TEXT),
    ]


def _worked_out(line: Line) -> str:
    """The numbers put into the formula, or who said so."""
    verdict, told = line.row.verdict, line.told
    if told is not None:
        counts = f"合格{verdict.good:,}，不合格{verdict.bad:,}，未结{verdict.open:,}，剔除{verdict.excluded:,}"
        return f"{told.numbers.expression}\n{counts}" if told.numbers is not None else f"{told.why}\n{counts}"
    stated = verdict.stated
    if stated is None:
        return f"由{line.row.indicator.owner or '责任处室'}填报"
    amounts = ""
    if stated.numerator is not None and stated.denominator is not None:
        amounts = f"{written(stated.numerator, 6)} ÷ {written(stated.denominator, 6)}；"
    return f"{amounts}由{stated.account}填报（第{stated.act}条）"


def _beside(grid: Grid, basis: Basis, appraisal: Appraisal, lines: Sequence[Line]) -> None:
    rows = [row for line in lines for row in _evidence(basis, appraisal, line)]
    if rows:
        grid.whole("三、佐证", Style.SECTION)
        _table(grid, BESIDE, rows)


def _evidence(basis: Basis, appraisal: Appraisal, line: Line) -> Iterator[list[Cell]]:
    verdicts = basis.verdicts(appraisal.project)
    indicator = line.row.indicator
    for one in indicator.evidence:
        verdict = verdicts[one.id]
        counts = [Cell(f"{count:,}", Style.CENTRE) for count in (verdict.good, verdict.bad, verdict.excluded)]
        yield [
            Cell(indicator.name, Style.TEXT),
            Cell(one.name, Style.TEXT, across=2),
            Cell(value_text(verdict), Style.CENTRE),
            *counts,
            Cell("", Style.TEXT),
        ]
    stated = line.row.verdict.stated
    for name, hashed in () if stated is None else stated.evidence:
        file = Cell(f"{name}（SHA-256 {hashed[:16]}…）", Style.TEXT, across=7)
        yield [Cell(indicator.name, Style.TEXT), file]


def _taken_out(grid: Grid, lines: Sequence[Line]) -> None:
    groups = [(line, group) for line in lines if line.told is not None for group in line.told.excluded]
    if not groups:
        return
    grid.whole("四、剔除的记录", Style.SECTION)
    grid.add(Cell("指标", Style.LABEL), Cell("原因", Style.LABEL, across=6), Cell("件数", Style.LABEL))
    for line, group in groups:
        name = Cell(line.row.indicator.name, Style.TEXT)
        grid.add(name, Cell(group.reason, Style.TEXT, across=6), Cell(f"{group.records:,}", Style.CENTRE))


def _owed(grid: Grid, appraisal: Appraisal) -> None:
    owed = [(row, row.why or "") for row in appraisal.owed]
    owed += [(row, ATTENTIONS[row.attention]) for row in reason_owed(appraisal) if row.attention is not None]
    if not owed:
        return
    grid.whole("五、待补充", Style.SECTION)
    grid.add(Cell("指标", Style.LABEL), Cell("责任处室", Style.LABEL, across=2), Cell("缺什么", Style.LABEL, across=5))
    for row, what in owed:
        owner = Cell(row.indicator.owner or words.NO_OWNER, Style.CENTRE, across=2)
        grid.add(Cell(row.indicator.name), owner, Cell(what, across=5))


def _against_the_forecast(grid: Grid, basis: Basis, appraisal: Appraisal) -> None:
    """Where the year came out otherwise than the last monitoring form expected."""
    made = basis.foreseen
    if made is None:
        return
    found = []
    for row in appraisal.scored:
        then = made.body["rows"].get(f"{appraisal.project.id}/{row.indicator.id}", {})
        value = value_text(row.verdict)
        if then.get("expected", value) != value:
            found.append(
                (row.indicator.name, then["expected"], then.get("likely", "—"), value, words_of_state(row.verdict))
            )
    if not found:
        return
    last = date.fromisoformat(made.body["last"]) - timedelta(days=1)
    grid.whole(f"六、与监控表预计的差别（第{made.n}条导出，截至{last:%m-%d}）", Style.SECTION)
    heads = ("指标", "全年预计", "全年预计", "完成目标可能性", "实际完成值", "实际完成值", "状态", "状态")
    rows = [
        [
            Cell(name),
            Cell(expected, Style.CENTRE, across=2),
            Cell(likely, Style.CENTRE),
            Cell(value, Style.CENTRE, across=2),
            Cell(state, Style.CENTRE, across=2),
        ]
        for name, expected, likely, value, state in found
    ]
    _table(grid, heads, rows)
