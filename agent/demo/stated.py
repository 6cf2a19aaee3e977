"""What the officers of the demonstration have stated so far: some rows; most are still owed. All of it is made up."""

from __future__ import annotations

from collections.abc import Mapping

ACCOUNT = "演示"
PAID = "按合同分期支付，尾款验收后结清（演示）"
DONE = {"band": "达成"}
# By row of the shipped targets.yaml; the parts as `agent.acts.Part` names them.
STATED: Mapping[str, Mapping[str, str]] = {
    "platform-ops/budget-execution": {"numerator": "3868000", "denominator": "4763873", "reason": PAID},
    "platform-ops/funds-in-place": {"numerator": "4763873", "denominator": "4763873"},
    "platform-ops/finance-rules": {"word": "健全", **DONE},
    "platform-ops/project-rules": {"word": "健全", **DONE},
    "platform-ops/procurement": {"word": "合规", **DONE},
    "platform-ops/contracts": {
        "word": "基本完备", "band": "部分达成", "score": "75%", "reason": "两份补充协议尚未归档，月内补齐（演示）",
    },
    "platform-ops/equipment-inspection": {"word": "完善", **DONE, "score": "95%"},
    "platform-ops/staff-satisfaction": {
        "numerator": "352", "denominator": "396", "sent": "500", "returned": "410", "valid": "396",
    },
    "home-sales/budget-execution": {"numerator": "4125000.50", "denominator": "5000000", "reason": PAID},
    "home-sales/finance-rules": {"word": "有效", **DONE},
    "home-sales/procurement": {"not_applicable": "是", "reason": "本年度没有政府采购（演示）"},
}  # fmt: skip
