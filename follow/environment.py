"""``FOLLOW="pkg,…"`` in the environment: the import hook in any process, installed when Python starts.

A ``.pth`` file that is installed beside the package calls ``start``.
"""

from __future__ import annotations

import os
import sys
import warnings

from .children import Program
from .errors import FollowError, FollowWarning
from .run import install_from_environment, start_child
from .settings import read_settings, split_names

_ON = ("1", "on", "true", "yes")
_OFF = ("", "0", "off", "false", "no")


_started = False


def start() -> None:
    """Install the hook that the environment asks for. What is wrong with it is a warning: no program stops for it."""
    global _started
    if _started:  # the package may be installed in two places
        return
    _started = True
    wanted = os.environ.get("FOLLOW", "").strip()
    if wanted.lower() in _OFF or os.environ.get("FOLLOW_DISABLED") == "1" or sys.flags.ignore_environment:
        return
    try:
        if wanted.startswith("{"):
            start_child(wanted)
            return
        settings = read_settings(os.getcwd())
        include = settings.include
        if wanted.lower() not in _ON:
            include = split_names(wanted)
        if not include:
            raise FollowError(
                f"FOLLOW={wanted} names no module, and there is no tool.follow.include in pyproject.toml."
            )
        install_from_environment(Program(include, settings.exclude), settings)
    except (FollowError, OSError) as error:
        warnings.warn(f"Nothing is followed: {error}", FollowWarning, stacklevel=2)
