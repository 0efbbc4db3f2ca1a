"""The code of a recorder's probes that are functions: compiled once a shape, as for other followers."""

from __future__ import annotations

import functools
from types import CodeType
from typing import Any

from .events import Held
from .looks import look_of
from .model import CELL, ELISION, GLOBAL, SLOT, VALUE, WATCH, Scope, Shown, Site
from .state import CALL, CELLS, SLOTS, YIELDED
from .template import function_code, read, sources_of

FULL = "len(buffer) > limit.value and look()"
"""What a probe does now and then: see whether what has been gathered is to be handed over."""


def event_shape(site: Site, scope: Scope, held: Held, gives: bool) -> tuple[Any, ...]:
    """What decides a probe's code: sites that agree in it share one."""
    return (
        len(site.arguments),
        tuple((shown.place, shown.index, shown.name in scope.secret) for shown in (*held.bound, *held.cells)),
        tuple((shown.place, shown.index, look_of(site.instruction, shown.name)) for shown in held.again),
        held.together,
        site.stores,
        site.clears,
        gives,
        site.result == "yield",
        site.kind,
        site.hides,
        scope.namespace,
        scope.stateless,
        sources_of(site),
        scope.guard(site),
        scope.sink(site),
        scope.windows,
    )


@functools.cache
def event_template(shape: tuple[Any, ...]) -> CodeType:
    """The code of all probes of one shape: they differ only in what their globals hold."""
    arguments, bound, again, together, stores, clears, gives, yields, kind, hides, namespace, stateless, *rest = shape
    sources, flag, sink, windows = rest
    names = [f"a{index}" for index in range(arguments)]
    lines = [f"def probe({', '.join(['state', *(['value'] if gives else []), *names])}):"]
    lines += [f" state[{SLOTS + slot}] = a{argument}" for slot, argument in stores]
    cleared = [f" state[{SLOTS + slot}] = MISSING" for slot in clears]
    parts = ["number", "state" if stateless else f"state[{CALL}]"]
    if namespace:
        parts.append(f"gather(state[{CELLS}], state[{SLOTS}], names)")
    else:
        parts += [
            f"watch{index}({', '.join(read(*one) for one in sources[index])})"
            if place == WATCH
            else _value(Shown("", place, index), secret=secret)
            for place, index, secret in bound
        ]
        reads = [(_read(Shown("", place, index)), level) for place, index, level in again]
        if together:
            values = ", ".join(value for value, _ in reads)
            parts.append(f"changes(({values},), {tuple(level for _, level in reads)})")
        else:
            parts += [f"look_{level}({value})" for value, level in reads]
        if yields:
            parts.append(f"state[{YIELDED}]")
        elif gives and kind in ("return", "lambda"):
            parts.append("hide(value)" if hides else _atom_or_copy("value"))
        elif kind == "return":
            parts.append("None")
    if kind == ELISION:
        parts.append("count")
    taken = "extend(" if sink < 0 else f"(state[{sink}] or extend)("
    if kind == ELISION and windows:
        taken = "begin(state, "
    event = f" {taken}({', '.join(parts)}, now()))"
    end = [f" {FULL}"] if kind in ("for", "while") or namespace else []
    given = [" return value"] if gives else []
    order = [event, *cleared] if kind == "return" else [*cleared, event]
    if kind == ELISION:
        lines += [" count = left_out(state)", " if not count: return"]
    if flag >= 0:
        unless = f" if not state[{flag}]: return{' value' if gives else ''}"
        order = [*cleared, unless, event]
    return function_code("\n".join([*lines, *order, *end, *given]) + "\n")


def _read(shown: Shown) -> str:
    if shown.place == VALUE:
        return f"a{shown.index}"
    if shown.place == GLOBAL:
        return f"of_module(globals[{shown.index}])"
    return f"state[{SLOTS + shown.index}]" if shown.place == SLOT else f"state[{CELLS}][{shown.index}]"


def _value(shown: Shown, *, secret: bool) -> str:
    if secret:
        return f"hide_cell({_read(shown)})" if shown.place == CELL else f"hide({_read(shown)})"
    return f"cell({_read(shown)})" if shown.place == CELL else _atom_or_copy(_read(shown))


def _atom_or_copy(value: str) -> str:
    return f"{value} if type({value}) is int or {value} is None else copy({value})"
