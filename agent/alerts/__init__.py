"""Open records as alerts, one a record, and what else people are told of them."""

from __future__ import annotations
