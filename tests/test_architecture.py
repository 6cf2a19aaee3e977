"""The shape of the code: who may import whom, who reads the clock, what files are called and may not say."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests import servers

ROOT = Path(__file__).parents[1]

BOOKED = {"forecast", "model", "words", "shown", "told", "worktime", "measures", "config", "ledger", "book"}
JUDGED = BOOKED | {"evaluate"}
SHOWN = JUDGED | {"causes", "plots", "status", "explain", "metrics", "notify", "alerts", "render", "export"}

# A room may import itself and these. `agent` is the package's own __init__.
MAY_IMPORT: dict[str, set[str]] = {
    "agent": set(),
    "model": {"agent"},
    "words": {"model"},
    "written": set(),
    "saving": {"model"},
    "memory": set(),
    "supervision": set(),
    "shown": {"model"},
    "wire": {"model"},
    "excel": {"model"},
    "told": {"model", "words", "shown"},
    "causes": set(),
    "plots": {"model", "shown"},
    "conditions": {"model"},
    "worktime": {"model"},
    "mapping": {"model", "worktime"},
    "measures": {"model", "worktime", "conditions"},
    "config": {"model", "worktime", "conditions", "mapping", "measures", "words", "written", "notify", "wire"},
    "ledger": {"model"},
    "book": {"model", "worktime", "mapping", "measures", "config", "ledger"},
    "evaluate": BOOKED,
    "status": JUDGED,
    "forecast": {"model", "worktime", "measures", "config"},
    "acts": JUDGED | {"written"},
    "roundtrip": JUDGED | {"acts", "excel", "explain", "export", "written"},
    "drafting": {"model", "config", "excel", "written"},
    "owed": JUDGED | {"status"},
    "findings": JUDGED,
    "explain": JUDGED | {"status", "conditions"},
    "metrics": JUDGED | {"agent", "alerts", "notify"},
    "notify": {"model", "words", "wire"},
    "alerts": JUDGED | {"wire", "notify"},
    "render": JUDGED | {"alerts", "findings", "metrics", "notify"},
    "export": JUDGED | {"status", "excel", "explain", "written"},
    "report": JUDGED | {"explain", "export", "owed", "plots", "status"},
    "asking": JUDGED | {"findings", "status"},
    "evidence": JUDGED | {"agent", "asking", "status", "explain", "export"},
    "poll": JUDGED | {"memory", "alerts", "findings", "mapping"},
    "terminal": SHOWN | {"acts", "owed", "poll", "mapping", "evidence"},
    "web": SHOWN,
    "doors": {"model", "config", "web"},
    "serve": SHOWN | {"memory", "supervision", "asking", "doors", "poll", "web"},
    "demo": {"model", "worktime"},
    "collectors": {"model", "excel", "wire"},
    "cli": SHOWN
    | {"memory", "acts", "asking", "drafting", "evidence", "owed", "report", "roundtrip", "saving"}
    | {"doors", "serve", "poll", "terminal", "web", "demo", "collectors"},
    "__main__": {"cli"},
}

# The commands and the schedule pass `now` on; the last two are the outside world's edge.
READS_THE_CLOCK = {"cli", "poll", "demo", "collectors"}
CLOCKS = {
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "sqlalchemy.func.now",
    "sqlalchemy.func.current_timestamp",
}

SAYS_NOTHING = {"utils", "helpers", "common", "base", "misc", "constants"}
SKIPS = re.compile(r"\bpytest\.(?:mark\.)?(?:skip|skipif|importorskip)\b(?!\.Exception)")
MACHINE_PATHS = tuple(f"/{name}/" for name in ("work", "root"))


def modules_of(*packages: str) -> list[Path]:
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def dotted_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """The room a dotted name lies in; None for other people's modules."""
    match module.split("."):
        case ["collectors", *_]:
            return "collectors"
        case ["agent"]:
            return "agent"
        case ["agent", room, *_]:
            return room
    return None


