"""A real agent on the simulated platform at one stopped instant, and a real Prometheus that has scraped it.

Prometheus scrapes the agent twice, as it would two agents on one ledger: nothing may be counted double.
"""

from __future__ import annotations

import gzip
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
import uvicorn
import yaml

from agent.asking import answer
from agent.book import Book, catch_up, definitions, register
from agent.config import Config, load
from agent.demo.changes import Row
from agent.demo.platform import SOURCES, Platform
from agent.demo.workbooks import write_workbook
from agent.ledger import Ledger
from agent.model import Instant, instant_of
from agent.poll import Publisher, Round, Schedule
from agent.serve import account
from agent.web import app
from collectors import COLLECTORS
from tests.grafana_asking import Chosen, Json, ask, filled
from tests.servers import HOST, POLL_SECONDS, prometheus

ROOT = Path(__file__).parents[1]
STARTED = datetime(2026, 3, 10, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
STOPPED = STARTED + timedelta(seconds=10)  # a fault was reported five seconds ago
WAIT_SECONDS = 120

# Rows that no simulated system has: one nobody can read, a function that was accepted …
PLANTED: dict[str, Row] = {
    "分析报告": {"报告编号": "R-1", "报告类别": "月报", "计划出具日期": "不详", "实际出具日期": None},
    "新增功能": {
        "功能编号": "F-1",
        "系统": "交易登记行业视频应用管理系统",
        "功能名称": "云台预置位",
        "计划年度": 2026,
        "计划完成日期": "2026-02-27",
        "验收日期": "2026-02-20",
    },
}
# … and a fault that was answered before it was reported.
PLANTED_LOG = "工单号,动作,时间,级别\nP-1,登记,2026-03-09 10:00:00,三级\nP-1,受理,2026-03-09 09:00:00,三级\n"
ALERTING = {
    "DabiaoTargetMissed": 'dabiao_indicator_state{state="missed", window="ytd"} == 1',
    "DabiaoRecordsOverdue": 'dabiao_open_records{stage="overdue"} > 0',
}


@dataclass(frozen=True)
class Site:
    """The agent and the Prometheus that has scraped it."""

    config: Config
    prometheus: str
    agent: str

    def status(self, **asked: str) -> Json:
        read: Json = requests.get(f"{self.agent}/api/v1/status", params=asked, timeout=WAIT_SECONDS).json()
        return read

    def ask(self, expression: str, chosen: Chosen) -> dict[tuple[str, ...], float]:
        """The figures by the values of their labels, in the order of the labels' names."""
        found = ask(self.prometheus, filled(expression, chosen))
        return {tuple(labels[name] for name in sorted(labels)): value for labels, value in found}


def awaited(condition: Callable[[], Any], what: str) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        threading.Event().wait(POLL_SECONDS)


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    platform = Platform(folder / "platform", seed=7, start=STARTED)
    platform.open()
    try:
        platform.advance(STOPPED)
        plant(Path(platform.environment["DEMO_INBOX"]))
        config = load([ROOT / "targets.yaml"], SOURCES, collectors=COLLECTORS, environ=platform.environment)
        with agent(config, folder) as url, scraping(url) as prometheus_url:
            yield Site(config, prometheus_url, url)
    finally:
        platform.stop()


def plant(inbox: Path) -> None:
    """Add the rows; every file was written before the instant the agent believes in."""
    for sheet, row in PLANTED.items():
        write_workbook(inbox / f"{sheet}-planted.xlsx", sheet, [row | {"作废": None, "更新时间": None}])
    (inbox / "video-desk-planted.csv.gz").write_bytes(gzip.compress(PLANTED_LOG.encode("gb18030")))
    for path in inbox.iterdir():
        os.utime(path, (STARTED.timestamp() - 3600,) * 2)


@contextmanager
def agent(config: Config, folder: Path) -> Iterator[str]:
    """The agent as it runs, once it has read every source; gives its address."""

    def clock() -> Instant:
        return instant_of(STOPPED)

    ledger = Ledger.open(folder / "ledger.db")
    registered = register(ledger, definitions(config))
    catch_up(ledger, registered)
    book = Book(ledger, registered.known)
    rounds = [Round(source, COLLECTORS[source.collector](source.options), book) for source in config.sources]
    publisher = Publisher()
    schedule = Schedule(config, ledger, rounds, publisher, clock)
    pages = app(
        publisher,
        config,
        clock,
        lambda asked: answer(config, ledger, asked, clock()),
        lambda verdict: account(config, ledger, publisher, verdict),
        demo=True,
    )
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning", lifespan="off"))

    def has_read_all() -> bool:
        snapshot = publisher.snapshot()
        return snapshot is not None and all(one.last_success is not None for one in snapshot.sources)

    for one in rounds:  # before the first tick, which looks for what does not add up and then not for a minute
        one.run(clock(), forced=True)

    with socket.create_server((HOST, 0)) as listening:
        serving = threading.Thread(target=server.run, args=([listening],))
        schedule.start()
        serving.start()
        try:
            awaited(has_read_all, "every source to be read")
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            serving.join(WAIT_SECONDS)
            schedule.stop()
            ledger.close()


@contextmanager
def scraping(agent_url: str) -> Iterator[str]:
    """A Prometheus that has scraped the agent by two jobs and fired its alerts; gives its address."""
    target = agent_url.removeprefix("http://")
    jobs = [{"job_name": name, "static_configs": [{"targets": [target]}]} for name in ("first", "second")]
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": jobs,
    }
    alerts = [{"alert": name, "expr": expr, "labels": {"severity": "warning"}} for name, expr in ALERTING.items()]
    rules = {"groups": [{"name": "alerts", "rules": alerts}]}
    with prometheus(yaml.safe_dump(settings), files={"rules.yml": yaml.safe_dump(rules)}) as url:
        awaited(lambda: len(ask(url, "rate(dabiao_ticks_total[1m]) > 0")) == len(jobs), "two scrapes of both jobs")
        firing = 'count by (alertname) (ALERTS{alertstate="firing"})'
        awaited(lambda: len(ask(url, firing)) == len(ALERTING), "the alerts")
        yield url
