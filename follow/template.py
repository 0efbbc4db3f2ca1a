"""The code of the probes that make records: compiled once a shape, when a probe of that shape is first called."""

from __future__ import annotations

import functools
from types import CodeType
from typing import Any

from .model import CELL, PROBE_FILENAME, SLOT, VALUE, Scope, Site
from .state import CELLS, CLOCK, SLOTS, THREAD, YIELDED

_SMALL = 1 << 30
"""Integers below this are compared fast, and are within any limit."""


def function_code(source: str) -> CodeType:
    """The code of the one function that a text defines."""
    module = compile(source, PROBE_FILENAME, "exec", dont_inherit=True)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def shape_of(site: Site, scope: Scope, gives: bool, *, more: str) -> tuple[Any, ...]:
    """What decides a probe's code: sites that agree in it share one."""
    places = tuple((shown.place, shown.index, shown.name in scope.secret) for shown in site.shown)
    return (
        len(site.arguments),
        places,
        site.stores,
        site.clears,
        site.result,
        scope.suspends,
        gives,
        more,
        site.kind == "return",
        scope.namespace,
    )


@functools.cache
def template(shape: tuple[Any, ...]) -> CodeType:
    """The code of all probes of one shape: they differ only in what their globals hold."""
    arguments, places, stores, clears, result, suspends, gives, more, returns, namespace = shape
    names = [f"a{index}" for index in range(arguments)]
    lines = [f"def probe({', '.join(['state', *(['value'] if gives else []), *names])}):"]
    lines += [f" state[{SLOTS + slot}] = a{argument}" for slot, argument in stores]
    cleared = [f" state[{SLOTS + slot}] = MISSING" for slot in clears]
    lines += [] if returns else cleared
    done = " value" if gives else ""
    if suspends:  # a generator or coroutine may go on in another thread
        lines += [" try: thread = threads.state", " except RecursionError: thread = deaf"]
    else:
        lines += [f" thread = state[{THREAD}]"]
    lines += [f" if thread.busy: return{done}", " try:", "  t = now()", "  thread.busy = True"]
    if namespace:
        made: list[str] = []
        variables = f"gather(state[{CELLS}], names)"
    else:
        made, variables = _variables(places, result, gives=gives)
    lines += made
    further = {"": "", "static": ", **extras", "dynamic": ", **extras(state)"}[more]
    lines += [
        "  emit({'function': function, 'instruction': instruction, "
        f"'execution_time': (t - state[{CLOCK}] - thread.overhead) * 1e3, 'local_vars': {variables}{further}}})",
        # No call here: there may be no frame left for it.
        " except (RecursionError, MemoryError):",
        "  thread.busy = False",
        "  channel.dropped += 1",
        f"  return{done}",
        " except BaseException as error: fail(error, thread)",
        " thread.busy = False",
        *(cleared if returns else []),  # the return's own record still shows them
        f" state[{CLOCK}] = t = t - thread.overhead",
        " thread.overhead = now() - t",
        f" return{done}",
    ]
    return function_code("\n".join(lines) + "\n")


def _variables(places: tuple[tuple[str, int, bool], ...], result: str, *, gives: bool) -> tuple[list[str], str]:
    """The lines that gather a record's variables, and the expression for the list of them."""
    if result == "return":
        return [], "[given('return', value)]" if gives else "[given('return', None)]"
    if result == "yield":
        return [], f"[state[{YIELDED}].entry()]"
    entries = [_entry(index, place, position, secret=secret) for index, (place, position, secret) in enumerate(places)]
    display: list[str] = []
    while entries and entries[0][0] == "display":
        display.append(entries.pop(0)[1])
    variables = f"[{', '.join(display)}]"
    if not entries:
        return [], variables
    lines = [f"  found = {variables}"]
    for how, text in entries:
        lines += [f"  found.append({text})"] if how == "display" else [f"  {line}" for line in text.split("\n")]
    return lines, "found"


def _entry(index: int, place: str, position: int, *, secret: bool) -> tuple[str, str]:
    """How one variable enters the record: an expression for a list display, or lines that append it."""
    if place == VALUE:
        return "display", _variable(index, f"a{position}", secret=secret)
    if place == SLOT:
        append = f"if v is not MISSING: found.append({_variable(index, 'v', secret=secret)})"
        return "lines", f"v = state[{SLOTS + position}]\n{append}"
    assert place == CELL
    fetch = f"try: v = state[{CELLS}][{position}].cell_contents\nexcept ValueError: pass"
    return "lines", f"{fetch}\nelse: found.append({_variable(index, 'v', secret=secret)})"


def _variable(index: int, value: str, *, secret: bool) -> str:
    """The entry of one variable; small integers are made on the spot, all else by a call."""
    if secret:
        return f"hidden(n{index}, {value})"
    quick = f"type({value}) is int and {-_SMALL} < {value} and {value} < {_SMALL}"
    return f"{{'var': n{index}, 'val': {value}, 'type': 'int'}} if {quick} else variable(n{index}, {value})"
