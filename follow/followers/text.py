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


def to_print(record: Record) -> None:
    """The default follower: prints the record as ``print`` would, whatever the texts of the values in it do."""
    print(Printed(record))


class Printed:
    """A record whose text is that of the dict; a value whose ``__repr__`` raises says so, instead of all of it.

    An object that is still being made, as ``self`` in ``__init__`` is, often has no text yet.
    """

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def __repr__(self) -> str:
        try:
            return repr(self._record)
        except (RecursionError, MemoryError):
            raise
        except Exception:
            variables = [{**one, "val": _Text(_text(one["val"]))} for one in self._record["local_vars"]]
            return repr({**self._record, "local_vars": variables})


class _Text:
    """Shown as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def line_of(record: Record) -> str:
    """One record as one line: place, time, function, statement, variables or exception."""
    place = f"{os.path.basename(record['file'])}:{record['line']}  " if "file" in record and "line" in record else ""
    variables = "  ".join(f"{variable['var']}={_shown(variable['val'])}" for variable in record["local_vars"])
    raised = f"  !! {record['exception']}" if "exception" in record else ""
    instruction = record["instruction"].replace("\n", "\\n")
    head = f"{place}{record['execution_time']:9.3f} ms  {record['function']}  {instruction}"
    return head + (f"    # {variables}" if variables else "") + raised


def _text(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"<repr raised {type(error).__name__}>"


def _shown(value: Any) -> str:
    text = _text(value).replace("\n", "\\n")
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
