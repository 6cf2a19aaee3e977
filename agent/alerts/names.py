"""Names of alerts, their labels and what these may say: written once, for what is posted and what is rendered."""

from __future__ import annotations

from enum import StrEnum

# What the agent itself posts to Alertmanager. A single record rings while it is open, in every tier it has reached.
RECORD_DUE_SOON = "DabiaoRecordDueSoon"
RECORD_OVERDUE = "DabiaoRecordOverdue"
RECORDS_PILE_UP = "DabiaoRecordsPileUp"  # more at once in one system than are told one by one
RECORDS_DUE_TODAY = "DabiaoRecordsDueToday"  # the digest of a working day's morning, one a project and system


class Severity(StrEnum):
    """The label `severity`. Words for people are in `agent.words`."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Escalation(StrEnum):
    """The label `escalation` of a single record's alert: whom it concerns. The tiers add up, each is told once."""

    DUTY = "duty"  # from due soon on
    LEAD = "lead"  # from overdue on
    DIRECTOR = "director"  # overdue for a quarter of an hour


POSTING = ACCEPTED, FAILED = "accepted", "failed"  # values of the label `result` of what was posted
DIRECTOR_AFTER_SECONDS = 15 * 60

ALERTNAME, PROJECT, INDICATOR, SYSTEM, SOURCE, TICKET = (
    "alertname",
    "project",
    "indicator",
    "system",
    "source",
    "ticket",
)
SEVERITY, ESCALATION = "severity", "escalation"
SUMMARY, DESCRIPTION, RUNBOOK_URL, DASHBOARD_URL = "summary", "description", "runbook_url", "dashboard_url"
SUBJECT = "subject"  # an annotation: what the alert is about without how it stands, for the message that it has ended
ENDED = "ended"  # an annotation of one that has ended: the whole message that tells how
