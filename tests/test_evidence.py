"""Evidence packs: what is in them, that everything can be worked out from them alone, and that no byte can change."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.book.period import year_of
from agent.evidence import Problem, Verified, verify
from agent.evidence.archive import ContainerWriter
from agent.evidence.manifest import entries
from agent.evidence.reading import Pack
from agent.evidence.verification import GIVEN
from agent.model import ConfigError
from collectors import COLLECTORS
from tests.closed_site import busy_site, closed, forged, problems, replaced, verdict_with
from tests.drawing import examples
from tests.form_site import OVER, form_site

pytestmark = pytest.mark.whole


class Made(NamedTuple):
    """A pack and the folder of the site it was made of."""

    pack: Path
    site: Path
    log: int  # acts before it


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("site")
    pack = tmp_path_factory.mktemp("packs") / "pack.zip"
    with busy_site(folder) as site:
        act = closed(site, pack).act
    return Made(pack, folder, act.n - 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack with every kind of file, the forms among them."""
    pack = tmp_path_factory.mktemp("packs") / "whole.zip"
    with form_site(tmp_path_factory.mktemp("site")) as site:
        site.state_all()
        closed(site, pack, period=year_of(2026), now=OVER)
    return pack


def check(pack: Path) -> Verified:
    return verify(pack, COLLECTORS, None, lambda done, total: None)


def table(pack: Path, name: str) -> list[dict[str, str]]:
    content = Pack(pack).content(name)
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text)))


# --- what is in it ----------------------------------------------------------------------------------------------------


def test_a_pack_is_verified_from_its_own_content_alone(made: Made) -> None:
    shutil.rmtree(made.site)
    verified = check(made.pack)
    assert verified.problems == ()
    assert (verified.records, verified.values > 20) == (19, True)


def test_any_unzip_program_opens_it_and_nothing_in_it_depends_on_when_it_was_written(made: Made) -> None:
    with zipfile.ZipFile(made.pack) as opened:
        assert opened.testzip() is None
        infos = opened.infolist()
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    folders = {info.filename.partition("/")[0] for info in infos}
    assert folders >= {"targets", "sources.json", "records", "indicators", "calendar", "evidence", "acts.jsonl"}


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    packs = []
    for name in "ab":
        (tmp_path / name).mkdir()
        with busy_site(tmp_path / name) as site:
            closed(site, tmp_path / f"{name}.zip")
        packs.append((tmp_path / f"{name}.zip").read_bytes())
    assert packs[0] == packs[1]


def test_a_formula_in_a_text_is_no_formula_in_a_table(made: Made) -> None:
    found = [row["编号"] for row in table(made.pack, "indicators/ops/approved.csv.gz")]
    assert found == ["'=HYPERLINK(1)", "K1", "K2"]
    (asked,) = table(made.pack, "exclusions.csv")
    assert (asked["理由"], asked["批准人"], asked["生效"]) == ("'=1+1 演练", "li", "1")


def test_each_record_is_shown_as_it_counts_at_the_instant_of_the_closing(made: Made) -> None:
    rows = {row["编号"]: (row["结果"], row["原因"]) for row in table(made.pack, "indicators/ops/answered.csv.gz")}
    assert rows["F1"] == ("合格", "")
    assert rows["F2"] == ("剔除", "'=1+1 演练")
    assert rows["F4"] == ("剔除", "重复报修")
    assert rows["F6"] == ("不合格", "已超时")
    assert rows["F7"] == ("未结", "时限内")
    assert "F5" not in rows


def test_what_people_stated_comes_with_its_files(made: Made) -> None:
    (stated,) = table(made.pack, "attestations.csv")
    name, hashed = stated["佐证材料"].split("=")
    assert (name, stated["计入"], stated["账号"]) == ("评审纪要.pdf", "1", "zhao")
    assert Pack(made.pack).hash_of(f"evidence/{hashed}") == hashed


def test_rows_that_could_not_be_read_and_findings_are_told(made: Made) -> None:
    (rejected,) = table(made.pack, "rejects.csv")
    assert (rejected["数据源"], json.loads(rejected["内容"])["id"]) == ("faults", "F99")
    assert [row["对象"] for row in table(made.pack, "findings.csv")] == ["faults/F1"]


