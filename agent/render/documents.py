"""YAML as the derived files are written: Chinese as it is, several lines as several lines, nothing reordered."""

from __future__ import annotations

from typing import Any

import yaml

from agent.config import Config


class Dumper(yaml.SafeDumper):
    """Writes texts of several lines as a block."""


def _text(dumper: Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _text)


def document(content: Any, config: Config) -> str:
    """A document under a line that says where it comes from."""
    text = yaml.dump(content, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    return f"# {config.plans[-1].organisation}: rendered by `dabiao render`, never edited\n{text}"
