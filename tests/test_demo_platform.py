"""The platform in a box: deterministic, believable, and met over the wire as a stranger would meet it."""

from __future__ import annotations

import csv
import gzip
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from openpyxl import load_workbook

from agent.config import load
from agent.demo.changes import Change, Row
from agent.demo.databases import HOMES, SCHEMAS, Databases
from agent.demo.files import Inbox
from agent.demo.http_services import FAILS_EVERY
from agent.demo.platform import SOURCES, Platform
from agent.demo.seasons import SHANGHAI, is_spring_festival, is_workday
from agent.demo.systems import MARK
from agent.demo.workbooks import SHEETS
from agent.demo.world import World
from agent.mapping import Mapper
from agent.model import Poll, instant_of
from collectors import COLLECTORS

pytestmark = pytest.mark.server

PATIENCE_SECONDS = 60.0

NOON = datetime(2026, 11, 23, 14, 0, tzinfo=SHANGHAI)
MARCH = datetime(2026, 3, 10, 10, 0, tzinfo=SHANGHAI)
JANUARY = datetime(2026, 1, 14, 10, 0, tzinfo=SHANGHAI)  # where a short year will do
ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "deploy" / "templates"


def digest(changes: list[Change]) -> str:
    return sha256("".join(f"{change!r}\n" for change in changes).encode()).hexdigest()


@cache
def year() -> list[Change]:
    return World(7, NOON).advance(NOON)


def rows(table: str) -> list[Row]:
    latest = {change.key: change.row for change in year() if change.table.split("-20")[0] == table}
    return list(latest.values())


@dataclass
class Opened:
    platform: Platform
    session: requests.Session

    def url(self, name: str) -> str:
        return self.platform.environment[name]

    def faults(self, **params: str) -> dict[str, object]:
        token = self.platform.environment["DEMO_FAULT_DESK_TOKEN"]
        answer = self.session.get(
            f"{self.url('DEMO_FAULT_DESK_URL')}/api/faults",
            params=params,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE_SECONDS,
        )
        assert answer.status_code == 200
        return dict(answer.json())

    def query(self, name: str, statement: str) -> list[tuple[object, ...]]:
        path = self.url(f"DEMO_{name.upper()}_DB").removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    platform = Platform(tmp_path_factory.mktemp("platform"), seed=7, start=MARCH)
    platform.open()
    with requests.Session() as session:
        yield Opened(platform, session)
    platform.stop()


# --- the world ------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    until = JANUARY + timedelta(minutes=5)
    assert digest(World(7, JANUARY).advance(until)) == digest(World(7, JANUARY).advance(until))
    assert digest(World(7, JANUARY).advance(until)) != digest(World(8, JANUARY).advance(until))


def test_advancing_in_steps_tells_the_same_as_advancing_at_once() -> None:
    until = JANUARY + timedelta(days=2, minutes=7)
    stepping, told = World(7, JANUARY, speed=30), []
    for minutes in (0, 1, 2, 30, 31, 400, 1500, 2880):
        told += stepping.advance(JANUARY + timedelta(minutes=minutes))
    told += stepping.advance(until)
    assert digest(told) == digest(World(7, JANUARY, speed=30).advance(until))


def test_what_is_stored_does_not_depend_on_the_steps_either(tmp_path: Path) -> None:
    def stored(folder: Path, moments: list[datetime]) -> list[object]:
        world, databases, inbox = World(7, JANUARY), Databases(folder), Inbox(folder / "inbox")
        databases.create()
        inbox.create()
        for moment in moments:
            changes = world.advance(moment)
            databases.apply(changes)
            inbox.apply(changes)
        content: list[object] = []
        for table, name in HOMES.items():
            with closing(sqlite3.connect(databases.path(name))) as connection:
                content.append(sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr))
        content += [sheet_rows(path) for path in sorted((folder / "inbox").glob("*.xlsx"))]
        return content

    until = JANUARY + timedelta(hours=3)
    steps = [JANUARY + timedelta(minutes=minutes) for minutes in (0, 1, 30, 120)]
    assert stored(tmp_path / "steps", [*steps, until]) == stored(tmp_path / "once", [until])


