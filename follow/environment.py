"""``FOLLOW="pkg,…"`` in the environment: the import hook in any process, installed when Python starts.

A ``.pth`` file that is installed beside the package calls ``start``.
"""

from __future__ import annotations

import os
import sys
import warnings

from .errors import FollowError, FollowWarning
from .run import install_for_program
from .selection import Selection
from .settings import read_settings

_ON = ("1", "on", "true", "yes")
_OFF = ("", "0", "off", "false", "no")


def start() -> None:
    """Install the hook that the environment asks for. What is wrong with it is a warning: no program stops for it."""
    wanted = os.environ.get("FOLLOW", "").strip()
    if wanted.lower() in _OFF or os.environ.get("FOLLOW_DISABLED") == "1" or sys.flags.ignore_environment:
        return
    try:
        settings = read_settings(os.getcwd())
        include = settings.include
        if wanted.lower() not in _ON:
            include = tuple(name.strip() for name in wanted.split(",") if name.strip())
        if not include:
            raise FollowError(
                f"FOLLOW={wanted} names no module, and there is no tool.follow.include in pyproject.toml."
            )
        install_for_program(Selection(include, settings.exclude), settings, "FOLLOW")
    except (FollowError, OSError) as error:
        warnings.warn(f"Nothing is followed: {error}", FollowWarning, stacklevel=2)
