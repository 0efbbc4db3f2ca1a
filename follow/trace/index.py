"""What a trace file holds where, so that one event or one variable's changes are found without reading all of it.

It is built by one walk over the file, which unpacks every frame but makes no events, and kept beside the file.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgpack

from ..events import ALL, RAISED, SET, SILENCE, SOME, UNCOUNTED
from .catalogue import Catalogue, Meaning

VERSION = 1
_WORTH_KEEPING = 1 << 20
"""The index of a smaller file is built each time."""

Variable = tuple[int, int, str]
"""A variable: its piece's base, its function's number, its name."""


@dataclass(slots=True)
class EventFrame:
    """One frame of events.

    Attributes:
        offset: where it starts in the file.
        first: the sequence number of its first event.
        count: how many events it has.
        changes: by variable, how many of them tell a value of it.
    """

    offset: int
    first: int
    count: int
    changes: dict[Variable, int]


@dataclass(slots=True)
class Index:
    """Where things stand in a file.

    Attributes:
        frames: its frames of events.
        others: where the frames start that tell what events mean.
        silenced: pieces of source of which nothing counts from a sequence number on: pairs of base and number.
        functions: of the calls whose variables an event tells without their function: that function.
    """

    frames: list[EventFrame] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    silenced: list[tuple[int, int]] = field(default_factory=list)
    functions: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """How many events there are."""
        return self.frames[-1].first + self.frames[-1].count - 1 if self.frames else 0


class Builder:
    """Takes in the frames of a file one after another.

    Arguments:
        catalogue: what the ids mean; it must know a frame's ids before the frame comes.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.index = Index()
        self._catalogue = catalogue
        self._looks = _Looks(self._look_for)
        self._always: dict[int, tuple[Variable, ...]] = {}
        self._calls: dict[int, tuple[int, int]] = {}
        self._changes: Counter[Variable] = Counter()
        self._sequence = 1
        self._silenced: set[int] = set()
        self._ids: list[int] = []

    def take(self, offset: int, items: list[Any] | None) -> None:
        """Take in one frame, by its place in the file and its events; None where it holds no events."""
        if items is None:
            self.index.others.append(offset)
        else:
            self._take_events(offset, items)

    def _take_events(self, offset: int, items: list[Any]) -> None:
        lengths, looks, position, end = self._catalogue.lengths, self._looks, 0, len(items)
        first, self._changes, self._ids = self._sequence, Counter(), []
        ids = self._ids
        while position < end:
            number = items[position]
            look = looks[number]
            if look is not None:
                look(items, position)
            ids.append(number)
            position += lengths[number]
        self._count()
        self.index.frames.append(EventFrame(offset, first, self._sequence - first, dict(self._changes)))

    def _count(self) -> None:
        """Count what has been passed since it was counted last."""
        for number, times in Counter(self._ids).items():
            self._sequence += times if number not in UNCOUNTED else 0
            for variable in self._always[number]:
                self._add(variable, times)
        self._ids.clear()

    def _add(self, variable: Variable, times: int = 1) -> None:
        if variable[0] not in self._silenced:
            self._changes[variable] += times

    # -- what is looked at in single events ----------------------------------------------------------

    def _look_for(self, number: int) -> _Look | None:
        """What must be done for each event of an id; None where it is enough to count them."""
        self._always[number] = ()
        if number == SET:
            return self._set
        if number == RAISED:
            return self._raised
        if number == SILENCE:
            return self._silence
        if number < SILENCE:
            return None
        meaning = self._catalogue.meaning(number)
        function = meaning.piece.base, meaning.function.number
        statement = meaning.statement
        if statement is None:
            self._always[number] = tuple((*function, name) for name in meaning.function.entered)
            return self._entered(function) if meaning.function.slots else None
        if statement.changes:
            return lambda items, position: self._note(function, items[position + 2])
        bound = statement.bound + (statement.cells if meaning.form == ALL else ())
        self._always[number] = tuple((*function, name) for name in bound)
        return self._may_have_changed(meaning, function, 2 + len(bound))

    def _may_have_changed(self, meaning: Meaning, function: tuple[int, int], offset: int) -> _Look | None:
        statement = meaning.statement
        assert statement is not None
        names = {ALL: statement.again, SOME: statement.bases}.get(meaning.form, ())
        variables = [(*function, name) for name in names]
        together = meaning.form == ALL and statement.together

        def look(items: list[Any], position: int) -> None:
            start = position + offset
            values = items[start] or () if together else items[start : start + len(variables)]
            for variable, value in zip(variables, values):
                if value is not None:
                    self._add(variable)

        return look if variables else None

    def _entered(self, function: tuple[int, int]) -> _Look:
        def look(items: list[Any], position: int) -> None:
            self._calls[items[position + 1]] = function

        return look

    def _set(self, items: list[Any], position: int) -> None:
        _, call, values, _ = items[position : position + 4]
        function = self.index.functions[call] = self._calls.get(call, (0, 0))
        self._note(function, values)

    def _raised(self, items: list[Any], position: int) -> None:
        meaning = self._catalogue.meaning(items[position + 2])
        self._note((meaning.piece.base, meaning.function.number), items[position + 3])

    def _silence(self, items: list[Any], position: int) -> None:
        self._count()
        self._silenced.add(items[position + 1])
        self.index.silenced.append((items[position + 1], self._sequence))

    def _note(self, function: tuple[int, int], values: dict[Any, Any]) -> None:
        slots = self._slots(function)
        for key in values:
            self._add((*function, slots[key] if type(key) is int and slots else key))

    def _slots(self, function: tuple[int, int]) -> tuple[str, ...]:
        return self._catalogue.contents(*function)[0].slots if function[0] else ()


