"""What people say they know of already, read from the log of acts: until when an indicator's alerts are quiet. Pure.

The body of an act of the kind `acknowledge`, whose subject is `project/indicator`:

    year    the year it speaks of
    until   the last day it holds, as 2026-12-15
    reason  why

An act of the kind `lift` (`year`, `reason`) ends it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from agent.ledger.acts import Act
from agent.model import Acknowledgement

ACKNOWLEDGE, LIFT = "acknowledge", "lift"
Place = tuple[int, str]  # year, project/indicator


def acknowledgements(log: Iterable[Act]) -> Mapping[Place, Acknowledgement]:
    """The last one of each year and indicator that was not lifted, be its last day ahead or past."""
    made: dict[Place, Acknowledgement] = {}
    for act in log:
        if act.kind == ACKNOWLEDGE:
            until = date.fromisoformat(act.body["until"]).toordinal()
            place = (act.body["year"], act.subject)
            made[place] = Acknowledgement(act.n, act.at, act.account, act.body["reason"], until)
        elif act.kind == LIFT:
            made.pop((act.body["year"], act.subject), None)
    return made
