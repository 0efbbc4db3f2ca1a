"""From sentinel constants to what they name: code is taken apart once, and put together each time it is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, MappingProxyType
from typing import Any

from .accelerate import native
from .events import ALL, FEW, SOME, id_of, id_of_entry
from .graft import SENTINEL
from .model import Scope, Tables

_LENGTH = len(SENTINEL)
_BYTE = 256
_FIRST_ID = "few_id_0"
"""The name of the first id of a piece of source."""
_AS_THEY_ARE: Mapping[str, str | int] = MappingProxyType({})

Numbers = bytes | tuple[int, ...]
"""Small numbers as bytes: these are read from a cache in no time, and the garbage collector need not look at them."""

Piece = tuple[CodeType, Numbers, Numbers, Numbers, int, Numbers, Numbers, Numbers]
"""One code object with gaps among its constants, and what fills them: at these places probes of names of these numbers,
at these the ids of events (the first of them, counted from that of the piece of source, and how far each is from it),
and at these the code objects of the pieces of these numbers."""

Resolve = Callable[[tuple[str, ...]], list[Any]]
"""Gives what names stand for."""

Pieces = tuple[tuple[str, ...], tuple[Piece, ...]]
"""Code that was taken apart: the names in it, and its code objects, inner ones before those that hold them."""


def take_apart(
    code: CodeType, meanings: Mapping[str, str | int] = _AS_THEY_ARE, *, filename: str | None = None
) -> Pieces:
    """Code with sentinels as pieces.

    Arguments:
        code: what was compiled.
        meanings: other names for some of the sentinels, and the ids of events, counted from the first.
        filename: the file that the pieces are to name; by default that of the code.
    """
    names: dict[str, int] = {}
    pieces: list[Piece] = []
    _take_apart(code, meanings, filename or code.co_filename, names, pieces)
    return tuple(names), tuple(pieces)


def _take_apart(
    code: CodeType, meanings: Mapping[str, str | int], filename: str, names: dict[str, int], pieces: list[Piece]
) -> int:
    constants: list[Any] = list(code.co_consts)
    named: dict[int, int] = {}
    ids: dict[int, int] = {}
    inner: dict[int, int] = {}
    for place, constant in enumerate(constants):
        if type(constant) is CodeType:
            inner[place] = _take_apart(constant, meanings, filename, names, pieces)
        elif type(constant) is str and constant[:_LENGTH] == SENTINEL:
            meaning = meanings.get(constant[_LENGTH:], constant[_LENGTH:])
            if type(meaning) is int:
                ids[place] = meaning
            else:
                named[place] = names.setdefault(str(meaning), len(names))
        else:
            continue
        constants[place] = None
    first = min(ids.values(), default=0)
    pieces.append(
        (
            code.replace(co_consts=tuple(constants), co_filename=filename),
            *(packed(named), packed(named.values())),
            *(packed(ids), first, packed([number - first for number in ids.values()])),
            *(packed(inner), packed(inner.values())),
        )
    )
    return len(pieces) - 1


def packed(numbers: Iterable[int]) -> Numbers:
    """Numbers as a piece holds them."""
    found = tuple(numbers)
    return bytes(found) if max(found, default=0) < _BYTE else found


def is_moved(codes: Sequence[tuple[Any, ...]], filename: str) -> bool:
    """Whether the code was compiled under another file's name."""
    return bool(codes[-1][0].co_filename != filename)


def base_of(resolve: Resolve) -> int:
    """What the ids of events in a piece of source are counted from."""
    base: int = resolve((_FIRST_ID,))[0]
    return base


def put_together(pieces: Pieces, filename: str, resolve: Resolve) -> CodeType:
    """The code that was taken apart, with what the sentinels name.

    This is done at each import for every function of a module: so it is one loop, and asks for each name once. The
    pieces are used up: the compiled helper fills their gaps in place.

    Arguments:
        pieces: from ``take_apart``.
        filename: the file that the code is to have; where pieces come from a cache, the file may have been moved.
        resolve: gives what names stand for; of the ids of events it is asked for the first.
    """
    names, codes = pieces
    made = resolve(names)
    moved = is_moved(codes, filename)
    base = base_of(resolve) if any(piece[3] for piece in codes) else 0
    if native is not None and not moved:
        code: CodeType | None = native.completed(codes, made, base, b"", {}, {})
        if code is not None:
            return code
    done: list[CodeType] = []
    for code, name_places, numbers, id_places, first, ids, inner_places, inner in codes:
        constants = list(code.co_consts)
        for place, number in zip(name_places, numbers):
            constants[place] = made[number]
        start = base + first
        for place, number in zip(id_places, ids):
            constants[place] = start + number
        for place, number in zip(inner_places, inner):
            constants[place] = done[number]
        if moved:
            done.append(code.replace(co_consts=tuple(constants), co_filename=filename))
        elif name_places or id_places or inner_places:
            done.append(code.replace(co_consts=tuple(constants)))
        else:
            done.append(code)
    return done[-1]


def link(code: CodeType, filename: str, resolve: Resolve) -> CodeType:
    """Replace every sentinel constant in ``code`` and the code nested in it by what it names."""
    return put_together(take_apart(code), filename, resolve)


def meanings_of(tables: Tables, *, events: str) -> dict[str, str | int]:
    """What the sentinels of a whole module mean, where that can be told before it is linked.

    Functions whose calls are alike share a name; ids of events are numbers. So code is linked without asking for the
    module's tables.

    Arguments:
        tables: the module's.
        events: how it makes events for a recorder, which numbers the calls of each function; empty if it makes records.
    """
    found: dict[str, str | int] = {}
    for scope in tables.scopes:
        found[f"call_{scope.number}"] = calling_name(scope)
        found[f"leave_{scope.number}"] = "leave_0"
        if events:
            found[f"enter_id_{scope.number}"] = id_of_entry(0, len(tables.sites), scope.number)
        else:
            found[f"enter_{scope.number}"] = entry_name(scope)
    if events:
        for site in tables.sites:
            for name, form in (("few", FEW), ("all", ALL), ("some", SOME)):
                found[f"{name}_id_{site.number}"] = id_of(0, site.number, form)
    return found


def entry_name(scope: Scope) -> str:
    """The name of what begins a call of a function; one that is given secrets has its own."""
    if scope.given_secrets:
        return f"enter_{scope.number}"
    size, by_frame, namespace = scope.entering
    return f"entry_{size}_{by_frame:d}_{namespace:d}"


def calling_name(scope: Scope) -> str:
    """The name of what finds the state of a call of a function that goes on."""
    return f"calling_{scope.entering.slots}_{scope.namespace:d}"
