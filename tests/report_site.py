"""Reports of the site of the forms, made in one call, and what they are made from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from agent.cli.exporting import days_of
from agent.cli.making import FORMS, Made, Order, judged_bases
from agent.config import Indicator
from agent.report import Material, material
from agent.status import Question
from tests.form_site import OVER, YEAR, FormSite


def order(site: FormSite, form: str, month: str | None = None, ending: str = ".html", **how: Any) -> Order:
    """What the command orders of these options."""
    now = how.pop("now", OVER)
    first, last = days_of(form, YEAR, None, month, site.config.plans[0].days.day_of(now))
    question = Question(first=first, last=last, with_year=True)
    return replace(site.order("self-evaluation", ending, now=now), form=form, question=question, **how)


def report(site: FormSite, form: str, month: str | None = None, ending: str = ".html", **how: Any) -> Made:
    """A report made."""
    return FORMS[form](order(site, form, month, ending, **how))


@contextmanager
def made_from(site: FormSite, form: str, month: str | None = None, **how: Any) -> Iterator[Material]:
    """What a report is made from."""
    with judged_bases([order(site, form, month, **how)]) as ((basis, _),):
        yield material(basis, demo=False)


def row(told: Material, id: str) -> Indicator:
    """The row of the only project with this id."""
    return next(one for one in told.promised if one.id == id)
