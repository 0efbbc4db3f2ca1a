"""Writes what a recorder has gathered: what the events mean, where they first occur, and the events."""

from __future__ import annotations

import contextlib
import hashlib
import linecache
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any

from ..events import UNCOUNTED
from ..masking import masked
from ..quiet import parse
from ..redaction import public_arguments
from ..version import __version__
from .catalogue import Catalogue
from .columns import packed_events
from .file import FrameWriter, frame, framed
from .model import Function, Piece, Statement

FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in (Piece, Statement, Function)}
"""The fields of what is written, in their order."""
_VALUES = {kind: attrgetter(*names) for kind, names in FIELDS.items()}

_FEWEST = 32
"""Of a chunk that cannot be written whole no fewer events are tried."""
_MOST_CHARACTERS = 4 << 20
"""The text of longer files is left out."""
_MOST_SHOWN = 10_000
"""So many characters are told of a statement that is too long for a frame."""
_MUCH = 11
"""So many bytes an event are much: the next ``_FRAMES`` frames are compressed with zlib's level ``_HARDER``."""
_FRAMES = 15
_HARDER = 4


class TraceWriter:
    """Writes a trace.

    Arguments:
        path: the file.
        catalogue: what the events mean.
        detail: how much is recorded.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: str, catalogue: Catalogue, detail: str = "plain") -> None:
        self.dropped = 0
        self._catalogue = catalogue
        self._pieces = 0
        self._functions = 0
        self._files: set[str] = set()
        self._file = FrameWriter(path, frame("header", {**_header(), "detail": detail}))
        self._failed = False
        self._told_lost = 0
        self._harder = 0

    def write(self, items: list[Any], lost: int = 0) -> Exception | None:
        """Write a chunk of events, and before it what they mean where that is new; as many as there is room for.

        Arguments:
            items: the events.
            lost: how many events before them have been lost so far.

        Returns:
            The error for which it could not be written, if there is one that was not there before.

        Raises:
            RecursionError: there is no stack left, and nothing has been written.
        """
        error = self._tried(items, lost)
        if error is None:
            self._failed = False
            return None
        first, self._failed = not self._failed, True
        rest = self._fill(items, lost) if first and isinstance(error, OSError) else items
        self.dropped += self._number_of(rest)
        return error if first else None

    def _fill(self, items: list[Any], lost: int) -> list[Any]:
        """Write the first events of a chunk, as many as there is room for; what is left of it."""
        starts = list(self._starts(items))
        written, size = 0, len(starts) // 2
        while size >= _FEWEST:
            piece = items[starts[written] : starts[written + size]]
            written += size if self._tried(piece, lost) is None else 0
            size //= 2
        return items[starts[written] :] if starts else items

    def _tried(self, items: list[Any], lost: int) -> Exception | None:
        """Write a chunk whole, or nothing of it; then the error is given back."""
        told = self._pieces, self._functions, self._files.copy()
        try:
            gap = [frame("dropped", lost)] if lost != self._told_lost else []
            self._file.write(*gap, *self._definitions(), *self._events(items))
            self._told_lost = lost
        except BaseException as error:
            self._pieces, self._functions, self._files = told
            if isinstance(error, RecursionError) or not isinstance(error, Exception):
                raise
            return error
        return None

    def close(self, dropped: int) -> None:
        """Say how the trace ends, and close the file."""
        try:
            self._file.write(frame("end", {"dropped": dropped, "time": time.perf_counter_ns()}))
        except OSError:
            pass
        self._file.close()

    def abandon(self) -> None:
        """Close the file without writing to it: it is another process's."""
        self._file.close()

    def _definitions(self) -> list[bytes]:
        """The frames that tell of the functions that have been called for the first time, and their statements."""
        called = self._catalogue.called[self._functions :]
        if not called:
            return []
        frames = [one for piece in self._catalogue.pieces[self._pieces :] for one in self._piece(piece)]
        self._pieces = len(self._catalogue.pieces)
        self._functions += len(called)
        functions: list[Any] = []
        statements: list[Any] = []
        for base, number in called:
            function, its_statements = self._catalogue.contents(base, number)
            functions.append([base, *map(_listed, _VALUES[Function](function))])
            statements += ([base, *map(_listed, _VALUES[Statement](one))] for one in its_statements)
        return [*frames, *_frames("functions", functions), *_frames("statements", statements)]

    def _piece(self, piece: Piece) -> list[bytes]:
        """The frames of a piece of source, and of the text of its file."""
        frames = [frame("piece", list(map(_listed, _VALUES[Piece](piece))))]
        if piece.filename not in self._files:
            self._files.add(piece.filename)
            text = "".join(linecache.getlines(piece.filename))
            shown = self._shown(text, piece.filename) if len(text) <= _MOST_CHARACTERS else ""
            if shown:
                digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
                with contextlib.suppress(ValueError):  # it is too long for a frame
                    frames.append(frame("source", {"file": piece.filename, "text": shown, "sha256": digest}))
        return frames

    def _shown(self, text: str, filename: str) -> str:
        """The text of a file, without its secrets; nothing where it cannot be told what is one."""
        redact = self._catalogue.redact.get(filename)
        if not redact:
            return text
        try:
            return masked(text, parse(text), redact)
        except (SyntaxError, ValueError, RecursionError):
            return ""

    def _events(self, items: list[Any]) -> list[bytes]:
        """The frames of a chunk: several if it is too much for one."""
        frames: list[bytes] = []
        rest = [items]
        while rest:
            chunk = rest.pop()
            try:
                frames.append(self._compressed(chunk))
            except ValueError:
                first, second = self._halves(chunk)
                if not first:  # one event that is too large by itself
                    self.dropped += 1
                    second = []
                rest += [half for half in (second, first) if half]
        return frames

    def _compressed(self, items: list[Any]) -> bytes:
        """The frame of a chunk.

        Where the fastest compression leaves much (there are many floats, say), the next ones are compressed harder.
        """
        packed, events = packed_events(items, self._catalogue.lengths)
        if self._harder:
            self._harder -= 1
            return framed(packed, _HARDER)
        made = framed(packed)
        if events and len(made) > _MUCH * events:
            self._harder = _FRAMES
        return made

    def _number_of(self, items: list[Any]) -> int:
        return sum(items[start] not in UNCOUNTED for start in self._starts(items))

    def _halves(self, items: list[Any]) -> tuple[list[Any], list[Any]]:
        starts = list(self._starts(items))
        middle = starts[len(starts) // 2]
        return items[:middle], items[middle:]

    def _starts(self, items: list[Any]) -> Iterator[int]:
        position = 0
        while position < len(items):
            yield position
            position += self._catalogue.lengths[items[position]]


def _frames(kind: str, items: list[Any]) -> list[bytes]:
    """The frames of a list: several if it is too much for one; what is too long for one by itself is cut."""
    try:
        return [frame(kind, items)]
    except ValueError:
        middle = len(items) // 2
        if middle:
            return [*_frames(kind, items[:middle]), *_frames(kind, items[middle:])]
        (item,) = items
        return [frame(kind, [[value[:_MOST_SHOWN] if type(value) is str else value for value in item]])]


def _listed(value: Any) -> Any:
    return list(value) if type(value) is tuple else value


def _header() -> dict[str, Any]:
    return {
        "follow": __version__,
        "python": sys.version,
        "implementation": platform.python_implementation(),
        "arguments": public_arguments(getattr(sys, "argv", [])),
        "process": os.getpid(),
        "host": platform.node(),
        "folder": os.getcwd(),
        "path": [one for one in sys.path if type(one) is str],
        "wall": time.time_ns(),
        "monotonic": time.perf_counter_ns(),
        "fields": {kind.__name__.lower(): list(names) for kind, names in FIELDS.items()},
    }
