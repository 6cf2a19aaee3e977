"""Confirming how a printed row is read."""

from __future__ import annotations

from agent.book.standing import CONFIRM, reading_hash, standing
from agent.config import Indicator
from agent.ledger import Ledger, acts
from agent.ledger.acts import Act
from agent.model import ConfigError, Instant


def confirm(ledger: Ledger, indicator: Indicator, now: Instant, who: str) -> Act:
    """Confirm the reading of an indicator as it stands; a reading that changes is unconfirmed again."""
    with ledger.write() as session:
        subject, reading = f"{indicator.project}/{indicator.id}", reading_hash(indicator)
        former = standing(acts.read(session)).confirmed.get(subject)
        if former is not None and former.body["reading"] == reading:
            raise ConfigError(f"{subject}: was confirmed already, by {former.account} with act {former.n}")
        return acts.append(session, now, who, CONFIRM, subject, {"reading": reading, "text": indicator.text})
