"""The Chinese words of states, stages, windows and flags: what the ops team, officers and auditors read."""

from __future__ import annotations

from datetime import date

from agent.model import Band, Cause, Service, Stage, State, Unit, Verdict

STATES: dict[State, str] = {
    State.MET: "达标",
    State.AT_RISK: "预警",
    State.MISSED: "当前未达标",
    State.EMPTY: "本期未发生",
    State.NO_DATA: "无数据",
    State.PENDING: "待填报",
    State.NOT_DUE: "未到期",
    State.NOT_APPLICABLE: "不适用",
}
UNREACHABLE = "年内已无法达标"
FLAGS = {
    "partial": "数据不完整",
    "unconfirmed": "口径待确认",
    "interim": "阶段填报，全年值待填",
    "behind": "落后于分月计划",
    "acknowledged": "已知晓",
    "changed_since_closing": "封账后有变化",
}
BANDS: dict[Band, str] = {  # the fixed texts of the form, 财预〔2020〕10号
    Band.ACHIEVED: "达成年度指标",
    Band.PARTLY: "部分达成年度指标并具有一定效果",
    Band.NOT_ACHIEVED: "未达成年度指标且效果较差",
}
BANDS_WRITTEN: dict[str, Band] = {  # as people say them, and as some forms print them
    **{name: band for band, name in BANDS.items()},
    **{band.value: band for band in Band},
    "达成预期指标": Band.ACHIEVED,
    "达成": Band.ACHIEVED,
    "部分达成": Band.PARTLY,
    "未达成": Band.NOT_ACHIEVED,
}
CAUSES: dict[Cause, str] = {  # the headings of the form, 财预〔2019〕136号
    Cause.FUNDS: "经费保障",
    Cause.RULES: "制度保障",
    Cause.STAFF: "人员保障",
    Cause.HARDWARE: "硬件条件保障",
    Cause.OTHER: "其他",
}
UNITS: dict[Unit, str] = {
    Unit.RATIO: "比率",
    Unit.SECONDS: "秒",
    Unit.COUNT: "个",
    Unit.CNY: "元",
    Unit.DATE: "日期",
    Unit.TEXT: "文字",
}
PARTS = {  # what can be said of a row
    "through": "填报截至",
    "numerator": "分子",
    "denominator": "分母",
    "word": "完成情况",
    "band": "完成档次",
    "score": "得分率",
    "sent": "发放问卷",
    "returned": "回收问卷",
    "valid": "有效问卷",
    "evidence": "佐证材料",
    **{f"cause_{cause.value}": f"偏差原因：{name}" for cause, name in CAUSES.items()},
    "reason": "偏差原因分析及改进措施",
    "not_applicable": "不适用",
}
STAGES: dict[Stage, str] = {
    Stage.IN_TIME: "时限内",
    Stage.DUE_SOON: "即将超时",
    Stage.OVERDUE: "已超时",
    Stage.PAUSED: "计时暂停",
}
SERVICES: dict[Service, str] = {
    Service.OPEN: "开放时段",
    Service.CLOSED: "非开放时段",
    Service.MAINTENANCE: "维护",
}
WINDOWS = {
    "today": "今日",
    "7d": "近7天",
    "30d": "近30天",
    "month": "本月",
    "quarter": "本季",
    "ytd": "本年累计",
    "year": "全年",
    "custom": "自选区间",
}
SEVERITIES = {"critical": "紧急", "warning": "重要", "info": "提示"}
WALL, AGENT = "监测大屏", "监测程序"  # the agent's own page, and the agent, to those who look at it
ALERT, ENDED, LET_GO = "告警", "解除", "不再提醒"  # the last: it is not over, but no longer told of by itself
UP = {True: "正常", False: "中断", None: "未知"}  # a system, a source
RESULTS = {"new": "新增", "changed": "变更", "same": "相同", "rejected": "异常"}  # of the rows a source told
OUTCOMES = {"good": "合格", "bad": "不合格", "excluded": "剔除", "open": "未结"}
REASONS = {
    "not_measured": "本区间尚未开始采集",
    "no_source": "没有数据源提供此类记录",
    "coverage": "数据完整率不足",
    "unstated": "等待填报",
    "interim": "只填报到年内，等待全年值",
    "yearly": "按年填报，不分区间",
    "declared": "填报为不适用",
    "unfinished": "尚有计划内事项未完成",
    "catching_up": "口径变更，正在重新计算",
    "reading": "程序刚启动，正在读取明细",
}
FINDINGS = {
    "ledger": "账本无法使用",
    "out_of_order": "时间先后颠倒",
    "in_the_future": "时间在未来",
    "same_rank": "同一版本内容不同",
    "share_above_one": "分子大于分母",
    "entered_late": "补录",
    "answer_edited": "完成时间事后改动",
    "counts_disagree": "两个来源数量不一致",
    "clock_offset": "时钟有偏差",
    "silent": "数据源突然沉默",
    "orphaned_source": "数据源已不在配置中",
    "outage_without_ticket": "中断无工单",
    "backlog_grows": "未结只增不减",
    "changed_since_closing": "封账后有变化",
}
ACTS = {  # what people did, by the kind the log keeps
    "exclude": "申请剔除",
    "restore": "申请恢复",
    "approve": "批准",
    "confirm": "确认口径",
    "object": "口径有异议",
    "define": "变更口径",
    "withdraw": "确认撤回",
    "retract": "撤回申请",
    "attest": "填报",
    "fill": "填写表头",
    "acknowledge": "已知晓",
    "lift": "取消已知晓",
    "export": "导出",
    "close": "封账",
}
FORMS = {  # what can be exported
    "attest": "填报表",
    "readings": "口径确认表",
    "self-evaluation": "自评表",
    "monitoring": "监控表",
    "targets": "绩效目标表",
    "annual-report": "年度报告",
    "monthly-report": "月报",
}
CLOSED_AS = {"draft": "草案", "final": "定稿"}  # a closing
DEMO = "演示数据"
NO_OWNER = "未指定责任处室"


