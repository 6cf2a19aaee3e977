"""The pages in a real Chromium: one screen without scrolling, figures that move, a cover when they do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from agent.model import SECOND_US, Forecast, OpenRecord, Stage, State, Unit
from agent.notify import Sent
from agent.poll import Publisher
from agent.serve import account
from agent.shown import countdown, shown, shown_target
from agent.words import STATES, UNREACHABLE
from tests.accessibility import axe_complaints, complaints, keyboard_complaints
from tests.crowded import crowded_config, crowded_messages, crowded_snapshot
from tests.example_snapshot import MINUTE, NOW, make_config, make_snapshot, make_verdict
from tests.showing import Running, browser, showing
from tests.small_site import NOW as SITE_NOW
from tests.small_site import small_site

pytestmark = pytest.mark.server

PAGES = ("/", "/indicators", "/sources")
SEEN = (
    "演示数据", "5项：", "达标", "当前未达标", "待填报", "未到期", "10:00:00", "94.996%", "3分02秒", "年内已无法达标",
    "4件", "2分55秒", "F-9", "未响应", "09:58:00报修", "F-7", "档案管理系统", "未知", "中断", "财务科", "2027-01-20",
    "故障单F-9",
)  # fmt: skip
OVERFLOWING = """() => [...document.querySelectorAll('main .panel, main .head, main')]
  .filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1)
  .map((one) => [one.id, one.scrollWidth, one.scrollHeight, one.clientWidth, one.clientHeight].join())"""
FITS = "() => document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture
def running(tmp_path) -> Iterator[Running]:
    with showing(make_config(tmp_path)) as found:
        found.outbox.add(Sent(NOW, "duty", "【紧急】故障单F-9", "【紧急】故障单F-9 还剩3分00秒未响应", delivered=True))
        found.publisher.publish(make_snapshot(found.config))
        yield found


@pytest.fixture(scope="module")
def open_page() -> Iterator[Callable[..., Page]]:
    from tests import servers

    with browser(servers.program("chromium", "chromium")) as opened:
        yield opened


def watched(page: Page) -> list[str]:
    """What the browser complains of from here on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda response: said.append(response.url) if not response.ok else None)
    return said


def publish(running: Running, seconds: int, **changes: object) -> None:
    """A later Snapshot, and the clock moved on to it."""
    running.now[0] = NOW + seconds * SECOND_US
    running.publisher.publish(replace(make_snapshot(running.config), as_of=running.now[0], **changes))  # type: ignore[arg-type]


# --- as it is served --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_escaped_and_takes_nothing_from_elsewhere(running, path):
    page = running.get(path).text
    assert "<file>" not in page
    assert re.findall(r"""(?:src|href)=["'](?!/(?!/)|#)[^"']*""", page) == []
    assert re.findall(r"""\b(?:style|on\w+)=["']""", page) == []
    assert re.findall(r"<script(?! src=./static/live.js. defer></script>)", page) == []
    assert "<!doctype html>" in page[:40]


def test_a_source_that_fails_says_why_in_chinese_with_the_words_it_gave(running):
    page = running.get("/sources").text
    assert "no such &lt;file&gt;" in page
    snapshot = running.publisher.snapshot()
    refused = replace(snapshot.sources[1], reason="http://127.0.0.1:1/api: connection refused")
    publish(running, 0, sources=(refused,))
    page = running.get("/sources").text
    assert "连接被拒绝，对方服务没有运行" in page
    assert '<small lang="en">http://127.0.0.1:1/api: connection refused</small>' in page


def test_a_site_without_a_place_for_messages_shows_none(tmp_path):
    with showing(make_config(tmp_path), sent=None, demo=False) as plain:
        plain.publisher.publish(make_snapshot(plain.config))
        page = plain.get("/").text
    assert "值班群消息" not in page
    assert "演示" not in page


@pytest.mark.parametrize("path", PAGES)
def test_before_the_first_figures_every_page_says_so(tmp_path, path):
    with showing(make_config(tmp_path)) as starting:
        page = starting.get(path)
    assert page.status_code == 200
    assert "正在读取数据，稍候自动刷新。" in page.text


# --- as it is seen ----------------------------------------------------------------------------------------------------


