"""What the commands print: aligned with Chinese in it, whole at any width, plain where no person looks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from agent import terminal
from agent.book import Booked, Difference, Recomputed, definitions, register
from agent.config import load
from agent.evaluate import Board, named
from agent.explain import explain
from agent.ledger import Ledger
from agent.mapping import Mapper
from agent.model import Mapped
from agent.poll import Outcome, Retried, StoredReject, Trial
from agent.terminal.grid import Column, Grid, said
from collectors import COLLECTORS
from tests.example_snapshot import make_config, make_snapshot
from tests.small_site import NOW, small_site

SHIPPED = Path(__file__).parents[1] / "targets.yaml"
GOLDEN = Path(__file__).parent / "golden" / "explanation.txt"
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Only read here."""
    before, after = ("2026-03-01T00:00", "2026-03-02T10:00"), ("2026-03-02T12:00", "2026-03-05T10:00")
    with small_site(tmp_path_factory.mktemp("site"), before, after) as site:
        yield site


@pytest.fixture(scope="module")
def snapshot(site):
    return site.snapshot()


@pytest.fixture(scope="module")
def told(site):
    """Every table a site has."""
    snapshot = site.snapshot()
    return {
        "status": terminal.status(snapshot, site.config, "ytd"),
        "open": terminal.open_records(snapshot, site.config),
        "sources": terminal.sources(snapshot, site.config),
        "explanation": terminal.explanation(site.explain("answered")),
        "stated": terminal.explanation(site.explain("sound")),
    }


def printed(what: RenderableType, width: int = 80, *, colours: bool = False) -> str:
    """What stands on a terminal, or in a pipe, of this width."""
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=colours, color_system="standard" if colours else None).print(what)
    return out.getvalue()


def lines(what: RenderableType, width: int = 80) -> list[str]:
    return [line.rstrip() for line in printed(what, width).splitlines()]


def ends(line: str, words: list[str]) -> list[int]:
    """The cell at which each word ends."""
    return [cell_len(line[: line.index(word) + len(word)]) for word in words]


def test_an_explanation_prints_as_it_always_did(site):
    told = site.explain("answered")
    text = "\n".join(lines(terminal.explanation(told), 100)) + "\n"
    assert text.replace(told.version.hash, "HASH") == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
@pytest.mark.parametrize("what", ["status", "open", "sources", "explanation", "stated"])
def test_nothing_is_wider_than_the_terminal(told, width, what):
    for colours in (False, True):
        text = Text.from_ansi(printed(told[what], width, colours=colours)).plain
        assert max(cell_len(line) for line in text.splitlines()) <= width


def test_columns_line_up_under_chinese_heads(site, snapshot):
    text = lines(terminal.status(snapshot, site.config, "ytd"), 140)
    head = next(line for line in text if "不合格" in line)
    row = next(line for line in text if "重复报修率" in line)
    assert ends(head, ["当前值", "  合格", "完整率"]) == ends(row, ["14.29%", "  6", "98.11%"])


def test_a_value_that_just_misses_is_not_printed_as_its_target(tmp_path):
    config = make_config(tmp_path)
    row = next(line for line in lines(terminal.status(make_snapshot(config), config, "ytd"), 160) if "办件" in line)
    assert ("94.996%" in row, "95.00%" in row) == (True, False)


def test_a_narrow_terminal_drops_columns_and_says_which(site, snapshot):
    text = printed(terminal.status(snapshot, site.config, "ytd"), 80)
    assert "(终端较窄，未显示：合格、剔除、完整率、还可超时)" in text
    assert "未显示" not in printed(terminal.status(snapshot, site.config, "ytd"), 140)


def test_ids_are_whole_even_where_their_column_went(site, snapshot):
    text = printed(terminal.status(snapshot, site.config, "ytd"), 80)
    for verdict in snapshot.verdicts:
        row, slash, evidence = verdict.indicator.partition("/")
        assert f"{slash}{evidence}" in text if slash else row in text


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_long_id_is_folded_and_never_cut(width):
    id = "RECORD-" + "0123456789" * 9
    text = lines(Grid((Column("编号", least=8), Column("状态")), [[Text(id), Text("met")]]), width)
    assert "".join(line.removesuffix("met").strip() for line in text[1:]) == id


def test_an_id_too_long_for_its_column_is_broken_behind_a_mark_and_not_within_a_word():
    grid = Grid((Column("对象", least=10), Column("理由")), [[Text("platform-ops/budget-execution"), Text("无" * 30)]])
    assert [line.split()[0] for line in lines(grid)[1:]] == ["platform-ops/", "budget-execution"]


def test_two_columns_of_one_name_keep_their_own_widths():
    text = lines(Grid((Column("时间"), Column("时间")), [[Text("a"), Text("b" * 20)]]))
    assert text == ["时间  时间", "a     " + "b" * 20]


def test_a_pipe_gets_neither_colours_nor_boxes(site, snapshot):
    text = printed(terminal.status(snapshot, site.config, "ytd"))
    assert "\x1b" not in text
    assert not set("─│┌└┐┘┼") - {"└"} & set(text)


def test_states_are_coloured_on_a_terminal_and_words_everywhere(site, snapshot):
    status = terminal.status(snapshot, site.config, "ytd")
    assert "\x1b[1;31m当前未达标\x1b[0m" in printed(status, colours=True)
    assert "当前未达标" in printed(status)


