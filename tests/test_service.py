"""Whether a system is in service: its hours of every day, hours over midnight, planned maintenance, two plans."""

from __future__ import annotations

import pytest

from agent.config import load
from agent.evaluate import service_at, systems_at
from agent.metrics import Exposition
from agent.model import Service, Snapshot
from tests.plans import at

TARGETS = """
year: {year}
organisation: 市民服务中心
timezone: Asia/Shanghai
systems:
  portal: {{name: 门户网站, hours: "{hours}"}}
  night: {{name: 夜间批处理, hours: "22:00-02:00"}}
  archive:
    name: 档案管理系统
    hours: "06:00-23:00"
    maintenance: [{{from: "{year}-05-01 22:30", to: "{year}-05-02 02:00"}}]
  always: 督查督办系统
projects:
  desk:
    name: 服务台
    indicators:
      rules: {{name: 健全性, level: [管理], text: 健全, target: 健全, measure: {{kind: attested, accept: [健全]}}}}
"""


@pytest.fixture
def config(tmp_path):
    files = [(2026, "06:00-23:00"), (2027, "08:00-20:00")]
    for year, hours in files:
        (tmp_path / f"{year}.yaml").write_text(TARGETS.format(year=year, hours=hours), encoding="utf-8")
    return load([tmp_path / f"{year}.yaml" for year, _ in files], None, collectors={})


@pytest.mark.parametrize(
    ("system", "moment", "service"),
    [
        ("portal", "2026-03-01T05:59:59", Service.CLOSED),
        ("portal", "2026-03-01T06:00", Service.OPEN),
        ("portal", "2026-03-01T22:59:59", Service.OPEN),
        ("portal", "2026-03-01T23:00", Service.CLOSED),
        ("night", "2026-03-01T23:59:59", Service.OPEN),
        ("night", "2026-03-02T01:59:59", Service.OPEN),
        ("night", "2026-03-02T02:00", Service.CLOSED),
        ("archive", "2026-05-01T22:29:59", Service.OPEN),
        ("archive", "2026-05-01T22:30", Service.MAINTENANCE),
        ("archive", "2026-05-02T01:59:59", Service.MAINTENANCE),
        ("archive", "2026-05-02T02:00", Service.CLOSED),
        ("always", "2026-03-01T03:00", Service.OPEN),
    ],
)
def test_a_system_is_in_service_within_its_hours_and_outside_maintenance(config, system, moment, service):
    assert service_at(config.plans[0].systems[system], at(moment)) is service


def test_the_hours_are_those_of_the_plan_in_force(config):
    for moment, service in [("2026-12-31T21:00", Service.OPEN), ("2027-01-01T21:00", Service.CLOSED)]:
        assert service_at(systems_at(config.plans, at(moment))["portal"], at(moment)) is service


def test_the_series_says_which_systems_are_promised_to_be_up(config):
    snapshot = Snapshot(at("2026-05-01T23:30"), 0, (), (), (), (), None)
    text = Exposition(config).render(snapshot, {}).text.decode()
    told = [line for line in text.splitlines() if line.startswith("dabiao_system_in_service{")]
    assert told == [
        'dabiao_system_in_service{system="portal"} 0',
        'dabiao_system_in_service{system="night"} 1',
        'dabiao_system_in_service{system="archive"} 0',
        'dabiao_system_in_service{system="always"} 1',
    ]
