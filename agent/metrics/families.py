"""Every series and label name of Dabiao, written here once: its type, what it says, and by which labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from agent.model import Unit


class Kind(StrEnum):
    """The type of a family, as OpenMetrics names it."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"


SUFFIXES = {
    Kind.GAUGE: "",
    Kind.COUNTER: "_total",
    Kind.INFO: "_info",
}  # of a sample's name, not of OpenMetrics' family


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """All series of one name. `labels` are in the order in which they are written."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]

    @property
    def text_header(self) -> str:
        """HELP and TYPE of the text format 0.0.4, which knows no info type."""
        kind = Kind.GAUGE if self.kind is Kind.INFO else self.kind
        return f"# HELP {self.name} {self.help}\n# TYPE {self.name} {kind}\n"

    @property
    def openmetrics_header(self) -> str:
        """TYPE and HELP of OpenMetrics 1.0, in which a family is named without the suffix of its samples."""
        name = self.name.removesuffix(SUFFIXES[self.kind])
        return f"# TYPE {name} {self.kind}\n# HELP {name} {self.help}\n"

    def line(self, values: tuple[str, ...], number: float) -> str:
        """One sample, its label values in the order of `labels`."""
        pairs = ",".join(f'{name}="{escaped(value)}"' for name, value in zip(self.labels, values, strict=True))
        return f"{self.name}{{{pairs}}} {number!r}\n" if pairs else f"{self.name} {number!r}\n"


def escaped(value: str) -> str:
    """A label value as both formats write it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def gauge(name: str, help: str, *labels: str) -> Family:  # noqa: A002 - the format's own word
    """A family of gauges."""
    return Family(name, Kind.GAUGE, help, labels)


def counter(name: str, help: str, *labels: str) -> Family:  # noqa: A002
    """A family of counters; the name ends in _total."""
    return Family(name, Kind.COUNTER, help, labels)


def info(name: str, help: str, *labels: str) -> Family:  # noqa: A002
    """A family whose labels are what it says; the name ends in _info."""
    return Family(name, Kind.INFO, help, labels)


INDICATOR = ("project", "indicator")
TOTAL_LABELS = (*INDICATOR, "window")
PART_LABELS = (*INDICATOR, "system", "window")
OPEN_LABELS = (*INDICATOR, "system")


@dataclass(frozen=True, slots=True)
class Judged:
    """The families of verdicts: totals and parts bear different names, so that a sum never counts twice."""

    values: dict[Unit, Family]
    records: Family
    state: Family
    coverage: Family

    def __iter__(self) -> Iterator[Family]:
        """Every family once."""
        yield from dict.fromkeys(self.values.values())
        yield from (self.records, self.state, self.coverage)


TOTAL_AMOUNT = gauge("dabiao_indicator_amount", "Value of the indicator, a count or an amount of money.", *TOTAL_LABELS)
TOTAL = Judged(
    {
        Unit.RATIO: gauge("dabiao_indicator_ratio", "Value of the indicator, 0 to 1.", *TOTAL_LABELS),
        Unit.SECONDS: gauge("dabiao_indicator_seconds", "Value of the indicator, a length of time.", *TOTAL_LABELS),
        Unit.COUNT: TOTAL_AMOUNT,
        Unit.CNY: TOTAL_AMOUNT,
        Unit.DATE: gauge(
            "dabiao_indicator_timestamp_seconds", "Value of the indicator, the start of a day.", *TOTAL_LABELS
        ),
    },
    gauge("dabiao_indicator_records", "Records that count toward the indicator.", *TOTAL_LABELS, "outcome"),
    gauge("dabiao_indicator_state", "1 for the state the indicator is in, else 0.", *TOTAL_LABELS, "state"),
    gauge("dabiao_indicator_coverage_ratio", "Share of the window that the sources really told.", *TOTAL_LABELS),
)
PART_AMOUNT = gauge(
    "dabiao_system_indicator_amount", "One system's value, a count or an amount of money.", *PART_LABELS
)
PART = Judged(
    {
        Unit.RATIO: gauge("dabiao_system_indicator_ratio", "One system's value, 0 to 1.", *PART_LABELS),
        Unit.SECONDS: gauge("dabiao_system_indicator_seconds", "One system's value, a length of time.", *PART_LABELS),
        Unit.COUNT: PART_AMOUNT,
        Unit.CNY: PART_AMOUNT,
        Unit.DATE: gauge(
            "dabiao_system_indicator_timestamp_seconds", "One system's value, the start of a day.", *PART_LABELS
        ),
    },
    gauge("dabiao_system_indicator_records", "One system's records by outcome.", *PART_LABELS, "outcome"),
    gauge("dabiao_system_indicator_state", "1 for the state one system's part is in, else 0.", *PART_LABELS, "state"),
    gauge("dabiao_system_indicator_coverage_ratio", "Share of the window told of one system.", *PART_LABELS),
)