def test_the_head_says_window_and_instant_and_the_foot_counts_the_states(site, snapshot):
    text = lines(terminal.status(snapshot, site.config, "ytd"))
    assert text[0] == "本年累计 2026-01-01 至 2026-03-05 · 数据截至 2026-03-05 10:00:00"
    assert "当前未达标 3  无数据 5  未到期 1" in text
    assert "口径待确认：9 项" in text


def test_one_system_alone_is_named_in_the_head(site, snapshot):
    text = lines(terminal.status(snapshot, site.config, "ytd", "archive"))
    assert "档案管理系统" in text[0]
    assert "接口成功率" not in "".join(text)


def test_open_records_count_down_nearest_first(site, snapshot):
    text = printed(terminal.open_records(snapshot, site.config), 120)
    assert text.index("已超时5分00秒") < text.index("还剩3分00秒")
    assert "F7" in text


def test_a_stated_row_says_who_owes_it(site):
    text = printed(terminal.explanation(site.explain("sound")))
    for words in ("由谁填报  财务科", "期限      2027-01-20", "佐证材料  制度文件"):
        assert words in text


def trial_of(site, rows, reason=None) -> Trial:
    source = site.config.source("faults")
    mapper = Mapper(source.spec, "faults", source.days)
    mapped = mapper.map(rows, "faults.csv", range(2, len(rows) + 2))
    return Trial("faults", mapper.columns, tuple(rows), mapped, reason, 0.25)


def test_a_trial_shows_raw_columns_beside_the_record_and_rejects_with_reasons(site):
    rows = [
        ("F1", "portal", "2026-03-02T09:00:00", None, "1", None),
        ("F2", "portal", "yesterday", None, "1", None),
        ("F3", "portal", "2026-03-02T11:00:00", None, "2", None),
    ]
    text = lines(terminal.tried(trial_of(site, rows), site.config))
    assert text[0] == "faults：读到 3 行，成为记录 2 条，异常 1 行，用时 0.25 秒"
    assert any(line.split() == ["reported_at", "2026-03-02T09:00:00", "系统", "portal"] for line in text)
    refused = text.index("第3行")
    assert any(line.startswith("第2行(faults.csv:3) → 异常：column reported_at") for line in text[:refused])
    assert any("F3" in line and line.split()[-1] == "F3" for line in text[refused:])
    assert any(line.startswith("  1 行：column reported_at") for line in text)


def test_a_source_that_cannot_be_tried_says_why(site):
    text = printed(terminal.tried(trial_of(site, [], "no such file: faults.csv"), site.config))
    assert "读取失败：no such file: faults.csv" in text


def test_a_round_prints_what_came_and_why_a_source_failed():
    outcomes = [
        Outcome("desk", Booked(3, 1, 20, 2)),
        Outcome("db", Booked(), "refused"),
        Outcome("x", Booked(), None, True),
    ]
    text = lines(terminal.collected(outcomes))
    assert text[1].split() == ["desk", "3", "1", "20", "2"]
    assert text[2].endswith("读取失败：refused")
    assert text[3].endswith("刚由另一进程读过，本次略过")


def test_rejects_print_place_reason_and_mapped_text():
    found = [StoredReject("desk", "faults.csv:3", "unknown code 'X' in column sys", {"sys": "X", "id": None})]
    text = lines(terminal.rejects(found))
    assert text[2:] == ["desk  faults.csv:3", "  原因：unknown code 'X' in column sys", "  原值：sys=X，id=(空)"]
    assert lines(terminal.rejects([])) == ["没有异常数据行"]
    assert lines(terminal.retried([Retried("desk", 2, 1)]))[1].split() == ["desk", "2", "1"]


def test_what_a_source_wrote_cannot_steer_the_terminal():
    found = [StoredReject("desk", "a:1", "[bold]\x1b[31mred\x07[/bold]", {"x": "\u202eabc\r"})]
    text = printed(terminal.rejects(found), colours=True)
    assert "[bold]\\x1b[31mred\\x07[/bold]" in text
    assert "\\u202eabc\\r" in text
    assert said("中文\u3000字").plain == "中文\u3000字"


def test_a_recomputation_says_where_the_ledger_differs():
    assert printed(terminal.recomputed(Recomputed(7, 20, 5, ()))).strip().endswith("没有差异")
    many = tuple(Difference("tally", f"day {n}", "[1]", "[2]") for n in range(60))
    text = printed(terminal.recomputed(Recomputed(7, 20, 5, many)), 120)
    assert "有 60 处差异" in text
    assert "tally day 49：账本 [1]，重算 [2]" in text
    assert "以上为前 50 处" in text


def test_a_check_lists_contents_readings_and_sources_whose_order_matters(site):
    trial = Trial("faults", (), (), Mapped([], [], [], None), "connection refused", 0.1)
    text = printed(terminal.checked(site.config, [trial]), 200)
    assert "9 项指标，2 项佐证" in text
    assert "五分钟内响应算按时" in text
    assert "connection refused" in text
    assert "到达次序会影响结果的数据源" in text


@pytest.mark.whole
def test_every_shipped_indicator_is_explained_even_on_an_empty_ledger(tmp_path):
    config = load([SHIPPED], None, collectors=COLLECTORS)
    ledger = Ledger.open(tmp_path / "ledger.db")
    register(ledger, definitions(config))
    snapshot = Board(config, ledger, lambda plan, now: (named("ytd", plan.days, plan.year, now),)).refresh(NOW)
    for verdict in snapshot.verdicts:
        told = explain(config, ledger, snapshot, verdict.project, verdict.indicator)
        text = printed(terminal.explanation(told))
        assert verdict.name in text
        assert ("由谁填报" in text) is (told.owed is not None)
    ledger.close()
