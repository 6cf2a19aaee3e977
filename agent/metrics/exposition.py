"""One Snapshot as the bytes a scrape gets: text 0.0.4 and OpenMetrics 1.0, each written once a Snapshot."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from agent.config import Config
from agent.metrics.families import FAMILIES, Family
from agent.metrics.sources import write_itself, write_lasting, write_sources, write_systems
from agent.metrics.verdicts import Lines, VerdictSeries, write_ringing
from agent.model import Snapshot, Verdict

COMPRESSION = 5  # of 9; more costs twice the time for a few per cent
GZIP = 31  # zlib's wbits for its largest window in a gzip wrapper


class Rendered:
    """All series of one Snapshot; the bytes of a format are made when it is first asked for, and kept."""

    def __init__(self, bodies: Mapping[Family, bytes], process: CollectorRegistry | None = None) -> None:
        """`bodies` are the samples of each family, equal in both formats; `process` is read when a format is made."""
        self._bodies = bodies
        self._process = process

    @cached_property
    def text(self) -> bytes:
        """The Prometheus text format 0.0.4."""
        return b"".join(self._text_parts())

    @cached_property
    def openmetrics(self) -> bytes:
        """OpenMetrics 1.0."""
        return b"".join(self._openmetrics_parts())

    @cached_property
    def text_gzip(self) -> bytes:
        """The text format, compressed; the whole text is never in memory."""
        return zipped(self._text_parts())

    @cached_property
    def openmetrics_gzip(self) -> bytes:
        """OpenMetrics, compressed; the whole text is never in memory."""
        return zipped(self._openmetrics_parts())

    def _text_parts(self) -> Iterator[bytes]:
        for family, body in self._bodies.items():
            yield family.text_header.encode()
            yield body
        if self._process is not None:
            yield generate_latest(self._process)

    def _openmetrics_parts(self) -> Iterator[bytes]:
        for family, body in self._bodies.items():
            yield family.openmetrics_header.encode()
            yield body
        if self._process is not None:
            yield openmetrics.generate_latest(self._process).removesuffix(b"# EOF\n")
        yield b"# EOF\n"


def zipped(parts: Iterable[bytes]) -> bytes:
    """The parts as one gzip member without a time stamp."""
    compressor = zlib.compressobj(COMPRESSION, wbits=GZIP)
    return b"".join([*map(compressor.compress, parts), compressor.flush()])


class Exposition:
    """Renders Snapshots of one configuration. Not thread safe: one thread renders, any may read what it gave."""

    def __init__(self, config: Config, process: CollectorRegistry | None = None) -> None:
        """Nothing is rendered yet. `process` brings the series of the process itself, as every exporter has them."""
        self._config, self._process = config, process
        self._series = VerdictSeries(config)
        self._verdicts: tuple[Verdict, ...] | None = None
        self._judged: dict[Family, bytes] = {}
        self._last: tuple[Snapshot, Rendered] | None = None

    def render(self, snapshot: Snapshot | None, own: Mapping[tuple[str, ...], float]) -> Rendered:
        """All series of a Snapshot, the same object as long as the Snapshot is the same.

        `own` are the agent's own counters as of the Snapshot. Without a Snapshot only what needs none is there.
        """
        if snapshot is not None and self._last is not None and self._last[0] is snapshot:
            return self._last[1]
        self._last = None  # several megabytes at some sites: gone before the next are made
        lines: Lines = {family: [] for family in FAMILIES}
        write_lasting(self._config, own, lines)
        if snapshot is None:
            return Rendered(_joined(lines), self._process)
        write_sources(snapshot, lines)
        write_systems(self._config, snapshot.as_of, lines)
        write_itself(snapshot, lines)
        write_ringing(snapshot, lines)
        rest, judged = _joined(lines), self._judge(snapshot.verdicts)
        bodies = {family: body for family in FAMILIES if (body := judged.get(family) or rest.get(family))}
        rendered = Rendered(bodies, self._process)
        self._last = snapshot, rendered
        return rendered

    def _judge(self, verdicts: tuple[Verdict, ...]) -> dict[Family, bytes]:
        """The series of the verdicts; most ticks move none and hand over the same tuple."""
        if verdicts is not self._verdicts:
            self._judged = {}
            lines: Lines = {family: [] for family in FAMILIES}
            self._series.write(verdicts, lines)
            self._judged, self._verdicts = _joined(lines), verdicts
        return self._judged


def _joined(lines: Lines) -> dict[Family, bytes]:
    """The samples of every family that has any. It takes the lines out of `lines`, so that they are not held twice."""
    return {family: "".join(several).encode() for family in tuple(lines) if (several := lines.pop(family))}
