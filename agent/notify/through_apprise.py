"""The apprise library, which is an optional extra: loading it, and one message through it within a deadline."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from agent.model import CollectError, ConfigError
from agent.wire.worker import OverdueError, Worker

EXTRA = "apprise is not installed: pip install 'dabiao[notify]'"


def service(url: str) -> Any:
    """The receiver an apprise URL names; ConfigError when the library is not there or does not know it."""
    logging.getLogger("apprise").disabled = True  # its lines quote tokens
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what some of its many receivers import
        try:
            import apprise
        except ImportError:
            raise ConfigError(EXTRA) from None
        found = apprise.Apprise.instantiate(url)
    if found is None:
        raise ConfigError("expected a URL that apprise knows, such as mailtos://user:password@host?to=a@b.cn")
    return found


def tell(receiver: Any, title: str, text: str, deadline: float) -> None:
    """Send one message; CollectError when it was not taken, or not in time."""
    worker = Worker("apprise")
    try:
        taken = worker.do(lambda: receiver.notify(body=text, title=title), deadline)
    except OverdueError:
        raise CollectError("no answer in time") from None
    finally:
        worker.end(lambda: None, 0.0)
    if not taken:
        raise CollectError("apprise could not deliver it")