def test_the_time_has_its_place_however_many_states_there_are_to_count(running, open_page):
    verdicts = [make_verdict(running.config, "rules", state=state) for state in State for _ in range(12)]
    publish(running, 0, verdicts=tuple(verdicts))
    page = open_page(viewport={"width": 1920, "height": 1080})
    page.goto(running.url)
    counted, time = page.locator("#head h1").bounding_box(), page.locator("#head .as-of").bounding_box()
    assert page.locator("#head h1 > *").count() == len(State)
    assert counted["x"] + counted["width"] <= time["x"]
    assert time["x"] + time["width"] <= 1920
    page.context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160), (1366, 768)])
def test_the_wallboard_fills_one_screen_and_cuts_nothing_off(running, open_page, width, height, colours, tmp_path):
    page = open_page(viewport={"width": width, "height": height}, color_scheme=colours)
    said = watched(page)
    page.goto(running.url)
    text = page.inner_text("body")
    page.screenshot(path=tmp_path / "wall.png")
    assert [part for part in SEEN if part not in text] == []
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    assert page.evaluate(FITS)
    assert page.evaluate(OVERFLOWING) == []
    assert complaints(page) == []
    assert said == []
    page.context.close()


WHOLE = "#live td, #nearest .stages, #nearest .where, #nearest .code, #systems .tile, #head *, #owed li, #foremost .big"
CUT_FIGURES = f"""() => [...document.querySelectorAll('{WHOLE}')]
  .filter((one) => {{
    const at = one.getBoundingClientRect(), panel = one.closest('.panel, .head').getBoundingClientRect();
    return at.right > panel.right + 1 || at.bottom > panel.bottom + 1;
  }})
  .map((one) => one.textContent.trim())"""


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1366, 768)])
def test_the_worst_day_of_the_shipped_promises_fills_one_screen_and_hides_no_figure(open_page, width, height, colours):
    config = crowded_config()
    with showing(config) as running:
        for sent in crowded_messages():
            running.outbox.add(sent)
        running.publisher.publish(crowded_snapshot(config))
        page = open_page(viewport={"width": width, "height": height}, color_scheme=colours)
        page.goto(running.url)
        assert page.locator("#live tbody tr").count() == 12
        assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
        assert page.evaluate(FITS)
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate(CUT_FIGURES) == []
        assert complaints(page) == []
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate(FITS)
        assert complaints(page) == []
        page.context.close()


CELLS = """() => [...document.querySelectorAll('#live tbody tr')].map((row) =>
  [row.querySelector('a').getAttribute('href'), ...[...row.cells].map((cell) => cell.textContent.trim())])"""


def test_every_figure_of_every_row_is_the_one_the_api_gives(open_page):
    config = crowded_config()
    crowd = crowded_snapshot(config)
    varied = tuple(
        replace(
            one,
            value=None
            if one.value is None
            else one.value - at
            if one.unit is Unit.DATE
            else one.value * (1000 - at) / 1000,
            allowance_left=None if at % 5 == 0 else at - 40,
            forecast=None if at % 7 == 0 else Forecast(0.5 + at / 1000, 0.1, 0.9, 0.5),
            reachable=at % 3 != 0,
        )
        for at, one in enumerate(crowd.verdicts)
    )
    with showing(config) as running:
        running.publisher.publish(replace(crowd, verdicts=varied))
        told = {
            f"/indicators/{one['project']}/{one['indicator']}": one
            for one in running.get("/api/v1/status").json()["indicators"]
        }
        page = open_page(viewport={"width": 1920, "height": 1080})
        page.goto(running.url)
        rows = page.evaluate(CELLS)
        assert page.inner_text("#head h1").startswith(f"{len(told)}项")
        page.context.close()
    assert len(rows) == 12
    assert len({row[2] for row in rows}) > 10
    targets = {one.name: one.targets[-1][1] for project in config.plans[0].projects for one in project.indicators}
    for address, name, value, target, word, allowance, forecast in rows:
        one, promised = told[address], targets[name]
        figure = partial(shown, unit=promised.unit, target=promised)
        assert one["name"] == name
        assert value == (one["value"] if promised.unit is Unit.DATE else figure(Fraction(str(one["value"]))))
        assert target == shown_target(promised)
        assert word == (UNREACHABLE if one["reachable"] is False else STATES[State(one["state"])])
        left = one["allowance_left"]
        assert allowance == ("—" if left is None else f"{left}件" if left >= 0 else f"已超{-left}件")
        ahead = one["forecast"]
        assert forecast == ("—" if ahead is None else figure(Fraction(ahead["value"])))


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (390, "dark"), (320, "light")])
def test_a_page_fits_a_desk_and_a_phone_and_is_for_everybody(running, open_page, path, width, colours, tmp_path):
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=colours)
    said = watched(page)
    page.goto(running.url + path)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert page.evaluate(FITS)
    assert complaints(page) == []
    assert said == []
    page.context.close()


