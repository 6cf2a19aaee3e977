"""The `file` collector on real files: what it reads, what it takes for known, what it leaves until it is whole."""

from __future__ import annotations

import gzip
import os
import random
import time
import tracemalloc

import pytest
from pydantic import ValidationError

from agent.model import SECOND_US, Page, Poll
from collectors.file import FileOptions
from tests.file_reading import CASES, NOW, aged, collector, drop, read

# --- what has been read -------------------------------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(tmp_path):
    drop(tmp_path / "a.csv", CASES)
    source = collector(tmp_path / "*.csv")
    first = read(source)
    second = read(source, after=first)
    assert (len(first.rows), second.rows) == (2, [])
    assert second.pages == [Page(covers=(0, NOW))]


def test_a_known_file_is_not_even_opened(tmp_path):
    path = drop(tmp_path / "a.csv", CASES)
    source = collector(path)
    first = read(source)
    drop(path, CASES.replace("1,", "7,"))  # the same size and time: only opening it would tell
    assert read(source, after=first).rows == []
    assert read(source, after=first, complete=True).rows[0] == ("7", "2026-03-01")


def test_touched_copied_and_renamed_files_change_nothing(tmp_path):
    drop(tmp_path / "a.csv", CASES)
    source = collector(tmp_path / "*.csv")
    first = read(source)
    aged(tmp_path / "a.csv", 30)
    drop(tmp_path / "copy.csv", CASES)
    second = read(source, after=first)
    (tmp_path / "a.csv").unlink()
    (tmp_path / "copy.csv").rename(tmp_path / "renamed.csv")
    third = read(source, after=second)
    (tmp_path / "renamed.csv").unlink()
    fourth = read(source, after=third)
    drop(tmp_path / "again.csv", CASES, age_seconds=5)
    fifth = read(source, after=fourth)
    assert [len(reading.rows) for reading in (first, second, third, fourth, fifth)] == [2, 0, 0, 0, 0]


def test_a_replaced_file_is_read_again_also_when_it_returns_to_what_a_copy_still_says(tmp_path):
    drop(tmp_path / "a.csv", CASES, age_seconds=60)
    drop(tmp_path / "copy.csv", CASES, age_seconds=59)
    source = collector(tmp_path / "*.csv")
    first = read(source)
    drop(tmp_path / "a.csv", CASES + "3,王五,2026-03-03\n", age_seconds=50)
    second = read(source, after=first)
    drop(tmp_path / "a.csv", CASES, age_seconds=40)
    third = read(source, after=second)
    assert [len(reading.rows) for reading in (first, second, third)] == [2, 3, 2]


def test_a_complete_read_gives_every_content_once(tmp_path):
    drop(tmp_path / "a.csv", CASES)
    drop(tmp_path / "copy.csv", CASES)
    source = collector(tmp_path / "*.csv")
    assert len(read(source, after=read(source), complete=True).rows) == 2


def test_what_is_dropped_again_after_a_complete_read_without_it_is_read_again(tmp_path):
    path = drop(tmp_path / "a.csv", CASES)
    source = collector(tmp_path / "*.csv")
    first = read(source)
    path.unlink()
    without = read(source, after=first, complete=True)
    drop(path, CASES)
    assert len(read(source, after=without).rows) == 2


def test_other_columns_or_another_encoding_read_everything_again(tmp_path):
    path = drop(tmp_path / "a.csv", CASES)
    first = read(collector(path))
    assert len(read(collector(path), "id name", after=first).rows) == 2
    assert len(read(collector(path, encoding="latin-1"), after=first).rows) == 2
    assert read(collector(path, settle="5 s", max_bytes=5000), "day id", after=first).rows == []


def test_a_hundred_files_in_any_order_some_of_them_twice_give_each_row_once(tmp_path):
    dice = random.Random(7)
    source = collector(tmp_path / "*.csv")
    arrivals = dice.sample(range(100), 100) + dice.sample(range(100), 20)
    reading, rows = None, []
    for place, number in enumerate(arrivals):
        drop(tmp_path / f"{place}.csv", f"id,day\n{number},a\n", age_seconds=dice.randrange(10, 1000))
        if place % 17 == 0 or place == len(arrivals) - 1:
            reading = read(source, after=reading)
            rows += reading.rows
    assert sorted(int(str(row[0])) for row in rows) == list(range(100))


def test_the_cursor_comes_with_the_last_page_of_a_file_only(tmp_path):
    body = "".join(f"{number},{'x' * 100},a\n" for number in range(25_000))
    drop(tmp_path / "a.csv", "id,name,day\n" + body, age_seconds=60)
    drop(tmp_path / "b.csv", "id,name,day\n" + body.replace("a", "b"), age_seconds=50)
    reading = read(collector(tmp_path / "*.csv"))
    kept = [sorted((page.cursor or {"files": []})["files"]) for page in reading.pages]
    assert [(page.where, len(page.rows), files) for page, files in zip(reading.pages, kept, strict=True)] == [
        ("a.csv", 10_000, []), ("a.csv", 10_000, []), ("a.csv", 5_000, ["a.csv"]),
        ("b.csv", 10_000, []), ("b.csv", 10_000, []), ("b.csv", 5_000, ["a.csv", "b.csv"]),
        ("", 0, ["a.csv", "b.csv"]),
    ]  # fmt: skip


def test_a_poll_cut_off_within_a_file_leaves_it_to_be_read_again(tmp_path):
    path = drop(tmp_path / "a.csv", "id,day\n" + "1,a\n" * 10_001)
    pages = collector(path).fetch(Poll("cases", ("id", "day"), NOW, time.monotonic() + 300))
    first = next(pages)
    assert (len(first.rows), first.cursor) == (10_000, None)
    assert len(read(collector(path)).rows) == 10_001


