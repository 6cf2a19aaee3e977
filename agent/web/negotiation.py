"""Which exposition format a scraper gets, from its Accept header; and whether it takes gzip."""

from __future__ import annotations

from typing import NamedTuple

OPENMETRICS = "application/openmetrics-text"
TEXT = "text/plain"
ESCAPINGS = ("allow-utf-8", "underscores", "dots", "values")  # all alike for us: our names need none
PLAIN = f"{TEXT}; version=0.0.4; charset=utf-8"


class Offer(NamedTuple):
    """What is sent: the format, and exactly the content type that says so."""

    is_openmetrics: bool
    content_type: str


class Accepted(NamedTuple):
    """One entry of an Accept header."""

    name: str
    parameters: dict[str, str]
    quality: float


def offer(accept: str) -> Offer:
    """The format the client likes best of those we write; text 0.0.4 where it names none of them.

    Newer versions of a format than ours are not ours to claim, so they are passed over.
    """
    for entry in by_preference(accept):
        version = entry.parameters.get("version")
        escaping = entry.parameters.get("escaping")
        said = f"; escaping={escaping}" if escaping in ESCAPINGS else ""
        if entry.name == OPENMETRICS and version in (None, "1.0.0"):
            return Offer(True, f"{OPENMETRICS}; version=1.0.0; charset=utf-8{said}")
        if entry.name == TEXT and version == "1.0.0":
            return Offer(False, f"{TEXT}; version=1.0.0; charset=utf-8{said or '; escaping=underscores'}")
        if entry.name == TEXT and version in (None, "0.0.4"):
            break
    return Offer(False, PLAIN)


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client takes a compressed answer."""
    return any(entry.name in ("gzip", "x-gzip") for entry in by_preference(accept_encoding))


def by_preference(header: str) -> list[Accepted]:
    """The entries of an Accept header, best first, those with q=0 left out."""
    entries = [_entry(text) for text in header.split(",")]
    return sorted((entry for entry in entries if entry.quality > 0), key=lambda entry: -entry.quality)


def _entry(text: str) -> Accepted:
    name, *rest = (part.strip() for part in text.split(";"))
    parameters = {
        key.strip().lower(): value.strip().strip('"') for key, _, value in (part.partition("=") for part in rest)
    }
    try:
        quality = float(parameters.pop("q", "1"))
    except ValueError:
        quality = 0.0
    return Accepted(name.lower(), parameters, quality)
