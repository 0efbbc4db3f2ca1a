"""Which recorded module a form stands for, and what its variables held."""

from __future__ import annotations

import ast
import os
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ..described import Described
from ..state import MISSING
from .calls import Call, last_before
from .expressions import targets_of

if TYPE_CHECKING:
    from .run import Run

_MOST_LOOKED_AT = 50


def module_call(run: Run, form: Any) -> Call | None:
    """The call that has run the statements of a module; None where that is not recorded.

    Arguments:
        run: the recorded run.
        form: of what may be a module.
    """
    if type(form) is not Described or form.type != "module" or form.name is None:
        return None
    if form.name not in run.modules:
        wanted = tuple(form.name.split("."))
        roots = _roots(run)
        found = {
            call.file: call
            for call in run.calls.values()
            if call.function is not None and call.function.module and _is_of(call.file, wanted, roots)
        }
        run.modules[form.name] = next(iter(found.values())) if len(found) == 1 else None
    return run.modules[form.name]


def submodule(run: Run, form: Any, name: str) -> Any:
    """The form of the module or package of that name in a package; ``MISSING`` if nothing of it is recorded.

    Arguments:
        run: the recorded run.
        form: of what may be the package.
        name: the last part of the module's name.
    """
    if type(form) is not Described or form.type != "module" or form.name is None:
        return MISSING
    wanted = f"{form.name}.{name}"
    if run.packages is None:
        roots = _roots(run)
        run.packages = {dotted for file in _files(run) for dotted in _dotted(file, roots)}
    return Described("module", wanted) if wanted in run.packages else MISSING


def _files(run: Run) -> set[str]:
    """The files of the recorded modules."""
    return {call.file for call in run.calls.values() if call.function is not None and call.function.module}


def _roots(run: Run) -> set[str]:
    """The folders where modules were looked for."""
    header = run.trace.header
    return {os.path.realpath(os.path.join(header.get("folder", ""), one)) for one in header.get("path", ())}


def _dotted(file: str, roots: set[str]) -> Iterator[str]:
    """The names of a module and of the packages that it is in, by each of the folders where it may have been found."""
    parts = _parts(file)
    for start in range(1, len(parts)):
        if os.path.realpath(str(PurePath(*parts[:start]))) in roots:
            yield from (".".join(parts[start:end]) for end in range(start + 1, len(parts) + 1))


def _parts(file: str) -> tuple[str, ...]:
    """The folders of a module's file and its name; of a package's, the folders."""
    parts = PurePath(file).with_suffix("").parts
    return parts[:-1] if parts[-1:] == ("__init__",) else parts


def _is_of(file: str, wanted: tuple[str, ...], roots: set[str]) -> bool:
    """Whether a file is that of the module of such a name: where modules were looked for."""
    parts = _parts(file)
    root = parts[: -len(wanted)]
    return parts[len(root) :] == wanted and bool(root) and os.path.realpath(str(PurePath(*root))) in roots


def variable_of(run: Run, module: Call, node: ast.Attribute, index: int, call: Call) -> Any:
    """The form of a variable of another module just before an event; ``MISSING`` if it is not known.

    Arguments:
        run: the recorded run.
        module: the call that has run the module.
        node: how a function names the variable.
        index: the event.
        call: of the function.
    """
    own = run.write_before(module, node.attr, index)
    name = ast.unparse(node)
    told = last_before(run.told.get((call.file, name), ()), index)
    at = max(told, -1 if own is None else own[0])
    if at < 0 or last_before(_assignments(run).get(node.attr, ()), index) > at:
        return MISSING
    return run.resolved(run.form_of(at, name if told == at else node.attr), index)


def was_assigned(run: Run, name: str, start: int, end: int) -> bool:
    """Whether a statement between two events has assigned an attribute of that name, of whatever it may be."""
    return last_before(_assignments(run).get(name, ()), end) > start


def assigned_through(run: Run, file: str, name: str, start: int, end: int) -> tuple[int, bool]:
    """The last event between two others whose statement has assigned a module's variable as its attribute.

    Arguments:
        run: the recorded run.
        file: the module's.
        name: the variable.
        start, end: the indexes of the events.

    Returns:
        Its index, or -1, and whether that is sure: not where it is not known whose attribute was assigned.
    """
    times = _assignments(run).get(name, ())
    place, sure = bisect_left(times, end), True
    for at in reversed(times[max(place - _MOST_LOOKED_AT, 0) : place]):
        if at <= start:
            break
        for target in targets_of(run.nodes[at], deleted=True):
            if isinstance(target, ast.Attribute) and target.attr == name:
                form = _module_form(run, target.value, at, name)
                module = module_call(run, form)
                if module is not None and module.file == file:
                    run.through[at, name] = ast.unparse(target)
                    return at, sure
                sure = sure and form is not MISSING
    return -1, sure


def _module_form(run: Run, node: ast.expr, index: int, name: str) -> Any:
    """The form of what may be a module; of that name's own variable it is not asked for."""
    if isinstance(node, ast.Attribute):
        return submodule(run, _module_form(run, node.value, index, name), node.attr)
    return run.value_before(index, node.id) if isinstance(node, ast.Name) and node.id != name else MISSING


def _assignments(run: Run) -> dict[str, list[int]]:
    """By the names of attributes the events whose statements assign one of that name."""
    if run.assignments is None:
        run.assignments = {}
        names: dict[int, frozenset[str]] = {id(None): frozenset()}
        for index, node in enumerate(run.nodes):
            if node is not None and id(node) not in names:
                parts = [part for one in targets_of(node, deleted=True) for part in ast.walk(one)]
                attributes = [part for part in parts if isinstance(part, ast.Attribute)]
                names[id(node)] = frozenset(one.attr for one in attributes if not isinstance(one.ctx, ast.Load))
            for name in names[id(node)]:
                run.assignments.setdefault(name, []).append(index)
    return run.assignments
