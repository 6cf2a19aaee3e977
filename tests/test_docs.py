"""What the documents state: their examples run, their commands, exit codes, links and tables hold.

A comment above a fenced block says what it is: `file: NAME/PATH` a file of the example NAME, `run: NAME` what is run in
a folder that holds those files. Run as a program this module writes docs/series.md.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import click
import pytest
import typer.main
from starlette.routing import Route

from agent.cli import app as commands
from agent.config import load
from agent.demo.show import show
from agent.measures import MEASURES
from agent.metrics.families import FAMILIES, Family
from agent.model import State
from agent.poll import Publisher
from agent.status import PARAMETERS
from agent.web import app as pages
from collectors import COLLECTORS
from tests.commands import dabiao

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[1]
README, CHINESE, CONTRIBUTING = ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CONTRIBUTING.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
SERIES = ROOT / "docs" / "series.md"
MARKER = re.compile(r"<!-- (file|run): (\S+) -->")
FENCE = re.compile(r"^```(\w*)$")
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"\bdabiao ([a-z]+(?:-[a-z]+)*)(?: (list|retry|import|show)\b)?")
SITE_ENVIRONMENT = {
    "SIGNING_DB_URL": "sqlite:///signing.db",
    "FAULT_DESK_URL": "https://desk.example",
    "PORTAL_URL": "https://portal.example",
    "PROMETHEUS_URL": "http://prometheus.example:9090",
}


# --- reading the documents --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `marked` is "file" or "run" and `name` what the comment above it says, where there is one."""

    language: str
    text: str
    marked: str = ""
    name: str = ""


def blocks(document: Path) -> Iterator[Block]:
    lines = iter(document.read_text(encoding="utf-8").splitlines())
    before = ""
    for line in lines:
        if opened := FENCE.match(line):
            inside: list[str] = []
            while (line := next(lines)) != "```":
                inside.append(line)
            marker = MARKER.fullmatch(before)
            yield Block(opened[1], "\n".join(inside) + "\n", *(marker.groups() if marker else ()))
        before = line


def prose(document: Path) -> list[str]:
    """The lines outside fenced blocks."""
    text = document.read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE).splitlines()


def write_example(document: Path, name: str, folder: Path) -> None:
    """The files of one example, as if they had been written a while ago."""
    for block in blocks(document):
        if block.marked == "file" and block.name.startswith(f"{name}/"):
            file = folder / block.name.removeprefix(f"{name}/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
            os.utime(file, (0, 0))


RUNS = [
    pytest.param(document, block, id=block.name)
    for document in (README, CONTRIBUTING)
    for block in blocks(document)
    if block.marked == "run"
]


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DABIAO_")}
    environment |= {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]), "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def tells(expected: str, printed: str) -> bool:
    """Whether a text is what a document shows: … is any text, alone in its line any lines; spaces count as one."""
    parts = [
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(" ".join(line.split())).replace("…", ".*") + r"\n"
        for line in expected.splitlines()
    ]
    plain = "".join(" ".join(line.split()) + "\n" for line in printed.splitlines())
    return re.fullmatch("".join(parts) + r"\n*", plain) is not None