def test_a_secret_typed_into_the_sources_does_not_get_into_the_pack(tmp_path: Path) -> None:
    with busy_site(tmp_path) as site:
        path = tmp_path / "sources.yaml"
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        told["sources"]["desk"] = {
            "collector": "http",
            "url": "https://desk.example/faults",
            "auth": {"bearer": "typed-token"},
            "items": "list",
            "record": "fault",
            "id": "no",
            "times": {"reported_at": "at"},
        }
        told["sources"]["asked"] = {
            "collector": "sql",
            "url": "${env:DABIAO_TEST_URL}",
            "query": "SELECT id, at FROM v",
            "record": "fault",
            "id": "id",
            "times": {"reported_at": "at"},
        }
        path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
        os.environ["DABIAO_TEST_URL"] = "sqlite:///secret.db"
        try:
            site.reconfigure("没有这样的文字", "")
        finally:
            del os.environ["DABIAO_TEST_URL"]
        closed(site, tmp_path / "pack.zip")
    written = Pack(tmp_path / "pack.zip").content("sources.json").decode()
    assert "typed-token" not in written
    assert "secret.db" not in written
    assert "SELECT id, at FROM v" in written
    assert "${env:DABIAO_TEST_URL}" in written
    assert problems(tmp_path / "pack.zip") == ()


def test_the_working_days_are_those_of_the_pack_and_not_those_known_where_it_is_checked(tmp_path: Path) -> None:
    with busy_site(tmp_path) as site:
        (tmp_path / "days.yaml").write_text("years: {2026: {holidays: ['2026-03-03']}}", encoding="utf-8")
        site.reconfigure("calendar: {country: CN,", "calendar: {country: CN, years_file: days.yaml,")
        site.register()
        closed(site, tmp_path / "pack.zip")
        (tmp_path / "days.yaml").unlink()
    days = {row["日期"]: row["工作日"] for row in table(tmp_path / "pack.zip", "calendar/2026.csv")}
    assert (days["2026-03-03"], days["2026-03-04"]) == ("0", "1")
    assert problems(tmp_path / "pack.zip") == ()


# --- no byte can change -----------------------------------------------------------------------------------------------


def flipped(pack: Path, out: Path, place: int) -> Path:
    content = bytearray(pack.read_bytes())
    content[place] ^= 1 << random.Random(place).randrange(8)
    out.write_bytes(content)
    return out


def kind_of(name: str) -> str:
    return name.partition("/")[0]


def test_a_changed_byte_in_every_file_is_found_and_named(made: Made, whole: Path, tmp_path: Path) -> None:
    assert len({kind_of(name) for pack in (made.pack, whole) for name in Pack(pack).members}) >= 21
    for pack in (made.pack, whole):
        for member in Pack(pack).members.values():
            for place in {member.offset, member.offset + member.size // 2, member.offset + member.size - 1}:
                found = problems(flipped(pack, tmp_path / "flipped.zip", place)) if member.size else ()
                assert not member.size or member.name in {one.file for one in found}, (member.name, place, found)


@settings(max_examples=examples(60))
@given(data=st.data())
def test_a_changed_byte_anywhere_is_found(made: Made, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, made.pack.stat().st_size - 1))
    assert problems(flipped(made.pack, made.pack.with_name("anywhere.zip"), place))


@pytest.mark.long
def test_a_changed_byte_in_every_place_between_the_files_is_found(made: Made, tmp_path: Path) -> None:
    within = [range(one.offset, one.offset + one.size) for one in Pack(made.pack).members.values()]
    between = [place for place in range(made.pack.stat().st_size) if not any(place in one for one in within)]
    assert len(between) > 1000
    for place in between:
        assert problems(flipped(made.pack, tmp_path / "flipped.zip", place)), place


def rewritten(pack: Path, out: Path, names: Callable[[list[str]], list[str]], more: dict[str, bytes]) -> Path:
    """The files of a pack in another order, or other files, in a container of its own; the manifest as it was."""
    opened = Pack(pack)
    with out.open("w+b") as file:
        writer = ContainerWriter(file)
        for name in names(list(opened.members)):
            writer.add(name, more[name] if name in more else opened.content(name))
        writer.finish()
    return out


@pytest.mark.parametrize(
    ("names", "more", "expected"),
    [
        (lambda names: [*names, "extra.txt"], {"extra.txt": b"x"}, ("extra.txt", "多出")),
        (lambda names: [name for name in names if name != "gaps.csv"], {}, ("gaps.csv", "缺少")),
        (lambda names: [names[1], names[0], *names[2:]], {}, ("README.md", "被移动")),
        (lambda names: [names[-1], *names[:-1]], {}, ("README.md", "被移动")),
        (lambda names: names[:-1], {}, ("manifest.json", "缺少")),
    ],
)
def test_files_added_removed_or_moved_are_named(
    made: Made,
    tmp_path: Path,
    names: Callable[[list[str]], list[str]],
    more: dict[str, bytes],
    expected: tuple[str, str],
) -> None:
    found = problems(rewritten(made.pack, tmp_path / "other.zip", names, more))
    assert expected in {(one.file, one.got) for one in found}


