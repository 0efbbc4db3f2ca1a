"""Where an export goes: a file that appears when it is finished, or standard output."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ..private import private


@contextlib.contextmanager
def written(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A text file that takes its place when all has been written; of what breaks off nothing is left.

    Arguments:
        path: the file, which is replaced; a pipe or device is written to as it is.

    Raises:
        OSError: it cannot be written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as stream:
            yield stream
        return
    temporary = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with open(temporary, "x", encoding="utf-8", errors="backslashreplace", opener=private) as stream:
            yield stream
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def standard() -> Iterator[TextIO]:
    """Standard output; characters that it cannot encode are escaped, and a reader that has gone is no error."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        # Nothing can be written any more, not even when the interpreter flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