WIDTHS = {"desk": 1920, "phone": 390}


def axe_in_every_look(page: Page) -> list[str]:
    """What axe-core says of a page at a desk and on a phone, in light and in dark colours."""
    found = []
    for device, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 1080})
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            found += [f"{device}, {colours}: {said}" for said in axe_complaints(page)]
    return found


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_wrong_with_a_page(running, open_page, path):
    page = open_page()
    page.goto(running.url + path)
    assert axe_in_every_look(page) == []
    page.context.close()


def test_axe_finds_nothing_wrong_with_a_page_that_is_covered(running, open_page):
    page = open_page()
    page.goto(running.url)
    page.evaluate("() => { main.inert = true; cover.hidden = false; }")
    assert axe_in_every_look(page) == []
    page.context.close()


def test_axe_sees_what_is_wrong(running, open_page):
    page = open_page()
    page.goto(running.url + "/sources")
    page.evaluate(
        "() => { const one = document.createElement('img'); one.src = '/static/icon.svg'; main.append(one); }"
    )
    page.evaluate("() => { document.querySelector('h1').style.color = '#ccc'; }")
    said = " ".join(axe_complaints(page))
    assert [rule for rule in ("image-alt", "color-contrast") if f"axe {rule}" not in said] == []
    page.context.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [1920, 390])
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(running, open_page, path, width):
    page = open_page(viewport={"width": width, "height": 1080})
    page.goto(running.url + path)
    assert keyboard_complaints(page) == []
    page.goto(running.url + path)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"
    page.context.close()


