"""A measure in words: the formula of its kind, and every rule that says which record counts, when and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from agent.conditions import text_of
from agent.config import Indicator, Plan, Source
from agent.explain.explanation import Formula, Rule
from agent.explain.glossary import called, kind_called
from agent.measures import (
    Amount,
    Attested,
    ClockBy,
    Days,
    DurationMeasure,
    Entered,
    Limit,
    Measure,
    Milestone,
    OnTime,
    PausePair,
    Share,
    Timed,
    Uptime,
)
from agent.model import SECOND_US, Day, Target, Unit, Window
from agent.shown import shown_target
from agent.worktime import CalendarUnknown, Duration, WorkCalendar

STATISTICS = {"mean": "平均用时", "p50": "用时的中位数", "p95": "用时的第95百分位", "max": "最长用时"}
COMPARED = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
DAYS_DUE = {"working_days": "每个工作日", "extended": "每个应提供延时服务的日子(调休上班的周末不计)"}
CLOCKS = {"always": "自然时间", "service_hours": "工作日的服务时段", "workdays": "工作日全天"}
STARTS = {"next_workday": "次一工作日起算", "same_day": "当日起算"}


def formula(indicator: Indicator, plan: Plan, sources: Sequence[Source], window: Window) -> Formula:
    """How an indicator is worked out, for somebody who has never seen it."""
    measure = indicator.measure
    if not measure.from_records:
        return Formula(f"{indicator.name} = {_stated(measure)}", ())
    rules = [
        Rule("统计对象", _of(measure, sources)),
        *_own_rules(measure, indicator, plan, window.first),
        *_shared_rules(measure, plan),
    ]
    return Formula(f"{indicator.name} = {_sentence(measure)}", tuple(rules))


def _sentence(measure: Measure) -> str:
    match measure:
        case OnTime():
            return "按时数 ÷ (按时数 + 超时数)"
        case DurationMeasure(statistic="mean"):
            return "用时合计 ÷ 件数"
        case DurationMeasure():
            return STATISTICS[measure.statistic]
        case Share(bad_when=None):
            return "合格数 ÷ (合格数 + 不合格数)"
        case Share():
            return "差错数 ÷ (差错数 + 无差错数)"
        case Uptime():
            return "(应服务时长 − 停机时长) ÷ 应服务时长"
        case Amount():
            return f"{called(measure.numerator)}合计 ÷ {called(measure.denominator)}合计"
        case Days():
            return "有记录的天数 ÷ 应有记录的天数"
        case _:
            return "计划内事项全部完成之日(最晚一项的日期)"


def _stated(measure: Measure) -> str:
    match measure:
        case Attested():
            return f"由责任部门填报结论，认可“{'”“'.join(measure.accept)}”"
        case Entered():
            return "由责任部门填报分子与分母，分子 ÷ 分母"
        case _:
            return "由责任部门填报"


def _of(measure: Measure, sources: Sequence[Source]) -> str:
    names = "、".join(source.id for source in sources)
    return f"{kind_called(measure.of)}记录，" + (f"取自数据源 {names}" if names else "目前没有数据源提供此类记录")


# --- the rules of one kind ------------------------------------------------------------------------------------------


# Of these rules, those that say what is good.
CRITERIA = ("时限", "合格条件", "差错条件", "停机条件", "计划内", "完成", "应有记录")


def _own_rules(measure: Measure, indicator: Indicator, plan: Plan, first: Day) -> Iterator[Rule]:
    match measure:
        case Timed() if not isinstance(measure, Uptime):
            yield Rule("计时", f"从{called(measure.start_name)}到{called(measure.to)}")
            yield Rule("时限", _limit_of(measure, indicator))
            yield Rule("时钟", _clock(measure, plan.calendar, first))
            if measure.pause is not None:
                yield Rule("停表", _pause(measure.pause))
            if isinstance(measure, DurationMeasure) and measure.percentile is not None:
                yield Rule("统计量", f"{STATISTICS[measure.statistic]}，用时由短到长排列，两值之间线性插值")
            yield Rule("未结", _unfinished(measure))
        case Share():
            wanted = measure.good_when or measure.bad_when or {}
            yield Rule("合格条件" if measure.bad_when is None else "差错条件", condition(wanted))
            if measure.judge_after is not None:
                yield Rule(
                    "暂不判定",
                    f"{called(measure.cohort or '')}之后未满{_length(measure.judge_after)}且条件未成立的，计为未结",
                )
        case Uptime():
            yield Rule("时段", f"从{called(measure.start_name)}到{called(measure.to)}的区间，跨日的按本地零点切开")
            yield Rule(
                "停机条件", condition(measure.down_when) if measure.down_when else "「状态 state」不为 up，或未注明状态"
            )
            yield Rule("应服务时长", "系统服务时段之内、计划维护之外、数据源确已读到的时间")
        case Days():
            yield Rule("应有记录", DAYS_DUE[measure.due_days])
        case Milestone():
            yield Rule("计划内", condition(measure.planned))
            yield Rule("完成", f"{called(measure.to)}有值")


def _limit_of(measure: Timed, indicator: Indicator) -> str:
    limit = measure.limit if isinstance(measure, OnTime | DurationMeasure) else None
    if isinstance(measure, OnTime) and measure.due is not None:
        return f"不晚于{called(measure.due)}，恰好相等算按时"
    if limit is not None:
        return f"{_limit(limit)}，恰好用满算按时"
    texts = [
        (f"{_date(begins)}起" if begins is not None else "") + shown_target(target)
        for begins, target in indicator.targets
    ]
    return f"单件以目标值为限：{'；'.join(texts)}" if texts else "不设"


def _limit(limit: Limit) -> str:
    if limit.fixed is not None:
        return _length(limit.fixed)
    if limit.field is not None:
        return f"由{called(limit.field)}给出，单位为{'工作日' if limit.unit.startswith('workday') else limit.unit}"
    rows = "、".join(f"{value}为{_length(length)}" for value, length in limit.table.items())
    return f"按{called(limit.by or '')}：{rows}"


def _length(length: Duration) -> str:
    if length.workdays is not None:
        return f"{length.workdays}个工作日"
    seconds = Fraction(length.microseconds or 0, SECOND_US)
    return shown_target(Target("in", seconds, Unit.SECONDS, ""))  # as a promise is printed: 5分钟, not 5分00秒


def _clock(measure: Timed, calendar: WorkCalendar, first: Day) -> str:
    starts = ""
    limit = measure.limit if isinstance(measure, OnTime | DurationMeasure) else None
    if limit is not None and _in_workdays(limit):
        starts = f"；工作日时限{STARTS[measure.start]}，到最后一个工作日结束(本地24时前)为止"
    if isinstance(measure.clock, ClockBy):
        rows = "、".join(f"{value}为{CLOCKS[kind]}" for value, kind in measure.clock.table.items())
        return f"按{called(measure.clock.by)}：{rows}{starts}"
    match measure.clock:
        case "service_hours":
            return f"只计工作日的服务时段{_example(calendar, first)}{starts}"
        case "workdays":
            return f"只计工作日(含调休上班日，不含法定节假日)，全天24小时{starts}"
        case _:
            return f"自然时间，全天24小时连续计{starts}"


def _in_workdays(limit: Limit) -> bool:
    lengths = [limit.fixed] if limit.fixed else list(limit.table.values())
    return (limit.field is not None and limit.unit.startswith("workday")) or any(
        length.workdays is not None for length in lengths
    )


def _example(calendar: WorkCalendar, first: Day) -> str:
    """The hours of the first working day at hand; other days may be shorter."""
    try:
        day = calendar.add_workdays(first - 1, 1)
        spans = calendar.service_spans(day)
    except CalendarUnknown:
        return ""
    hours = "、".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in spans)
    return f"(如{_date(day)} {hours})"


def _date(day: Day) -> str:
    return date.fromordinal(day).isoformat()


def _pause(pause: PausePair | str) -> str:
    if isinstance(pause, PausePair):
        return f"从{called(pause.start)}到{called(pause.to)}不计时；未结束的一直停到现在"
    return f"在{called(pause)}的各段起止之间不计时；未结束的一直停到现在"


def _unfinished(measure: Timed) -> str:
    if measure.unfinished == "leave_out":
        return "尚未完成的不计入，即使已过时限"
    if isinstance(measure, DurationMeasure):
        return "尚未完成且已过时限的计为不合格，用时算到此刻"
    return "尚未完成且已过时限的计为超时；未到时限的暂不计入"


# --- the rules all kinds share --------------------------------------------------------------------------------------


def _shared_rules(measure: Measure, plan: Plan) -> Iterator[Rule]:
    if measure.among:
        yield Rule("参与条件", condition(measure.among))
    if measure.systems:
        yield Rule("系统", "、".join(_system(plan, id) for id in measure.systems))
    yield Rule("归属日", _cohort(measure) + f"，按{plan.timezone}零点分日")
    for rule in measure.exclude:
        yield Rule("剔除", f"{rule.reason}：{condition(rule.when)}")
    yield Rule("缺值", "从来源撤回的、缺少起始时间或所需字段的记录剔除，并列出原因")


def _cohort(measure: Measure) -> str:
    match measure:
        case OnTime(cohort=None, due=None):
            return "应完成时刻(时限届满)所在日"
        case OnTime(cohort=None):
            return f"{called(measure.due or '')}所在日"
        case Uptime():
            return "区间所在日"
        case Milestone():
            return "计划年度"
        case Timed(cohort=None):
            return f"{called(measure.start_name)}所在日"
        case _:
            return f"{called(measure.cohort or '')}所在日"


def _system(plan: Plan, id: str) -> str:
    return plan.systems[id].name if id in plan.systems else id


def condition(wanted: Mapping[str, Any]) -> str:
    """A condition in words; several tests all have to hold."""
    return "且".join(_test(name, test) for name, test in wanted.items())


def _test(name: str, test: object) -> str:
    match test:
        case "present":
            return f"{called(name)}有值"
        case "absent":
            return f"{called(name)}无值"
        case Mapping():
            return "且".join(_comparison(name, key, value) for key, value in test.items())
        case list() | tuple():
            return f"{called(name)}为 {'、'.join(text_of(one) for one in test)} 之一"
        case _:
            return f"{called(name)}为 {text_of(test)}"


def _comparison(name: str, key: str, value: object) -> str:
    if key != "not":
        return f"{called(name)}{COMPARED[key]}{value}"
    match value:
        case "present" | "absent":
            return _test(name, "absent" if value == "present" else "present")
        case str() | int():
            return f"{called(name)}不为 {text_of(value)}(含无值)"
        case _:
            return f"并非({_test(name, value)})"