def allowance(left: int, noun: str = "件") -> str:
    """How many more may miss: `13件`, or by how many it is too late: `已超1件`."""
    return f"{left:,}{noun}" if left >= 0 else f"已超{-left:,}{noun}"


def flags(verdict: Verdict) -> tuple[str, ...]:
    """The flags of a verdict in words; of an acknowledgement also how long it holds, of a reading who objects to it."""
    more = {}
    if (until := verdict.acknowledged) is not None:
        more["acknowledged"] = f"至{date.fromordinal(until.until).isoformat()}"
    if (against := verdict.objection) is not None:
        more["unconfirmed"] = f"（{against.account}有异议：{against.says}）"
    return tuple(FLAGS[flag] + more.get(flag, "") for flag in verdict.flags)


def finding(kind: str) -> str:
    """A kind of finding in words."""
    return FINDINGS.get(kind, kind)


def excluded(reason: str) -> str:
    """The reason a record does not count, in words; a rule's own reason stands as it was written."""
    if reason == "withdrawn":
        return "已从来源撤回"
    if reason == "outside opening hours":
        return "系统非开放时段或维护"
    if reason == "amount out of range":
        return "金额超出可精确记录的范围"
    if reason.startswith("no limit for "):
        return f"未规定时限:{reason.removeprefix('no limit for ')}"
    if reason.startswith("no clock for "):
        return f"未规定时钟:{reason.removeprefix('no clock for ')}"
    if reason.startswith("no "):
        return f"缺少时间或字段 {reason.removeprefix('no ')}"
    if reason.startswith("calendar "):
        return f"{reason.split()[1]}年工作日安排尚未公布"
    return reason


# --- records and what happens to them, for the texts of alerts --------------------------------------------------------

RECORDS = {
    "fault": "故障单",
    "case": "办件",
    "task": "任务",
    "accreditation": "认证申请",
    "inspection": "巡检",
    "feature": "新增功能",
    "report": "分析报告",
    "contract": "合同",
    "violation": "违规",
}
MOMENTS = {
    "reported_at": "报修",
    "responded_at": "响应",
    "accepted_at": "受理",
    "applied_at": "申请",
    "audited_at": "审核",
    "resolved_at": "解决",
    "finished_at": "办结",
    "done_at": "完成",
    "closed_at": "关闭",
    "issued_at": "出具",
    "planned_at": "计划",
}
ACTIONS = {"responded_at": "受理"}  # where what to do is called otherwise than its being done


def record(kind: str) -> str:
    """What a record of a kind is called; a kind named in Chinese is called that."""
    return RECORDS.get(kind, "记录" if kind.isascii() else kind)


def begun(time: str) -> str:
    """What happened at the time from which a record is measured."""
    return MOMENTS.get(time, "起计时" if time.isascii() else time.removesuffix("时间"))


def done(time: str) -> str:
    """What is to happen to a record in the end."""
    return MOMENTS.get(time, "完成" if time.isascii() else time.removesuffix("时间"))


def to_do(time: str) -> str:
    """What a person does for that to happen."""
    return ACTIONS.get(time, done(time))


def unheard(subject: str) -> str:
    """That nothing more is heard of a record, so that nobody can say what became of it."""
    return f"【{LET_GO}】{subject} {AGENT}没有再报来消息，是否已处理请在{WALL}查看"
