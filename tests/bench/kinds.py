"""The kinds of record the shipped targets count, as a generated ledger has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ABSENT = ""


class Kind(NamedTuple):
    """One kind of record: its share of a ledger, its times in the order in which they come, and its fields' values."""

    share: float
    times: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]] = {}


HOW = {"mode": ("full", "sample"), "result": ("right", "wrong"), "stage": ("acceptance", "review")}
FAULT = {"level": ("1", "2", "3", "4"), "duplicate_of": (ABSENT,), "planned": ("no", "no", "no", "yes")}
ACCREDITATION = {"item_type": ("initial", "change", "cancellation", "key"), "recheck": ("pass", "pass", "fail")}
SURVEY = {"group": ("staff", "developer", "manager"), "answer": ("satisfied", "very_satisfied", "dissatisfied")}
KINDS = {
    "case": Kind(
        0.35,
        ("accepted_at", "finished_at", "due_at"),
        {"state": ("done",), "channel": ("online", "window"), "item_type": ("A", "B")},
    ),
    "deal": Kind(0.25, ("registered_at",), {"market": ("new", "resale"), "channel": ("online", "window")}),
    "review": Kind(0.15, ("answered_at",), {"score": ("5", "4", "3", "1"), "automatic": ("no", "yes")}),
    "contract": Kind(0.15, ("signed_at", "filed_at"), {"cancel_reason": (ABSENT, "funds", "input_error", "other")}),
    "check": Kind(0.05, ("checked_at",), HOW),
    "call": Kind(0.009, ("day",), {"ok": ("990", "1000"), "total": ("1000",)}),
    "fault": Kind(0.01, ("reported_at", "responded_at", "resolved_at"), FAULT),
    "usage": Kind(0.009, ("day",), {"users": ("3", "8")}),
    "task": Kind(0.01, ("done_at", "due_at")),
    "accreditation": Kind(0.005, ("applied_at", "accepted_at", "audited_at", "rechecked_at"), ACCREDITATION),
    "uptime": Kind(0.002, ("from", "to"), {"state": ("down",)}),
    "inspection": Kind(0.001, ("planned_at", "done_at")),
    "survey": Kind(0.001, ("answered_at",), SURVEY),
    "duty": Kind(0.001, ("on_duty_at",)),
    "violation": Kind(0.001, ("found_at",), {"basis": ("stated",)}),
    "report": Kind(0.0005, ("planned_at", "issued_at")),
    "feature": Kind(0.0005, ("planned_at", "accepted_at"), {"year": ("2026",)}),
}
NUMBERS = frozenset({"ok", "total", "users", "score"})
DAYS_BETWEEN = frozenset({"case", "accreditation"})  # their times lie days apart, all others' minutes
