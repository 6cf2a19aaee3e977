"""What a pack is made of: cells that are no formula, rows that come back, a container no byte of which can change."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import Source
from agent.evidence.archive import BrokenError, ContainerWriter, members
from agent.evidence.cells import Moments, guarded, instant, unguarded
from agent.evidence.records import RecordTable
from agent.model import Record
from agent.worktime import LocalDays
from tests.closed_site import problems
from tests.plans import at, site

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["=1+1", "+1", "-5", "-5.5", "-x", "@a", "'", "''", "", "\t=1", "a\r\nb", '"', ",", "\0", "00123"]
)


@given(TEXTS | st.none())
def test_every_text_comes_back_from_its_cell_and_is_no_formula(text: str | None) -> None:
    cell = guarded(text)
    assert unguarded(cell) == text
    assert cell[:1] not in "=+@\t\r\n" or not cell


@given(st.integers(-62_135_596_800_000_000 - 10**15, 253_402_300_799_999_999 + 10**15))
def test_every_instant_comes_back_from_its_cell(moment: int) -> None:
    for zone in ("Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo"):
        assert instant(Moments(LocalDays(zone)).text(moment)) == moment


def test_an_hour_the_clock_shows_twice_is_told_apart() -> None:
    moments = Moments(LocalDays("Europe/Berlin"))
    first, second = instant("2026-10-25T02:30:00+02:00"), instant("2026-10-25T02:30:00+01:00")
    assert moments.text(first) != moments.text(second)
    assert moments.text(at("2026-03-02T09:00:00")) == "2026-03-02T02:00:00+01:00"


@pytest.fixture(params=["mapped", "mapped no longer"], scope="module")
def mapped(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source | None:
    """A source with columns of its own for some of the names below; or none, so that all stand in the last column."""
    if request.param == "mapped no longer":
        return None
    log = {
        "collector": "file",
        "path": "log*.csv",
        "record": "fault",
        "id": "id",
        "event": "event",
        "at": "at",
        "times": {name: {"first": "told"} for name in ("a", "reported_at")},
        "fields": {name: {"last": name} for name in ("b", "state")},
        "pairs": {"pause": ["wait", "resume"]},
    }
    measure = {"kind": "share", "of": "fault", "cohort": "reported_at", "good_when": {"state": "done"}}
    return site(tmp_path_factory.mktemp("site"), {"x": measure}, sources={"faults": log}).source("faults")


NAMES = st.sampled_from(["a", "b", "state", "reported_at", "pause"])
INSTANTS = st.integers(-(10**15), 10**16)


@given(
    st.builds(
        Record,
        kind=TEXTS,
        source=st.just("faults"),
        id=TEXTS,
        system=TEXTS | st.none(),
        times=st.dictionaries(NAMES, INSTANTS, max_size=4),
        fields=st.dictionaries(NAMES, TEXTS, max_size=4),
        pairs=st.dictionaries(NAMES, st.lists(st.tuples(INSTANTS, INSTANTS | st.none()), max_size=2).map(tuple)),
        version=st.integers() | st.none(),
        changed_at=INSTANTS | st.none(),
        withdrawn=st.booleans(),
    )
)
def test_every_record_comes_back_from_its_row_also_what_a_former_mapping_left(
    mapped: Source | None, record: Record
) -> None:
    days = LocalDays("Asia/Shanghai")
    told = RecordTable("faults", mapped, days)
    row = told.row(record, told.told(record))
    assert told.record(row) == record
    assert len(row) == len(told.columns)


@pytest.fixture
def container(tmp_path: Path) -> Path:
    with (tmp_path / "small.zip").open("w+b") as file:
        writer = ContainerWriter(file)
        writer.add("a.txt", b"first")
        writer.add("folder/b%20c.bin", b"")
        writer.finish()
    return tmp_path / "small.zip"


def test_a_container_is_read_back_as_it_was_written(container: Path) -> None:
    with container.open("rb") as file:
        assert [(one.name, one.size) for one in members(file)] == [("a.txt", 5), ("folder/b%20c.bin", 0)]
    with zipfile.ZipFile(container) as zipped:
        assert zipped.read("a.txt") == b"first"


def test_every_byte_between_the_files_of_a_container_counts(container: Path, tmp_path: Path) -> None:
    whole = container.read_bytes()
    content = range(whole.index(b"first"), whole.index(b"first") + 5)
    for place in set(range(len(whole))) - set(content):
        changed = bytearray(whole)
        changed[place] ^= 0x20
        (tmp_path / "changed.zip").write_bytes(changed)
        with (tmp_path / "changed.zip").open("rb") as file, pytest.raises(BrokenError):
            members(file)


def test_a_size_that_the_file_does_not_have_is_refused_before_it_is_read(container: Path, tmp_path: Path) -> None:
    content = container.read_bytes()
    huge = content.replace((5).to_bytes(4, "little") * 2, (1 << 31).to_bytes(4, "little") * 2, 1)
    assert huge != content
    (tmp_path / "huge.zip").write_bytes(huge)
    (found,) = problems(tmp_path / "huge.zip")
    assert (found.file, found.expected, found.got) == ("a.txt", "2147483648 字节", "截断")
