"""The code of the probes that make records: compiled once a shape, when a probe of that shape is first called."""

from __future__ import annotations

import functools
from types import CodeType
from typing import Any

from .model import CELL, ELISION, SLOT, VALUE, WATCH, Scope, Site
from .stack import PROBE_FILENAME
from .state import CELLS, CLOCK, SLOTS, THREAD, YIELDED

_SMALL = 1 << 30
"""Integers below this are compared fast, and are within any limit."""


def function_code(source: str) -> CodeType:
    """The code of the one function that a text defines."""
    module = compile(source, PROBE_FILENAME, "exec", dont_inherit=True)
    return next(constant for constant in module.co_consts if isinstance(constant, CodeType))


def shape_of(site: Site, scope: Scope, gives: bool, *, more: str, helped: bool) -> tuple[Any, ...]:
    """What decides a probe's code: sites that agree in it share one.

    Arguments:
        site, scope: whose statement it is.
        gives: whether the probe is given a value, which it gives back.
        more: whether records have further fields, and which (see ``template``).
        helped: whether the compiled helper makes the entries of variables.
    """
    places = tuple(
        (shown.place, shown.index, shown.name in scope.secret)
        for shown in site.shown
        if not helped or shown.place == WATCH
    )
    return (
        helped,
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
        sources_of(site),
        scope.guard(site),
        scope.sink(site),
        "" if site.kind != ELISION else "begin" if scope.windows else "tell",
    )


def sources_of(site: Site) -> tuple[tuple[tuple[str, int], ...], ...]:
    """Of what a site's records compute: where each of the variables in it is found."""
    return tuple(tuple((place, index) for _, place, index in places) for _, places in site.watched)


def read(place: str, index: int) -> str:
    """How a probe reads a variable that may be unbound."""
    if place == VALUE:
        return f"a{index}"
    return f"state[{SLOTS + index}]" if place == SLOT else f"content(state[{CELLS}][{index}])"


@functools.cache
def template(shape: tuple[Any, ...]) -> CodeType:
    """The code of all probes of one shape: they differ only in what their globals hold."""
    helped, arguments, places, stores, clears, result, suspends, gives, more, returns, namespace, *rest = shape
    sources, flag, sink, elides = rest
    names = [f"a{index}" for index in range(arguments)]
    lines = [f"def probe({', '.join(['state', *(['value'] if gives else []), *names])}):"]
    lines += [f" state[{SLOTS + slot}] = a{argument}" for slot, argument in stores]
    cleared = [f" state[{SLOTS + slot}] = MISSING" for slot in clears]
    lines += [] if returns else cleared
    done = " value" if gives else ""
    if flag >= 0:
        lines += [f" if not state[{flag}]: return{done}"]
    if suspends:  # a generator or coroutine may go on in another thread
        lines += [" try: thread = threads.state", " except RecursionError: thread = deaf"]
    else:
        lines += [f" thread = state[{THREAD}]"]
    lines += [f" if thread.busy: return{done}", " try:", "  t = now()"]
    lines += ["  count = left_out(state)", "  if not count: return"] if elides else []
    taken = "begin(state, " if elides == "begin" else f"(state[{sink}] or emit)(" if sink >= 0 else "emit("
    lines += ["  thread.busy = True"]
    if namespace:
        made, variables = [f"  found = gather(state[{CELLS}], names)"], "found"
        made += [f"  found.extend(watch{index}())" for index in range(len(sources))]
    else:
        made, variables = _variables(places, sources, result, names if helped else None, gives=gives)
    lines += made
    variables += ", 'left_out': count" if elides else ""
    further = {"": "", "static": ", **extras", "dynamic": ", **extras(state)"}[more]
    lines += [
        f"  {taken}{{'function': function, 'instruction': instruction, "
        f"'execution_time': (t - state[{CLOCK}] - thread.overhead) * 1e3, 'local_vars': {variables}{further}}})",
        # No call here: there may be no frame left for it.
        " except (RecursionError, MemoryError):",
        "  thread.busy = False",
        "  channel.dropped += 1",
        f"  return{done}",
        " except BaseException as error: fail(error, thread)",
        " thread.busy = False",
        *(cleared if returns else []),  # the return's own record still shows them
        # That an iteration begins takes no time of the program's: its header's record still tells that.
        " t = t - thread.overhead" if elides == "begin" else f" state[{CLOCK}] = t = t - thread.overhead",
        " thread.overhead = now() - t",
        f" return{done}",
    ]
    return function_code("\n".join(lines) + "\n")


def _variables(
    places: tuple[tuple[str, int, bool], ...],
    sources: tuple[tuple[tuple[str, int], ...], ...],
    result: str,
    helped: list[str] | None,
    *,
    gives: bool,
) -> tuple[list[str], str]:
    """The lines that gather a record's variables, and the expression for the list of them.

    Arguments:
        places: where each variable is found.
        sources: the same of the variables in what is computed.
        result: ``"return"`` or ``"yield"``, if it is a value that is shown.
        helped: what the probe is given, if the compiled helper makes the entries of that.
        gives: whether there is such a value.
    """
    if result == "return":
        return [], "[given('return', value)]" if gives else "[given('return', None)]"
    if result == "yield":
        return [], f"[state[{YIELDED}].entry()]"
    shown = [(index, *place) for index, place in enumerate(places) if place[0] != WATCH]
    entries = [] if helped is not None else [_entry(*one) for one in shown]
    for index, variables in enumerate(sources if len(shown) < len(places) else ()):
        entries.append(("lines", f"found.extend(watch{index}({', '.join(read(*one) for one in variables)}))"))
    display: list[str] = []
    while entries and entries[0][0] == "display":
        display.append(entries.pop(0)[1])
    listed = (
        f"[{', '.join(display)}]"
        if helped is None
        else f"of_call(shown, state, ({''.join(f'{name}, ' for name in helped)}))"
    )
    if not entries:
        return [], listed
    lines = [f"  found = {listed}"]
    for how, text in entries:
        lines += [f"  found.append({text})"] if how == "display" else [f"  {line}" for line in text.split("\n")]
    return lines, "found"


def _entry(index: int, place: str, position: int, secret: bool) -> tuple[str, str]:
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
