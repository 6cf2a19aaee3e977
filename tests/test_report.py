"""The reports: every figure is a verdict's, a month is told beside the month and the year before, and made again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from agent.cli.exporting import days_of, make_again, make_and_log
from agent.cli.options import DONE
from agent.ledger import acts
from agent.model import ConfigError, Unit
from agent.shown import shown
from tests.form_site import FormSite, form_site
from tests.plans import at
from tests.report_site import order, report

LATER = at("2027-03-01T09:00")
OCTOBER = ("2026-10-01", "2026-11-01")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[FormSite]:
    with form_site(tmp_path) as made:
        made.state_all()
        yield made


def test_a_months_figures_are_those_status_prints_of_the_same_days(site: FormSite) -> None:
    made = report(site, "monthly-report", "2026-10")
    answered = {
        f"{one['project']}/{one['indicator']}": one
        for one in site.status(first=OCTOBER[0], last=OCTOBER[1])["indicators"]
        if one["system"] is None
    }
    assert made.body["rows"].keys() == {"ops/answered", "ops/response", "ops/prose"}
    for place, printed in made.body["rows"].items():
        one = answered[place]
        value = shown(Fraction(one["value"]).limit_denominator(10**6), Unit(one["unit"]))
        assert printed["value"] == value
        assert value in made.content.decode()


def test_a_report_is_logged_and_made_again_after_the_ledger_went_on(site: FormSite) -> None:
    wanted = order(site, "monthly-report", "2026-10")
    assert make_and_log(wanted) == DONE
    with site.ledger.read() as session:
        act = acts.read(session)[-1]
    assert (act.kind, act.subject, act.body["first"]) == ("export", "monthly-report", "2026-10-01")
    with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:
        faults.write("F9,portal,2026-10-30 09:00:00,2026-10-30 11:00:00,\n")
    site.collect(LATER)
    assert report(site, "monthly-report", "2026-10", now=LATER).content != wanted.file.read_bytes()

    again = site.folder / "again.html"
    targets = [site.folder / "targets.yaml"]
    assert make_again(site.config, site.ledger, act.n, again, "mof-2020", LATER, targets) == DONE
    assert again.read_bytes() == wanted.file.read_bytes()


@pytest.mark.parametrize(
    ("form", "period", "month", "says"),
    [
        ("monthly-report", None, "2025-10", "--month：应写作 2026-01 至 2026-12，现为 '2025-10'"),
        ("monthly-report", None, "2026-13", "--month：应写作 2026-01 至 2026-12，现为 '2026-13'"),
        ("monthly-report", None, "十月", "--month：应写作 2026-01 至 2026-12，现为 '十月'"),
        ("monthly-report", "2026-01..07", None, "--period：monthly-report 为一个月，用 --month 2026-10 指明"),
        ("monitoring", None, "2026-10", "--month：monitoring 不按月，只用于 monthly-report"),
    ],
)
def test_days_a_report_cannot_be_of_are_refused(form: str, period: str | None, month: str | None, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        days_of(form, 2026, period, month, date(2026, 11, 25).toordinal())
    assert str(refused.value) == says


def test_a_file_no_report_is_written_as_is_refused(site: FormSite) -> None:
    with pytest.raises(ConfigError, match=r"-o form.xlsx：报告的文件名应以 .html 之一结尾"):
        report(site, "monthly-report", "2026-10", ".xlsx")