def test_many_small_files_do_not_each_write_the_whole_cursor(tmp_path):
    for number in range(50):
        drop(tmp_path / f"{number}.csv", f"id,day\n{number},a\n")
    reading = read(collector(tmp_path / "*.csv"))
    assert [page.cursor is not None for page in reading.pages] == [False] * 50 + [True]
    assert reading.cursor is not None
    assert len(reading.cursor["files"]) == 50


# --- files still being written --------------------------------------------------------------------------------------


def test_a_file_still_being_written_is_left_until_it_is_whole(tmp_path):
    half, rest = CASES[:20], CASES[20:]
    path = drop(tmp_path / "a.csv", half, age_seconds=1)
    source = collector(path)
    first = read(source)
    drop(path, half + rest, age_seconds=0.5)
    second = read(source, after=first)
    third = read(source, after=second, now=NOW + 2 * SECOND_US)
    assert [reading.covers for reading in (first, second, third)] == [None, None, (0, NOW + 2 * SECOND_US)]
    assert [len(reading.rows) for reading in (first, second, third)] == [0, 0, 2]
    assert third.cursor is not None
    assert third.cursor["resting"] == {}


def test_a_file_of_a_clock_ahead_of_ours_is_read_once_it_looks_the_same_for_long_enough(tmp_path):
    path = drop(tmp_path / "a.csv", CASES, age_seconds=-3600)
    source = collector(path)
    first = read(source)
    second = read(source, after=first, now=NOW + SECOND_US)
    third = read(source, after=second, now=NOW + 2 * SECOND_US)
    assert [len(reading.rows) for reading in (first, second, third)] == [0, 0, 2]
    assert len(read(source, after=third, now=NOW + 3 * SECOND_US, complete=True).rows) == 2


def test_a_file_that_changes_under_the_readers_hands_is_not_taken_for_read(tmp_path):
    path = drop(tmp_path / "a.csv", "id,day\n" + "1,a\n" * 30_000)
    pages = collector(path).fetch(Poll("cases", ("id",), NOW, time.monotonic() + 300))
    assert len(next(pages).rows) > 0
    drop(path, "id,day\n" + "1,a\n" * 30_001, age_seconds=0)
    *_, last = pages
    assert last.cursor is not None
    assert (last.cursor["files"], list(last.cursor["resting"]), last.covers) == ({}, ["a.csv"], None)


def test_a_complete_read_fails_while_a_file_is_being_written(tmp_path):
    path = drop(tmp_path / "a.csv", CASES, age_seconds=0)
    reading = read(collector(path), complete=True)
    assert reading.error == "a.csv: still being written, so not everything could be read"


def test_temporary_names_are_passed_over(tmp_path):
    for name in ("~$a.csv", ".a.csv", "a.csv.tmp", "a.csv.part", "a.TMP"):
        drop(tmp_path / name, CASES)
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    reading = read(collector(tmp_path / "*", format="csv"))
    assert (reading.rows, reading.error, reading.covers) == ([], None, (0, NOW))


# --- where it looks, and how long -------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert read(collector(tmp_path / "a.csv")).error == f"no such file: {tmp_path / 'a.csv'}"


def test_a_pattern_needs_its_folder_but_no_file_yet(tmp_path):
    assert read(collector(tmp_path / "inbox/*.csv")).error == f"{tmp_path}/inbox/*.csv: No such file or directory"
    (tmp_path / "inbox").mkdir()
    reading = read(collector(tmp_path / "inbox/*.csv"))
    assert (reading.error, reading.covers) == (None, (0, NOW))


def test_a_path_counts_from_the_working_directory_and_names_from_the_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inbox/2026").mkdir(parents=True)
    drop(tmp_path / "inbox/2026/a.csv", CASES)
    assert read(collector("inbox/**/*.csv")).locators == ["2026/a.csv:2", "2026/a.csv:3"]
    assert read(collector("inbox/2026/a.csv")).locators == ["a.csv:2", "a.csv:3"]


def test_a_deadline_ends_the_reading(tmp_path):
    path = drop(tmp_path / "a.csv", CASES)
    reading = read(collector(path), deadline=time.monotonic() - 1)
    assert reading.error == "a.csv: not read to its end within the time a poll may take"
    assert (reading.rows, reading.covers) == ([], None)
    assert len(read(collector(path), after=reading).rows) == 2


def test_a_large_file_takes_no_more_memory_than_a_page_or_two(tmp_path):
    row = "0123456789" * 4
    path = drop(tmp_path / "a.csv.gz", gzip.compress(("id,name,day\n" + f"1,{row},{row}\n" * 60_000).encode(), 1))
    source = collector(path)
    tracemalloc.start()
    try:
        rows = sum(len(page.rows) for page in source.fetch(Poll("cases", ("id", "day"), NOW, time.monotonic() + 300)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == 60_000
    assert peak < 18_000_000


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"path": "a.xls"}, "expected one of the endings csv, csv.gz, xlsx, jsonl, jsonl.gz, or a format beside it"),
        ({"path": "inbox/"}, "expected a file or a pattern of files, e.g. inbox/*.csv"),
        ({"path": "a.csv", "encoding": "gbk18"}, "expected a text encoding Python knows, e.g. utf-8 or gb18030"),
        ({"path": "a.csv", "encoding": "base64"}, "expected a text encoding Python knows"),
        ({"path": "a.csv", "delimiter": "||"}, 'expected one character, e.g. ",", ";" or a tab'),
        ({"path": "a.csv", "header_row": 0}, "greater than or equal to 1"),
        ({"path": "a.csv", "delimeter": ";"}, "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_in_the_options_is_refused(options, message):
    with pytest.raises(ValidationError) as refused:
        FileOptions(**options)
    assert message in str(refused.value)
