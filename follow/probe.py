"""What the generated code calls: the probes of one rewritten piece of source, bound to a channel.

A call's state is a list: its clock, its thread, its cells, the value it yields, then its slots.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import CodeType, FunctionType, TracebackType
from typing import Any

from .capture import Capture
from .channel import THREADS, Channel, now
from .locate import locate_site
from .model import CELL, SLOT, VALUE, Scope, Site, Tables

MISSING = object()
"""In a slot: the variable is not bound."""

CLOCK, THREAD, CELLS, YIELDED, SLOTS = range(5)
HIDDEN_LOCAL = ".f"

_SMALL = 1 << 30
"""Integers below this are compared fast, and are within any limit."""


class Probes:
    """Makes the callables that stand for the probe names of one rewritten piece of source.

    Arguments:
        tables: its sites, scopes and guards.
        channel: where the records go.
    """

    def __init__(self, tables: Tables, channel: Channel) -> None:
        self._tables = tables
        self._channel = channel
        self._capture = Capture(channel.config)
        self._emit = _cell(channel.emit)
        self._frames: dict[int, list[Any]] = {}
        self._made: dict[str, object] = {}
        channel.listen(self._on_emit)

    def _on_emit(self, emit: Callable[..., object]) -> None:
        self._emit.cell_contents = emit

    def resolve(self, name: str) -> object:
        """The callable for a probe's name, as it stands in the generated code without its prefix."""
        if name not in self._made:
            what, *numbers = name.split("_")
            if what.isdigit():
                self._made[name] = self._record(self._tables.sites[int(what)])
            else:
                self._made[name] = getattr(self, f"_make_{what}")(*map(int, numbers))
        return self._made[name]

    # -- calls -----------------------------------------------------------------------------------

    def _make_enter(self, number: int) -> Callable[..., object]:
        scope = self._tables.scopes[number]
        slots = [MISSING] * len(scope.slots)
        frames = None if scope.hidden or scope.name == "<lambda>" else self._frames

        def enter(cells: object = None) -> list[Any]:
            thread = THREADS.state
            state = [0.0, thread, cells, None, *slots]
            if frames is not None:
                frames[id(sys._getframe(1))] = state
            state[CLOCK] = now() - thread.overhead
            return state

        return enter

    def _make_call(self, number: int) -> Callable[..., object]:
        frames = self._frames

        def call() -> list[Any]:
            return frames[id(sys._getframe(1))]

        return call

    def _make_leave(self, number: int) -> Callable[..., object]:
        frames = self._frames

        def leave() -> None:
            frames.pop(id(sys._getframe(1)), None)

        return leave

    # -- records ---------------------------------------------------------------------------------

    def _record(self, site: Site, *, gives: bool = False) -> FunctionType:
        """The probe of one site; with ``gives`` it takes a value first and returns it."""
        scope = self._tables.scopes[site.scope]
        template = _template(_shape(site, scope, self._channel.config.values == "live", gives))
        constants: dict[str, object] = {
            "function": scope.name,
            "instruction": site.instruction,
            "capture": self._capture.value,
            "variable": self._capture.variable,
            "fail": self._channel.fail,
            "now": now,
            "MISSING": MISSING,
            "threads": THREADS,
        }
        constants.update((f"n{index}", shown.name) for index, shown in enumerate(site.shown))
        constants.update(self._extras(site, scope))
        closure = tuple(
            self._emit if name == "emit" else _cell(constants[name]) for name in template.co_freevars
        )
        return FunctionType(template, _GLOBALS, "probe", None, closure)

    def _extras(self, site: Site, scope: Scope) -> dict[str, object]:
        known = {"kind": site.kind, "line": site.span[0], "file": self._tables.filename, "qualname": scope.qualname}
        names = self._channel.config.fields
        return {"extras": {name: known[name] for name in names}}

    def _make_return(self, number: int) -> FunctionType:
        return self._record(self._tables.sites[number], gives=True)

    _make_match = _make_lambda = _make_return

    def _make_yield(self, number: int) -> Callable[..., object]:
        capture = self._capture

        def keep(state: list[Any], value: object) -> object:
            state[YIELDED] = capture.variable("yield", value)
            return value

        return keep

    def _make_keep(self, slot: int) -> Callable[..., object]:
        def keep(state: list[Any], value: object) -> object:
            state[SLOTS + slot] = value
            return value

        return keep

    def _make_clear(self, slot: int) -> Callable[..., object]:
        def clear(state: list[Any]) -> None:
            state[SLOTS + slot] = MISSING

        return clear

    # -- exceptions ------------------------------------------------------------------------------

    def _make_raised(self, number: int) -> Callable[..., object]:
        guard = self._tables.guards[number]
        scope = self._tables.scopes[guard.scope]
        sites = tuple(site for site in self._tables.sites if site.scope == scope.number and site.raising)
        every = tuple(site for site in self._tables.sites if site.scope == scope.number)

        def raised(state: list[Any]) -> None:
            thread = THREADS.state
            if thread.busy:
                return
            start = now()
            thread.busy = True
            try:
                self._raised(state, number, scope, sites, every, start - thread.overhead)
            except BaseException as error:
                self._channel.fail(error, thread)
            thread.busy = False
            state[CLOCK] = start = start - thread.overhead
            thread.overhead = now() - start

        return raised

    def _raised(self, state: list[Any], guard: int, scope: Scope, sites: tuple[Site, ...], every: tuple[Site, ...],
                time: float) -> None:
        error, traceback = sys.exc_info()[1:]
        assert error is not None and traceback is not None
        found = _variables(traceback, scope)
        for index, name in enumerate(scope.slots):
            state[SLOTS + index] = found.get(name, MISSING)
        site = locate_site(traceback, sites, every)
        if site is None or site.guard != guard:
            return
        record = {
            "function": scope.name,
            "instruction": site.instruction,
            "execution_time": (time - state[CLOCK]) * 1e3,
            "local_vars": [self._capture.variable(name, found[name]) for name in scope.names if name in found],
            "exception": describe_exception(error),
            **self._extras(site, scope)["extras"],  # type: ignore[dict-item]
        }
        self._emit.cell_contents(record)

    # -- the rest --------------------------------------------------------------------------------

    def _make_locals(self) -> Callable[..., object]:
        return _without_hidden_local

    def _make_RecursionError(self) -> type[BaseException]:
        return RecursionError

    def _make_spawn(self) -> Callable[..., object]:
        channel = self._channel

        def spawn(callee: Any) -> Any:
            if isinstance(callee, type) and threading.Thread in type.__dict__["__mro__"].__get__(callee):
                return functools.partial(_new_thread, channel, callee)
            return callee

        return spawn


