"""Whose act it is: the account of the operating system, never a typed name."""

from __future__ import annotations

import os
import pwd


def account() -> str:
    """The account of the operating system that runs this process."""
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid-{user}"