def imported_names(path: Path, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each import, wherever it stands, as (name in this file, dotted name of what it means)."""
    package = dotted_name(path) if path.name == "__init__.py" else dotted_name(path).rpartition(".")[0]
    for node in nodes_of(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, alias.name
                if not alias.asname:
                    first = alias.name.partition(".")[0]
                    yield first, first
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                origin = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                yield alias.asname or alias.name, f"{origin}.{alias.name}"


def imported_rooms(path: Path, tree: ast.Module) -> set[str]:
    """`from agent import model` means the room `model`, `from agent import __version__` the package itself."""
    rooms = {room_of(name) for _, name in imported_names(path, tree)}
    known = {room if room is None or room in MAY_IMPORT or is_module(room) else "agent" for room in rooms}
    return {room for room in known if room}


def is_module(room: str) -> bool:
    return (ROOT / "agent" / room).is_dir() or (ROOT / "agent" / f"{room}.py").is_file()


def clocks_read(path: Path, tree: ast.Module) -> Iterator[str]:
    """Where a clock is named, called or passed on: line and dotted name."""
    meaning = dict(imported_names(path, tree))
    for node in nodes_of(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            first, *rest = names_along(node)
            name = ".".join(filter(None, [meaning.get(first, ""), *rest]))
            if name in CLOCKS:
                yield f"line {node.lineno}: {name}"


def names_along(node: ast.expr) -> list[str]:
    """`a.b.c` as its names; what is no name (a call, an index) is empty."""
    if isinstance(node, ast.Attribute):
        return [*names_along(node.value), node.attr]
    return [node.id if isinstance(node, ast.Name) else ""]


@cache
def nodes_of(tree: ast.Module) -> list[ast.AST]:
    """Walked once for all who look at it."""
    return list(ast.walk(tree))


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_room_is_allowed_to_lead_back_to_itself():
    rooms = TopologicalSorter({room: others - {room} for room, others in MAY_IMPORT.items()})
    assert set(rooms.static_order()) == MAY_IMPORT.keys()


def by_room() -> dict[str, list[Path]]:
    """Every module, under the room it lies in."""
    rooms: dict[str, list[Path]] = {}
    for path in modules_of("agent", "collectors"):
        rooms.setdefault(str(room_of(dotted_name(path))), []).append(path)
    return rooms


@pytest.mark.parametrize(("room", "paths"), by_room().items(), ids=by_room())
def test_imports_point_one_way(room, paths):
    assert room in MAY_IMPORT, f"{room} is a new room: say in MAY_IMPORT what it may import"
    allowed = MAY_IMPORT[room] | {room, "agent"}
    beyond = {dotted_name(path): imported_rooms(path, tree_of(path)) - allowed for path in paths}
    assert {name: rooms for name, rooms in beyond.items() if rooms} == {}


@pytest.mark.parametrize(("room", "paths"), by_room().items(), ids=by_room())
def test_only_the_schedule_and_the_commands_read_the_clock(room, paths):
    if room not in READS_THE_CLOCK:
        assert [f"{dotted_name(path)} {read}" for path in paths for read in clocks_read(path, tree_of(path))] == []


@pytest.mark.parametrize(
    "source",
    [
        "import datetime as dt\nnow = dt.datetime.now(dt.UTC)",
        "from datetime import datetime\nnow = datetime.now",
        "from datetime import date as day\nday.today()",
        "import time\ndefault = time.time",
        "def f():\n    from time import time\n    return time()",
        "from sqlalchemy import func\nfunc.now()",
    ],
)
def test_a_clock_is_seen_however_it_is_imported(source):
    assert len(list(clocks_read(ROOT / "agent" / "example.py", ast.parse(source)))) == 1


@pytest.mark.parametrize("source", ["import time\ntime.monotonic()", "now = time = 1\ntime", "snapshot.now()"])
def test_other_times_are_no_clock(source):
    assert list(clocks_read(ROOT / "agent" / "example.py", ast.parse(source))) == []


@pytest.mark.parametrize(
    ("source", "rooms"),
    [
        ("from agent.book import Book", {"book"}),
        ("import agent.ledger.tables", {"ledger", "agent"}),
        ("from agent import evaluate, __version__", {"evaluate", "agent"}),
        ("from ..ledger import tables", {"ledger"}),
        ("from . import rules", {"render"}),
        ("def late():\n    from collectors import COLLECTORS", {"collectors"}),
        ("import json", set()),
    ],
)
def test_an_import_is_seen_however_it_is_written(source, rooms):
    assert imported_rooms(ROOT / "agent" / "render" / "example.py", ast.parse(source)) == rooms


def test_only_the_absence_of_the_shared_data_skips_a_test_in_ci():
    """`servers.lacking` fails in CI; the fixture `shared` is the one that skips everywhere."""
    skips = {path.name: len(SKIPS.findall(text_of(path))) for path in modules_of("tests")}
    assert {name: times for name, times in skips.items() if times} == {"servers.py": 1, "conftest.py": 1}


def test_modules_are_named_for_what_they_own():
    assert [str(path) for path in modules_of("agent", "collectors", "tests") if path.stem in SAYS_NOTHING] == []


@pytest.mark.server
def test_no_file_names_a_path_of_one_machine():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        servers.lacking("not a git checkout: which files belong to the project is not known")
    names = [name for name in listed.stdout.decode().split("\0") if name]
    assert [name for name in names if any(path in text_of(ROOT / name) for path in MACHINE_PATHS)] == []


def text_of(path: Path) -> str:
    """The file's text, empty for what is no text or is deleted but not yet committed."""
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""
