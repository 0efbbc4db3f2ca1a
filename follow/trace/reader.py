"""Read a trace file: ``follow.load``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import TraceError
from ..model import Record
from . import replay
from .catalogue import Catalogue
from .decode import Decoder, Event
from .file import FrameReader
from .model import Function, Piece, Statement


@dataclass(frozen=True, slots=True)
class SourceText:
    """The text of a file as it was when it was recorded.

    Attributes:
        file: its name.
        text: what it held.
        sha256: the checksum of the text in UTF-8.
    """

    file: str
    text: str
    sha256: str


class Trace:
    """A recording that is read from its file again and again, never as a whole.

    Arguments:
        path: the file.

    Attributes:
        path: the file.
        header: what the recording process said of itself: ``follow``, ``python``, ``arguments``, ``process``,
            ``host``, ``folder``, and the two clocks at its start, ``wall`` and ``monotonic``, in nanoseconds.

    Raises:
        TraceError: it is no trace, one of a newer version, or its start is damaged.
        OSError: it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._problem: str | None = None
        first = next(self._frames(), None)
        if first is None or first[1] != "header" or type(first[2]) is not dict:
            raise TraceError(self._problem or f"{self.path} holds nothing: not even the start of a trace.")
        self.header: dict[str, Any] = first[2]
        self._sources: dict[str, SourceText] = {}
        self._contents = _Contents()
        self._end: dict[str, Any] | None = None
        self._dropped = 0

    def _frames(self) -> Iterator[tuple[int, str, Any]]:
        with open(self.path, "rb") as file:
            reader = FrameReader(file, str(self.path))
            yield from reader.frames()
            self._problem = reader.problem

    @property
    def events(self) -> Iterator[Event]:
        """The events, in the order in which they happened; each time from the first on.

        Raises:
            TraceError: an event makes no sense.
        """
        for _, decoded in self.chunks():
            yield from decoded

    def chunks(self) -> Iterator[tuple[int, Iterator[Event]]]:
        """The events frame by frame: the sequence number of the first, and they."""
        catalogue = Catalogue()
        contents = self._contents = _Contents()
        decoder = Decoder(catalogue)
        for at, kind, content in self._frames():
            try:
                if kind == "events":
                    yield decoder.sequence, decoder.events([content])
                else:
                    self._take(kind, content, catalogue, contents)
            except (TypeError, ValueError, IndexError, KeyError, AttributeError, AssertionError) as error:
                raise TraceError(f"{self.path} holds a frame at byte {at:,} that makes no sense: {error!r}.") from error

    def _take(self, kind: str, content: Any, catalogue: Catalogue, contents: _Contents) -> None:
        """Take in a frame that tells what events mean; kinds that are not known are passed over."""
        if kind == "piece":
            base = content[0]
            catalogue.add(
                Piece(*_tupled(content)),
                lambda number: contents.statements[base, number],
                lambda number: contents.functions[base, number],
            )
        elif kind == "functions":
            contents.functions.update(((base, one[0]), Function(*_tupled(one))) for base, *one in content)
        elif kind == "statements":
            contents.statements.update(((base, one[0]), Statement(*_tupled(one))) for base, *one in content)
        elif kind == "source":
            self._sources[content["file"]] = SourceText(**content)
        elif kind == "dropped":
            self._dropped = int(content)
        elif kind == "end":
            self._end = dict(content)

    def records(self) -> Iterator[Record]:
        """The same dicts that a follower of dicts would have got, rebuilt from the events.

        Raises:
            TraceError: an event makes no sense.
        """
        return replay.records(self.events)

    @property
    def sources(self) -> dict[str, SourceText]:
        """The texts of the files that events have been read of so far, by name."""
        return self._sources

    @property
    def statements(self) -> dict[tuple[int, int], Statement]:
        """The statements of the functions that have been called in the events read so far, executed or not.

        By the base of their piece of source and their number.
        """
        return self._contents.statements

    @property
    def ended(self) -> bool:
        """Whether the recording was closed, known when all events have been read; False if its process was killed."""
        return self._end is not None

    @property
    def problem(self) -> str | None:
        """What is wrong with the file, known when all events have been read; None if nothing is.

        A process that was killed leaves a file without an end, which is as good as any other.
        """
        return self._problem

    @property
    def dropped(self) -> int:
        """How many events could not be written, known when all events have been read."""
        return max(self._dropped, int((self._end or {}).get("dropped", 0)))


class _Contents:
    """The statements and functions that have been read, by their piece's base and their number."""

    def __init__(self) -> None:
        self.statements: dict[tuple[int, int], Statement] = {}
        self.functions: dict[tuple[int, int], Function] = {}


def _tupled(values: list[Any]) -> list[Any]:
    return [tuple(value) if type(value) is list else value for value in values]


def load(path: str | os.PathLike[str]) -> Trace:
    """Open a trace file.

    Arguments:
        path: what a ``Recorder`` has written.

    Returns:
        The trace: ``trace.records()`` gives the dicts, ``trace.events`` what happened one by one.

    Raises:
        TraceError: it is no trace, one of a newer version, or its start is damaged.
        OSError: it cannot be read.
    """
    return Trace(path)