def steps(console: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what it is shown to print."""
    for step in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, printed = step.partition("\n")
        yield command, printed


# --- the examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("document", "block"), RUNS)
def test_an_example_does_what_the_document_says(document: Path, block: Block, tmp_path: Path) -> None:
    write_example(document, block.name, tmp_path)
    if block.language == "python":
        (tmp_path / "example.py").write_text(block.text, encoding="utf-8")
        ran = python(tmp_path, "-W", "error::SyntaxWarning", "example.py")
        assert ran.returncode == 0, ran.stderr
        return
    for command, expected in steps(block.text):
        program, *arguments = command.split()
        assert program == "dabiao"
        ran = python(tmp_path, "-c", "from agent.cli import main; main()", *arguments)
        assert ran.returncode == 0, ran.stderr
        assert tells(expected, ran.stdout), ran.stdout


def test_contributing_works_out_a_collector_an_indicator_a_measure_and_a_format() -> None:
    assert [block.name for block in blocks(CONTRIBUTING) if block.marked == "run"] == [
        "collector",
        "indicator",
        "measure",
        "format",
    ]


def test_the_first_targets_file_has_ten_lines() -> None:
    (first,) = [block for block in blocks(README) if block.name == "first/targets.yaml"]
    assert len(first.text.splitlines()) == 10


def test_the_files_of_the_readme_load_with_one_source_of_each_kind(tmp_path: Path) -> None:
    write_example(README, "site", tmp_path)
    examples = sorted(set(tmp_path.glob("*.yaml")) - {tmp_path / "targets.yaml"})
    together = ["sources:\n", *(file.read_text(encoding="utf-8").removeprefix("sources:\n") for file in examples)]
    (tmp_path / "sources.yaml").write_text("".join(together), encoding="utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "fault-desk").write_text("token")
    config = load(
        [tmp_path / "targets.yaml"], tmp_path / "sources.yaml", collectors=COLLECTORS, environ=SITE_ENVIRONMENT
    )
    assert sorted(source.collector for source in config.sources) == sorted(COLLECTORS)
    assert config.warnings == ()


def test_the_demonstration_prints_what_the_readme_shows(tmp_path: Path) -> None:
    (shown,) = [block for block in blocks(README) if block.language == "console" and "make demo" in block.text]
    printed: list[str] = []

    def begin(sources: Path, ledger: str, clock: object, ready: object) -> int:
        assert callable(ready)
        ready("http://127.0.0.1:8046/")
        return 0

    with patch.dict(os.environ), patch.object(sys, "argv", [".venv/bin/dabiao"]):
        show(begin, tmp_path, 1.0, printed.append, [ROOT / "targets.yaml"])
    expected = dict(steps(shown.text))["make demo"]
    assert tells(expected, "\n".join(printed)), "\n".join(printed)


# --- commands and exit codes ------------------------------------------------------------------------------------------


def known_commands() -> Mapping[str, click.Command]:
    """Every command by what is typed after `dabiao`."""
    top = typer.main.get_command(commands)
    found: dict[str, click.Command] = {}
    for name, command in getattr(top, "commands", {}).items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {part}": one for part, one in inner.items()} if inner else {name: command}
    return found


def command_rows(document: Path) -> dict[str, str]:
    """The rows of the table of commands: what is typed, and the first cell."""
    rows = {}
    for line in prose(document):
        if row := re.match(r"\| `dabiao ([a-z]+(?:-[a-z]+)*(?: (?:list|retry|import|show|test))?)([^|]*)\|", line):
            rows[row[1]] = row[2]
    return rows


@pytest.mark.parametrize("document", [README, CHINESE], ids=lambda path: path.name)
def test_the_table_has_every_command_with_options_it_knows(document: Path) -> None:
    rows, known = command_rows(document), known_commands()
    assert sorted(rows) == sorted(known)
    for name, cell in rows.items():
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", cell)) <= options, name


def test_no_document_names_a_command_that_is_not_there() -> None:
    known = {tuple(name.split()) for name in known_commands()}
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        spans = re.findall(r"`([^`\n]+)`", text) + [block.text for block in blocks(document)]
        for span in spans:
            for found in COMMAND.finditer(span):
                place = tuple(part for part in found.groups() if part)
                assert place in known or any(one[0] == found[1] for one in known if place == (one[0],)), (
                    document.name,
                    found[0],
                )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """The first example of the README, read once."""
    write_example(README, "first", tmp_path)
    assert dabiao(tmp_path, "collect").code == 0
    return tmp_path


JANUARY = ("--at", "2026-01-31")


ENDINGS: list[tuple[tuple[str, ...], int]] = [
    (("check", "--live"), 0),
    (("try", "desk"), 0),
    (("status", *JANUARY), 0),
    (("status", *JANUARY, "--fail-on", "missed"), 1),
    (("status", "--owed"), 0),
    (("explain", "answered-in-time", *JANUARY), 0),
    (("attest", "answered-in-time", "--reason", "设备检修"), 0),
    (("attest", "answered-in-time", "--numerator", "3"), 2),
    (("confirm", "answered-in-time"), 0),
    (("acknowledge", "answered-in-time", "--reason", "已知", "--until", "2025-01-01"), 2),
    (("exclude", "desk/F3", "--reason", "重复报修"), 0),
    (("approve", "1"), 2),
    (("acts",), 0),
    (("rejects", "list"), 0),
    (("rejects", "retry"), 0),
    (("recompute",), 0),
    (("close", "--period", "2026-01", "-o", "pack.zip"), 0),
    (("close", "--period", "2026-01", "-o", "faults.csv"), 2),
    (("close", "--period", "January", "-o", "pack.zip"), 2),
    (("close", "--year", "2026", "-o", "pack.zip", "--restate"), 2),
    (("verify", "gone.zip"), 2),
    (("verify", "faults.csv"), 2),
    (("status", "--window", "week"), 2),
    (("status", "--colour"), 2),
    (("status", "--at", "0001-01-01"), 2),
    (("status", "--from", "1900-01-01", "--to", "2200-12-31"), 0),
    (("explain", "answered-in-time", "--as-of", "9999-12-31T23:59:59Z"), 2),
    (("try", "dask"), 2),
    (("check", "--targets", "gone.yaml"), 2),
    (("export", "--form", "self-evaluation", "-o", "form.json"), 2),
    (("export", "--again", "1", "-o", "form.json"), 2),
    (("collect", "dask"), 2),
]


@pytest.mark.parametrize(("arguments", "code"), ENDINGS, ids=[" ".join(arguments) for arguments, _ in ENDINGS])
def test_exit_codes_are_kept(desk: Path, arguments: tuple[str, ...], code: int) -> None:
    ran = dabiao(desk, *arguments)
    assert ran.code == code, ran.complained
    assert "Traceback" not in ran.complained
    assert code != 2 or all(line.startswith("dabiao: ") for line in ran.complained.splitlines())


@pytest.mark.parametrize(
    "arguments", [("check", "--live"), ("collect",), ("try", "desk")], ids=["check", "collect", "try"]
)
def test_a_source_that_is_down_exits_with_1(desk: Path, arguments: tuple[str, ...]) -> None:
    (desk / "faults.csv").unlink()
    assert dabiao(desk, *arguments).code == 1


def test_rows_that_still_cannot_be_read_exit_with_1(desk: Path) -> None:
    with (desk / "faults.csv").open("a", encoding="utf-8") as file:
        file.write("F5,yesterday,\n")
    os.utime(desk / "faults.csv", (1, 1))
    assert dabiao(desk, "collect").code == 0
    assert dabiao(desk, "rejects", "retry").code == 1


def test_a_sum_that_differs_exits_with_1(desk: Path) -> None:
    with closing(sqlite3.connect(desk / "data" / "dabiao.db")) as ledger, ledger:
        ledger.execute("UPDATE tally SET good = good + 1")
    assert dabiao(desk, "recompute").code == 1


def test_a_log_of_acts_that_was_changed_exits_with_1(desk: Path) -> None:
    assert dabiao(desk, "confirm", "answered-in-time").code == 0
    with closing(sqlite3.connect(desk / "data" / "dabiao.db")) as ledger, ledger:
        ledger.execute("UPDATE act SET account = 'somebody'")
    assert dabiao(desk, "acts").code == 1


READ_ONLY = [
    ("status",),
    ("status", "--owed"),
    ("explain", "answered-in-time"),
    ("acts",),
    ("rejects", "list"),
    ("recompute",),
    ("close", "--year", "2026", "-o", "pack.zip"),
    ("check", "--diff"),
    ("export", "--form", "self-evaluation", "-o", "form.json"),
]


@pytest.mark.parametrize("arguments", READ_ONLY, ids=[" ".join(arguments) for arguments in READ_ONLY])
def test_a_command_that_only_reads_makes_no_ledger(desk: Path, arguments: tuple[str, ...]) -> None:
    ran = dabiao(desk, *arguments, "--ledger", "gone/away.db")
    assert ran.code == 2
    assert ran.complained == "dabiao: --ledger: no ledger at gone/away.db; dabiao collect or run makes it\n"
    assert not (desk / "gone").exists()


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        ("targets.yaml", "ledger sqlite:///targets.yaml cannot be opened: file is not a database"),
        ("", "--ledger: expected a file or a URL such as postgresql://host/name, got nothing"),
        (
            "postgresql://u:geheim@h:notaport/x",
            "--ledger: expected a file or a URL such as postgresql://host/name, got postgresql://… that cannot be read",
        ),
    ],
)
def test_what_is_no_ledger_is_refused_in_one_line_without_its_password(desk: Path, ledger: str, said: str) -> None:
    for command in ("collect", "status"):
        ran = dabiao(desk, command, "--ledger", ledger)
        assert (ran.code, ran.complained) == (2, f"dabiao: {said}\n")


def test_a_newer_ledger_is_refused_with_2(desk: Path) -> None:
    with closing(sqlite3.connect(desk / "data" / "dabiao.db")) as ledger, ledger:
        ledger.execute("UPDATE alembic_version SET version_num = '9999'")
    ran = dabiao(desk, "status")
    assert (ran.code, "newer than this program" in ran.complained) == (2, True)


# --- the documents as such --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_that_are_there(document: Path) -> None:
    for target in LINK.findall("\n".join(prose(document))):
        if not target.startswith(("http://", "https://", "#")):
            assert (document.parent / target).exists(), target


def test_both_readmes_have_the_same_headings_blocks_rows_and_links() -> None:
    english, chinese = prose(README), prose(CHINESE)
    for pattern in (r"^#+ ", r"^\|", r"^- ", r"^[0-9]\. "):
        assert [len(re.findall(pattern, line)) for line in english if re.match(pattern, line)] == [
            len(re.findall(pattern, line)) for line in chinese if re.match(pattern, line)
        ]
    assert [line.split(" ")[0] for line in english if line.startswith("#")] == [
        line.split(" ")[0] for line in chinese if line.startswith("#")
    ]
    assert list(blocks(README)) == list(blocks(CHINESE))
    links = [sorted(LINK.findall("\n".join(text))) for text in (english, chinese)]
    assert [one for one in links[0] if "README" not in one] == [one for one in links[1] if "README" not in one]


@pytest.mark.parametrize("document", [README, CHINESE], ids=lambda path: path.name)
def test_the_readme_names_what_there_is(document: Path) -> None:
    text = "\n".join(prose(document))
    web = pages(Publisher(), load([ROOT / "targets.yaml"], None, collectors=COLLECTORS), lambda: 0, lambda asked: {})
    names = [
        *MEASURES,
        *COLLECTORS,
        *State,
        *PARAMETERS,
        *(route.path for route in web.routes if isinstance(route, Route)),
    ]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_series_in_the_readme_exist() -> None:
    names = {family.name for family in FAMILIES}
    for document in (README, CHINESE):
        found = set(re.findall(r"`(dabiao_\w+)", "\n".join(prose(document))))
        assert {name for name in found if name not in names} <= {"dabiao_system_indicator_"}


INTRODUCTION = """\
# Series

Made from `agent/metrics/families.py`; a test compares. A series that has no value is absent. Values are in base units:
seconds, ratios from 0 to 1, Unix time. `window` is one of `today`, `7d`, `30d`, `month`, `quarter`, `ytd`, `year`. A
record's id is never a label.

| series | type | labels | says |
| --- | --- | --- | --- |"""


def series_page() -> str:
    """docs/series.md, from the one table of series."""

    def row(family: Family) -> str:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        return f"| `{family.name}` | {family.kind.value} | {labels} | {family.help} |"

    return "\n".join(
        [
            INTRODUCTION,
            *(row(family) for family in FAMILIES),
            "",
        ]
    )


def test_the_page_of_series_is_made_from_their_table() -> None:
    assert SERIES.read_text(encoding="utf-8") == series_page()


if __name__ == "__main__":
    SERIES.write_text(series_page(), encoding="utf-8")
