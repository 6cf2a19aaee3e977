"""Who may read what, asked by real clients: passwords, the wall screen's token, TLS, certificates, the series apart."""

from __future__ import annotations

import gc
import hashlib
import http.client
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import bcrypt
import pytest
import requests

from agent.config.webfile import load_web
from agent.doors import Doors
from agent.model import ConfigError, Finding
from agent.web.access import Users
from tests import servers
from tests.example_snapshot import NOW, make_config, make_snapshot
from tests.showing import WAIT_SECONDS, Running, showing
from tests.sites import Site, promised, wait_until
from tests.web_serving import Certificates, make_certificates

pytestmark = pytest.mark.server

PASSWORD, TOKEN = "mima-correct-horse", "wall-0123456789-abcdef"
GUARDED = ("/", "/indicators", "/sources", "/metrics", "/api/v1/status", "/static/style.css", "/none")
PAGES = ("/", "/indicators", "/sources", "/systems/portal", "/static/style.css")


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def write_users(path: Path, **users: str) -> None:
    lines = "".join(f"  {name}: {hashed(password)}\n" for name, password in users.items())
    path.write_text(f"basic_auth_users:\n{lines}", encoding="utf-8")


@pytest.fixture
def doors(tmp_path) -> Doors:
    write_users(tmp_path / "web.yml", prometheus=PASSWORD)
    (tmp_path / "token").write_text(TOKEN + "\n", encoding="utf-8")
    return Doors(tmp_path / "web.yml", tmp_path / "token")


@pytest.fixture
def guarded(tmp_path, doors) -> Iterator[Running]:
    config = make_config(tmp_path)
    with showing(config, layers=doors.layers()) as running:
        running.publisher.publish(make_snapshot(config))
        yield running


def ask(running: Running, path: str, name: str, password: str) -> int:
    return requests.get(running.url + path, auth=(name, password), timeout=WAIT_SECONDS).status_code


# --- passwords --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GUARDED)
def test_nothing_is_told_without_a_password(guarded, path):
    answer = guarded.get(path)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="dabiao"')
    assert answer.text == "a user and a password are needed\n"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_to_everybody(guarded, path):
    assert guarded.get(path).status_code == 200
    assert requests.post(guarded.url + path, timeout=WAIT_SECONDS).status_code == 401


@pytest.mark.parametrize("path", GUARDED[:-1])
def test_the_right_password_opens_everything(guarded, path):
    assert [ask(guarded, path, "prometheus", PASSWORD) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("prometheus", ""), ("prometheus", "mima"), ("prometheus", PASSWORD + "x" * 80), ("Prometheus", PASSWORD),
        ("", PASSWORD), ("nobody", PASSWORD), ("prometheus", "x" * 10_000), ("prometheus\0", PASSWORD),
        ("prometheus", PASSWORD + "\0"), ("prometheus", PASSWORD + "\0x"), ("prometheus", "\0"),
    ],
)  # fmt: skip
def test_a_wrong_name_or_password_opens_nothing_before_and_after_the_right_one(guarded, name, password):
    assert ask(guarded, "/", name, password) == 401
    assert ask(guarded, "/", "prometheus", PASSWORD) == 200
    assert ask(guarded, "/", name, password) == 401


@pytest.mark.parametrize(
    "said", ["Basic", "Basic !!!", "Basic cHJvbWV0aGV1cw==", "Basic /////w==", "Bearer x", "basic ", "Digest a=b"]
)
def test_what_is_no_password_opens_nothing_and_breaks_nothing(guarded, said):
    assert guarded.get("/", Authorization=said).status_code == 401


def test_a_name_that_is_not_known_takes_as_long_as_one_that_is(tmp_path):
    (tmp_path / "web.yml").write_text(
        f"basic_auth_users: {{a: {hashed('a', 4)}, b: {hashed('b', 6)}, c: {hashed('c', 5)}}}", encoding="utf-8"
    )
    users = Users(tmp_path / "web.yml")
    assert users.stand_in().split("$")[2] == "06"
    assert users.stand_in() not in users.current().values()


@pytest.mark.parametrize(
    "path",
    ["//metrics", "/./metrics", "/static/../metrics", "/static/..%2fmetrics", "/%2e%2e/metrics", "/healthz/../metrics",
     "/healthz%2f..%2fmetrics", "/healthz/", "/healthz;/metrics", "/HEALTHZ", "/sources/../api/v1/status",
     "/indicators/..%2f..%2fmetrics", "/static/%2e%2e/access.py", "/static/..%2f..%2faccess.py", "/metrics%00"],
)  # fmt: skip
def test_no_way_of_writing_a_path_leads_around_the_door(guarded, path):
    """Sent as it stands: a client such as requests would tidy it up."""
    screen = {"Cookie": f"dabiao_wall={hashlib.sha256(f'dabiao wall {TOKEN}'.encode()).hexdigest()}"}
    for headers in ({}, screen):
        connection = http.client.HTTPConnection(guarded.url.removeprefix("http://"), timeout=WAIT_SECONDS)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status in (401, 404)
        assert b"dabiao_" not in said
        assert b"import" not in said