_Look = Callable[[list[Any], int], None]


class _Looks(dict[int, "_Look | None"]):
    """What must be done for each event, by its id; found when it is first asked for."""

    def __init__(self, find: Callable[[int], _Look | None]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, number: int) -> _Look | None:
        look = self[number] = self._find(number)
        return look


# -- beside the file --------------------------------------------------------------------------------


def read(path: Path) -> Index | None:
    """The index that is kept for a file, or None if there is none of the file as it is now."""
    try:
        data = _place(path).read_bytes()
        kept, mark, content = msgpack.unpackb(data, strict_map_key=False, use_list=False)
        if kept != VERSION or mark != _mark(path):
            return None
        frames, others, silenced, functions = content
        numbers = [
            *others,
            *(number for frame in frames for number in frame[:3]),
            *(one for pair in silenced for one in pair),
        ]
        if not all(type(number) is int for number in numbers):
            return None
        return Index(
            [EventFrame(offset, first, count, dict(changes)) for offset, first, count, changes in frames],
            list(others),
            list(silenced),
            dict(functions),
        )
    except (OSError, ValueError, TypeError, msgpack.UnpackException):
        return None


def keep(path: Path, index: Index) -> None:
    """Keep an index beside its file; where that cannot be written, it is not kept."""
    if path.stat().st_size < _WORTH_KEEPING:
        return
    frames = [(frame.offset, frame.first, frame.count, list(frame.changes.items())) for frame in index.frames]
    content = frames, index.others, index.silenced, list(index.functions.items())
    temporary = path.with_name(f"{path.name}.index.{os.getpid()}")
    with contextlib.suppress(OSError):
        temporary.touch(0o600)
        temporary.write_bytes(msgpack.packb((VERSION, _mark(path), content)))
        os.replace(temporary, _place(path))


def _place(path: Path) -> Path:
    return path.with_name(path.name + ".index")


def _mark(path: Path) -> tuple[int, int]:
    """What tells this state of the file from others: its size, and a checksum of its ends."""
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - (1 << 16), 0))
        last = file.read()
        file.seek(0)
        return size, zlib.crc32(last, zlib.crc32(file.read(1 << 12)))
