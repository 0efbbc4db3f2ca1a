"""From sentinel constants to what they name: code is taken apart once, and put together each time it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import CodeType, MappingProxyType
from typing import Any

from .graft import IDS, SENTINEL
from .model import Scope, Tables

_LENGTH = len(SENTINEL)
_AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})

Piece = tuple[
    CodeType, tuple[int, ...], tuple[str, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]
]
"""One code object with gaps among its constants, and what fills them: at these places probes of these names, at these
ids of events (counted from the first of the piece of source), at these the pieces of these numbers."""


def take_apart(code: CodeType, renamed: Mapping[str, str] = _AS_THEY_ARE) -> tuple[Piece, ...]:
    """Code with sentinels as pieces, inner ones before those that hold them.

    Arguments:
        code: what was compiled.
        renamed: other names for some of the sentinels.
    """
    pieces: list[Piece] = []
    _take_apart(code, renamed, pieces)
    return tuple(pieces)


def _take_apart(code: CodeType, renamed: Mapping[str, str], pieces: list[Piece]) -> int:
    constants: list[Any] = list(code.co_consts)
    names: dict[int, str] = {}
    ids: dict[int, int] = {}
    inner: dict[int, int] = {}
    for place, constant in enumerate(constants):
        if type(constant) is CodeType:
            inner[place] = _take_apart(constant, renamed, pieces)
        elif type(constant) is str and constant[:_LENGTH] == SENTINEL:
            name = constant[_LENGTH:]
            if name.startswith(IDS):
                ids[place] = int(name[len(IDS) :])
            else:
                names[place] = renamed.get(name, name)
        else:
            continue
        constants[place] = None
    pieces.append(
        (
            code.replace(co_consts=tuple(constants)),
            *(tuple(names), tuple(names.values())),
            *(tuple(ids), tuple(ids.values())),
            *(tuple(inner), tuple(inner.values())),
        )
    )
    return len(pieces) - 1


def put_together(pieces: tuple[Piece, ...], filename: str, resolve: Callable[[str], Any]) -> CodeType:
    """The code that was taken apart, with what the sentinels name.

    This is done at each import for every function of a module: so it is one loop, and asks for each name once.

    Arguments:
        pieces: from ``take_apart``.
        filename: the file that the code is to have; where pieces come from a cache, the file may have been moved.
        resolve: gives what a name stands for; of the ids of events it is asked for the first.
    """
    made = _Made(resolve)
    moved = pieces[-1][0].co_filename != filename
    base = resolve(f"{IDS}0") if any(piece[3] for piece in pieces) else 0
    done: list[CodeType] = []
    for code, name_places, names, id_places, ids, inner_places, inner in pieces:
        constants = list(code.co_consts)
        for place, name in zip(name_places, names):
            constants[place] = made[name]
        for place, number in zip(id_places, ids):
            constants[place] = base + number
        for place, number in zip(inner_places, inner):
            constants[place] = done[number]
        if moved:
            done.append(code.replace(co_consts=tuple(constants), co_filename=filename))
        elif name_places or id_places or inner_places:
            done.append(code.replace(co_consts=tuple(constants)))
        else:
            done.append(code)
    return done[-1]


class _Made(dict[str, Any]):
    """What names stand for, asked for once."""

    def __init__(self, resolve: Callable[[str], Any]) -> None:
        super().__init__()
        self._resolve = resolve

    def __missing__(self, name: str) -> Any:
        made = self[name] = self._resolve(name)
        return made


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
