"""Files that hold values of a run: where follow makes one, only its owner may read it."""

from __future__ import annotations

import os


def private(path: str, flags: int) -> int:
    """The ``opener`` of ``open`` for such a file; one that is there keeps its rights.

    Arguments:
        path: the file.
        flags: as ``os.open`` takes them.

    Returns:
        The file's descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, flags, 0o600)
