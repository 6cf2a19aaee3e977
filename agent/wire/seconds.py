"""How an option spells a span of time."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def _seconds(value: object) -> object:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|min|h)", value) if isinstance(value, str) else None
    return float(match[1]) * SECONDS_PER_UNIT[match[2]] if match else value


Seconds = Annotated[float, BeforeValidator(_seconds)]
"""`5s`, `500 ms`, `2 min`, `1h` or a plain number of seconds."""
