"""Readable text, one line a record."""

from __future__ import annotations

import os
from typing import Any, TextIO

from ..model import Follower, Record

_WIDTH = 60
"""Characters kept of one value."""


def to_stream(stream: TextIO) -> Follower:
    """A follower that writes one line a record to ``stream``."""

    def write(record: Record) -> None:
        stream.write(line_of(record) + "\n")

    return write


def to_path(path: str | os.PathLike[str]) -> Follower:
    """A follower that appends one line a record to a file, opened at the first record."""
    stream: TextIO | None = None

    def write(record: Record) -> None:
        nonlocal stream
        if stream is None:
            stream = open(path, "a", encoding="utf-8", buffering=1, errors="backslashreplace")  # noqa: SIM115
        stream.write(line_of(record) + "\n")

    return write


def line_of(record: Record) -> str:
    """One record as one line: place, time, function, statement, variables or exception."""
    place = f"{os.path.basename(record['file'])}:{record['line']}  " if "file" in record and "line" in record else ""
    variables = "  ".join(f"{variable['var']}={shown(variable['val'])}" for variable in record["local_vars"])
    raised = f"  !! {record['exception']}" if "exception" in record else ""
    instruction = record["instruction"].replace("\n", "\\n")
    head = f"{place}{record['execution_time']:9.3f} ms  {record['function']}  {instruction}"
    return head + (f"    # {variables}" if variables else "") + raised


def shown(value: Any) -> str:
    """A value as one line that is not too long."""
    try:
        text = repr(value)
    except Exception as error:
        text = f"<repr raised {type(error).__name__}>"
    text = text.replace("\n", "\\n")
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
