"""The folder of derived files: written as a whole, or compared with what belongs there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from agent.model import ConfigError

MARKER = "README.md"
SAYS = """\
# Rendered from targets.yaml: never edit

`dabiao render` writes these files and removes any other from this folder; `dabiao render --check` says what differs.
"""


def differences(files: Mapping[str, str], folder: Path) -> list[str]:
    """One line for each file that is missing, differs, or does not belong there."""
    there = {str(path.relative_to(folder)) for path in _files(folder)}
    found = []
    for name in sorted(files.keys() | there):
        if name not in there:
            found.append(f"{folder / name}: missing")
        elif name not in files:
            found.append(f"{folder / name}: superfluous")
        elif (folder / name).read_bytes() != files[name].encode():
            found.append(f"{folder / name}: differs")
    return found


def write(files: Mapping[str, str], folder: Path) -> list[str]:
    """Make the folder hold these files and no other; gives the paths that changed.

    A folder with other things in it, which `write` has not made, is the user's mistake: nothing of it is removed.
    """
    there = _files(folder)
    if there and not (folder / MARKER).is_file():
        raise ConfigError(f"{folder}: expected an empty folder or one that render made, got one with other files")
    changed = []
    for path in there:
        if str(path.relative_to(folder)) not in files:
            path.unlink()
            changed.append(str(path))
    for name, text in sorted(files.items()):
        path = folder / name
        if not path.is_file() or path.read_bytes() != text.encode():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
            changed.append(str(path))
    return changed


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())