TARGET_AMOUNT = gauge("dabiao_target_amount", "The promised value; of an interval its lower end.", *INDICATOR)
TARGETS = {
    Unit.RATIO: gauge("dabiao_target_ratio", "The promised value; of an interval its lower end.", *INDICATOR),
    Unit.SECONDS: gauge("dabiao_target_seconds", "The promised value; of an interval its lower end.", *INDICATOR),
    Unit.COUNT: TARGET_AMOUNT,
    Unit.CNY: TARGET_AMOUNT,
    Unit.DATE: gauge("dabiao_target_timestamp_seconds", "The promised day, its start.", *INDICATOR),
}
ALLOWANCE_LEFT = gauge(
    "dabiao_allowance_left_records", "Records that may still miss this year with the target met.", *INDICATOR
)
FORECASTS = {
    Unit.RATIO: gauge("dabiao_forecast_ratio", "Value expected at the end of the year.", *INDICATOR),
    Unit.SECONDS: gauge("dabiao_forecast_seconds", "Value expected at the end of the year.", *INDICATOR),
}
REACHABLE = gauge("dabiao_target_reachable", "1 while the target can still be met this year.", *INDICATOR)
ATTESTATION_DUE = gauge(
    "dabiao_attestation_due_timestamp_seconds", "By when a person owes the value; absent once stated.", *INDICATOR
)
ACKNOWLEDGED = gauge(
    "dabiao_indicator_acknowledged_until_timestamp_seconds",
    "When an acknowledgement ends; absent where none is in force.",
    *INDICATOR,
)
INDICATOR_INFO = info(
    "dabiao_indicator_info",
    "What the indicator is: `text` as printed, `target` as it is read, both in words; `unit` of its value.",
    *INDICATOR,
    *("name", "level", "text", "owner", "target", "unit"),
)
INDICATOR_SOURCE = info(
    "dabiao_indicator_source_info", "A source that gives records of the indicator.", *INDICATOR, "source"
)
PROJECT_INFO = info("dabiao_project_info", "What the project is.", "project", "name")
ALERT_AFTER = gauge(
    "dabiao_alert_after_records",
    "From how many judged records on a miss in the window is alerted; absent where it never is.",
    *TOTAL_LABELS,
)
OPEN_RECORDS = gauge("dabiao_open_records", "Open records of the year by stage.", *OPEN_LABELS, "stage")
RINGING = gauge("dabiao_ringing_records", "Open records each of which is an alert of its own.", *OPEN_LABELS, "stage")
RINGING_DUE = gauge(
    "dabiao_ringing_due_timestamp_seconds", "When the time of the first of these is or was up.", *OPEN_LABELS, "stage"
)
NEXT_DUE = gauge("dabiao_next_due_timestamp_seconds", "When the next open record's time is up.", *OPEN_LABELS)

SYSTEM_UP = gauge("dabiao_system_up", "1 if the last probe of the system succeeded.", "system", "probe")
SYSTEM_FAILED = gauge(
    "dabiao_system_failed_samples", "Probes of the system that failed in a row, 0 while it answers.", "system", "probe"
)
PROBE_SECONDS = gauge("dabiao_probe_seconds", "How long the last probe took.", "system", "probe")
CERTIFICATE_EXPIRY = gauge(
    "dabiao_certificate_expiry_timestamp_seconds", "When the probed certificate ends.", "system", "probe"
)
SYSTEM_IN_SERVICE = gauge(
    "dabiao_system_in_service", "1 within opening hours and outside planned maintenance, else 0.", "system"
)
SYSTEM_INFO = info("dabiao_system_info", "What the system is.", "system", "name")