def test_health_says_nothing_of_the_ledger_to_those_who_may_read_nothing_else(guarded):
    said = "ledger postgresql://host-7/db cannot be reached"
    trouble = Finding("ledger", "host-7", said, NOW)
    guarded.publisher.publish(replace(make_snapshot(guarded.config), findings=(trouble,)))
    answer = guarded.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready: the ledger cannot be used\n")


def test_users_follow_the_file_and_stay_as_they_were_while_it_is_wrong(guarded, doors, caplog):
    assert ask(guarded, "/", "prometheus", PASSWORD) == 200
    write_users(doors.web_config, officer="another")
    assert (ask(guarded, "/", "prometheus", PASSWORD), ask(guarded, "/", "officer", "another")) == (401, 200)
    for wrong in ("basic_auth_users: {officer: plain}", "tls_server_config: 1", "", "basic_auth_users: {}"):
        with caplog.at_level(logging.ERROR):
            doors.web_config.write_text(wrong, encoding="utf-8")
            assert (ask(guarded, "/", "officer", "another"), guarded.get("/").status_code) == (200, 401)
    assert "former-users-stay" in caplog.text
    assert "another" not in caplog.text
    doors.web_config.unlink()
    assert guarded.get("/").status_code == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_led_here_from_another_site_changes_nothing(guarded, site):
    answer = requests.post(
        f"{guarded.url}/api/v1/status",
        auth=("prometheus", PASSWORD),
        headers={"Sec-Fetch-Site": site},
        timeout=WAIT_SECONDS,
    )
    assert answer.status_code == 403


# --- the wall screen --------------------------------------------------------------------------------------------------


def test_a_token_becomes_a_cookie_that_opens_the_pages_and_only_these(guarded):
    screen = requests.Session()
    first = screen.get(f"{guarded.url}/?token={TOKEN}", allow_redirects=False, timeout=WAIT_SECONDS)
    assert (first.status_code, first.headers["Location"]) == (303, "/")
    cookie = first.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert TOKEN not in cookie
    assert [screen.get(guarded.url + path, timeout=WAIT_SECONDS).status_code for path in PAGES] == [200] * len(PAGES)
    for path in ("/metrics", "/api/v1/status", "/notify/duty", "/none"):
        assert screen.get(guarded.url + path, timeout=WAIT_SECONDS).status_code == 401
    for path in ("/", "/indicators", "/notify/duty", "/api/v1/status"):
        assert screen.post(guarded.url + path, timeout=WAIT_SECONDS).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/?token=", "/?token=wall", f"/?token={TOKEN}x", f"/?Token={TOKEN}", f"/indicators?token={TOKEN}",
     f"/metrics?token={TOKEN}", f"/api/v1/status?token={TOKEN}", "/?token=%ff%00"],
)  # fmt: skip
def test_another_token_or_another_place_opens_nothing(guarded, path):
    answer = requests.get(guarded.url + path, allow_redirects=False, timeout=WAIT_SECONDS)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("value", ["", "x", TOKEN, "=;\x7f,", "0" * 64])
def test_a_cookie_that_was_not_given_opens_nothing(guarded, value):
    assert guarded.get("/", Cookie=f"dabiao_wall={value}").status_code == 401


@pytest.mark.parametrize(
    ("text", "said"), [("short", "at least 20"), ("has a space in the middle", "at least 20"), (None, "cannot be read")]
)
def test_a_token_that_could_be_guessed_is_refused(tmp_path, doors, text, said):
    path = tmp_path / "other"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as refused:
        Doors(doors.web_config, path).layers()
    assert text is None or text not in str(refused.value)