def _new_thread(channel: Channel, cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a thread whose target is followed there."""
    if issubclass(cls, threading.Timer):
        if "function" in kwargs:
            kwargs["function"] = channel.spawn(kwargs["function"])
        elif len(args) > 1:
            args = (args[0], channel.spawn(args[1]), *args[2:])
    elif kwargs.get("target") is not None:
        kwargs["target"] = channel.spawn(kwargs["target"])
    elif len(args) > 1 and args[1] is not None and cls is threading.Thread:
        args = (args[0], channel.spawn(args[1]), *args[2:])
    return cls(*args, **kwargs)


def _without_hidden_local(found: object) -> object:
    """What ``locals()``, ``vars()`` or ``dir()`` gave, without follow's own entry."""
    if type(found) is dict:
        found.pop(HIDDEN_LOCAL, None)
    elif type(found) is list and HIDDEN_LOCAL in found:
        found.remove(HIDDEN_LOCAL)
    return found


def _variables(traceback: TracebackType, scope: Scope) -> dict[str, object]:
    """The variables of the frame that raised, without leaving a trace in it.

    Before 3.13 ``f_locals`` is one dict a frame, which ``locals()`` gives out: it is put back as it was
    where the function may hold it, and emptied where it does not, for it would keep the values alive.
    """
    found = traceback.tb_frame.f_locals
    result = dict(found)
    result.pop(HIDDEN_LOCAL, None)
    if type(found) is dict and not scope.mentions_locals and not scope.namespace and scope.hidden:
        found.clear()
    return result


def describe_exception(error: BaseException) -> str:
    """``"ZeroDivisionError: division by zero"``: the last line of a traceback."""
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:
        text = "<str() failed>"
    return f"{kind}: {text}" if text else kind


def _cell(value: object) -> Any:
    def inner() -> object:
        return value

    assert inner.__closure__ is not None
    return inner.__closure__[0]


_GLOBALS: dict[str, object] = {"__builtins__": __builtins__, "__name__": __name__}


def _shape(site: Site, scope: Scope, live: bool, gives: bool) -> tuple[Any, ...]:
    places = tuple((shown.place, shown.index) for shown in site.shown)
    return (len(site.arguments), places, site.stores, site.clears, site.result, scope.suspends, live, gives)


@functools.lru_cache(maxsize=None)
def _template(shape: tuple[Any, ...]) -> CodeType:
    """The code of all probes of one shape: they differ only in what their closure cells hold."""
    arguments, places, stores, clears, result, suspends, live, gives = shape
    names = [f"a{index}" for index in range(arguments)]
    lines = [f"def probe({', '.join(['state', *(['value'] if gives else []), *names])}):", " t = now()"]
    lines += [f" state[{SLOTS + slot}] = a{argument}" for slot, argument in stores]
    lines += [f" state[{SLOTS + slot}] = MISSING" for slot in clears]
    done = " value" if gives else ""
    lines += [" thread = threads.state" if suspends else f" thread = state[{THREAD}]"]
    lines += [f" if thread.busy: return{done}", " thread.busy = True", " try:"]
    entries = [_entry(index, place, position, live) for index, (place, position) in enumerate(places)]
    display: list[str] = []
    while entries and entries[0][0] == "display":
        display.append(entries.pop(0)[1])
    if result == "return":
        display = ["variable('return', value)" if gives else "variable('return', None)"]
    elif result == "yield":
        display = [f"state[{YIELDED}]"]
    variables = f"[{', '.join(display)}]"
    if entries:
        lines.append(f"  found = {variables}")
        variables = "found"
        for how, text in entries:
            lines += [f"  found.append({text})"] if how == "display" else [f"  {line}" for line in text.split("\n")]
    lines += [
        "  emit({'function': function, 'instruction': instruction, "
        f"'execution_time': (t - state[{CLOCK}] - thread.overhead) * 1e3, 'local_vars': {variables}, **extras}})",
        " except BaseException as error: fail(error, thread)",
        " thread.busy = False",
        f" state[{CLOCK}] = t = t - thread.overhead",
        " thread.overhead = now() - t",
        f" return{done}",
    ]
    free = {"now", "MISSING", "threads", "emit", "fail", "function", "instruction", "variable", "capture", "extras"}
    free |= {f"n{index}" for index in range(len(places))}
    source = f"def make({', '.join(sorted(free))}):\n " + "\n ".join(lines) + "\n return probe\n"
    module = compile(source, "<follow probe>", "exec", dont_inherit=True)
    make = next(constant for constant in module.co_consts if isinstance(constant, CodeType))
    return next(constant for constant in make.co_consts if isinstance(constant, CodeType))


def _entry(index: int, place: str, position: int, live: bool) -> tuple[str, str]:
    """How one variable enters the record: an expression for a list display, or lines that append it."""
    if place == VALUE:
        value = f"a{position}"
        if live:
            return "display", f"{{'var': n{index}, 'val': {value}, 'type': type({value}).__name__}}"
        quick = f"type({value}) is int and {-_SMALL} < {value} and {value} < {_SMALL}"
        return "display", f"{{'var': n{index}, 'val': {value}, 'type': 'int'}} if {quick} else variable(n{index}, {value})"
    if place == SLOT:
        return "lines", (
            f"v = state[{SLOTS + position}]\nif v is not MISSING: found.append(variable(n{index}, v))"
            if live
            else f"v = state[{SLOTS + position}]\n"
            f"if v is not MISSING: found.append({{'var': n{index}, 'val': v, 'type': 'int'}} "
            f"if type(v) is int and {-_SMALL} < v and v < {_SMALL} else variable(n{index}, v))"
        )
    assert place == CELL
    return "lines", (
        f"try: v = state[{CELLS}][{position}].cell_contents\nexcept ValueError: pass\n"
        f"else: found.append(variable(n{index}, v))"
    )
