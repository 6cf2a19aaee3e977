"""Dabiao (达标): keeps promised indicators in sight, exactly and before they break."""

from __future__ import annotations

__version__ = "0.1.0"
