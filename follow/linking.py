"""From sentinel constants to what they name: code is taken apart once, and put together each time it is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import CodeType, MappingProxyType
from typing import Any

from .graft import IDS, SENTINEL
from .model import Scope, Tables

_LENGTH = len(SENTINEL)
_BYTE = 256
_AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})

Numbers = bytes | tuple[int, ...]
"""Small numbers as bytes: these are read from a cache in no time, and the garbage collector need not look at them."""

Piece = tuple[CodeType, Numbers, Numbers, Numbers, int, Numbers, Numbers, Numbers]
"""One code object with gaps among its constants, and what fills them: at these places probes of names of these numbers,
at these the ids of events (the first of them, counted from that of the piece of source, and how far each is from it),
and at these the code objects of the pieces of these numbers."""

Pieces = tuple[tuple[str, ...], tuple[Piece, ...]]
"""Code that was taken apart: the names in it, and its code objects, inner ones before those that hold them."""


def take_apart(code: CodeType, renamed: Mapping[str, str] = _AS_THEY_ARE) -> Pieces:
    """Code with sentinels as pieces.

    Arguments:
        code: what was compiled.
        renamed: other names for some of the sentinels.
    """
    names: dict[str, int] = {}
    pieces: list[Piece] = []
    _take_apart(code, renamed, names, pieces)
    return tuple(names), tuple(pieces)


def _take_apart(code: CodeType, renamed: Mapping[str, str], names: dict[str, int], pieces: list[Piece]) -> int:
    constants: list[Any] = list(code.co_consts)
    named: dict[int, int] = {}
    ids: dict[int, int] = {}
    inner: dict[int, int] = {}
    for place, constant in enumerate(constants):
        if type(constant) is CodeType:
            inner[place] = _take_apart(constant, renamed, names, pieces)
        elif type(constant) is str and constant[:_LENGTH] == SENTINEL:
            name = constant[_LENGTH:]
            if name.startswith(IDS):
                ids[place] = int(name[len(IDS) :])
            else:
                named[place] = names.setdefault(renamed.get(name, name), len(names))
        else:
            continue
        constants[place] = None
    first = min(ids.values(), default=0)
    pieces.append(
        (
            code.replace(co_consts=tuple(constants)),
            *(_numbers(named), _numbers(named.values())),
            *(_numbers(ids), first, _numbers([number - first for number in ids.values()])),
            *(_numbers(inner), _numbers(inner.values())),
        )
    )
    return len(pieces) - 1


def _numbers(found: Collection[int]) -> Numbers:
    return bytes(found) if max(found, default=0) < _BYTE else tuple(found)


def put_together(pieces: Pieces, filename: str, resolve: Callable[[str], Any]) -> CodeType:
    """The code that was taken apart, with what the sentinels name.

    This is done at each import for every function of a module: so it is one loop, and asks for each name once.

    Arguments:
        pieces: from ``take_apart``.
        filename: the file that the code is to have; where pieces come from a cache, the file may have been moved.
        resolve: gives what a name stands for; of the ids of events it is asked for the first.
    """
    names, codes = pieces
    made = list(map(resolve, names))
    moved = codes[-1][0].co_filename != filename
    base = resolve(f"{IDS}0") if any(piece[3] for piece in codes) else 0
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


def link(code: CodeType, filename: str, resolve: Callable[[str], Any]) -> CodeType:
    """Replace every sentinel constant in ``code`` and the code nested in it by what it names."""
    return put_together(take_apart(code), filename, resolve)


def shared_names(tables: Tables, *, events: bool) -> dict[str, str]:
    """Names for what functions share whose calls are alike, by those of the single functions.

    So the code of a whole module is linked without asking for its tables.

    Arguments:
        tables: the module's.
        events: whether it is rewritten for a recorder, which numbers the calls of each function.
    """
    found: dict[str, str] = {}
    for scope in tables.scopes:
        found[f"call_{scope.number}"] = calling_name(scope)
        found[f"leave_{scope.number}"] = "leave_0"
        if not events:
            found[f"enter_{scope.number}"] = entry_name(scope)
    return found


def entry_name(scope: Scope) -> str:
    """The name of what begins a call of a function."""
    size, by_frame, namespace = scope.entering
    return f"entry_{size}_{by_frame:d}_{namespace:d}"


def calling_name(scope: Scope) -> str:
    """The name of what finds the state of a call of a function that goes on."""
    return f"calling_{scope.entering.slots}_{scope.namespace:d}"
