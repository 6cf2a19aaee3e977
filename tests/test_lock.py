"""requirements.lock holds what pyproject.toml asks for, hashed, and says nothing of where it was made."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
LOCKED = dict(re.findall(r"^(\S+)==(\S+)", LOCK, re.MULTILINE))
LOCKED_EXTRAS = ("dev", "postgresql", "mysql")


def test_every_requirement_is_locked_to_a_version_it_allows():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + [
        line for extra in LOCKED_EXTRAS for line in project["optional-dependencies"][extra]
    ]
    wanted = [Requirement(line) for line in lines if not line.startswith(f"{project['name']}[")]
    assert [str(w) for w in wanted if not w.specifier.contains(LOCKED.get(canonicalize_name(w.name), "0"))] == []


def test_every_locked_version_has_a_hash():
    entries = re.split(r"^(?=\S+==)", LOCK, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_names_no_address():
    assert [line for line in LOCK.splitlines() if "://" in line or "-url" in line or "--find-links" in line] == []