SOURCE_INFO = info(
    "dabiao_source_info",
    "What people call the source; `rings` is yes where its records may be alerts of their own, else no.",
    *("source", "name", "rings"),
)
SOURCE_UP = gauge("dabiao_source_up", "1 if the last poll of the source succeeded.", "source")
SOURCE_LAST_SUCCESS = gauge(
    "dabiao_source_last_success_timestamp_seconds", "When the source was last read; figures may be that old.", "source"
)
SOURCE_INTERVAL = gauge("dabiao_source_interval_seconds", "How often the source is polled.", "source")
SOURCE_DURATION = gauge("dabiao_source_collect_duration_seconds", "How long the last poll took.", "source")
SOURCE_CLOCK = gauge("dabiao_source_clock_offset_seconds", "The source's clock minus the agent's.", "source")
SOURCE_REJECTS = gauge("dabiao_source_rejects", "Rows that could not be read and wait to be tried again.", "source")
SOURCE_ROWS = counter("dabiao_source_rows_total", "Rows read since the ledger began.", "source", "result")

ROUTE_INFO = info(
    "dabiao_route_info", "Whom a route reaches, and whom the route that stands in for it.", "route", "name", "fallback"
)
BUILD_INFO = info("dabiao_build_info", "The agent's version.", "version")
SNAPSHOT_TIME = gauge("dabiao_snapshot_timestamp_seconds", "The instant all these figures are of.")
CALENDAR_COVERED = gauge("dabiao_calendar_covered_until_timestamp_seconds", "Until when the work calendar is known.")
FINDINGS = gauge("dabiao_findings", "Things that do not add up and a person should look at.", "kind")

OWN = {  # what the agent counts of itself, by the name under which the schedule counts it
    "ticks": counter("dabiao_ticks_total", "Times the indicators were judged anew."),
    "tick_cpu_seconds": counter("dabiao_tick_cpu_seconds_total", "Processor time of all ticks."),
    "tick_failures": counter("dabiao_tick_failures_total", "Ticks that ended with an error."),
    "ledger_failures": counter("dabiao_ledger_failures_total", "Times the ledger could not be used."),
    "runs_missed": counter("dabiao_runs_missed_total", "Polls that were due and not started in time."),
    "runs_still_running": counter("dabiao_runs_still_running_total", "Polls left out while the former still ran."),
    "runs_failed": counter("dabiao_runs_failed_total", "Polls that ended with an error of the agent's own."),
    "alerts_posted": counter("dabiao_alerts_posted_total", "Alerts posted to Alertmanager, each time anew.", "result"),
    "notifications": counter("dabiao_notifications_total", "Messages sent to people, by route.", "route", "result"),
}

FAMILIES: tuple[Family, ...] = (
    *TOTAL,
    *PART,
    *dict.fromkeys(TARGETS.values()),
    ALLOWANCE_LEFT,
    *FORECASTS.values(),
    REACHABLE,
    ATTESTATION_DUE,
    ACKNOWLEDGED,
    INDICATOR_INFO,
    INDICATOR_SOURCE,
    PROJECT_INFO,
    ALERT_AFTER,
    OPEN_RECORDS,
    RINGING,
    RINGING_DUE,
    NEXT_DUE,
    SYSTEM_UP,
    SYSTEM_FAILED,
    PROBE_SECONDS,
    CERTIFICATE_EXPIRY,
    SYSTEM_IN_SERVICE,
    SYSTEM_INFO,
    SOURCE_INFO,
    SOURCE_UP,
    SOURCE_LAST_SUCCESS,
    SOURCE_INTERVAL,
    SOURCE_DURATION,
    SOURCE_CLOCK,
    SOURCE_REJECTS,
    SOURCE_ROWS,
    ROUTE_INFO,
    BUILD_INFO,
    SNAPSHOT_TIME,
    CALENDAR_COVERED,
    FINDINGS,
    *OWN.values(),
)
