"""Which frames on the stack are follow's own: what is told of the program belongs to the innermost of the others."""

from __future__ import annotations

import sys
from types import FrameType

PROBE_FILENAME = "<follow probe>"
"""The file name of the code of probes and of what they compute."""


def is_ours(frame: FrameType) -> bool:
    """Whether a frame is that of follow's code, or of code that follow has made."""
    name = dict.get(frame.f_globals, "__name__")  # the program's may be a dict of a class of its own
    return frame.f_code.co_filename == PROBE_FILENAME or (type(name) is str and name.startswith("follow."))


def program_frame(frame: FrameType) -> FrameType:
    """The innermost frame from this one on that is the program's."""
    while frame.f_back is not None and is_ours(frame):
        frame = frame.f_back
    return frame


def program_level() -> int:
    """How far the innermost frame of the program is from the caller, as ``stacklevel`` wants it: the caller's is 1."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and is_ours(frame):
        frame = frame.f_back
        level += 1
    return level
