"""A module's file as it is now: what it holds is only read when nothing else tells whether it has changed."""

from __future__ import annotations

import importlib.util
import os
import struct
from importlib.machinery import SourceFileLoader
from os import stat  # now, for a program may put something else in the place of these two
from time import time_ns
from typing import Any

_STAMP = struct.Struct("<5Q")
_BITS = (1 << 64) - 1
_SETTLED = 3_000_000_000
"""A file that was changed less than so long ago (ns) may change again without another time: its stamp tells nothing."""

UNKNOWN = bytes(_STAMP.size)
"""The stamp of what has none."""


class Original:
    """What a loader has the source of a module from.

    Arguments:
        loader: the loader.
        filename: the file's name as the loader gives it; it need not exist (it may be in a zip file).
    """

    def __init__(self, loader: Any, filename: str) -> None:
        self.filename = filename
        self._loader = loader
        self.stamp = _stamp(filename) if type(loader) is SourceFileLoader else UNKNOWN
        """Changes whenever the file does; taken before the file is read."""
        self._hash: bytes | None = None

    def hash(self) -> bytes:
        """That of what the file holds when this is first asked; empty where the loader does not tell."""
        if self._hash is None:
            try:
                data = self._loader.get_data(self.filename)
            except (AttributeError, OSError):
                data = None
            self._hash = importlib.util.source_hash(data) if isinstance(data, bytes) else b""
        return self._hash


def _stamp(filename: str) -> bytes:
    """What the system knows of a file: its size, when it was changed, and which file it is.

    No program sets the time of the last change of a file's status, as it may that of its text; on Windows that is
    another time. Where a file system keeps none of its own, size and the text's time are what tells, as for a .pyc.
    """
    if os.name != "posix":
        return UNKNOWN
    try:
        status = stat(filename)
    except OSError:
        return UNKNOWN
    modified, changed = status.st_mtime_ns, status.st_ctime_ns
    if time_ns() - max(modified, changed) < _SETTLED:
        return UNKNOWN
    return _STAMP.pack(status.st_size, modified & _BITS, changed & _BITS, status.st_ino & _BITS, status.st_dev & _BITS)