def sheet_rows(path: Path) -> list[tuple[object, ...]]:
    book = load_workbook(path, read_only=True)
    content: list[tuple[object, ...]] = [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    book.close()
    return content


def test_the_year_is_full_and_stays_small_enough_to_load_in_seconds() -> None:
    tables = ("faults", "BJ_BANJIAN", "CONTRACTDEAL", "WQHT", "JY_DEAL", "qy", "qyr", "pj", "ZL_CHECK")
    counts = {table: len({str(next(iter(row.values()))) for row in rows(table)}) for table in tables}
    assert 300 < counts["faults"] < 450
    assert 4_500 < counts["BJ_BANJIAN"] < 6_500
    assert 15_000 < sum(counts.values()) < 21_000


def test_the_week_the_lunch_break_and_spring_festival_show() -> None:
    accepted = [datetime.fromisoformat(str(row["RECEIVETIME"])) for row in rows("BJ_BANJIAN") if row["DATAVER"] == 1]
    by_hour = Counter(moment.hour for moment in accepted)
    assert by_hour[10] > 5 * by_hour[12] < by_hour[14]
    assert sum(is_workday(moment.date()) for moment in accepted) > 0.95 * len(accepted)
    assert not [moment for moment in accepted if is_spring_festival(moment.date())]
    made_up = [moment for moment in accepted if f"{moment:%m-%d}" == "02-28"]  # a Saturday that is worked
    assert len(made_up) > 5


def test_one_system_has_a_quiet_month() -> None:
    august = [row for row in rows("BJ_BANJIAN") if str(row["RECEIVETIME"]).startswith("2026-08")]
    assert august
    assert not [row for row in august if row["YWXT"] == "DA"]
    quiet = [row for row in rows("faults") if str(row["report_time"]).startswith("2026-08") and row["sys_code"] == "DA"]
    assert not quiet


def test_cases_keep_all_versions_and_two_pauses_stand_open() -> None:
    cases = rows("BJ_BANJIAN")
    assert {2, 3, 4} <= {row["DATAVER"] for row in cases}
    assert [row for row in cases if row["DATASTATE"] == "0"]
    assert [row for row in cases if row["PROJECTSTATE"] == "95"]
    latest = {row["PROJID"]: row for row in cases}
    assert [row for row in latest.values() if row["PAUSE_FROM"] and not row["PAUSE_TO"]]
    assert [row for row in cases if str(row["PAUSE_FROM"])[:4] == "2025" and str(row["PAUSE_TO"])[:4] == "2026"]


def test_the_same_code_means_other_things_in_other_tables() -> None:
    assert "5" in {row["STATUS"] for row in rows("CONTRACTDEAL")}  # 撤销
    assert 5 in {row["STATUS"] for row in rows("CANCEL_CENSOR")}  # 审批退回
    assert "5" in {row["zt"] for row in rows("qy")} & {row["zt"] for row in rows("qyr")}  # 撤销, 撤销恢复
    assert "1" in {row["DELETEDFLAG"] for row in rows("CONTRACTDEAL")} & {row["SCBZ"] for row in rows("WQHT")}


def test_faults_are_reopened_corrected_later_planned_and_duplicated() -> None:
    history: dict[str, list[Row]] = {}
    for change in year():
        if change.table == "faults":
            history.setdefault(change.key, []).append(change.row)
    assert [
        life for life in history.values() if any(a["resolve_time"] and not b["resolve_time"] for a, b in pairs(life))
    ]
    corrected = [
        (b["respond_time"], b["update_time"])
        for life in history.values()
        for a, b in pairs(life)
        if a["respond_time"] and a["respond_time"] != b["respond_time"]
    ]
    assert corrected
    late = [str(update)[:10] > str(respond)[:10] for respond, update in corrected]
    assert all(late)
    assert {"planned", "dup_of"} <= {name for row in rows("faults") for name in row if row[name] not in (None, "0")}


def pairs(life: list[Row]) -> list[tuple[Row, Row]]:
    return list(pairwise(life))


def test_most_targets_are_met_and_two_are_missed() -> None:
    cases = {row["PROJID"]: row for row in rows("BJ_BANJIAN")}.values()
    due = [row for row in cases if row["PROJECTSTATE"] != "95" and "" < str(row["DUETIME"]) < "2026-11-23"]
    on_time = [row for row in due if "" < str(row["FINISHTIME"]) <= str(row["DUETIME"])]
    assert 0.99 < len(on_time) / len(due) < 0.995
    waits = [
        (datetime.fromisoformat(str(row["respond_time"])) - datetime.fromisoformat(str(row["report_time"]))).seconds
        for row in rows("faults")
    ]
    assert 150 < sum(waits) / len(waits) < 240
    assert 0.89 < sum(wait <= 300 for wait in waits) / len(waits) < 0.93
    wrong = {stage: [row["JG"] for row in rows("ZL_CHECK") if row["HJ"] == stage] for stage in "12"}
    assert wrong["1"].count("1") / len(wrong["1"]) < 0.025
    assert 0.02 < wrong["2"].count("1") / len(wrong["2"]) < 0.026
    assert sum(row["QYFS"] == "2" for row in rows("JY_DEAL")) == 1
    rechecked = [row["fhjg"] for table in ("qy", "qyr") for row in rows(table) if row["fhjg"]]
    assert 0.95 < rechecked.count("1") / len(rechecked) < 0.96


def test_the_first_quarter_prints_as_its_target_and_misses_it() -> None:
    quarter = [row for row in rows("pj") if str(row["pjsj"]) < "20260401" and row["zdpj"] == "0"]
    satisfied = sum(str(row["pf"]) >= "3" for row in quarter) / len(quarter)
    assert f"{satisfied:.2%}" == "98.00%"
    assert satisfied < 0.98


def test_the_first_minute_tells_the_story() -> None:
    world = World(7, JANUARY)
    world.advance(JANUARY)
    told = [c for c in world.advance(JANUARY + timedelta(seconds=60)) if c.table == "faults" and "800000" in c.key]
    assert [(c.at - JANUARY).seconds for c in told] == [5, 35]
    assert told[0].row["report_time"] == "2026-01-14 09:57:05"
    assert told[0].row["sys_code"] == "CLF"
    assert told[1].row["respond_time"] == "2026-01-14 10:00:35"


def test_cases_and_contracts_trickle_in_for_ever() -> None:
    world = World(7, JANUARY)
    world.advance(JANUARY + timedelta(hours=3))
    tables = {change.table for change in world.advance(JANUARY + timedelta(hours=3, minutes=2))}
    assert {"BJ_BANJIAN", "CONTRACTDEAL", "WQHT", "pj"} <= tables


# --- over the wire --------------------------------------------------------------------------------------------------


def test_the_fault_desk_wants_its_token(opened: Opened) -> None:
    answer = opened.session.get(f"{opened.url('DEMO_FAULT_DESK_URL')}/api/faults", timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (401, "401")
    assert answer.headers["X-Demo"]
    assert answer.headers["Date"] == "Tue, 10 Mar 2026 02:00:00 GMT"  # the simulated time


def test_the_fault_desk_pages_and_tells_what_changed_since(opened: Opened) -> None:
    first, second = (opened.faults(page=page, size="20")["data"] for page in "12")
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["total"] == second["total"] > 40
    tickets = [row["ticket_no"] for row in first["list"] + second["list"]]
    assert len(tickets) == len(set(tickets)) == 40
    since = opened.faults(updated_after="2026-03-01 00:00:00", size="500")["data"]
    assert isinstance(since, dict)
    assert {row["update_time"] >= "2026-03-01" for row in since["list"]} == {True}
    assert since["total"] < first["total"]


def test_the_fault_desk_fails_inside_a_200_answer_rarely_and_by_count(opened: Opened) -> None:
    codes = Counter(str(opened.faults(size="1")["code"]) for _ in range(FAILS_EVERY))
    assert codes == {"0": FAILS_EVERY - 1, "500": 1}


def test_personal_columns_exist_at_the_sources_and_are_mapped_nowhere(opened: Opened) -> None:
    page = opened.faults(size="1")["data"]
    assert isinstance(page, dict)
    assert {"reporter_name", "phone"} <= set(page["list"][0])
    assert opened.query("exchange", "SELECT APPLYERNAME, APPLYERCARD FROM BJ_BANJIAN LIMIT 1")
    assert opened.query("signing", "SELECT BUYER_NAME FROM CONTRACTDEAL LIMIT 1") == [("演示***",)]
    mapped = SOURCES.read_text(encoding="utf-8").split("\nsources:")[1]
    for column in (
        "reporter_name",
        "phone",
        "APPLYER",
        "_NAME",
        "MSRMC",
        "CMRMC",
        "lxr",
        "pjrxm",
        "pjrdh",
        "JBR",
        "经办",
    ):
        assert column not in mapped


@pytest.mark.parametrize("interface", ["qy", "qyr", "pj"])
def test_the_xml_service_answers_in_gbk_by_get_and_by_post(opened: Opened, interface: str) -> None:
    url = f"{opened.url('DEMO_XML_URL')}/rz/{interface}"
    asked = opened.session.get(url, params={"page": "1", "size": "3"}, timeout=PATIENCE_SECONDS)
    posted = opened.session.post(url, data="<Request><page>1</page><size>3</size></Request>", timeout=PATIENCE_SECONDS)
    assert asked.content == posted.content
    assert MARK in asked.content.decode("gbk")
    answer = ElementTree.fromstring(asked.content.decode("gbk").split("?>", 1)[1])
    assert answer.findtext("Head/Code") == "0"
    assert len(answer.findall("Body/List/Row")) == 3


def test_the_xml_service_says_what_is_wrong_inside_a_200_answer(opened: Opened) -> None:
    answer = opened.session.post(f"{opened.url('DEMO_XML_URL')}/rz/qy", data="<Request>", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    assert "<Code>901</Code><Msg>报文格式错误</Msg>" in answer.content.decode("gbk")


def test_databases_have_the_odd_types_of_their_originals(opened: Opened) -> None:
    statement = "SELECT typeof(SIGNDATE), typeof(MONEY), typeof(UPDDATE), typeof(UPDTIME) FROM CONTRACTDEAL LIMIT 1"
    assert opened.query("signing", statement) == [("text", "text", "integer", "text")]
    assert opened.query("exchange", "SELECT count(*) FROM BJ_BANJIAN WHERE FINISHTIME IS NULL") == [(0,)]
    assert opened.query("filing", "SELECT count(*) FROM WQHT WHERE QYSJ LIKE '2026/__/__ %'")[0] != (0,)


def test_workbooks_have_the_headings_of_the_templates(opened: Opened) -> None:
    inbox = Path(opened.url("DEMO_INBOX"))
    for template in set(TEMPLATES.glob("*.xlsx")) - {TEMPLATES / "工作日安排.xlsx"}:  # which no source reads
        headings = tuple(sheet_rows(template)[0])
        assert SHEETS[template.stem] == headings
        dropped = sorted(inbox.glob(f"{template.stem}-*.xlsx"))
        assert dropped
        assert tuple(sheet_rows(dropped[0])[0]) == headings


def test_the_event_log_is_gb18030_in_gzip(opened: Opened) -> None:
    path = Path(opened.url("DEMO_INBOX")) / "video-desk-2026-01.csv.gz"
    events = list(csv.DictReader(gzip.decompress(path.read_bytes()).decode("gb18030").splitlines()))
    assert {"登记", "受理", "解决", "关闭"} <= {event["动作"] for event in events}


def test_sources_yaml_and_the_environment_name_the_same_things(opened: Opened) -> None:
    asked = set(re.findall(r"\$\{env:(\w+)\}", SOURCES.read_text(encoding="utf-8")))
    assert asked == set(opened.platform.environment)
    assert len([name for name in asked if name.endswith("_DB")]) == len(SCHEMAS)


def test_every_source_can_be_read_by_its_collector_without_a_reject(opened: Opened) -> None:
    environ = opened.platform.environment
    config = load([ROOT / "targets.yaml"], SOURCES, collectors=COLLECTORS, environ=environ)
    now = instant_of(MARCH + timedelta(days=365))  # later than the files were written, by any clock
    for source in config.sources:
        mapper = Mapper(source.spec, source.id, source.days)
        form = source.spec.since.format if source.spec.since else None
        since = source.since_start
        text = since.strftime(form) if since and form else None
        poll = Poll(source.id, mapper.columns, now, time.monotonic() + PATIENCE_SECONDS, since=since, since_text=text)
        read = [mapper.map(page.rows) for page in COLLECTORS[source.collector](source.options).fetch(poll)]
        assert not [reject for mapped in read for reject in mapped.rejects], source.id
        if source.spec.record not in ("uptime", "survey"):  # surveys are asked in June and November
            assert [found for mapped in read for found in (*mapped.records, *mapped.events)], source.id


def test_the_portal_refuses_while_it_is_down_and_comes_back(tmp_path: Path) -> None:
    platform = Platform(tmp_path, seed=7, start=datetime(2026, 1, 5, 9, 0, tzinfo=SHANGHAI))
    platform.open()
    url = platform.environment["DEMO_PORTAL_URL"]
    try:
        assert "网签" in requests.get(url, timeout=PATIENCE_SECONDS).text
        platform.advance(platform.world.start + timedelta(seconds=20))
        with pytest.raises(requests.ConnectionError, match="refused"):
            requests.get(url, timeout=PATIENCE_SECONDS)
        platform.advance(platform.world.start + timedelta(seconds=41))
        assert MARK in requests.get(url, timeout=PATIENCE_SECONDS).text
    finally:
        platform.stop()


def test_another_system_that_is_down_answers_503(opened: Opened) -> None:
    url = f"{opened.url('DEMO_SITES_URL')}/appointment"
    assert opened.session.get(url, timeout=PATIENCE_SECONDS).status_code == 200
    assert opened.platform.sites is not None
    opened.platform.sites.set_down({"appointment"})
    assert opened.session.get(url, timeout=PATIENCE_SECONDS).status_code == 503
    opened.platform.sites.set_down(set())
    assert "网签" in opened.session.get(url, timeout=PATIENCE_SECONDS).text


def test_time_runs_by_itself_once_started_and_stops_quickly(tmp_path: Path) -> None:
    start = datetime(2026, 1, 5, 9, 0, tzinfo=SHANGHAI)
    platform = Platform(tmp_path, seed=7, start=start, speed=3600.0)
    platform.start()
    try:
        assert platform.now() > start
        assert any(MARK in line for line in platform.describe())
    finally:
        platform.stop()
