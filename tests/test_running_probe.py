"""Forms and packs made while a probe runs: made again later they are the same, however far its interval came since."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.asking import answer
from agent.book import Book, definitions, register
from agent.book.period import year_of
from agent.cli.exporting import make_again, make_and_log
from agent.cli.options import DONE
from agent.evidence import changed_since
from agent.evidence.reading import Pack
from agent.ledger import acts
from agent.model import SECOND_US, Instant
from agent.poll import Round
from agent.status import Json, Question
from collectors import COLLECTORS
from tests.closed_site import closed, problems, question
from tests.form_site import PLAN, STATED, FormSite, row
from tests.plans import at

pytestmark = pytest.mark.server

EVERY_US = 15 * SECOND_US
BEGUN = at("2026-10-20T10:00:00")
ASKED = at("2026-10-20T10:05:11")  # between two samples
UP = {"kind": "uptime", "of": "uptime", "from": "from", "to": "to"}


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    """A port that accepts connections."""
    with socket.create_server(("127.0.0.1", port)) as server:
        yield server.getsockname()[1]


class Probed(FormSite):
    """The site with a probe beside its file, whose samples are real and at instants that are given."""

    def __init__(self, folder: Path, port: int) -> None:
        plan: Json = copy.deepcopy(PLAN)
        plan["projects"]["ops"]["indicators"]["up"] = row(
            "系统可用率", ["产出目标", "质量"], ">=99%", ">= 99 %", 0, UP
        ) | {"coverage_min": 0.0}
        probe = {
            "collector": "probe",
            "every": "15s",
            "system": {"is": "portal"},
            "tcp": {"host": "127.0.0.1", "port": port},
            "measured_from": "2026-10-01",
        }
        super().__init__(folder, plan, BEGUN, beside={"probe": probe})
        self.sampled = BEGUN - EVERY_US
        source = self.config.source("probe")
        assert source is not None
        book = Book(self.ledger, register(self.ledger, definitions(self.config)).known)
        self._round = Round(source, COLLECTORS["probe"](source.options), book)

    def sample(self, number: int) -> None:
        """So many samples, one an interval."""
        for _ in range(number):
            self.sampled += EVERY_US
            self._round.run(self.sampled, forced=True)

    def log(self) -> list[acts.Act]:
        with self.ledger.read() as session:
            return acts.read(session)

    def again(self, number: int, name: str, form: str | None = None) -> bytes:
        """The content of a form made once more."""
        file = self.folder / name
        targets = [self.folder / "targets.yaml"]
        assert make_again(self.config, self.ledger, number, file, "mof-2020", targets, form=form) == DONE
        return file.read_bytes()

    def up(self, asked: Question, now: Instant) -> tuple[Any, ...]:
        """What status says of the availability."""
        told = answer(self.config, self.ledger, asked, now)["indicators"]
        (found,) = [one for one in told if (one["indicator"], one["system"]) == ("up", None)]
        return tuple(found[key] for key in ("value", "good", "bad", "coverage", "state"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Probed]:
    """A probe that has seen its system down for a minute and up again since; the port closes and opens."""
    with listening() as port:
        made = Probed(tmp_path, port)
        for indicator, said in STATED.items():
            made.state(indicator, when="2026-10-19T10:00", **said)
        made.sample(5)
    made.sample(4)
    with listening(port):
        made.sample(12)
        yield made
    made.ledger.close()


def goes_on(site: Probed) -> None:
    """More samples of the running interval, then what ends it."""
    site.sample(7)
    site.collect(site.sampled)


@pytest.mark.parametrize("ending", [".json", ".xlsx"])
def test_an_export_is_made_again_byte_for_byte_while_the_probe_goes_on(site: Probed, ending: str) -> None:
    order = site.order(ending=ending, now=ASKED)
    live = site.up(Question(), ASKED)
    assert make_and_log(order) == DONE
    number, content = site.log()[-1].n, order.file.read_bytes()
    goes_on(site)
    assert site.up(Question(), ASKED) != live
    assert site.made(ending=ending, now=ASKED).content != content
    assert site.again(number, f"again{ending}") == content
    assert site.up(Question(as_of=ASKED), at("2026-12-01")) == live


def test_a_form_asked_for_as_of_or_at_an_instant_is_made_again_from_what_was_known_when_it_was_made(
    site: Probed,
) -> None:
    goes_on(site)
    made = site.sampled + 4 * SECOND_US
    site.collect(made)
    numbers: list[tuple[int, bytes]] = []
    for asked in (Question(as_of=ASKED), Question(at=ASKED)):
        order = site.order(now=made)
        file = site.folder / f"form{len(numbers)}.json"
        of_days = replace(asked, first=order.days[0], last=order.days[1], with_year=True)
        order = replace(order, question=of_days, file=file)
        assert make_and_log(order) == DONE
        numbers.append((site.log()[-1].n, order.file.read_bytes()))
    with (site.folder / "faults.csv").open("a", encoding="utf-8") as faults:  # of the time before, told later
        faults.write("F9,portal,2026-10-20 09:00:00,2026-10-20 09:59:00,\n")
    site.sample(3)
    site.collect(site.sampled + 1200 * SECOND_US)
    site.collect(made + 7200 * SECOND_US)
    assert len({content for _, content in numbers}) == 2
    assert [site.again(number, f"again{number}.json") for number, _ in numbers] == [content for _, content in numbers]


def test_a_closing_is_free_of_what_a_running_probe_told_after_it(site: Probed, tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    year = year_of(2026)
    done = closed(site, pack, period=year, now=ASKED)
    assert problems(pack) == ()
    goes_on(site)
    (form,) = [name for name in Pack(pack).members if name.endswith("self-evaluation.json")]
    assert site.again(done.act.n, "again.json", "self-evaluation") == Pack(pack).content(form)
    assert problems(pack) == ()
    later = site.sampled + SECOND_US
    (since,) = changed_since(site.ledger, lambda period: question(site, period, later), lambda done, total: None)
    (moved,) = [one for one in since.records if one.indicator == "ops/up"]
    assert moved.then == {"to": "2026-10-20T10:05:00+08:00", "应服务秒": "165"}
    assert moved.now == {"to": "2026-10-20T10:06:45+08:00", "应服务秒": "270"}


def test_values_in_the_pack_are_those_of_its_instant_asked_for_later(site: Probed, tmp_path: Path) -> None:
    done = closed(site, tmp_path / "pack.zip", period=year_of(2026), now=ASKED)
    goes_on(site)
    year = year_of(2026)
    asked = Question(first=year.first, last=year.last, as_of=ASKED, through=done.act.body["batch"])
    told = answer(site.config, site.ledger, asked, at("2026-12-01"))["indicators"]
    kept = json.loads(Pack(tmp_path / "pack.zip").content("verdicts.json"))
    assert told == [{key: one[key] for key in told[0]} for one in kept]
