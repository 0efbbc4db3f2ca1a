"""Which recorded module a form stands for, and what its variables held."""

from __future__ import annotations

import ast
import os
from pathlib import PurePath
from typing import Any

from ..described import Described
from ..state import MISSING
from .calls import Call, last_before
from .expressions import targets_of
from .run import Run


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
        header = run.trace.header
        roots = {os.path.realpath(os.path.join(header.get("folder", ""), one)) for one in header.get("path", ())}
        found = {
            call.file: call
            for call in run.calls.values()
            if call.function is not None and call.function.module and _is_of(call.file, wanted, roots)
        }
        run.modules[form.name] = next(iter(found.values())) if len(found) == 1 else None
    return run.modules[form.name]


def _is_of(file: str, wanted: tuple[str, ...], roots: set[str]) -> bool:
    """Whether a file is that of the module of such a name: where modules were looked for."""
    parts = PurePath(file).with_suffix("").parts
    parts = parts[:-1] if parts[-1:] == ("__init__",) else parts
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
