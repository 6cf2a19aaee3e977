"""Chinese for the record kinds, times and fields the shipped targets use; other names stand as they are written."""

from __future__ import annotations

KINDS = {
    "accreditation": "认证",
    "call": "接口调用",
    "case": "办件",
    "check": "质量抽查",
    "contract": "合同",
    "deal": "成交",
    "duty": "延时服务值班",
    "fault": "故障",
    "feature": "新增功能",
    "inspection": "巡检",
    "report": "分析报告",
    "review": "评价",
    "survey": "问卷",
    "task": "运维任务",
    "uptime": "可用状态",
    "usage": "使用情况",
    "violation": "违规处置",
}
NAMES = {
    "accepted_at": "受理(验收)时间",
    "answer": "回答",
    "answered_at": "答复时间",
    "applied_at": "申请时间",
    "audited_at": "审核完成时间",
    "automatic": "自动评价",
    "basis": "处置依据",
    "cancel_reason": "撤销原因",
    "channel": "渠道",
    "checked_at": "抽查时间",
    "day": "日期",
    "done_at": "完成时间",
    "due_at": "应办结时间",
    "duplicate_of": "重复于",
    "finished_at": "办结时间",
    "found_at": "发现时间",
    "from": "开始时间",
    "group": "对象",
    "issued_at": "出具时间",
    "item_type": "事项类型",
    "level": "级别",
    "market": "市场",
    "mode": "方式",
    "ok": "成功数",
    "on_duty_at": "值班时间",
    "pause": "暂停",
    "pause_end": "暂停结束",
    "pause_start": "暂停开始",
    "planned": "计划内",
    "planned_at": "计划时间",
    "recheck": "复核结果",
    "rechecked_at": "复核时间",
    "registered_at": "登记时间",
    "reported_at": "报修时间",
    "resolved_at": "解决时间",
    "responded_at": "响应时间",
    "result": "结果",
    "score": "评分",
    "signed_at": "签约时间",
    "stage": "环节",
    "state": "状态",
    "to": "结束时间",
    "total": "总数",
    "users": "使用人数",
    "year": "年度",
}


def kind_called(kind: str) -> str:
    """A record kind with its Chinese word, `故障(fault)`."""
    return f"{KINDS[kind]}({kind})" if kind in KINDS else kind


def called(name: str) -> str:
    """A time or field with its Chinese word, `「报修时间 reported_at」`."""
    return f"「{NAMES[name]} {name}」" if name in NAMES else f"「{name}」"


def short(name: str) -> str:
    """A time or field in as few characters as say it, for the head of a column."""
    return NAMES.get(name, name)


def done(name: str) -> str:
    """What happened at a time, `报修` for the time of reporting."""
    return short(name).removesuffix("时间")


def kind_alone(kind: str) -> str:
    """A record kind in Chinese, by itself."""
    return KINDS.get(kind, kind)
