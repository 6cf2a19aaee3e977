"""Closings in the log of acts: which periods were closed, as what, with which values; and what may be closed next.

The body of an act of the kind `close`, whose subject is the period:

    first, last     the days of the period, as 2026-01-01
    stage           draft or final
    judged_at       the instant of the judgement, microseconds since 1970
    batch           the last batch it knew
    pack            the SHA-256 of the evidence pack
    verdicts        the SHA-256 of verdicts.json in it
    forms           {place in the pack: SHA-256} of the official forms
    values          {project/indicator: what it came to}, see `Value`
    restates        the act of the final closing it takes the place of
    reason          why
    signed_by       the fingerprint of the key that signed the pack

Keys that are not needed are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from agent.book.period import Period, period_of
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant, State, Tally, Unit, Verdict

CLOSE = "close"
DRAFT, FINAL = "draft", "final"
OWED = ("unstated", "interim")  # reasons, and a flag, of a row whose value of the year somebody has still to state


@dataclass(frozen=True, slots=True)
class Value:
    """What one indicator came to, all systems together. `tally` is what its decided records sum up to."""

    value: Fraction | None
    text: str | None
    unit: Unit
    state: State
    reason: str | None
    good: int
    bad: int
    open: int
    excluded: int
    tally: Tally
    rule: str | None  # the hash of the definition
    stated: int | None  # the act that stated it

    def as_body(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "value": None if self.value is None else str(self.value),
            "text": self.text,
            "unit": self.unit.value,
            "state": self.state.value,
            "reason": self.reason,
            "counts": [self.good, self.bad, self.open, self.excluded],
            "tally": list(self.tally),
            "rule": self.rule,
            "stated": self.stated,
        }


def value_of(verdict: Verdict, tally: Tally) -> Value:
    """What a verdict says, as it is kept."""
    return Value(
        value=verdict.value,
        text=verdict.text,
        unit=verdict.unit,
        state=verdict.state,
        reason=verdict.reason,
        good=verdict.good,
        bad=verdict.bad,
        open=verdict.open,
        excluded=verdict.excluded,
        tally=tally,
        rule=verdict.definition,
        stated=None if verdict.stated is None else verdict.stated.act,
    )


def _value(told: Mapping[str, Any]) -> Value:
    good, bad, waiting, excluded = told["counts"]
    return Value(
        value=None if told["value"] is None else Fraction(told["value"]),
        text=told["text"],
        unit=Unit(told["unit"]),
        state=State(told["state"]),
        reason=told["reason"],
        good=good,
        bad=bad,
        open=waiting,
        excluded=excluded,
        tally=Tally(*told["tally"]),
        rule=told["rule"],
        stated=told["stated"],
    )


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing of a period. `superseded` is the act that restated it."""

    act: Act
    period: Period
    stage: str
    judged_at: Instant
    batch: int
    pack: str
    values: Mapping[str, Value]
    restates: int | None
    reason: str | None
    signed_by: str | None
    superseded: int | None = None


def closings(log: Iterable[Act]) -> list[Closing]:
    """Every closing in the order in which they were made."""
    acts = [act for act in log if act.kind == CLOSE]
    superseded = {act.body["restates"]: act.n for act in acts if "restates" in act.body}
    return [_closing(act, superseded.get(act.n)) for act in acts]


def _closing(act: Act, superseded: int | None) -> Closing:
    told = act.body
    return Closing(
        act=act,
        period=period_of(act.subject),
        stage=told["stage"],
        judged_at=told["judged_at"],
        batch=told["batch"],
        pack=told["pack"],
        values={name: _value(one) for name, one in told["values"].items()},
        restates=told.get("restates"),
        reason=told.get("reason"),
        signed_by=told.get("signed_by"),
        superseded=superseded,
    )


def final_of(made: Sequence[Closing], period: Period) -> Closing | None:
    """The final closing of a period that stands."""
    return next((one for one in reversed(made) if one.period == period and one.stage == FINAL), None)


def permitted(made: Sequence[Closing], period: Period, stage: str, restate: bool, reason: str | None) -> Closing | None:
    """The final closing that a new one restates, None where there is none; ConfigError where it may not be made."""
    former = final_of(made, period)
    if former is None:
        if restate:
            raise ConfigError(f"--restate：{period.name} 没有定稿可以重述")
        return None
    if not restate:
        raise ConfigError(
            f"{period.name} 已由 {former.act.account} 定稿（第{former.act.n}条）；"
            "重述须用 --restate 和 --reason 写明理由，原定稿保留"
        )
    if stage != FINAL:
        raise ConfigError(f"--restate：{period.name} 已定稿，重述也须用 --final")
    if not reason:
        raise ConfigError("--reason：应写明重述的理由，现为空")
    return former


def check_final(period: Period, ended: bool, values: Mapping[str, Verdict]) -> None:
    """Refuse a final closing of a period that goes on, or of which a person still owes a value that is due in it."""
    if not ended:
        raise ConfigError(f"--final：{period.name} 尚未结束，只能作为草案封账")
    owed = [name for name, one in values.items() if one.reason in OWED or "interim" in one.flags]
    if owed:
        raise ConfigError([f"--final：{name} 尚未填报全期数值" for name in owed])
