"""Code that was taken apart is split: what a module needs when it is imported, and what its functions need when called.

Constants that several functions share stay one object, as the compiler has made them.
"""

from __future__ import annotations

import inspect
import marshal
from collections import defaultdict
from collections.abc import Container, Iterator
from opcode import opname
from types import CodeType

from .accelerate import IN_PYTHON
from .later import CONSTANT, Deferred, LaterPiece, Part
from .linking import Piece, Pieces, packed

_BEGINS = ("enter_", "entry_", "begin_")
"""What the names of the probes that begin a call start with."""
_NATIVE = ("begin_", "given_", "native_", *(f"{what}_" for what in IN_PYTHON))
"""And those of the helper's probes, which are made without running Python code."""
_BEFORE = frozenset(
    (
        *("CACHE", "NOP", "RESUME", "EXTENDED_ARG", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_GENERATOR", "GEN_START"),
        *("POP_TOP", "PUSH_NULL", "LOAD_CONST", "LOAD_FAST", "LOAD_FAST_LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_DEREF"),
        *("LOAD_CLOSURE", "BUILD_TUPLE", "MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE"),
    )
)
"""The instructions of a function before it calls the probe that begins its call."""
_CALLS = ("PRECALL", "CALL", "CALL_FUNCTION")
_FUNCTION = inspect.CO_OPTIMIZED | inspect.CO_NEWLOCALS
_BYTE = 8
_MODULE = -1
"""What holds a constant that no function holds which is completed later."""
_LATIN = 0xFF
_ONE_ANYHOW = range(-5, 257)
"""The integers that are one object wherever they occur."""


def postponed(pieces: Pieces) -> tuple[Deferred, bytes]:
    """What is completed at once, and the parts that are completed later."""
    return _Split(*pieces).result()


class _Split:
    """One module's pieces.

    Arguments:
        names: the names in them.
        pieces: its code objects, inner ones before those that hold them.
    """

    def __init__(self, names: tuple[str, ...], pieces: tuple[Piece, ...]) -> None:
        self._names = names
        self._pieces = pieces
        self._needed: dict[int, list[int]] = {}
        """By the number of a function that is completed later the places of the constants that it needs to begin, its
        entry first."""
        self._at_once = sorted(self._needed_at_once(len(pieces) - 1))
        self._holders: dict[int, set[int]] = defaultdict(set)
        """By the id of a constant the functions that are completed later which hold it, or the module."""
        self._shared: dict[int, tuple[str, object]] = {}
        """By their ids the constants with several holders, and their names."""
        self._others: dict[str, None] = {}
        self._parts = bytearray()

    def result(self) -> tuple[Deferred, bytes]:
        for number in self._at_once:
            self._note_holder(number)
        names: dict[str, int] = {}
        at: dict[int, int] = {}
        codes: list[Piece | LaterPiece] = []
        for number in self._at_once:
            codes.append(self._later(number, at) if number in self._needed else self._moved(number, names, at))
            at[number] = len(codes) - 1
        counts = any(piece[3] for piece in self._pieces)
        shared = tuple(constant for _, constant in self._shared.values())
        return Deferred(tuple(names), tuple(codes), shared, tuple(self._others), counts), bytes(self._parts)

    # -- which -----------------------------------------------------------------------------------

    def _needed_at_once(self, number: int) -> Iterator[int]:
        """The code that a module needs; functions that are completed later are noted."""
        yield number
        code, *_, places, inner = self._pieces[number]
        needed = self._needed_to_begin(number) if code.co_flags & _FUNCTION == _FUNCTION else None
        if needed is not None:
            self._needed[number] = needed
        for place, at in zip(places, inner):
            if needed is None or place in needed:
                yield from self._needed_at_once(at)

    def _needed_to_begin(self, number: int) -> list[int] | None:
        """The places of the constants that a function loads until it calls the probe that begins its call, that of the
        probe first; None if it does not begin so."""
        code, places, numbers, id_places, *_ = self._pieces[number]
        begins = {place for place, at in zip(places, numbers) if self._names[at].startswith(_BEGINS)}
        found = _loaded_before_call(code)
        return found if found and found[0] in begins and {*places, *id_places}.isdisjoint(found[1:]) else None

    def _within(self, number: int) -> Iterator[int]:
        """The code in a function that is completed with it, inner code first."""
        *_, places, inner = self._pieces[number]
        for place, at in zip(places, inner):
            if place not in self._needed.get(number, ()):
                yield from self._within(at)
                yield at

    # -- constants that are one object -----------------------------------------------------------

    def _note_holder(self, number: int) -> None:
        kept = self._kept(number)
        for place, constant in enumerate(self._pieces[number][0].co_consts):
            self._hold(constant, number if kept is not None and place not in kept else _MODULE)
        for inner in () if kept is None else self._within(number):
            for constant in self._pieces[inner][0].co_consts:
                self._hold(constant, number)

    def _hold(self, constant: object, holder: int) -> None:
        for one in _identities(constant):
            self._holders[one].add(holder)

    def _kept(self, number: int) -> Container[int] | None:
        """The places of a function's constants that are there from the first; None if all are."""
        needed = self._needed.get(number)
        return None if needed is None else {0, *needed}  # the first is the text that documents it

    def _shared_name(self, constant: object) -> str | None:
        """The name of a constant that has several holders, or of which a part has."""
        if all(len(self._holders[one]) < 2 for one in _identities(constant)):
            return None
        known = self._shared.setdefault(id(constant), (f"{CONSTANT}{len(self._shared)}", constant))
        return known[0]

    # -- pieces and parts ------------------------------------------------------------------------

    def _moved(self, number: int, names: dict[str, int], at: dict[int, int]) -> Piece:
        """A piece among others, with the numbers that names and code have there."""
        code, name_places, numbers, id_places, first, ids, places, inner = self._pieces[number]
        now = packed(names.setdefault(self._names[name], len(names)) for name in numbers)
        return code, name_places, now, id_places, first, ids, places, packed(at[one] for one in inner)

    def _later(self, number: int, at: dict[int, int]) -> LaterPiece:
        """A function that is completed later; its part is added."""
        code, name_places, numbers, id_places, first, ids, places, inner = self._pieces[number]
        entry, *needed = self._needed[number]
        names: dict[str, int] = {}
        here: dict[int, int] = {}
        pieces: list[Piece] = []
        for one in self._within(number):
            pieces.append(self._inner(one, names, here))
            here[one] = len(pieces) - 1
        values, named = self._split_constants(code, {0, entry, *needed}, names)
        probes = {place: self._part_name(self._names[name], names) for place, name in zip(name_places, numbers)}
        begin = probes.pop(entry)
        named.update(probes)
        later = {place: here[one] for place, one in zip(places, inner) if place not in needed}
        before = {place: at[one] for place, one in zip(places, inner) if place in needed}
        part = Part(
            places=packed(values),
            values=tuple(values.values()),
            names=tuple(names),
            name_places=packed(named),
            numbers=packed(named.values()),
            id_places=id_places,
            first=first,
            ids=ids,
            inner_places=packed(later),
            inner=packed(later.values()),
            pieces=tuple(pieces),
            entry=begin,
        )
        start = len(self._parts)
        self._parts += marshal.dumps((*part,))
        kept = tuple(one if place in (0, *needed) else None for place, one in enumerate(code.co_consts))
        return code.replace(co_consts=kept), entry, start, len(self._parts), packed(before), packed(before.values())

    def _inner(self, number: int, names: dict[str, int], here: dict[int, int]) -> Piece:
        """Code in a function that is completed later."""
        code, name_places, numbers, id_places, first, ids, places, inner = self._pieces[number]
        values, named = self._split_constants(code, (), names)
        named.update((place, self._part_name(self._names[name], names)) for place, name in zip(name_places, numbers))
        constants = tuple(values.get(place) for place in range(len(code.co_consts)))
        return (
            code.replace(co_consts=constants),
            *(packed(named), packed(named.values())),
            *(id_places, first, ids),
            *(places, packed(here[one] for one in inner)),
        )

    def _split_constants(
        self, code: CodeType, kept: Container[int], names: dict[str, int]
    ) -> tuple[dict[int, object], dict[int, int]]:
        """By their places those constants that are a part's own, and the numbers of the names of others."""
        values: dict[int, object] = {}
        named: dict[int, int] = {}
        for place, constant in enumerate(code.co_consts):
            if place in kept or constant is None:
                continue
            name = self._shared_name(constant)
            if name is None:
                values[place] = constant
            else:
                named[place] = self._part_name(name, names)
        return values, named

    def _part_name(self, name: str, names: dict[str, int]) -> int:
        """The number of a name in a part."""
        if not name.startswith((CONSTANT, *_NATIVE)):
            self._others[name] = None
        return names.setdefault(name, len(names))


def _loaded_before_call(code: CodeType) -> list[int]:
    """The places of the constants that code loads before it calls something; none if it does other things first."""
    raw, argument = code.co_code, 0
    found: list[int] = []
    for offset in range(0, len(raw), 2):
        name = opname[raw[offset]]
        argument = argument << _BYTE | raw[offset + 1]
        if name in _CALLS:
            return found
        if name not in _BEFORE:
            return []
        if name == "LOAD_CONST":
            found.append(argument)
        if name != "EXTENDED_ARG":
            argument = 0
    return []


def _identities(constant: object) -> Iterator[int]:
    """The ids of a constant and of its parts, but for those that are one object wherever they occur."""
    kind = type(constant)
    if kind is tuple or kind is frozenset:
        if constant:
            yield id(constant)
        for one in constant:  # type: ignore[attr-defined]
            yield from _identities(one)
    elif kind in (float, complex, slice):
        yield id(constant)
    elif kind is int:
        if constant not in _ONE_ANYHOW:
            yield id(constant)
    elif kind in (str, bytes) and not _is_one_anyhow(constant):  # type: ignore[arg-type]
        yield id(constant)


def _is_one_anyhow(constant: str | bytes) -> bool:
    """Whether a text is one object wherever it occurs: it is short, or it looks like a name, which is interned."""
    if isinstance(constant, bytes) or not constant:
        return not constant
    if len(constant) == 1:
        return ord(constant) <= _LATIN
    return constant.isascii() and constant.replace("_", "a").isalnum()
