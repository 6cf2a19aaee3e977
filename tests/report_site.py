"""Reports of the site of the forms, made in one call."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from agent.cli.exporting import FORMS, Made, Order, days_of
from agent.model import Instant
from agent.status import Question
from tests.form_site import OVER, YEAR, FormSite


def order(site: FormSite, form: str, month: str | None = None, ending: str = ".html", now: Instant = OVER) -> Order:
    """What the command orders of these options."""
    first, last = days_of(form, YEAR, None, month, date(2027, 1, 10).toordinal())
    question = Question(first=first, last=last, with_year=True)
    return replace(site.order("self-evaluation", ending, now=now), form=form, question=question)


def report(site: FormSite, form: str, month: str | None = None, ending: str = ".html", now: Instant = OVER) -> Made:
    """A report made."""
    return FORMS[form](order(site, form, month, ending, now))
