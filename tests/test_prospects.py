"""The rest of the year in a verdict: allowance, forecast and 预警, from what the ledger holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from agent.book import Book, Delivery, definitions, register
from agent.book.statements import ATTEST
from agent.evaluate import Board
from agent.explain import explain
from agent.explain.ahead import likely
from agent.ledger import Ledger
from agent.ledger.acts import append
from agent.model import Mapped, Record, State, Verdict
from agent.status import status_answer
from tests.plans import at, case, site

SHARE = {"kind": "share", "of": "case", "cohort": "accepted_at", "good_when": {"state": "done"}}
ANSWERED = {"kind": "duration", "of": "case", "from": "accepted_at", "to": "finished_at", "statistic": "mean"}
EVERYTHING = (0, at("2030-01-01"))
WORKDAYS_OF_2026 = 248
WORKDAYS = [f"2026-{month:02d}-{day:02d}" for month in (3, 4, 5) for day in range(2, 28)]


class Year:
    """Ten cases a day through the spring, some of which missed."""

    def __init__(self, folder: Path, target: str, measure: Mapping[str, Any] = SHARE) -> None:
        self.config = site(folder, {"x": measure}, target=target)
        self.ledger = Ledger.open(folder / "ledger.db")
        self.book = Book(self.ledger, register(self.ledger, definitions(self.config)).keys)
        self.board = Board(self.config, self.ledger)

    def tell(self, missed: int, of: int = 10) -> None:
        records = [
            case(f"{day}-{n}", accepted_at=f"{day}T10:00", finished_at=f"{day}T11:30", state="done")
            for day in WORKDAYS
            for n in range(of)
        ]
        lost = [record._replace(fields={"state": "open"}) for record in records[:missed]]
        self.deliver(lost + records[missed:])

    def deliver(self, records: list[Record]) -> None:
        mapped = Mapped(records, [], [], None)
        self.book.deliver(Delivery("cases", "case", mapped, 0, finished=True, covers=EVERYTHING))

    def verdict(self, window: str = "ytd", system: str | None = None) -> Verdict:
        snapshot = self.board.refresh(at("2026-05-28T10:00"))
        (found,) = [v for v in snapshot.verdicts if v.window.name == window and v.system == system]
        return found


def test_a_target_kept_comfortably_has_an_allowance_and_a_forecast_that_meets_it(tmp_path: Path) -> None:
    year = Year(tmp_path, ">= 95 %")
    year.tell(missed=8)
    verdict = year.verdict()
    assert verdict.state is State.MET
    assert verdict.reachable is True
    assert verdict.allowance_left is not None
    assert verdict.allowance_left > 40  # some 2,000 cases are to be expected, of which a hundred may miss
    assert verdict.forecast is not None
    assert verdict.forecast.low <= verdict.forecast.value <= verdict.forecast.high
    assert verdict.forecast.chance > 0.95


def test_a_target_that_will_be_out_of_reach_though_it_is_met_is_at_risk(tmp_path: Path) -> None:
    year = Year(tmp_path, ">= 99 %")
    year.tell(missed=0)
    assert year.verdict().state is State.MET
    changed = [
        case(f"{day}-{n}", accepted_at=f"{day}T10:00", state="open", changed="2026-05-28T09:00")
        for day in WORKDAYS[-4:]
        for n in range(2)
    ][:7]
    year.book.deliver(Delivery("cases", "case", Mapped(changed, [], [], None), 1))
    verdict = year.verdict()
    assert verdict.value is not None
    assert verdict.value >= 0.99 - 1e-9
    assert verdict.state is State.AT_RISK


def test_a_promise_of_a_hundred_per_cent_is_lost_for_good_by_one_miss_and_not_at_risk_before(tmp_path: Path) -> None:
    year = Year(tmp_path, "= 100 %")
    year.tell(missed=0)
    kept = year.verdict()
    assert (kept.state, kept.allowance_left, kept.reachable) == (State.MET, 0, True)
    lost = case(f"{WORKDAYS[0]}-0", accepted_at=f"{WORKDAYS[0]}T10:00", state="open", changed="2026-05-28T09:00")
    year.book.deliver(Delivery("cases", "case", Mapped([lost], [], [], None), 1))
    broken = year.verdict()
    assert (broken.state, broken.reachable) == (State.MISSED, False)


def test_what_is_said_of_the_year_stands_in_its_windows_and_for_all_systems_together(tmp_path: Path) -> None:
    year = Year(tmp_path, ">= 95 %")
    year.tell(missed=8)
    assert year.verdict("year").forecast is not None
    for window, system in (("30d", None), ("ytd", "archive")):
        verdict = year.verdict(window, system)
        assert (verdict.forecast, verdict.allowance_left, verdict.reachable) == (None, None, None)


def test_a_mean_spoiled_by_a_clock_that_still_runs_is_not_called_lost(tmp_path: Path) -> None:
    year = Year(tmp_path, "<= 2h", ANSWERED)
    year.tell(missed=0, of=1)
    year.book.deliver(
        Delivery("cases", "case", Mapped([case("late", accepted_at="2026-01-02T10:00")], [], [], None), 1)
    )
    assert (year.verdict().state, year.verdict().reachable) == (State.MISSED, None)


# --- what is needed, and the plan of a cumulative row -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statistic", "met", "near"), [("p95", "<= 60 min", "<= 50 min"), ("max", "<= 2 h", "<= 58 min")]
)
def test_a_percentile_and_a_maximum_are_foreseen_from_the_values_so_far(
    tmp_path: Path, statistic: str, met: str, near: str
) -> None:
    """Ten cases a day that take 1 to 57 minutes; the largest are taken again and again, so that little is beyond."""
    forecasts = []
    for name, target in (("met", met), ("near", near)):
        (tmp_path / name).mkdir()
        year = Year(tmp_path / name, target, ANSWERED | {"statistic": statistic})
        taken = [1 + (7 * n) % 57 for n in range(10 * len(WORKDAYS))]
        year.deliver(
            [
                case(
                    f"{n}", accepted_at=f"{WORKDAYS[n // 10]}T10:00", finished_at=f"{WORKDAYS[n // 10]}T10:{minutes:02}"
                )
                for n, minutes in enumerate(taken)
            ]
        )
        verdict = year.verdict()
        assert verdict.forecast is not None
        assert verdict.value is not None
        assert verdict.forecast.low <= verdict.forecast.value <= verdict.forecast.high < 1.2 * 57 * 60
        assert verdict.forecast.value == pytest.approx(float(verdict.value), rel=0.05)
        assert year.verdict("year").forecast == verdict.forecast
        forecasts.append(verdict.forecast.chance)
        running = case("late", accepted_at="2026-05-28T06:00")
        year.deliver([running])
        late = year.verdict()
        assert late.forecast is not None
        assert (late.forecast.value > verdict.forecast.value) == (statistic == "max")  # its four hours are the maximum
    assert forecasts[0] > 0.9 > 0.6 > forecasts[1]


def test_the_rate_needed_and_the_last_day_to_turn_are_in_the_answer_and_the_explanation(tmp_path: Path) -> None:
    year = Year(tmp_path, ">= 95 %")
    year.tell(missed=30)
    verdict = year.verdict()
    assert verdict.rate_needed is not None
    assert 0.9 < verdict.rate_needed < 0.95
    (tmp_path / "lost").mkdir()
    lost = Year(tmp_path / "lost", ">= 95 %")
    lost.tell(missed=200)
    snapshot = lost.board.refresh(at("2026-05-28T10:00"))
    row = next(r for r in status_answer(snapshot, lost.config)["indicators"] if r["system"] is None)
    assert (row["reachable"], row["rate_needed"], row["course"]) == (False, None, None)
    assert row["unreachable_on"] == "2026-05-28"
    told = explain(lost.config, lost.ledger, snapshot, "ops", "x")
    assert "按预计的全年业务量" in told.why
    assert "能否达标" in [rule.label for rule in told.ahead]


PLANNED = {"accumulation": "cumulative", "plan": {"2026-06": "40 %", "2026-09": "70 %"}}
SPENT = {"kind": "entered", "unit": "ratio"}


@pytest.mark.parametrize(
    ("now", "numerator", "flags", "expected"),
    [("2026-06-30", "30", (), None), ("2026-07-01", "39", ("behind",), 0.4), ("2026-07-01", "40", (), 0.4)],
)
def test_a_cumulative_row_is_held_against_its_plan_by_month_and_never_missed_before_it_is_judged(
    tmp_path: Path, now: str, numerator: str, flags: tuple[str, ...], expected: float | None
) -> None:
    config = site(tmp_path, {"x": SPENT}, target=">= 95 %", keys=PLANNED)
    ledger = Ledger.open(tmp_path / "ledger.db")
    register(ledger, definitions(config))
    with ledger.write() as session:
        said = {"year": 2026, "through": "2026-06-30", "numerator": numerator, "denominator": "100"}
        append(session, at(now), "wang", ATTEST, "ops/x", said)
    snapshot = Board(config, ledger).refresh(at(f"{now}T10:00"))
    row = next(r for r in status_answer(snapshot, config)["indicators"] if r["system"] is None)
    assert row["state"] == "not_due"
    assert tuple(flag for flag in row["flags"] if flag != "unconfirmed") == flags
    assert row["course"]["expected"] == expected
    told = explain(config, ledger, snapshot, "ops", "x")
    assert [rule.label for rule in told.ahead][-1] == "下一节点"
    ledger.close()


def test_three_stated_steps_foresee_where_a_plan_will_end(tmp_path: Path) -> None:
    config = site(tmp_path, {"x": SPENT}, target=">= 95 %", keys=PLANNED)
    ledger = Ledger.open(tmp_path / "ledger.db")
    register(ledger, definitions(config))
    for month, numerator in ((1, "3"), (2, "6"), (3, "10"), (4, "13")):
        with ledger.write() as session:
            said = {"year": 2026, "through": f"2026-{month:02d}-28", "numerator": numerator, "denominator": "100"}
            append(session, at("2026-05-01"), "wang", ATTEST, "ops/x", said)
    snapshot = Board(config, ledger).refresh(at("2026-05-02T10:00"))
    verdict = next(v for v in snapshot.verdicts if v.window.name == "ytd" and v.system is None)
    assert verdict.forecast is not None
    assert 0.4 < verdict.forecast.value < 0.6
    assert verdict.forecast.chance < 0.2
    ledger.close()


@pytest.mark.parametrize(
    ("chance", "says"), [(1.0, "99%以上"), (0.995, "99%以上"), (0.81, "约81%"), (0.004, "不到1%"), (0.0, "不到1%")]
)
def test_a_chance_is_told_no_finer_than_it_is_known(chance: float, says: str) -> None:
    assert likely(chance) == says


def test_what_may_still_miss_is_told_with_what_each_is_taken_to_cost(tmp_path: Path) -> None:
    year = Year(tmp_path, "<= 2 h", ANSWERED)
    year.tell(missed=0)
    snapshot = year.board.refresh(at("2026-05-28T10:00"))
    told = explain(year.config, year.ledger, snapshot, "ops", "x")
    (allowance,) = [rule.text for rule in told.ahead if rule.label == "还可超时"]
    assert allowance.endswith("件(按预计全年业务量；设其每件用时为目标的两倍，其余照平均用时)")


def test_what_is_late_is_lost_only_where_unfinished_records_count(tmp_path: Path) -> None:
    timely = {"kind": "on_time", "of": "case", "from": "accepted_at", "to": "finished_at", "limit": "2h"}
    left = {}
    for unfinished in ("count", "leave_out"):
        (folder := tmp_path / unfinished).mkdir()
        year = Year(folder, ">= 95 %", timely | {"unfinished": unfinished})
        year.tell(missed=0)
        year.deliver([case("late", accepted_at="2026-05-27T09:00")])
        left[unfinished] = year.verdict("year").allowance_left
    assert left["count"] is not None
    assert left["leave_out"] == left["count"] + 1


def test_a_day_that_may_still_be_kept_is_not_missed_yet(tmp_path: Path) -> None:
    year = Year(
        tmp_path, ">= 50 %", {"kind": "days", "of": "case", "cohort": "accepted_at", "due_days": "working_days"}
    )
    year.tell(missed=0)
    verdict = year.verdict("year")
    assert (verdict.open, verdict.due_today) == (1, 0)
    assert verdict.allowance_left == WORKDAYS_OF_2026 // 2 - verdict.bad
