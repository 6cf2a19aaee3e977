"""How many examples a property draws: more in `make test` than in `make unit`, which loads the profile `brief`."""

from __future__ import annotations

from hypothesis import settings

USUAL = 100


def examples(number: int) -> int:
    """So many under the usual profile, and the same part of another profile's."""
    return max(1, number * settings().max_examples // USUAL)
