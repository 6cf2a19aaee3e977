"""Excel files that come from outside: what is let in, and how it is opened."""

from __future__ import annotations