def test_a_token_without_users_is_refused_for_it_would_guard_nothing(tmp_path, doors):
    with pytest.raises(ConfigError, match="expected basic_auth_users"):
        Doors(None, doors.wall_token_file).layers()


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate_limit: {}", "rate_limit"), ("http_server_config: {http2: true}", "http_server_config"),
        ("tls_server_config: {cert_file: a, key_file: b, cipher_suites: []}", "cipher_suites"),
        ("tls_server_config: {cert_file: a}", "key_file"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}", "TLS10"),
        ("tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequestClientCert}", "RequestClientCert"),
        ("tls_server_config: {cert_file: none.pem, key_file: none.key}", "none.pem"),
        ("basic_auth_users: {a: geheim}", "expected a bcrypt hash"),
        ("basic_auth_users: {a: $2y$20$" + "x" * 53 + "}", "expected a cost of 4 to 14, got 20"),
        ("basic_auth_users: [geheim]", "basic_auth_users"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_not_supported_is_named_with_its_line_and_without_secrets(tmp_path, text, said):
    path = tmp_path / "web.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_web(path)
    assert said in str(refused.value)
    assert f"{path}:1: " in str(refused.value)
    assert "geheim" not in str(refused.value)


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Certificates:
    return make_certificates(servers.program("openssl", "openssl"), tmp_path_factory.mktemp("certificates"))


def with_tls(folder: Path, certificates: Certificates, more: str = "") -> Path:
    path = folder / "tls.yml"
    files = f"cert_file: {certificates.path('server.pem')}, key_file: {certificates.path('server.key')}"
    path.write_text(
        f"tls_server_config: {{{files}{more}}}\nbasic_auth_users: {{prometheus: {hashed(PASSWORD)}}}\n",
        encoding="utf-8",
    )
    return path


def test_tls_is_spoken_and_remembered_by_browsers(tmp_path, certificates):
    doors = Doors(with_tls(tmp_path, certificates))
    with showing(make_config(tmp_path), tls=doors.tls(), layers=doors.layers()) as running:
        answer = requests.get(f"{running.url}/healthz", verify=certificates.path("ca.pem"), timeout=WAIT_SECONDS)
        assert answer.status_code == 200
        assert "max-age" in answer.headers["Strict-Transport-Security"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # asyncio leaves what was refused open
def test_a_client_certificate_is_asked_for_where_the_file_says_so(tmp_path, certificates):
    more = f", client_auth_type: RequireAndVerifyClientCert, client_ca_file: {certificates.path('ca.pem')}"
    doors = Doors(with_tls(tmp_path, certificates, more))
    with showing(make_config(tmp_path), tls=doors.tls(), layers=doors.layers()) as running:
        trusted = certificates.path("ca.pem")
        shown = (certificates.path("client.pem"), certificates.path("client.key"))
        health = f"{running.url}/healthz"
        assert requests.get(health, verify=trusted, cert=shown, timeout=WAIT_SECONDS).status_code == 200
        with pytest.raises(requests.ConnectionError):
            requests.get(health, verify=trusted, timeout=WAIT_SECONDS)
    gc.collect()


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_serves_pages_with_tls_and_passwords_and_the_series_on_their_own_port(tmp_path, certificates):
    site = Site(tmp_path)
    site.write(
        promised("Asia/Shanghai", {"portal": "门户"}, {"stated": (">= 1 %", {"kind": "entered", "unit": "ratio"})}), {}
    )
    pages, series = servers.free_port(), servers.free_port()
    config, token = with_tls(tmp_path, certificates), tmp_path / "token"
    token.write_text(TOKEN, encoding="utf-8")
    trusted = certificates.path("ca.pem")

    def get(port: int, path: str, **more: object) -> int:
        url = f"https://127.0.0.1:{port}{path}"
        return requests.get(url, verify=trusted, timeout=WAIT_SECONDS, **more).status_code  # type: ignore[arg-type]

    def answers() -> bool:
        try:
            return get(pages, "/healthz") == 200
        except requests.ConnectionError:
            return False

    arguments = [
        "--web.config",
        str(config),
        "--wall-token-file",
        str(token),
        "--metrics-listen",
        f"127.0.0.1:{series}",
    ]
    with site.started("run", "--listen", f"127.0.0.1:{pages}", *arguments):
        wait_until(answers, lambda: site.log)
        user = ("prometheus", PASSWORD)
        assert (get(pages, "/"), get(pages, "/", auth=user)) == (401, 200)
        assert (get(series, "/metrics"), get(series, "/metrics", auth=user)) == (401, 200)
        assert (get(pages, "/metrics", auth=user), get(series, "/", auth=user)) == (404, 404)
        assert get(pages, f"/?token={TOKEN}", allow_redirects=False) == 303
        assert get(series, "/healthz") == 200
    assert TOKEN not in site.log
    assert "mima" not in site.log


def test_the_command_refuses_a_wrong_file_before_anything_starts(tmp_path):
    site = Site(tmp_path)
    site.write(
        promised("Asia/Shanghai", {"portal": "门户"}, {"stated": (">= 1 %", {"kind": "entered", "unit": "ratio"})}), {}
    )
    (tmp_path / "web.yml").write_text("rate_limit: {}", encoding="utf-8")
    done = site.run("run", "--web.config", "web.yml", code=2)
    assert "web.yml:1: rate_limit" in done.err