def test_colours_follow_the_system(running, open_page):
    grounds = []
    for colours in ("light", "dark"):
        page = open_page(color_scheme=colours)
        page.goto(running.url)
        grounds.append(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        page.context.close()
    assert grounds[0] != grounds[1]


# --- the pages behind it ----------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path) -> Iterator[Running]:
    """A site with a ledger, whose pages tell of single records."""
    with small_site(tmp_path) as site:
        publisher = Publisher()
        publisher.publish(site.snapshot())
        wanted = partial(account, site.config, site.ledger, publisher)
        with showing(site.config, account=wanted) as found:
            found.now[0] = SITE_NOW
            found.publisher.publish(site.snapshot())
            yield found


def test_the_page_of_an_indicator_shows_what_the_api_answers_and_each_record_that_missed(small):
    page = small.get("/indicators/ops/answered").text
    row = next(
        one
        for one in small.get("/api/v1/status").json()["indicators"]
        if one["indicator"] == "answered" and one["system"] is None
    )
    assert (row["good"], row["bad"]) == (2, 2)
    assert '<dd class="figure">50.00%</dd>' in page
    assert "2 ÷ (2 + 2) = 50%" in page
    assert "不合格记录（共2件，列出2件）" in page
    assert [id for id in ("F3", "F6") if f">{id}</th>" not in page] == []
    assert "重复报修" in page
    assert "<svg" in page
    assert "目标75.00%" in page


def test_the_page_of_what_is_stated_says_who_owes_it_and_draws_nothing(small):
    page = small.get("/indicators/ops/sound").text
    assert "财务科" in page
    assert "2027-01-20" in page
    assert 'class="plot"' not in page


def test_an_evidence_measure_has_a_page_of_its_own(small):
    assert '<a href="/indicators/ops/answered/mean">' in small.get("/indicators/ops/answered").text
    assert small.get("/indicators/ops/answered/mean").status_code == 200


def test_the_page_of_a_system_shows_its_part_its_hours_and_its_open_records(small):
    page = small.get("/systems/portal").text
    assert "房地产交易网站" in page
    assert "F7" in page
    assert "F3" not in page
    assert "每日 06:00-23:00" in small.get("/systems/archive").text


@pytest.mark.parametrize("path", ["/indicators/ops/none", "/indicators/none/answered", "/systems/none", "/systems/a/b"])
def test_what_is_not_configured_has_no_page(small, path):
    assert small.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/indicators/ops/answered", "/indicators/ops/sound", "/systems/portal"])
@pytest.mark.parametrize(("width", "colours"), [(1280, "light"), (390, "dark")])
def test_a_page_behind_the_wallboard_is_for_everybody(small, open_page, path, width, colours):
    page = open_page(viewport={"width": width, "height": 800}, color_scheme=colours)
    said = watched(page)
    page.goto(small.url + path)
    assert page.evaluate(FITS)
    assert complaints(page) == []
    assert keyboard_complaints(page) == []
    assert said == []
    page.context.close()


@pytest.mark.parametrize("path", ["/indicators/ops/answered", "/indicators/ops/sound", "/systems/portal"])
def test_axe_finds_nothing_wrong_with_a_page_behind_the_wallboard(small, open_page, path):
    page = open_page()
    page.goto(small.url + path)
    assert axe_in_every_look(page) == []
    page.context.close()


# --- as time passes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def page(running, open_page) -> Iterator[Page]:
    """The wallboard, with a clock of its own that the test moves."""
    opened: Page = open_page(viewport={"width": 1920, "height": 1080})
    stand_still(opened)
    opened.goto(running.url)
    yield opened
    opened.context.close()


def stand_still(page: Page) -> None:
    """Only the test moves the browser's clock from here on."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)


def big(page: Page) -> str:
    return page.inner_text("#foremost .countdown")


def test_the_countdown_ticks_between_two_answers(running, page):
    page.route("**/*", lambda route: route.abort())
    assert big(page) == "还剩3分00秒"
    page.clock.run_for(1000)
    assert big(page) == "还剩2分59秒"
    page.clock.run_for(9000)
    assert big(page) == "还剩2分50秒"


def test_a_limit_that_passes_between_two_answers_is_late_at_once(running, page):
    due = NOW + 10 * SECOND_US
    one = OpenRecord("ops", "fault-response", "desk", "F-8", "portal", Stage.DUE_SOON, NOW - MINUTE, due)
    publish(running, 5, open=(one,))
    page.clock.run_for(5000)
    expect(page.locator("#foremost .countdown")).to_have_text("还剩5秒")
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(7000)
    assert big(page) == "已超时2秒"


def test_a_clock_that_stands_still_does_not_tick(running, page):
    stopped = OpenRecord(
        "ops", "fault-response", "desk", "F-8", "portal", Stage.IN_TIME, NOW, NOW + 900 * MINUTE, 20 * MINUTE
    )
    publish(running, 10 * 3600, open=(stopped,))
    page.clock.run_for(5000)
    expect(page.locator("#foremost .countdown")).to_have_text("还剩20分00秒(工作时间)")
    assert "计时暂停" in page.inner_text("#foremost")
    page.clock.run_for(3000)
    assert big(page) == "还剩20分00秒(工作时间)"


def test_a_demonstration_that_runs_faster_counts_down_faster(running, page):
    publish(running, 100)
    page.clock.run_for(5000)
    expect(page.locator("#foremost .countdown")).to_have_text("还剩1分20秒")
    page.route("**/*", lambda route: route.abort())
    page.clock.run_for(2000)
    assert big(page) == "还剩40秒"


def test_the_browser_writes_a_countdown_as_the_server_does(running, page):
    page.route("**/*", lambda route: route.abort())
    page.evaluate("() => { delete document.querySelector('.countdown').dataset.runs }")
    lengths = [0, 1, 59, 60, 61, 600, 3599, 3600, 3629, 3630, 86_369, 86_370, 86_400, 88_199, 88_200, 200_000]
    for seconds in [*lengths, *(-length for length in lengths[1:])]:
        page.evaluate("(left) => { document.querySelector('.countdown').dataset.left = left }", seconds * 1000)
        page.clock.run_for(1000)
        assert big(page) == countdown(NOW + seconds * SECOND_US, NOW)


def test_what_changed_is_replaced_and_what_did_not_is_left_alone(running, page):
    page.evaluate("() => { for (const one of document.querySelectorAll('#systems, #live')) one.dataset.former = 1 }")
    snapshot = running.publisher.snapshot()
    verdicts = [
        replace(one, value=Fraction(1, 2)) if one.indicator == "permits-on-time" else one for one in snapshot.verdicts
    ]
    publish(running, 5, verdicts=tuple(verdicts))
    page.clock.run_for(5000)
    expect(page.locator("#head time")).to_have_text("10:00:05")
    expect(page.locator("#live")).to_contain_text("50.00%")
    assert page.evaluate("() => document.querySelector('#systems').dataset.former") == "1"
    assert page.evaluate("() => document.querySelector('#live').dataset.former ?? null") is None


def test_the_focus_stays_where_it_was_when_its_part_is_replaced(running, page):
    page.focus("#live a[href$='permits-on-time']")
    verdicts = [replace(one, state=State.AT_RISK) for one in running.publisher.snapshot().verdicts]
    publish(running, 5, verdicts=tuple(verdicts))
    page.clock.run_for(5000)
    expect(page.locator("#live")).to_contain_text("预警")
    assert page.evaluate("() => document.activeElement.getAttribute('href')") == "/indicators/ops/permits-on-time"


def test_the_first_figures_appear_by_themselves(tmp_path, open_page):
    with showing(make_config(tmp_path)) as starting:
        page = open_page()
        stand_still(page)
        page.goto(starting.url)
        assert "正在读取数据" in page.inner_text("main")
        starting.publisher.publish(make_snapshot(starting.config))
        page.clock.run_for(5000)
        expect(page.locator("h1")).to_contain_text("5项")
        page.context.close()


# --- when nothing new comes -------------------------------------------------------------------------------------------


def test_figures_that_stand_still_cover_the_page_and_new_ones_uncover_it(running, page):
    running.now[0] = NOW + 59 * SECOND_US
    page.clock.run_for(5000)
    expect(page.locator("#cover")).to_be_hidden()
    running.now[0] = NOW + 60 * SECOND_US
    page.clock.run_for(5000)
    expect(page.locator("#cover")).to_be_visible()
    assert "画面已停止更新" in page.inner_text("#cover")
    assert "监测程序没有算出新的数据" in page.inner_text("#cover")
    assert "2026-11-23 10:00:00" in page.inner_text("#cover")
    assert page.evaluate("() => document.getElementById('main').inert")
    publish(running, 61)
    page.clock.run_for(5000)
    expect(page.locator("#cover")).to_be_hidden()
    assert not page.evaluate("() => document.getElementById('main').inert")


def test_an_agent_that_refuses_for_a_minute_is_not_taken_for_one_that_answers(running, page):
    page.route("**/*", lambda route: route.fulfill(status=500, body="no"))
    for _ in range(11):
        with page.expect_response("**/*"):
            page.clock.run_for(5000)
    expect(page.locator("#cover")).to_be_hidden()
    for _ in range(2):
        with page.expect_response("**/*"):
            page.clock.run_for(5000)
    expect(page.locator("#cover")).to_be_visible()
    expect(page.locator("#cover")).to_contain_text("监测程序回答 500")


def test_a_page_of_something_else_is_not_taken_for_an_answer(running, page):
    page.route("**/*", lambda route: route.fulfill(status=200, body="<p>登录</p>", content_type="text/html"))
    for _ in range(13):  # a step at a time: a leap would also run out the patience with an answer under way
        with page.expect_response("**/*"):
            page.clock.run_for(5000)
    expect(page.locator("#cover")).to_be_visible()
    expect(page.locator("#cover")).to_contain_text("监测程序回答了别的页面")


def test_a_server_that_is_gone_covers_the_page_after_a_minute_and_its_return_uncovers_it(tmp_path, open_page):
    config = make_config(tmp_path)
    page = open_page()
    stand_still(page)
    with showing(config) as first:
        first.publisher.publish(make_snapshot(config))
        page.goto(first.url)
    port = int(first.url.rsplit(":", 1)[1])
    page.clock.run_for(30_000)
    expect(page.locator("#cover")).to_be_hidden()
    page.clock.run_for(31_000)
    expect(page.locator("#cover")).to_be_visible()
    assert "无法连接监测程序" in page.inner_text("#cover")
    with showing(config, port=port) as second:
        second.publisher.publish(make_snapshot(config))
        page.clock.run_for(5_000)
        expect(page.locator("#cover")).to_be_hidden()
    page.context.close()
