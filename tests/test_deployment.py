"""What a site installs (systemd, container, compose, Kubernetes), and what the agent tells of itself."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests import servers

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "dabiao.service"
EXPOSURE = 15  # of 100, as `systemd-analyze security` counts; below 20 it calls a service "OK"
KUBERNETES = "1.34"
TARGETS = """\
year: 2026
organisation: 市民服务中心
timezone: Asia/Shanghai
projects:
  desk:
    name: 服务台
    indicators:
      answered: {name: 5分钟内响应率, level: [时效], text: "≥95%", target: ">= 95 %",
        measure: {kind: on_time, of: fault, from: reported_at, to: responded_at, limit: 5 min}}
"""
SOURCES = """\
sources:
  desk: {collector: file, path: faults.csv, record: fault, id: ticket,
    times: {reported_at: reported, responded_at: responded}}
"""


def documents(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as it is shipped, its program standing where this checkout has it."""
    copy = tmp_path / "dabiao.service"
    program = str(Path(sys.executable).with_name("dabiao"))
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/dabiao/bin/dabiao", program), encoding="utf-8")
    return copy


@pytest.mark.server
def test_systemd_finds_nothing_wrong_with_the_unit(unit: Path) -> None:
    analyze = servers.program("systemd-analyze", "systemd")
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(unit)], capture_output=True, text=True
    )
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
    assert done.returncode == 0, done.stderr


@pytest.mark.server
def test_the_unit_is_hardened(unit: Path) -> None:
    analyze = servers.program("systemd-analyze", "systemd")
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


MANY = 20  # messages before the one that is waited for


class Told:
    """A stand-in for systemd: the socket it gives a service, and what the service says there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(60)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def until(self, wanted: str) -> list[str]:
        heard = [self.next()]
        while heard[-1] != wanted:
            assert len(heard) < MANY, f"{wanted} is not told"
            heard.append(self.next())
        return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    listening = Told(tmp_path / "notify")
    yield listening
    listening.close()


@pytest.fixture
def agent(tmp_path: Path, told: Told) -> Iterator[subprocess.Popen[bytes]]:
    (tmp_path / "targets.yaml").write_text(TARGETS, encoding="utf-8")
    (tmp_path / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    running = subprocess.Popen(
        [Path(sys.executable).with_name("dabiao"), "run", "--listen", "127.0.0.1:0"],
        cwd=tmp_path,
        env=os.environ | {"NOTIFY_SOCKET": str(told.path), "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@pytest.mark.server
def test_an_agent_told_to_stop_before_it_serves_stops(agent: subprocess.Popen[bytes], told: Told) -> None:
    told.until("READY=1")
    agent.send_signal(signal.SIGTERM)
    told.until("STOPPING=1")
    assert agent.wait(60) == 0


@pytest.mark.server
def test_the_agent_tells_systemd_that_it_is_ready_alive_and_stopping(
    agent: subprocess.Popen[bytes], told: Told
) -> None:
    told.until("READY=1")
    told.until("WATCHDOG=1")
    told.until("WATCHDOG=1")  # at every tick, not once
    agent.send_signal(signal.SIGTERM)
    told.until("STOPPING=1")
    assert agent.wait(60) == 0


def test_every_kubernetes_object_is_what_its_schema_asks() -> None:
    objects = documents(DEPLOY / "kubernetes" / "dabiao.yaml")
    for one in objects:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["readOnly"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, KUBERNETES, strict=True)


def test_the_pod_may_run_where_only_restricted_pods_may() -> None:
    (deployment,) = [one for one in documents(DEPLOY / "kubernetes" / "dabiao.yaml") if one["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounted = {one["name"] for one in container["volumeMounts"]}
    assert mounted == {one["name"] for one in pod["volumes"]}


def test_every_file_compose_mounts_from_the_checkout_is_there() -> None:
    (compose,) = documents(DEPLOY / "compose" / "compose.yaml")
    sources = [
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("../")
    ]
    assert sources
    assert [path for path in sources if not (DEPLOY / "compose" / path).exists()] == []
    named = {name for service in compose["services"].values() for name in service.get("secrets", ())}
    assert named == compose["secrets"].keys()


def test_compose_publishes_on_loopback_alone_and_lets_the_agent_write_nothing_else() -> None:
    (compose,) = documents(DEPLOY / "compose" / "compose.yaml")
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    agent = compose["services"]["agent"]
    assert (agent["read_only"], agent["cap_drop"]) == (True, ["ALL"])


def test_the_image_is_built_from_files_that_are_there_and_runs_as_nobody_special() -> None:
    text = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    users = re.findall(r"^USER (.+)$", text, re.MULTILINE)
    assert users == ["10001:10001"]
    allowed = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    assert [name for name in copied if f"!{name}" not in allowed] == []


def test_the_image_installs_the_versions_the_tests_ran_with() -> None:
    tested, shipped = (
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in (ROOT / "requirements.lock", DEPLOY / "container" / "requirements.lock")
    )
    assert {"sqlalchemy", "psycopg", "apprise", "bcrypt", "cryptography"} <= shipped.keys()
    assert {name: version for name, version in shipped.items() if tested.get(name) != version} == {}
    assert not {"pytest", "mypy", "playwright"} & shipped.keys()
