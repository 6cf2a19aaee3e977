"""The tests: test_<module>.py beside the fixtures they share."""

from __future__ import annotations
