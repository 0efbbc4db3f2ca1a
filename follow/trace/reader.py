"""Read a trace file: ``follow.load``."""

from __future__ import annotations

import functools
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import TraceError
from ..events import FIRST_BASE
from ..model import Record
from . import replay
from .catalogue import Catalogue
from .columns import FLAT, KIND, items_of
from .decode import Decoder, Event
from .ends import Ends
from .file import FrameReader
from .model import Function, Piece, Statement, made
from .table import Shown

if TYPE_CHECKING:
    from .access import Access, History

NONSENSE = (TypeError, ValueError, LookupError, AttributeError, AssertionError, ArithmeticError, RecursionError)
"""What a frame raises whose content is not what FORMAT.md says."""

_HEADER = {"process": int, "arguments": list, "folder": str, "host": str, "wall": int, "monotonic": int}
"""What a header must hold."""
_Item = TypeVar("_Item")


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


class Trace(Shown):
    """A recording that is read from its file again and again, never as a whole.

    Arguments:
        path: the file.

    Attributes:
        path: the file.
        header: what the recording process said of itself: ``follow``, ``python``, ``arguments``, ``process``,
            ``host``, ``folder``, and the two clocks at its start, ``wall`` and ``monotonic``, in nanoseconds.
        processes: the same of each process that is in it, and before it the first of its ids: more than one
            where traces have been combined.

    Raises:
        TraceError: it is no trace, one of a newer version, or its start is damaged.
        OSError: it cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._problem: str | None = None
        frames = self._frames()
        first = next(frames, None)
        if first is None or first[1] != "header" or type(first[2]) is not dict:
            raise TraceError(self._problem or f"{self.path} holds nothing: not even the start of a trace.")
        self.header: dict[str, Any] = self._checked(first[2])
        self.processes: list[tuple[int, dict[str, Any]]] = [(FIRST_BASE, self.header)]
        second = next(frames, None)
        if second is not None and second[1] == "processes":
            self.processes = self._processes(second[2])
        frames.close()
        self._sources: dict[str, SourceText] = {}
        self._meanings = Meanings(self)
        self._end = self._dropped = 0
        self._ended = False

    def _checked(self, header: dict[str, Any]) -> dict[str, Any]:
        for name, kind in _HEADER.items():
            if type(header.get(name)) is not kind:
                raise TraceError(f"{self.path} has a header without its {name!r}: it cannot be read.")
        return header

    def _processes(self, told: Any) -> list[tuple[int, dict[str, Any]]]:
        try:
            return [(int(base), self._checked(dict(header))) for base, header in told]
        except NONSENSE as error:
            raise TraceError(f"{self.path} has a list of processes that makes no sense: {error!r}.") from error

    def _frames(self) -> Generator[tuple[int, str, Any], None, None]:
        with open(self.path, "rb") as file:
            reader = FrameReader(file, str(self.path))
            yield from reader.frames()
            self._problem = reader.problem

    def note(self, kind: str, content: Any) -> None:
        """Take in a frame about the recording as a whole; kinds that are not known are passed over."""
        if kind == "dropped":
            self._dropped = int(content)
        elif kind == "end":
            self._end = int(content["dropped"])
            self._ended = True

    @property
    def events(self) -> Iterator[Event]:
        """The events, in the order in which they happened; each time from the first on.

        Raises:
            TraceError: an event makes no sense.
        """
        for _, decoded in self.chunks():
            yield from decoded

    def sensible(self, items: Iterator[_Item]) -> Iterator[_Item]:
        """The items; where they cannot be made, that is what is wrong with the file.

        Raises:
            TraceError: an item makes no sense.
        """
        try:
            yield from items
        except NONSENSE as error:
            raise TraceError(f"{self.path} holds events that make no sense: {error!r}.") from error

    def _shown_events(self) -> Iterator[Event]:
        return self.events

    def chunks(self) -> Iterator[tuple[int, Iterator[Event]]]:
        """The events frame by frame: the sequence number of the first, and they."""
        meanings = self._meanings = Meanings(self)
        decoder = Decoder(meanings.catalogue)
        for at, kind, content in self._frames():
            try:
                items = meanings.items(kind, content)
                if items is not None:
                    yield decoder.sequence, self._sensible(at, decoder.events([items]))
                else:
                    meanings.take(kind, content)
            except NONSENSE as error:
                raise self._senseless(at, error) from error

    def _sensible(self, at: int, events: Iterator[Event]) -> Iterator[Event]:
        try:
            yield from events
        except NONSENSE as error:
            raise self._senseless(at, error) from error

    def _senseless(self, at: int, error: Exception) -> TraceError:
        return TraceError(f"{self.path} holds a frame at byte {at:,} that makes no sense: {error!r}.")

    def records(self) -> Iterator[Record]:
        """The same dicts that a follower of dicts would have got, rebuilt from the events.

        Raises:
            TraceError: an event makes no sense.
        """
        return self.sensible(replay.records(self.events, self.origin, Ends(self).after))

    def at(self, sequence: int) -> Event:
        """One event by its number.

        Raises:
            LookupError: there is none of that number.
            TraceError: an event makes no sense.
        """
        return self._access.at(sequence)

    def between(self, first: int, last: int) -> Iterator[Event]:
        """The events from one number to another, both included."""
        return self._access.between(first, last)

    def history(self, name: str, *, function: str | None = None, call: int | None = None) -> History:
        """The values that a variable has had, one for each event that tells one.

        A container's change is told under the name by which the program changed it.

        Arguments:
            name: the variable.
            function: only that of this function, by its name or qualified name (``"<module>"`` for a module's own).
            call: only that of this call, by its number.
        """
        return self._access.history(name, function, call)

    @functools.cached_property
    def _access(self) -> Access:
        from .access import Access

        return Access(self)

    @property
    def origin(self) -> replay.Origin:
        """The processes that recorded, and the clocks."""
        try:
            processes = tuple((int(base), int(header["process"])) for base, header in self.processes)
            return replay.Origin(int(self.header["wall"]), int(self.header["monotonic"]), processes)
        except NONSENSE as error:
            raise TraceError(f"{self.path} has a header that makes no sense: {error!r}.") from error

    @property
    def sources(self) -> dict[str, SourceText]:
        """The texts of the files that events have been read of so far, by name."""
        return self._sources

    def statements_of(self, piece: Piece, function: Function) -> list[Statement]:
        """The statements of a function that an event has been read of, in each of their roles."""
        return self._meanings.of_function.get((piece.base, function.number), [])

    @property
    def ended(self) -> bool:
        """Whether the recording was closed, known when all events have been read; False if its process was killed."""
        return self._ended

    @property
    def problem(self) -> str | None:
        """What is wrong with the file, known when all events have been read; None if nothing is.

        A process that was killed leaves a file without an end, which is as good as any other.
        """
        return self._problem

    @property
    def dropped(self) -> int:
        """How many events could not be written, known when all events have been read."""
        return max(self._dropped, self._end)


class Meanings:
    """What the events of a trace mean, taken from its frames as they come.

    Arguments:
        trace: where the source texts go, and what the process said at its end.
    """

    def __init__(self, trace: Trace) -> None:
        self.catalogue = Catalogue()
        self._trace = trace
        self._statements: dict[tuple[int, int], Statement] = {}
        self._functions: dict[tuple[int, int], Function] = {}
        self.of_function: dict[tuple[int, int], list[Statement]] = {}
        """The statements of each function, by its piece's base and its number."""

    def items(self, kind: str, content: Any) -> Any:
        """The events of a frame as one flat list; None if it is one that tells what they mean."""
        if kind == FLAT:
            return [] if content is None else content
        return items_of(content, self.catalogue.lengths) if kind == KIND else None

    def take(self, kind: str, content: Any) -> None:
        """Take in a frame that tells what events mean; kinds that are not known are passed over."""
        if kind == "piece":
            base = content[0]
            self.catalogue.add(
                made(Piece, content),
                lambda number: self._statements[base, number],
                lambda number: self._functions[base, number],
            )
        elif kind == "functions":
            self._functions.update(((base, one[0]), made(Function, one)) for base, *one in content)
        elif kind == "statements":
            for base, *one in content:
                statement = self._statements[base, one[0]] = made(Statement, one)
                self.of_function.setdefault((base, statement.function), []).append(statement)
        elif kind == "source":
            source = made(SourceText, [content["file"], content["text"], content["sha256"]])
            self._trace.sources[source.file] = source
        else:
            self._trace.note(kind, content)

    def function(self, base: int, number: int) -> Function:
        """A function by its piece's base and its number."""
        return self._functions[base, number]


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
