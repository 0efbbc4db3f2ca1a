"""Functions whose code is completed when they are first called: most functions of a program never are.

What is unpacked when a module is imported has, of such a function, all that can be asked without calling it; but of its
constants only those that it needs to begin. What it calls first, in the place of the probe that begins the call, is the
compiled helper's ``Later``: that unpacks the rest, and puts it among the constants for good.
"""

from __future__ import annotations

import marshal
from collections.abc import Mapping
from types import CodeType
from typing import Any, NamedTuple

from .accelerate import native
from .linking import Numbers, Piece, Pieces, Resolve, base_of, is_moved, packed, put_together

LaterPiece = tuple[CodeType, int, int, int, Numbers, Numbers]
"""Code that is completed later: where the probe that begins its calls stands among its constants; where the rest of it
starts and ends; and the code in it that it needs to begin, as in a ``Piece``."""
_PIECE = 8

CONSTANT = "constant_"
"""What the names of constants start with."""


class Part(NamedTuple):
    """The rest of such code, in the order in which native/code.c takes it."""

    places: Numbers
    values: tuple[Any, ...]
    names: tuple[str, ...]
    """What the numbers of names stand for in it; constants that several parts share have names, too."""
    name_places: Numbers
    numbers: Numbers
    id_places: Numbers
    first: int
    ids: Numbers
    inner_places: Numbers
    inner: Numbers
    pieces: tuple[Piece, ...]
    """The code in it."""
    entry: int
    """The number of the name of the probe that begins its calls."""


class Deferred(NamedTuple):
    """A module's code, most of which is completed later."""

    names: tuple[str, ...]
    """The names in what is completed at once."""
    codes: tuple[Piece | LaterPiece, ...]
    shared: tuple[Any, ...]
    """Constants that several parts share: ``constant_0``, …"""
    others: tuple[str, ...]
    """The names in the parts, but for those of constants and of the helper's probes."""
    counts: bool
    """Whether there are ids of events in it."""


class Stored(NamedTuple):
    """The same with what is completed later."""

    found: Deferred
    parts: bytes
    """What is completed later, and more after it."""

    def code(self, filename: str, resolve: Resolve, makers: Mapping[str, object]) -> CodeType:
        """The module's code; what is in it is used up.

        Arguments:
            filename: the file that it is to have.
            resolve: gives what names stand for.
            makers: what makes the helper's probes, by what their names start with.
        """
        names, codes, shared, others, counts = self.found
        constants = {f"{CONSTANT}{number}": constant for number, constant in enumerate(shared)}
        if native is not None and not is_moved(codes, filename):
            base = base_of(resolve) if counts else 0
            known = {**constants, **dict(zip(others, resolve(others)))}
            made = resolve(names)
            code: CodeType | None = native.completed(codes, made, base, self.parts, known, dict(makers))
            if code is not None:
                return code
        names, pieces = self.whole()
        probes = [name for name in names if name not in constants]
        known = constants | dict(zip(probes, resolve(tuple(probes))))

        def find(asked: tuple[str, ...]) -> list[object]:
            return [known[name] if name in known else resolve((name,))[0] for name in asked]

        return put_together((names, pieces), filename, find)

    def whole(self) -> Pieces:
        """All of it in pieces that are completed at once."""
        return _Whole(self).pieces()


class _Whole:
    """Puts parts where they belong."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._names = {name: number for number, name in enumerate(stored.found.names)}
        self._pieces: list[Piece] = []

    def pieces(self) -> Pieces:
        at: list[int] = []
        for piece in self._stored.found.codes:
            if len(piece) == _PIECE:
                self._add(piece, at)
            else:
                self._add_part(piece, at)  # type: ignore[arg-type]
            at.append(len(self._pieces) - 1)
        return tuple(self._names), tuple(self._pieces)

    def _add(self, piece: tuple[Any, ...], at: list[int]) -> None:
        """A piece whose names have the numbers that they have now; the code in it is elsewhere."""
        *rest, inner = piece
        self._pieces.append((*rest, packed([at[number] for number in inner])))  # type: ignore[arg-type]

    def _add_part(self, piece: LaterPiece, at: list[int]) -> None:
        code, place, start, end, outer_places, outer = piece
        part = Part._make(marshal.loads(memoryview(self._stored.parts)[start:end]))
        now = [self._names.setdefault(name, len(self._names)) for name in part.names]
        here: list[int] = []
        for inner, name_places, numbers, *rest in part.pieces:
            self._add((inner, name_places, packed([now[number] for number in numbers]), *rest), here)
            here.append(len(self._pieces) - 1)
        constants = list(code.co_consts)
        for at_place, value in zip(part.places, part.values):
            constants[at_place] = value
        self._pieces.append(
            (
                code.replace(co_consts=tuple(constants)),
                packed([place, *part.name_places]),
                packed([now[number] for number in (part.entry, *part.numbers)]),
                *(part.id_places, part.first, part.ids),
                packed([*outer_places, *part.inner_places]),
                packed([*(at[number] for number in outer), *(here[number] for number in part.inner)]),
            )
        )
