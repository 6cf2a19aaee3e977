"""Files that stand under their name whole or not at all: written beside their place first, and put there at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.model import ConfigError


@contextmanager
def appearing(file: Path, content: bytes) -> Iterator[None]:
    """A file that is on the disk during the block and under its name after it; where the block fails, it is nowhere.

    What stood under the name stays until then. ConfigError where it cannot be written.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        if file.is_dir():
            raise ConfigError(f"-o {file}：是文件夹，应为文件")
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        yield
        part.replace(file)
    except OSError as error:
        raise ConfigError(f"-o {file}：不能写入（{error.strerror}）") from None
    finally:
        part.unlink(missing_ok=True)
