"""Asking other servers over HTTP within a deadline: collectors fetch through it, alerts and messages leave by it."""

from __future__ import annotations
