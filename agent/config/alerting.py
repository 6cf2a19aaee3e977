"""`alerting` in sources.yaml: which Alertmanager is told, and by which routes messages reach people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator

from agent.config.document import Document
from agent.config.keys import Id, Keys
from agent.config.plan import Alerting
from agent.config.problems import MISSING, Path, unknown
from agent.config.secrets import Secrets
from agent.config.shape import shaped
from agent.model import ConfigError
from agent.notify import Route
from agent.wire.access import STRICT, Access, Auth, Tls

POST_SECONDS = 5.0  # without a byte; what is posted is small, and posted again anyway
ANSWER_BYTES = 64 << 20

RouteKinds = Mapping[str, type[Route]]


class AlertmanagerKeys(BaseModel):
    """One Alertmanager."""

    model_config = STRICT
    url: str
    auth: Auth | None = None
    ca: str | None = None
    proxy: str | None = None


def _as_list(raw: object) -> object:
    return [raw] if isinstance(raw, Mapping) else raw


class AlertingKeys(Keys):
    """The part as a whole; its routes are read one by one, each by its kind."""

    alertmanager: Annotated[tuple[Any, ...], BeforeValidator(_as_list)] = ()
    direct: str | None = None
    routes: Mapping[Id, Any] = {}


class AlertingReader:
    """Reads this part of one document; every mistake is in the document's problems."""

    path: Path = ("alerting",)

    def __init__(self, document: Document, secrets: Secrets, kinds: RouteKinds) -> None:
        """Take the document, its secrets, already filled in, and the kinds of route there are."""
        self._document, self._secrets, self._kinds = document, secrets, kinds

    def read(self, raw: object) -> Alerting:
        """What could be read; nothing where the part is not there."""
        if raw is None:
            return Alerting()
        keys = self._part(self.path, AlertingKeys, raw)
        if keys is None:
            return Alerting()
        routes = {name: self._route((*self.path, "routes", name), one) for name, one in keys.routes.items()}
        self._check_names(keys, routes)
        single = isinstance(raw, Mapping) and isinstance(raw.get("alertmanager"), Mapping)
        managers = [
            self._alertmanager((*self.path, "alertmanager", *(() if single else (number,))), one)
            for number, one in enumerate(keys.alertmanager)
        ]
        return Alerting(
            alertmanagers=tuple(one for one in managers if one is not None),
            routes={name: route for name, route in routes.items() if route is not None},
            direct=None if keys.alertmanager else keys.direct,
        )

    def _part(self, path: Path, model: type[Any], raw: object) -> Any:
        return shaped(self._document, path, model, raw, frozenset(self._secrets.paths))

    def _alertmanager(self, path: Path, raw: object) -> Access | None:
        keys = self._part(path, AlertmanagerKeys, raw)
        if keys is None:
            return None
        made = {"url": keys.url, "auth": keys.auth, "tls": Tls(ca=keys.ca), "proxy": keys.proxy}
        limits = {"timeout": POST_SECONDS, "retries": 0, "max_bytes": ANSWER_BYTES}
        access: Access | None = self._part(path, Access, made | limits)
        return access

    def _route(self, path: Path, raw: object) -> Route | None:
        if not isinstance(raw, Mapping):
            self._document.problem(path, "expected keys with values")
            return None
        kind = raw.get("kind")
        if not isinstance(kind, str):
            self._document.problem((*path, "kind"), f"{MISSING}; known: {', '.join(self._kinds)}")
            return None
        if kind not in self._kinds:
            self._document.problem((*path, "kind"), unknown("kind of route", kind, self._kinds))
            return None
        route: Route | None = self._part(path, self._kinds[kind], raw)
        if route is not None:
            try:
                route.check()
            except ConfigError as unusable:
                self._document.problem(path, str(unusable))
        return route

    def _check_names(self, keys: AlertingKeys, routes: Mapping[str, Route | None]) -> None:
        if keys.direct is not None and keys.direct not in routes:
            self._document.problem((*self.path, "direct"), unknown("route", keys.direct, routes))
        if keys.direct is not None and keys.alertmanager:
            self._document.warn((*self.path, "direct"), "not used: alerts go to alertmanager")
        for name, route in routes.items():
            where = (*self.path, "routes", name, "fallback")
            if route is None or route.fallback is None:
                continue
            if route.fallback not in routes:
                self._document.problem(where, unknown("route", route.fallback, routes))
            elif _leads_back(name, routes):
                self._document.problem(where, "expected a way that does not lead back to this route")


def _leads_back(name: str, routes: Mapping[str, Route | None]) -> bool:
    route, steps = routes[name], 0
    while route is not None and route.fallback is not None and steps <= len(routes):
        if route.fallback == name:
            return True
        route, steps = routes.get(route.fallback), steps + 1
    return False
