"""The real servers of the tests really start, keep tests apart, and end."""

from __future__ import annotations

import subprocess

import pytest
import requests
import sqlalchemy as sa
from playwright.sync_api import sync_playwright

from tests import servers

pytestmark = pytest.mark.server

NO_TARGETS = "global: {scrape_interval: 1s}\n"
ONE_RECEIVER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


def query(url: str, *statements: str) -> object:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        *_, last = [connection.execute(sa.text(statement)) for statement in statements]
        answer = last.scalar() if last.returns_rows else None
    engine.dispose()
    return answer


@pytest.mark.server
def test_postgresql_answers_in_chinese(postgresql_url):
    assert query(postgresql_url, "SELECT '达标'") == "达标"


@pytest.mark.server
def test_mariadb_answers_in_chinese(mariadb_url):
    assert query(mariadb_url, "SELECT '达标'") == "达标"


@pytest.mark.server
@pytest.mark.parametrize("turn", ["first", "second"])
@pytest.mark.parametrize("fixture", ["postgresql_url", "mariadb_url"])
def test_each_test_has_a_database_of_its_own(fixture, turn, request):
    url = request.getfixturevalue(fixture)
    assert query(url, "CREATE TABLE mark (n int)", "SELECT count(*) FROM mark") == 0


@pytest.mark.server
def test_prometheus_loads_the_rules_beside_its_configuration(start_prometheus):
    rules = "groups: [{name: one, rules: [{record: answer, expr: vector(42)}]}]\n"
    url = start_prometheus(NO_TARGETS + "rule_files: [rules.yml]\n", files={"rules.yml": rules})
    groups = requests.get(f"{url}/api/v1/rules", timeout=10).json()["data"]["groups"]
    assert [group["name"] for group in groups] == ["one"]


@pytest.mark.server
def test_alertmanager_takes_an_alert(start_alertmanager):
    url = start_alertmanager(ONE_RECEIVER)
    alert = {"labels": {"alertname": "Late", "ticket": "工单"}}
    assert requests.post(f"{url}/api/v2/alerts", json=[alert], timeout=10).ok
    assert [a["labels"] for a in requests.get(f"{url}/api/v2/alerts", timeout=10).json()] == [alert["labels"]]


@pytest.mark.server
def test_a_server_is_gone_when_its_block_ends():
    with servers.prometheus(NO_TARGETS) as url:
        assert requests.get(f"{url}/-/ready", timeout=10).ok
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/-/ready", timeout=10)


@pytest.mark.server
def test_a_server_that_cannot_start_fails_the_test_with_its_log():
    with pytest.raises(pytest.fail.Exception, match="nonsense"), servers.prometheus("nonsense: 1\n"):
        pass


@pytest.mark.server
def test_promtool_and_amtool_run(promtool, amtool):
    for tool in (promtool, amtool):
        assert subprocess.run([tool, "--version"], capture_output=True, check=False).returncode == 0


@pytest.mark.server
def test_chromium_draws_a_page(chromium_path):
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.set_content("<h1>达标</h1>")
        assert page.inner_text("h1") == "达标"
        browser.close()


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_an_absent_server_program_fails_in_ci_and_skips_elsewhere(ci, outcome, monkeypatch):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"no-such-server is not installed \(Debian package: nowhere\)"):
        servers.program("no-such-server", "nowhere")
