"""The compiled helper, where it is there: it does what a recorder's probes do, and nothing that Python code cannot.

Its sources are in ``native/``. It is built when follow is installed, if there is a C compiler; without it all works,
more slowly. ``FOLLOW_PURE_PYTHON=1`` leaves it aside.
"""

from __future__ import annotations

import os
import sys
from typing import Any

SOURCES = 0x854C9124
"""The checksum of the C sources that this Python code goes with: a helper made of others is not used."""


def _loaded() -> Any:
    if os.environ.get("FOLLOW_PURE_PYTHON") == "1":
        return None
    try:
        from . import _native  # type: ignore[attr-defined]
    except ImportError:
        return None
    return _native if getattr(_native, "SOURCES", None) == SOURCES else None


native: Any = _loaded()
"""The helper; None where everything is done by Python code."""

NATIVE, WRITTEN_OUT, DATAFLOW, NATIVE_DATAFLOW = "native", "events", "dataflow", "native dataflow"
"""How rewritten code makes the events of a recorder: its probes are the helper's, or are written into the code; and
there may be more of them to tell what objects hold."""

IN_PYTHON = ("raised", "reraise")
"""The probes of a helped form that Python code is called for, by what their names start with: no tracer sees it."""


def word(limit: int) -> int:
    """A limit as the helper takes it, and a trace file: nothing is longer than what a machine's word can tell."""
    return min(limit, sys.maxsize)


def is_helped(form: str) -> bool:
    """Whether the probes of that form are the compiled helper's."""
    return form in (NATIVE, NATIVE_DATAFLOW)


def tells_objects(form: str) -> bool:
    """Whether code of that form tells what objects hold."""
    return form in (DATAFLOW, NATIVE_DATAFLOW)