FORGERIES = [
    ("verdicts.json", verdict_with("exact", "1", "response"), "ops/response exact"),
    ("verdicts.json", verdict_with("state", "met", "answered"), "ops/answered state"),
    ("values.csv", replaced("当前未达标", "达标"), "第 2 行"),
    ("records/faults.csv.gz", replaced("2026-03-04T18:00:00", "2026-03-04T11:01:00"), "faults/F5 responded_at"),
    ("records/faults.csv.gz", replaced("F5,", "F55,"), "faults/F55"),
    ("indicators/ops/answered.csv.gz", replaced("不合格", "合格"), "faults/F3 结果"),
    ("indicators/ops/response.csv.gz", replaced("25200", "252"), "faults/F5 用时秒"),
    ("indicators/ops/calls.csv.gz", replaced("95.25", "99.25"), "calls/C1 分子"),
    ("coverage.csv", replaced("2026-03-05T10:00:00", "2026-03-04T10:00:00"), "coverage"),
    ("calendar/2026.csv", replaced("2026-03-02,1", "2026-03-02,0"), "由 targets/ 与 calendar/ 得出"),
    ("targets/2026.yaml", replaced(">= 75 %", ">= 50 %"), "definitions.json"),
    ("definitions.json", replaced('"limit"', '"limits"'), "definitions.json"),
    ("acts.jsonl", replaced("演练", "误报"), "链在此中断"),
    ("attestations.csv", replaced("健全", "不全"), "attestations.csv"),
    ("exclusions.csv", replaced(",li,", ",wang,"), "exclusions.csv"),
    ("sources.csv", replaced("faults", "faultz"), "sources.csv"),
    ("README.md", replaced("50.00%", "95.00%"), "README.md"),
]


@pytest.mark.parametrize(("file", "change", "named"), FORGERIES, ids=lambda one: one if isinstance(one, str) else "")
def test_a_forgery_whose_manifest_fits_is_found_by_its_values(
    made: Made, tmp_path: Path, file: str, change: Callable[[bytes], bytes], named: str
) -> None:
    found = problems(forged(made.pack, tmp_path / "forged.zip", {file: change}))
    assert named in " ".join(" ".join(one) for one in found)


def test_an_evidence_file_exchanged_together_with_the_manifest_is_found(made: Made, tmp_path: Path) -> None:
    (name,) = [name for name in Pack(made.pack).members if name.startswith("evidence/")]
    found = problems(forged(made.pack, tmp_path / "forged.zip", {name: lambda content: content + b"!"}))
    assert [one.file for one in found] == [name]


# --- packs that may be anybody's --------------------------------------------------------------------------------------


