"""Pieces of PromQL, and of the templates of Prometheus that turn its numbers into Chinese words.

Prometheus prints instants in UTC and has no time zones: the local offset is added to the number before it is printed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from zoneinfo import ZoneInfo

GAP = "5m"  # a restart of the agent, or a lost scrape, neither ends an alert nor begins it anew

DAY = "2006-01-02"  # Go's way of writing a format: its own reference time
MOMENT = "2006-01-02 15:04"
SECOND = "15:04:05"


def held(selector: str) -> str:
    """The last value of a series, over a gap."""
    return f"last_over_time({selector}[{GAP}])"


def looked_up(promql: str, *labels: str) -> str:
    """A template expression: the answer to a query in which each %q is a label of the alert, in their order, anew."""
    if not labels:
        return f"query `{promql}`"
    places = count()
    numbered = re.sub("%q", lambda _: f"%[{next(places) % len(labels) + 1}]q", promql)
    return f"query (printf `{numbered}` {' '.join(f'$labels.{label}' for label in labels)})"


def told(promql: str, shown: str, *labels: str) -> str:
    """Text that is there if the query has an answer; in it `$v` is the number."""
    return f"{{{{ with {looked_up(promql, *labels)} }}}}{{{{ $v := . | first | value }}}}{shown}{{{{ end }}}}"


def name(series: str, of: str, *labels: str) -> str:
    """A label of an info series, or where there is none the alert's own label."""
    pairs = ",".join(f"{label}=%q" for label in labels)
    query = looked_up(f"{series}{{{pairs}}}", *labels)
    known, else_own = f"{{{{ . | first | label `{of}` }}}}", f"{{{{ else }}}}{{{{ $labels.{labels[-1]} }}}}"
    return f"{{{{ with {query} }}}}{known}{else_own}{{{{ end }}}}"


def listed(query: str) -> str:
    """The names in the answer to a query, in one order whenever it is asked."""
    one = "{{ if $i }}、{{ end }}{{ $row.Labels.name }}"
    return f"{{{{ range $i, $row := {query} | sortByLabel `name` }}}}{one}{{{{ end }}}}"


def number(variable: str, layout: str) -> str:
    """A number as printf writes it."""
    return f"{{{{ printf `{layout}` {variable} }}}}"


def span(variable: str) -> str:
    """A length of time such as 3分02秒."""
    chinese = 'reReplaceAll "ms" "毫秒" | reReplaceAll "d" "天" | reReplaceAll "h" "小时" | reReplaceAll "m" "分"'
    padded = 'reReplaceAll "s" "秒" | reReplaceAll "分 ([0-9])秒" "分0${1}秒" | reReplaceAll " " ""'
    return f"{{{{ printf `%.0f` {variable} | humanizeDuration | {chinese} | {padded} }}}}"


def instant(variable: str, layout: str = MOMENT) -> str:
    """An instant that `local` has moved, as date and time."""
    return f"{{{{ ({variable} | toTime).Format `{layout}` }}}}"


def local(promql: str, timezone: str, first: int, last: int) -> str:
    """Unix times moved so that what prints them as UTC prints the local time of these years."""
    (_, offset), *later = _offsets(timezone, first, last)
    moved = f"({promql}) + {offset}"
    for moment, now in later:
        moved += f" + {now - offset} * (({promql}) >= bool {moment})"
        offset = now
    return moved.replace("+ -", "- ")


@lru_cache
def _offsets(timezone: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """From which Unix times on which offsets hold, in seconds; the first holds before them all."""
    moment, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    zone, found = ZoneInfo(timezone), list[tuple[int, int]]()
    while moment < end:
        shift = moment.astimezone(zone).utcoffset()
        assert shift is not None
        if not found or found[-1][1] != shift.total_seconds():
            found.append((int(moment.timestamp()), int(shift.total_seconds())))
        moment += timedelta(hours=1)
    return tuple(found)
