"""The environment in which the commands of the documentation run: that of a reader's terminal, wherever they run."""

from __future__ import annotations

import os

_NOT_A_READERS = (
    *("FOLLOW", "PYTEST"),  # of the tests that run the commands
    *("CI", "BUILD_NUMBER", "GITHUB_"),  # where pytest and rich print otherwise than in a terminal
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "PY_COLORS", "TTY_"),
)


def environment(**more: str) -> dict[str, str]:
    """The environment of a command of the documentation.

    Arguments:
        more: what is set besides.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_A_READERS)}
    return kept | {"COLUMNS": "100", "PYTHONUNBUFFERED": "1"} | more
