"""JSON lines: a header that names the schema, then one object a record. ``read`` gives the records back."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from ..describe import describe_record
from ..errors import TraceError
from ..model import Record
from ..private import private
from ..version import __version__
from .values import from_json, to_json

SCHEMA = "follow.records"
VERSION = 2
"""It grows when a reader of the version before would misread a line; keys may be added at any time."""


def header(**more: Any) -> str:
    """The line that stands before records.

    Arguments:
        more: further keys, such as what recorded them.
    """
    return _line({"schema": SCHEMA, "version": VERSION, "follow": __version__, **more})


def line(record: Record) -> str:
    """A record as a line of JSON, with its line break.

    Arguments:
        record: one that holds built-in values, ``Shortened`` and ``Described`` only, as a trace gives it.
    """
    variables = [{**one, "val": to_json(one["val"])} for one in record["local_vars"]]
    return _line({**record, "local_vars": variables})


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n"


class JsonLines:
    """Writes a line of JSON a record; made by ``follow.jsonl``. Use it in ``with``, or call ``close()``.

    Arguments:
        output: a text stream, or the path of a file.
    """

    def __init__(self, output: str | os.PathLike[str] | TextIO) -> None:
        self._output = output
        self._stream: TextIO | None = None
        self._closed = False
        _open.add(self)

    def __call__(self, record: Record) -> None:
        """Write the line of a record, with the header before the first."""
        if self._closed:
            return
        text = line(describe_record(record))
        if self._stream is None:
            if isinstance(self._output, (str, os.PathLike)):
                self._stream = open(self._output, "a", encoding="utf-8", buffering=1, opener=private)  # noqa: SIM115
                weakref.finalize(self, self._stream.close)  # of one that nobody has closed
            else:
                self._stream = self._output
            text = header() + text
        self._stream.write(text)

    def flush(self) -> None:
        """Have a stream that was given hand on what it holds; of a path each line is in the file at once."""
        if self._stream is not None and not self._closed and hasattr(self._stream, "flush"):
            self._stream.flush()

    def close(self) -> None:
        """Close the file that was given as a path; a stream that was given is flushed and stays open.

        The end of the program does it as well. What is followed after that is not written.
        """
        if self._closed:
            return
        self.flush()
        self._closed = True
        if self._stream is not None and self._stream is not self._output:
            self._stream.close()

    def __enter__(self) -> JsonLines:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


_open: weakref.WeakSet[JsonLines] = weakref.WeakSet()


def _close_all() -> None:
    for follower in list(_open):
        with contextlib.suppress(OSError, ValueError):  # a full disk, or a stream that is closed already
            follower.close()


atexit.register(_close_all)


def jsonl(output: str | os.PathLike[str] | TextIO) -> JsonLines:
    """A follower that writes one line of JSON a record, and a header line before the first.

    Values become JSON without running any of the program's code: its objects are described by their type, as a
    ``Recorder`` does. The page ``follow/export/JSONL.md`` tells the form; ``follow.export.jsonl.read`` reads it.

    Arguments:
        output: a text stream, or the path of a file, which is opened at the first record and appended to. Each line
            is written to the file as its record comes.

    Returns:
        The follower; ``close()``, leaving ``with`` or the end of the program closes the file.

    Raises:
        TypeError: the output is neither.
    """
    if not isinstance(output, (str, os.PathLike)) and not callable(getattr(output, "write", None)):
        raise TypeError(f"jsonl needs a text stream or the path of a file, not {output!r}.")
    return JsonLines(output)


def export(records: Iterable[Record], stream: TextIO, recording: dict[str, Any] | None = None) -> int:
    """Write records one after another.

    Arguments:
        records: as a trace gives them.
        stream: where to.
        recording: what the header tells of the process that recorded them.

    Returns:
        How many there were.
    """
    stream.write(header() if recording is None else header(recording=to_json(recording)))
    count = 0
    for record in records:
        stream.write(line(record))
        count += 1
    return count


def read(source: str | os.PathLike[str] | Iterable[str]) -> Iterator[Record]:
    """The records of JSON lines; of a file whose last line is not finished, all others.

    Arguments:
        source: the path of a file, or lines.

    Raises:
        TraceError: a line is no record, there is no header before it, or it is of a newer version.
        OSError: the file cannot be read.
    """
    if isinstance(source, (str, os.PathLike)):
        with open(source, encoding="utf-8") as file:
            yield from _read(file, os.fspath(source))
    else:
        yield from _read(source, getattr(source, "name", "The stream"))


def _read(lines: Iterable[str], name: str) -> Iterator[Record]:
    begun = False
    for number, text in enumerate(lines, 1):
        try:
            content = json.loads(text)
            if "schema" in content:
                _check(content, name)
                begun = True
                continue
            variables = [{**one, "val": from_json(one["val"])} for one in content["local_vars"]]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if not text.endswith("\n"):
                return  # what wrote it was killed meanwhile
            raise TraceError(f"{name} holds no record in line {number}: {error!r}.") from error
        if not begun:
            raise TraceError(f"{name} does not start with the header of {SCHEMA}; it is no export of records.")
        yield {**content, "local_vars": variables}


def _check(content: dict[str, Any], name: str) -> None:
    if content["schema"] != SCHEMA:
        raise TraceError(f"{name} holds {content['schema']!r}, not {SCHEMA!r}.")
    if type(content.get("version")) is not int or content["version"] > VERSION:
        raise TraceError(f"{name} is of version {content.get('version')!r}; this follow reads up to {VERSION}.")


__all__ = ["SCHEMA", "VERSION", "JsonLines", "export", "header", "jsonl", "line", "read"]