def written(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["../escaped", "/etc/passwd", "a/../../b", "C:\\x", "a//b", ".hidden"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (found,) = problems(written(tmp_path / "evil.zip", {name: b"x", "manifest.json": b"{}"}))
    assert (found.file, found.expected) == ("证据包", "本软件会写的文件名")


def test_two_files_of_one_name_are_refused(made: Made, tmp_path: Path) -> None:
    content = made.pack.read_bytes()
    first = next(iter(Pack(made.pack).members.values()))
    doubled = content[: first.offset + first.size] + content
    (tmp_path / "double.zip").write_bytes(doubled)
    (found,) = problems(tmp_path / "double.zip")
    assert (found.file, found.got) == ("README.md", "有两个同名文件")


def test_a_table_that_grows_without_end_is_stopped(made: Made, tmp_path: Path) -> None:
    bomb = forged(
        made.pack, tmp_path / "bomb.zip", {"records/faults.csv.gz": lambda content: content + b"0" * (64 << 20)}
    )
    (found,) = problems(bomb)
    assert (found.file, found.got) == ("records/faults.csv.gz", "解压后过大")


def test_a_pack_cut_off_anywhere_is_refused(made: Made, tmp_path: Path) -> None:
    content, rng = made.pack.read_bytes(), random.Random(1)
    for _ in range(50):
        (tmp_path / "cut.zip").write_bytes(content[: rng.randrange(len(content))])
        assert problems(tmp_path / "cut.zip")


def test_a_file_that_is_not_there_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        problems(tmp_path / "none.zip")


# --- attacks whose manifest fits --------------------------------------------------------------------------------------


def spoiled(content: bytes, draw: random.Random) -> bytes:
    """The content with something else in one place: a byte, a deep nest, a huge number, nothing, a cut."""
    place = draw.randrange(len(content))
    match draw.randrange(6):
        case 0:
            return content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :]
        case 1:
            return content[:place] + b"[" * 5000 + content[place:]
        case 2:
            return content[:place] + b"9" * 30 + content[place:]
        case 3:
            return b"null"
        case 4:
            return content[:place] + content[place + draw.randrange(1, 40) :] + b"\n"
        case _:
            lines = content.splitlines(keepends=True)
            draw.shuffle(lines)
            return b"".join(lines) + b"x"


def spoil_each(packs: Iterable[Path], names_of: Callable[[Path], Iterable[str]], out: Path, times: int) -> None:
    draw = random.Random(20261125)
    for pack in packs:
        for name in names_of(pack):
            seen: list[Problem] = []
            for _ in range(times):
                seen += problems(forged(pack, out, {name: lambda one: spoiled(one, draw)}))
            assert seen or name in GIVEN, name
            assert all(one.file for one in seen), (name, seen)


def written_files(pack: Path) -> list[str]:
    return [name for name, member in Pack(pack).members.items() if member.size and name != "manifest.json"]


def test_a_file_spoiled_together_with_the_manifest_is_named_and_never_ends_in_a_traceback(
    whole: Path, tmp_path: Path
) -> None:
    kinds = {kind_of(name): name for name in written_files(whole)}
    spoil_each([whole], lambda pack: kinds.values(), tmp_path / "forged.zip", 1)


@pytest.mark.long
def test_every_file_spoiled_in_many_ways_is_named(made: Made, whole: Path, tmp_path: Path) -> None:
    spoil_each([made.pack, whole], written_files, tmp_path / "forged.zip", 3)


def zipped() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as other:
        other.writestr("[Content_Types].xml", "x")
    return held.getvalue()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda told: told | {"format": "dabiao-evidence/2"}, "格式 dabiao-evidence/2：请用写出它的版本核对"),
        (lambda told: {"files": []}, "不是清单"),
        (lambda told: [told], "不是清单"),
        (lambda told: told | {"files": {"a": 1}}, "没有这样列出"),
        (lambda told: told | {"files": [{**told["files"][0], "bytes": "1"}]}, "没有这样列出"),
        (lambda told: told | {"files": [{**told["files"][0], "path": 1}]}, "没有这样列出"),
        (lambda told: told | {"files": [*told["files"], told["files"][0]]}, "列出 2 次"),
        (lambda told: told | {"stage": "never"}, "never"),
        (lambda told: {key: value for key, value in told.items() if key != "judged_at"}, "judged_at"),
        (lambda told: told | {"period": "2026-02"}, "2026-02"),
        (lambda told: told | {"organisation": "别家"}, "别家"),
        (lambda told: told | {"judged_at": "9999-12-31T23:59:59+00:00"}, "重新计算中断"),
    ],
)
def test_a_manifest_that_says_otherwise_is_named(
    made: Made, tmp_path: Path, change: Callable[[Any], Any], expected: str
) -> None:
    told = change(json.loads(Pack(made.pack).content("manifest.json")))
    if isinstance(told, dict) and isinstance(told.get("files"), list) and told["files"]:
        about = {key: value for key, value in told.items() if key != "files"}
        with suppress(AttributeError, TypeError):
            kept = [(one["path"], one["bytes"], one["sha256"]) for one in told["files"]]
            told["files"] = [one._asdict() for one in entries(about, kept)]
    content = (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()
    forgery = rewritten(made.pack, tmp_path / "other.zip", lambda names: names, {"manifest.json": content})
    found = problems(forgery)
    assert any(expected in f"{one.where} {one.expected} {one.got}" for one in found), found


def test_what_another_program_packed_again_is_refused_in_one_line(made: Made, tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(made.pack) as read,
        zipfile.ZipFile(tmp_path / "again.zip", "w", zipfile.ZIP_DEFLATED) as write,
    ):
        for name in read.namelist():
            write.writestr(name, read.read(name))
    (found,) = problems(tmp_path / "again.zip")
    assert (found.file, found.got) == ("README.md", "被改动，或由别的软件重新打包")


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x03\x04" + b"\0" * 90, b"PK\x05\x06" + b"\0" * 18, b"%PDF-1.7", zipped()]
)
def test_what_is_no_pack_at_all_is_the_users_mistake(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.zip：不是证据包；应为 dabiao close 写出的 \.zip 文件"):
        problems(tmp_path / "x.zip")


def test_a_configuration_that_cannot_be_read_is_named_by_its_file_in_chinese(made: Made, tmp_path: Path) -> None:
    change = replaced("kind: on_time", "kind: in_time")
    (found,) = problems(forged(made.pack, tmp_path / "forged.zip", {"targets/2026.yaml": change}))
    assert (found.file, found.expected) == ("targets/2026.yaml", "可以据以重新计算的配置文件")
    assert found.got.startswith("配置有误：")
    assert "unknown measure kind 'in_time'" in found.got
