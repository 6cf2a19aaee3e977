"""The mapping: what rows of all sorts become, and which become Rejects for what reason."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.mapping import Mapper, MappingSpec, columns, looks_personal, mapping_hash
from agent.model import Event, Instant, Mapped, Record, instant_of
from agent.worktime import LocalDays

SHANGHAI = LocalDays("Asia/Shanghai")


def spec_of(**keys: Any) -> MappingSpec:
    return MappingSpec.model_validate({"record": "case", "id": "id"} | keys)


def mapper(zone: str = "Asia/Shanghai", **keys: Any) -> Mapper:
    return Mapper(spec_of(**keys), "desk", LocalDays(zone))


def mapped(rows: Iterable[tuple[object, ...]], zone: str = "Asia/Shanghai", **keys: Any) -> Mapped:
    return mapper(zone, **keys).map(list(rows), "rows.csv", range(2, 1000))


def only(*values: object, zone: str = "Asia/Shanghai", **keys: Any) -> Record:
    found = mapped([("1", *values)], zone, **keys)
    assert found.rejects == []
    return found.records[0]


def refused(*values: object, **keys: Any) -> str:
    found = mapped([("1", *values)], **keys)
    assert found.records == []
    return found.rejects[0].reason


def at(text: str, zone: str = "Asia/Shanghai") -> Instant:
    moment = datetime.fromisoformat(text)
    return instant_of(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


def read_time(value: object, zone: str = "Asia/Shanghai", name: str = "at", **keys: Any) -> Instant | None:
    return only(value, zone=zone, times={name: {"column": "T", **keys}}).times.get(name)


# --- a whole row ------------------------------------------------------------------------------------------------------


def test_a_row_becomes_a_record_with_everything_mapped() -> None:
    found = mapped(
        [("CASE-1", "DA", "2026-03-14 10:00:00", None, "2026-03-15T00:00:00Z", "7", "1", "2")],
        system={"column": "SYS", "map": {"DA": "archive"}},
        times={"accepted_at": "A", "finished_at": "F"},
        fields={"level": "L", "kind": {"column": "K", "map": {"1": "预售"}}},
        version="V",
        changed_at="U",
    )
    wanted = Record(
        kind="case",
        source="desk",
        id="CASE-1",
        system="archive",
        times={"accepted_at": at("2026-03-14 10:00:00")},
        fields={"level": "7", "kind": "预售"},
        version=2,
        changed_at=at("2026-03-15T00:00:00Z"),
    )
    assert found == Mapped([wanted], [], [], wanted.changed_at)


def test_columns_come_once_and_in_a_stable_order() -> None:
    spec = spec_of(
        id=["K", "N"],
        system={"column": "K", "map": {"A": "archive"}},
        times={"b": "T2", "a": {"columns": ["D", "T2"]}},
        fields={"k": "K", "f": "F"},
        changed_at="U",
        version="V",
        deleted={"column": "X", "is": "1"},
        since={"column": "U"},
    )
    assert columns(spec) == ("K", "N", "T2", "D", "U", "F", "V", "X")


def test_no_rows_are_nothing() -> None:
    assert mapped([]) == Mapped([], [], [], None)


def test_a_bad_row_is_a_reject_and_leaves_its_neighbours_alone() -> None:
    rows = [("1", "2026-03-14"), ("2", "soon"), (None, "later"), ("4", None)]
    found = mapped(rows, times={"at": "T"}, fields={})
    assert [record.id for record in found.records] == ["1", "4"]
    assert [(reject.locator, reject.reason, reject.mapped) for reject in found.rejects] == [
        ("rows.csv:3", "column T: expected ISO 8601, got 'aaaa'", {"id": "2", "T": "soon"}),
        ("rows.csv:4", "column id: no id; column T: expected ISO 8601, got 'aaaaa'", {"id": None, "T": "later"}),
    ]


def test_a_single_row_may_be_located_by_its_place_alone() -> None:
    assert mapper().map([("",)], "page 3, item 9").rejects[0].locator == "page 3, item 9"


def test_the_ids_of_several_columns_cannot_collide() -> None:
    rows = [("a/b", "c"), ("a", "b/c"), ("a\\", "b"), ("a", "\\/b"), (1, Decimal("2.0"))]
    ids = [record.id for record in mapped(rows, id=["x", "y"]).records]
    assert len(set(ids)) == len(rows)
    assert ids[-1] == "1/2"


def test_an_id_too_long_for_an_index_is_a_reject() -> None:
    found = mapped([("a" * 512,), ("a" * 513,), ("档" * 170,), ("档" * 171,)])
    assert [len(record.id) for record in found.records] == [512, 170]
    assert [reject.reason for reject in found.rejects] == [f"id of {size} bytes; at most 512" for size in (513, 513)]
    (of_two,) = mapped([("a" * 300, "b" * 300)], id=["x", "y"]).rejects
    assert of_two.reason == "id of 601 bytes; at most 512"
    log: dict[str, Any] = {"times": {"x": {"first": "a"}}, "event": "EVENT", "at": "AT", "event_id": "KEY"}
    wanted = mapper(**log).columns
    long = {"id": "1", "EVENT": "e" * 600, "AT": "2026-03-14", "KEY": "k" * 700}
    (of_log,) = mapped([tuple(long[column] for column in wanted)], **log).rejects
    assert of_log.reason == "event of 600 bytes; at most 512; event id of 700 bytes; at most 512"


@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=20, unique=True))
def test_different_parts_give_different_ids(rows: list[tuple[str, str]]) -> None:
    stripped = {tuple(part.strip() for part in row) for row in rows}
    found = mapped(rows, id=["x", "y"], nulls=[])
    assert len({record.id for record in found.records}) + len(found.rejects) >= len(stripped)


def test_an_unknown_code_is_named_with_the_known_ones() -> None:
    status = {"column": "STATUS", "map": {"1": "a", "2": "b", "5": "c"}}
    assert refused("9", fields={"status": status}) == "unknown code '9' in column STATUS; known: 1, 2, 5"
    assert refused("01", fields={"status": status}) == "unknown code '01' in column STATUS; known: 1, 2, 5"
    assert only(5, fields={"status": status}).fields == {"status": "c"}
    assert "Zhang" not in refused("Zhang San, 1 Nanjing Road, Shanghai", fields={"status": status})


def test_a_system_may_be_fixed_coded_or_unknown() -> None:
    coded = {"column": "S", "map": {"A": "archive"}}
    assert only(system={"is": "portal"}).system == "portal"
    assert only("A", system=coded).system == "archive"
    assert only("", system=coded).system is None
    assert refused("B", system=coded) == "unknown code 'B' in column S; known: A"


def test_a_deleted_row_is_a_withdrawn_record() -> None:
    deleted = {"column": "X", "is": ["1", "true"]}
    assert [
        record.withdrawn
        for record in mapped([("a", "1"), ("b", "0"), ("c", None), ("d", 1), ("e", True)], deleted=deleted).records
    ] == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_a_version_is_a_whole_number_a_ledger_can_hold() -> None:
    assert only("7", version="V").version == 7
    assert only(None, version="V").version is None
    assert refused("7.5", version="V") == "column V: expected a whole number, got '9.9'"
    assert "expected a version of at most" in refused(str(2**63), version="V")


def test_nulls_are_the_users_and_an_empty_text_by_default() -> None:
    fields = {"f": "F"}
    assert only("", fields=fields).fields == {}
    assert only(None, fields=fields).fields == {}
    assert only("?", fields=fields).fields == {"f": "?"}
    assert only("?", fields=fields, nulls=["?"]).fields == {}
    assert only("  ", fields=fields).fields == {}


def test_the_highest_change_is_that_of_the_since_column() -> None:
    rows = [("a", "20260314", "1"), ("b", "20260316", "2"), ("c", None, "3")]
    since = {"column": "U", "format": "%Y%m%d"}
    assert mapper(fields={"f": "F"}, since=since).columns == ("id", "F", "U")
    assert mapped([(a, c, b) for a, b, c in rows], fields={"f": "F"}, since=since).highest == at("2026-03-16")
    assert mapped([("a", None)], since=since).highest is None


# --- fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" a b ", "a b"),
        (True, "true"),
        (1, "1"),
        (1.0, "1"),
        (0.1, "0.1"),
        (Decimal("12.50"), "12.5"),
        (Decimal("-0.0"), "0"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 3, 14), "2026-03-14"),
        (datetime(2026, 3, 14, 9, tzinfo=UTC), "2026-03-14T09:00:00+00:00"),
        (time(9, 30), "09:30:00"),
        (timedelta(hours=1), "1:00:00"),
        ("张", "张"),
    ],
)
def test_every_value_has_one_canonical_text(value: object, text: str) -> None:
    assert only(value, fields={"f": "F"}).fields == {"f": text}


def test_equal_values_of_other_types_keep_their_own_spelling() -> None:
    found = mapped([("a", 1), ("b", True), ("c", "1"), ("d", 1.0), ("e", "true")], fields={"f": "F"})
    assert [record.fields["f"] for record in found.records] == ["1", "true", "1", "1", "true"]


@pytest.mark.parametrize(
    "value", [b"x", ["a"], {"a": 1}, "a\x00b", "\ud800", float("nan"), Decimal("inf"), Decimal("1E+99")]
)
def test_what_no_ledger_can_keep_is_refused_and_its_reject_can_be_kept(value: object) -> None:
    found = mapped([("1", value)], fields={"f": "F"})
    assert found.records == []
    assert found.rejects[0].reason.startswith("column F: ")
    text = found.rejects[0].mapped["F"] or ""
    assert "\x00" not in text
    assert text.encode()


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("integer", "007", "7"),
        ("integer", "-3", "-3"),
        ("integer", 12.0, "12"),
        ("integer", "12.0", "12"),
        ("integer", "12.5", None),
        ("integer", "1,234", None),
        ("integer", "１２", None),
        ("decimal", "1234.50", "1234.5"),
        ("decimal", "+.5", "0.5"),
        ("decimal", "1e3", "1000"),
        ("decimal", "0.00", "0"),
        ("decimal", "-0", "0"),
        ("decimal", "1,234.50", None),
        ("decimal", "NaN", None),
        ("decimal", "1e99", None),
        ("decimal", "12元", None),
        ("boolean", "Y", "true"),
        ("boolean", 0, "false"),
        ("boolean", "否", "false"),
        ("boolean", "maybe", None),
    ],
)
def test_a_typed_field_is_canonical_or_refused(kind: str, value: object, text: str | None) -> None:
    fields = {"f": {"column": "F", "as": kind}}
    if text is None:
        assert refused(value, fields=fields).startswith("column F: expected ")
    else:
        assert only(value, fields=fields).fields == {"f": text}


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_a_decimal_means_the_same_however_it_is_written(number: Decimal) -> None:
    fields = {"f": {"column": "F", "as": "decimal"}}
    plain, typed, scientific = (
        only(value, fields=fields).fields["f"] for value in (f"{number:f}", number, f"{number:.20e}")
    )
    assert plain == typed == scientific
    assert Decimal(plain) == number


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-03-14 10:00:00", "2026-03-14T10:00:00+08:00"),
        ("2026-03-14T10:00", "2026-03-14T10:00:00+08:00"),
        ("2026-03-14T10:00:00Z", "2026-03-14T10:00:00+00:00"),
        ("2011-12-06 13:41:31.788000+01:00", "2011-12-06T13:41:31.788+01:00"),
        ("2026-03-14 10:00:00-0330", "2026-03-14T10:00:00-03:30"),
        ("2026-03-14", "2026-03-14T00:00:00+08:00"),
        (" 2026-03-14 10:00:00 ", "2026-03-14T10:00:00+08:00"),
        ("20260314T100000", "2026-03-14T10:00:00+08:00"),
    ],
)
def test_iso_8601_is_read_in_the_sources_zone_where_it_names_none(text: str, iso: str) -> None:
    assert read_time(text) == at(iso)


ZONES = st.sampled_from(
    ["Asia/Shanghai", "Europe/Amsterdam", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu", "UTC"]
)
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2190, 1, 1))  # noqa: DTZ001 - local times are what is tested


@given(MOMENTS, ZONES, st.sampled_from(["T", " "]))
def test_any_local_time_is_the_instant_its_zone_gives_it(moment: datetime, zone: str, between: str) -> None:
    wanted = LocalDays(zone).instant_of(moment)
    whole = moment.replace(microsecond=0)
    seconds = LocalDays(zone).instant_of(whole)
    assert read_time(moment.isoformat(between), zone) == wanted
    assert read_time(moment, zone) == wanted
    assert read_time(whole.isoformat(between), zone) == seconds
    for form in ("%Y%m%d%H%M%S", "%Y%m%d %H%M%S", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%y %j %H.%M.%S"):
        if form.startswith("%y") and not 1970 <= moment.year <= 2068:
            continue
        assert read_time(whole.strftime(form), zone, format=form) == seconds


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_an_offset_in_the_text_outranks_the_zone(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_time(aware.isoformat()) == instant_of(aware) == read_time(aware)
    whole = aware.replace(microsecond=0)
    assert read_time(whole.isoformat(" ")) == instant_of(whole)


@pytest.mark.parametrize(
    ("form", "value", "iso"),
    [
        ("%Y%m%d", "20260314", "2026-03-14"),
        ("%Y%m%d", 20260314, "2026-03-14"),
        ("%Y%m%d", Decimal(20260314), "2026-03-14"),
        ("%Y%m%d", 20260314.0, "2026-03-14"),
        ("%Y/%m/%d %H:%M", "2026/3/14 9:05", "2026-03-14T09:05:00"),
        ("%Y%m%d", "2026-03-14", "2026-03-14"),
        ("%Y%m%d%H%M%S", datetime(2026, 3, 14, 9, 5), "2026-03-14T09:05:00"),  # noqa: DTZ001
        ("epoch", 1_773_453_600, "2026-03-14T02:00:00Z"),
        ("epoch", "1773453600.25", "2026-03-14T02:00:00.250Z"),
        ("epoch_ms", 1_773_453_600_001, "2026-03-14T02:00:00.001Z"),
        ("epoch_ms", -1.0, "1969-12-31T23:59:59.999Z"),
    ],
)
def test_a_format_reads_text_and_numbers(form: str, value: object, iso: str) -> None:
    assert read_time(value, format=form) == at(iso)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (None, "2026-02-30"),
        (None, "14.03.2026"),
        (None, 1_773_453_600),
        (None, True),
        (None, time(9)),
        (None, "2026-03-14 24:30:00"),
        (None, "2026-03-14 10:60:00"),
        ("%Y%m%d", "2026031"),
        ("%Y%m%d", "14.03.2026"),
        ("%Y%m%d%H%M%S", "2026031490500"),
        ("epoch", "soon"),
        ("epoch", 10**12),
        ("epoch_ms", True),
    ],
)
def test_what_is_no_time_is_refused_without_being_quoted(form: str | None, value: object) -> None:
    reason = refused(value, times={"at": {"column": "T", "format": form}})
    assert reason.startswith(f"column T: expected {form or 'ISO 8601'}, got ")
    assert str(value) not in reason


@pytest.mark.parametrize(
    "value",
    ["1753-01-01 00:00:00", "0001-01-01", "9999-12-31 23:59:59", datetime.fromisoformat("1753-01-01"), date.max],
)
def test_a_date_that_stands_for_none_must_be_listed_as_null(value: object) -> None:
    assert "outside the years 1900 to 2200" in refused(value, times={"at": "T"})
    nulls = ["", "1753-01-01 00:00:00", "0001-01-01", "9999-12-31 23:59:59", "9999-12-31"]
    assert only(value, times={"at": "T"}, nulls=nulls).times == {}


def test_several_columns_are_one_time() -> None:
    times = {"at": {"columns": ["D", "T"], "format": "%Y%m%d %H%M%S"}}
    wanted = {"at": at("2026-03-14 09:05:00")}
    pairs: list[tuple[object, object]] = [
        ("20260314", "090500"),
        (20260314, 90500),
        (date(2026, 3, 14), time(9, 5)),
        (datetime(2026, 3, 14), "090500"),  # noqa: DTZ001
    ]
    for pair in pairs:
        assert only(*pair, times=times).times == wanted
    assert only(date(2026, 3, 14), time(9, 5), times={"at": {"columns": ["D", "T"]}}).times == wanted
    assert only(None, "", times=times).times == {}
    assert refused("20260314", "", times=times) == "columns D, T: T is empty and the rest is not"
    assert refused("20260314", "10500", times=times).startswith(
        "columns D, T: expected %Y%m%d %H%M%S, got '99999999 99999'"
    )


def test_a_due_date_ends_just_before_the_next_local_midnight() -> None:
    end = at("2026-03-15") - 1
    assert read_time("2026-03-14", name="due_at") == end
    assert read_time(date(2026, 3, 14), name="due_at") == end
    assert read_time("20260314", name="due_at", format="%Y%m%d") == end
    assert read_time("2026-03-14 00:00:00", name="due_at") == at("2026-03-14")
    assert read_time("2026-03-14", name="due_at", end_of_day=False) == at("2026-03-14")
    assert read_time("2026-03-14", name="planned", end_of_day=True) == end
    assert read_time("2026-03-29", "Europe/Amsterdam", "due_at") == at("2026-03-30", "Europe/Amsterdam") - 1


def test_the_time_format_of_a_source_holds_where_a_column_has_none() -> None:
    record = only(
        "14/03/2026", "20260315", time_format="%d/%m/%Y", times={"a": "A", "b": {"column": "B", "format": "%Y%m%d"}}
    )
    assert record.times == {"a": at("2026-03-14"), "b": at("2026-03-15")}


def test_a_typed_time_of_a_reject_can_be_read_again_from_its_text() -> None:
    keys: dict[str, Any] = {
        "times": {"at": {"column": "T", "format": "%Y%m%d"}},
        "fields": {"f": {"column": "F", "as": "integer"}},
    }
    for value in (datetime(2026, 3, 14, 9, 5, tzinfo=UTC), datetime(2026, 3, 14), date(2026, 3, 14)):  # noqa: DTZ001
        reject = mapped([("1", value, "x")], **keys).rejects[0]
        again = only(reject.mapped["T"], "1", **keys)
        assert again.times == only(value, "1", **keys).times


# --- a log of events --------------------------------------------------------------------------------------------------

DESK_LOG: dict[str, Any] = {
    "record": "fault",
    "id": "ticket",
    "event": "activity",
    "at": "stamp",
    "times": {
        "reported_at": {"first": "*"},
        "responded_at": {"first": "Take"},
        "resolved_at": {"last": ["Resolve", "Closed"]},
    },
    "pairs": {"pause": ["Wait", "Resume"]},
    "fields": {"level": {"last": "LEVEL"}, "first_level": {"first": "LEVEL"}},
    "system": {"column": "SYS", "map": {"A": "archive"}},
}


def log_row(minute: int, event: str, level: str | None = None, system: str | None = "A") -> tuple[object, ...]:
    return ("T1", system, event, f"2026-03-14 10:{minute:02}:00", level)


def minute(number: int) -> Instant:
    return at(f"2026-03-14 10:{number:02}:00")


def folded(rows: list[tuple[object, ...]]) -> Record:
    desk = mapper(**DESK_LOG)
    found = desk.map(rows)
    assert found.rejects == []
    return desk.fold("T1", found.events)


STORY = [
    log_row(0, "Assign", "3"),
    log_row(1, "Take"),
    log_row(2, "Wait"),
    log_row(3, "Wait"),
    log_row(5, "Resume", "2"),
    log_row(6, "Resume"),
    log_row(7, "Take"),
    log_row(8, "Resolve"),
    log_row(9, "Closed", None),
    log_row(10, "Wait"),
]


def test_a_record_is_the_fold_of_its_events() -> None:
    assert folded(STORY) == Record(
        kind="fault",
        source="desk",
        id="T1",
        system="archive",
        times={"reported_at": minute(0), "responded_at": minute(1), "resolved_at": minute(9)},
        fields={"level": "2", "first_level": "3"},
        pairs={"pause": ((minute(2), minute(5)), (minute(10), None))},
    )


@given(st.permutations(STORY), st.lists(st.sampled_from(STORY)))
def test_events_fold_alike_in_any_order_and_however_often_they_come(rows: list[Any], again: list[Any]) -> None:
    assert folded(rows + again) == folded(STORY)


@given(st.permutations([log_row(1, "Wait"), *(log_row(3, "Assign", level) for level in "123"), log_row(3, "Resume")]))
def test_events_of_one_moment_fold_alike_in_any_order_too(rows: list[Any]) -> None:
    assert folded(rows) == folded(sorted(rows, key=str))


def test_equal_rows_are_one_event_and_others_are_not() -> None:
    events = mapper(**DESK_LOG).map([STORY[0], STORY[0], log_row(0, "Assign", "4"), log_row(0, "Take", "3")]).events
    assert [event.key == events[0].key for event in events] == [True, True, False, False]
    with_id = DESK_LOG | {"event_id": "NO"}
    rows = [("T1", "A", "Assign", "2026-03-14 10:00:00", None, number) for number in (1, 2, 1)]
    assert [event.key for event in mapper(**with_id).map(rows).events] == ["1", "2", "1"]


def test_a_log_row_without_event_or_time_is_a_reject() -> None:
    found = mapper(**DESK_LOG).map(
        [("T1", "A", None, "2026-03-14", None), ("T1", "A", "Take", "", None)], "log", [1, 2]
    )
    assert [reject.reason for reject in found.rejects] == ["column activity: no event", "column stamp: no time"]
    assert found.events == []


def test_the_highest_change_of_a_log_is_its_latest_event() -> None:
    assert mapper(**DESK_LOG).map(STORY).highest == minute(10)
    assert mapper(**DESK_LOG).map(STORY[:1]).events[0] == Event(
        "T1",
        "Assign",
        minute(0),
        mapper(**DESK_LOG).map(STORY[:1]).events[0].key,
        {"level": "3", "first_level": "3", "@system": "archive"},
    )


def test_a_fold_of_no_matching_events_has_nothing() -> None:
    record = folded([log_row(1, "Nothing", None, None)])
    assert (record.times, record.fields, record.pairs, record.system) == ({"reported_at": minute(1)}, {}, {}, None)


# --- the mapping itself -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "keys",
    [
        {"times": {"a": {"column": "A", "first": "X"}}},
        {"times": {"a": {"first": "X"}}},
        {"fields": {"a": {"last": "X"}}},
        {"fields": {"a": {"column": "A", "as": "number"}}},
        {"event": "E"},
        {"at": "A"},
        {"event": "E", "at": "A", "changed_at": "U"},
        {"event": "E", "at": {"first": "X"}},
        {"times": {"a": "A"}, "fields": {"a": "B"}},
        {"times": {"a b": "A"}},
        {"since": {"param": "after"}},
        {"time_format": "yyyy-MM-dd"},
        {"time_format": "%H:%M"},
        {"time_format": "%Q"},
        {"timezone": "Nowhere/City"},
        {"complete": "1 workday"},
        {"complete": "0s"},
        {"system": {}},
        {"system": {"is": "a", "map": {"1": "a"}}},
        {"id": []},
        {"surprise": "x"},
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        spec_of(**keys)


def test_the_hash_of_a_mapping_changes_when_its_records_would() -> None:
    first = mapping_hash(spec_of(times={"a": "A", "b": "B"}))
    assert first == mapping_hash(
        spec_of(times={"b": "B", "a": {"column": "A"}}, complete="1d", measured_from="2026-01-01")
    )
    hashes = [
        mapping_hash(spec_of(**keys)) for keys in ({}, {"nulls": ["?"]}, {"timezone": "UTC"}, {"fields": {"a": "A"}})
    ]
    assert len({first, *hashes}) == 5


@pytest.mark.parametrize(
    "column",
    [
        "XM",
        "SQRXM",
        "applicantName",
        "REAL_NAME",
        "applicant.name",
        "姓名",
        "申请人",
        "sfzh",
        "ID_CARD",
        "idNo",
        "MOBILE",
        "lxdh",
        "user_phone",
        "联系电话",
        "NAME",
        "e_mail",
    ],
)
def test_a_column_named_like_personal_data_is_noticed(column: str) -> None:
    assert looks_personal(column)


@pytest.mark.parametrize(
    "column",
    [
        "PRODUCT_NAME",
        "systemName",
        "case_id",
        "REPORTED_AT",
        "STATUS",
        "功能名称",
        "系统",
        "HTBH",
        "updated_after",
        "filename",
        '"case:startdate"',
        "tenant_id",
        "cellar",
        "CENSOR_ID",
    ],
)
def test_a_column_of_a_thing_is_not(column: str) -> None:
    assert looks_personal(column) is None


def test_sampled_values_give_personal_data_away() -> None:
    assert looks_personal("REMARK", ["fine", "call 13812345678 please"]) == "a value looks like a mobile phone number"
    assert looks_personal("REMARK", [None, "11010519491231002X"]) == "a value looks like an ID number"
    assert looks_personal("REMARK", ["110105194912310021", "20260314100000", "138123456789"]) is None


# --- real logs --------------------------------------------------------------------------------------------------------


@pytest.mark.whole
def test_the_help_desk_log_gives_the_figures_two_other_tools_agree_on(shared: Path) -> None:
    names = {
        "case:concept:name": "ticket",
        "concept:name": "activity",
        "time:timestamp": "stamp",
        "service_level": "LEVEL",
    }
    keys = DESK_LOG | {
        "system": {"is": "archive"},
        "times": {**DESK_LOG["times"], "responded_at": {"first": "Take in charge ticket"}},
    }
    keys["times"] |= {"resolved_at": {"last": "Resolve ticket"}}
    desk = mapper("UTC", **keys)
    with gzip.open(shared / "data" / "helpdesk-tickets" / "helpdesk.csv.gz", "rt", encoding="utf-8") as stream:
        rows = [{names.get(name, name): value for name, value in row.items()} for row in csv.DictReader(stream)]
    found = desk.map([tuple(row[column] for column in desk.columns) for row in rows])
    assert (len(found.events), len(found.rejects)) == (21348, 0)
    assert len(found.events) - len({(event.id, event.at, event.key) for event in found.events}) >= 127
    Random(7).shuffle(found.events)
    by_ticket: dict[str, list[Event]] = {}
    for event in found.events:
        by_ticket.setdefault(event.id, []).append(event)
    records = [desk.fold(id, events) for id, events in by_ticket.items()]
    assert len(records) == 4580
    assert sum("resolved_at" in record.times for record in records) == 4569
    answered = [
        record.times["responded_at"] - record.times["reported_at"]
        for record in records
        if "responded_at" in record.times
    ]
    assert sum(taken <= 300_000_000 for taken in answered) == 1265
    assert len(records) - len(answered) == 295


def test_id_and_mobile_numbers_in_a_bad_row_are_made_unreadable():
    mapper = Mapper(MappingSpec.model_validate({"record": "case", "id": "id", "times": {"at": "at"}}), "s", SHANGHAI)
    (reject,) = mapper.map([("1", "张三 11010519491231002X 13800138000")], "f", [2]).rejects
    assert reject.mapped == {"id": "1", "at": "张三 *** ***"}
