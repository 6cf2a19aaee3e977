"""The ten application systems: our ids, their names and the codes each kind of source uses for them."""

from __future__ import annotations

from typing import NamedTuple

MARK = "演示数据"
ORGANISATION = f"上海市房地产交易中心（{MARK}）"


class System(NamedTuple):
    """One application system. `faults` is its share of a year's faults."""

    id: str
    name: str
    code: str
    faults: int


SYSTEMS = (
    System("new-home-signing", "新建商品房合同网签和备案系统", "XJF", 22),
    System("resale-signing", "存量房合同网签和备案系统", "CLF", 24),
    System("fund-escrow", "存量房资金监管系统", "ZJJG", 12),
    System("portal", "房地产交易网站", "WZ", 12),
    System("archive", "档案管理系统", "DA", 8),
    System("supervision", "督查督办系统", "DB", 5),
    System("appointment", "预约管理系统", "YY", 8),
    System("quality-supervision", "房地产交易登记业务质量监管系统", "ZL", 5),
    System("analytics", "上海市房地产交易登记专题分析系统", "FX", 4),
    System("video", "交易登记行业视频应用管理系统", "SP", 0),  # has a desk of its own: the event log
)
BY_ID = {system.id: system for system in SYSTEMS}
