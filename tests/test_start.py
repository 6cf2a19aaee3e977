"""How the command starts: what it only needs later is not imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.server
HEAVY = ("sqlalchemy", "openpyxl", "jinja2", "pydantic", "requests", "uvicorn")
HELP = """
import sys
from agent.cli import main
sys.argv = ["dabiao", "--help"]
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def test_the_help_is_printed_without_importing_what_only_the_commands_need():
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert "export" in done.stdout
    assert [name for name in HEAVY if name in done.stderr.split()] == []
