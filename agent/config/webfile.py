"""The file behind `--web.config`: TLS and users, as Prometheus' exporters read them (exporter-toolkit).

What of that format is not supported is refused by its name, so that nobody believes in a lock that is not there.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from agent.config.document import Document
from agent.config.problems import Problems, unknown
from agent.config.shape import shaped

HASH = re.compile(r"\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}")
MOST_COST = 14  # one more doubles the seconds a password takes
VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
CLIENTS = {  # whether a client has to show a certificate; Python's TLS does not ask for one it does not verify
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _TlsKeys(_Keys):
    cert_file: str
    key_file: str
    client_auth_type: str = "NoClientCert"
    client_ca_file: str | None = None
    min_version: str = "TLS12"
    max_version: str = "TLS13"


class _WebKeys(_Keys):
    tls_server_config: _TlsKeys | None = None
    basic_auth_users: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Tls:
    """How connections are encrypted. Paths are those of the file, from its folder."""

    cert: Path
    key: Path
    client_ca: Path | None
    clients: ssl.VerifyMode
    least: ssl.TLSVersion
    most: ssl.TLSVersion

    def context(self) -> ssl.SSLContext:
        """The server's side of TLS; OSError where its files cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version, context.maximum_version = self.least, self.most
        context.load_cert_chain(self.cert, self.key, password=lambda: "")
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
        context.verify_mode = self.clients
        return context


@dataclass(frozen=True, slots=True)
class WebFile:
    """What the file says. No users: everybody may read."""

    tls: Tls | None
    users: Mapping[str, str]  # name → bcrypt hash


def load_web(path: Path) -> WebFile:
    """Read the file; ConfigError names every mistake with its line, and no hash."""
    problems = Problems()
    document = Document.of_file(path, problems)
    keys = shaped(document, (), _WebKeys, document.content, frozenset({("basic_auth_users",)}))
    tls = None if keys is None or keys.tls_server_config is None else _tls(document, path, keys.tls_server_config)
    for name, hashed in ({} if keys is None else keys.basic_auth_users).items():
        found = HASH.fullmatch(hashed)
        if not name or ":" in name:
            document.problem(("basic_auth_users", name), "expected a name without a colon")
        if found is None:
            document.problem(("basic_auth_users", name), "expected a bcrypt hash such as htpasswd -nB prints")
        elif not 4 <= int(found[1]) <= MOST_COST:
            document.problem(("basic_auth_users", name), f"expected a cost of 4 to {MOST_COST}, got {int(found[1])}")
    problems.raise_any()
    return WebFile(tls, {} if keys is None else dict(keys.basic_auth_users))


def _tls(document: Document, path: Path, keys: _TlsKeys) -> Tls | None:
    at = "tls_server_config"
    for name, known in (("client_auth_type", CLIENTS), ("min_version", VERSIONS), ("max_version", VERSIONS)):
        if (got := getattr(keys, name)) not in known:
            document.problem((at, name), unknown("value", got, known))
            return None
    clients = CLIENTS[keys.client_auth_type]
    if (clients == ssl.CERT_NONE) != (keys.client_ca_file is None):
        document.problem((at,), "client_ca_file and a client_auth_type that verifies: expected both or none")
    ca = None if keys.client_ca_file is None else path.parent / keys.client_ca_file
    tls = Tls(
        path.parent / keys.cert_file,
        path.parent / keys.key_file,
        ca,
        clients,
        VERSIONS[keys.min_version],
        VERSIONS[keys.max_version],
    )
    try:
        tls.context()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or "no usable certificate and key"
        document.problem(
            (at,), f"{', '.join(str(one) for one in (tls.cert, tls.key, ca) if one)} cannot be used: {reason}"
        )
    return tls
