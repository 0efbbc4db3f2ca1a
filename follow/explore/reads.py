"""What a statement has read to do what it did: variables, items of containers, attributes, results of calls."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..copies import identity
from ..state import MISSING
from .run import WHOLE, Call, Run
from .static import children
from .values import Values, called
from .writes import own_expressions


@dataclass(frozen=True, slots=True)
class Read:
    """One thing that was read.

    Attributes:
        relation: ``value``, ``element`` or ``index``.
        what: how text calls it.
        name: a variable's name, or empty; of a container that of the variable that it was reached from.
        container, key: the identity of a container and which of its items, or None.
        returned: a call whose result it is, or None.
        unknown: why it cannot be told, or empty.
        whole: whether all that the variable holds was read.
    """

    relation: str
    what: str
    name: str = ""
    container: int | None = None
    key: object = None
    returned: Call | None = None
    unknown: str = ""
    whole: bool = True


class Reader:
    """Tells what events have read.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._values = Values(run)

    def reads(self, index: int, wanted: str = "") -> Iterator[Read]:
        """What an event has read for what it did; ``wanted`` names the one variable of interest."""
        node = self._run.node(index)
        event = self._run.events[index]
        if node is None:
            return
        if event.statement is not None and event.statement.kind == "lambda":
            return
        for expression in _expressions(node, wanted):
            yield from self._read(expression, index, "value", frozenset())

    def argument(self, caller: int, call: Call, name: str) -> Iterator[Read]:
        """What the caller read for one parameter of a call that it made."""
        node = self._run.node(caller)
        function = call.function
        if node is None or function is None:
            return
        for found in _calls_in(node):
            if called(found) in (function.name, _class_of(call)):
                for expression in self._given(found, call, name):
                    yield from self._read(expression, caller, "value", frozenset())
                return

    def _given(self, node: ast.Call, call: Call, name: str) -> Iterator[ast.expr]:
        """The expression that a call gives for a parameter."""
        for keyword in node.keywords:
            if keyword.arg in (name, None):
                yield keyword.value
        assert call.function is not None
        parameters = list(call.function.entered)
        if parameters and parameters[0] in ("self", "cls"):
            if name == parameters[0] and isinstance(node.func, ast.Attribute):
                yield node.func.value
            parameters = parameters[1:]
        if any(isinstance(argument, ast.Starred) for argument in node.args):
            yield from node.args
        elif name in parameters and parameters.index(name) < len(node.args):
            yield node.args[parameters.index(name)]

    # -- expressions ---------------------------------------------------------------------------------

    def _read(self, node: ast.AST, index: int, relation: str, bound: frozenset[str]) -> Iterator[Read]:
        if isinstance(node, ast.Name):
            if node.id not in bound:
                yield Read(relation, node.id, name=node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)):
            yield from self._item(node, index, relation, bound)
        elif isinstance(node, ast.Call):
            yield from self._call(node, index, relation, bound)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            for generator in node.generators:
                yield from self._read(generator.iter, index, relation, bound)
                bound |= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            for part in parts:
                yield from self._read(part, index, relation, bound)
            for generator in node.generators:
                for test in generator.ifs:
                    yield from self._read(test, index, "index", bound)
        elif isinstance(node, ast.IfExp):
            yield from self._read(node.body, index, relation, bound)
            yield from self._read(node.orelse, index, relation, bound)
            yield from self._read(node.test, index, "index", bound)
        elif not isinstance(node, ast.Lambda):
            for child in children(node):
                yield from self._read(child, index, relation, bound)

    def _call(self, node: ast.Call, index: int, relation: str, bound: frozenset[str]) -> Iterator[Read]:
        name = called(node)
        made = self._run.calls_within(index)
        results = [call for call in made if call.function is not None and name in (call.function.name, _class_of(call))]
        if not results and (generator := self._run.goes_on(index, name)) is not None:
            results = [generator]
        if results:
            for call in results:
                yield Read(relation, f"{call.name}()", returned=call)
            return
        if isinstance(node.func, ast.Attribute):
            statement = self._run.node(index)
            changing = (
                isinstance(statement, ast.Expr) and statement.value is node
            )  # the container, not what goes into it
            yield from self._read(node.func.value, index, "index" if changing else relation, bound)
        elif not isinstance(node.func, ast.Name):
            yield from self._read(node.func, index, relation, bound)
        elif node.func.id not in bound:
            yield Read("index", node.func.id, name=node.func.id, whole=False)
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            yield from self._read(argument, index, relation, bound)

    def _item(
        self, node: ast.Subscript | ast.Attribute, index: int, relation: str, bound: frozenset[str]
    ) -> Iterator[Read]:
        """An item of a container or an attribute of an object: who wrote it, and then what chose it."""
        base = self._values.value(node.value, index)
        number = identity(base) if base is not MISSING else None
        what = ast.unparse(node)
        key = node.attr if isinstance(node, ast.Attribute) else self._values.key(node.slice, index, base)
        if number is None:
            if isinstance(node, ast.Attribute) and base is not MISSING:
                yield Read(
                    relation, what, unknown=f"{what}: attributes are not recorded (--detail dataflow records them)"
                )
            yield from self._read(node.value, index, relation, bound)
        else:
            yield Read("element", what, name=_root(node), container=number, key=WHOLE if key is MISSING else key)
            for read in self._read(node.value, index, "index", bound):
                yield read if not read.name else Read("index", read.what, name=read.name, whole=False)
        if isinstance(node, ast.Subscript):
            yield from self._read(node.slice, index, "index", bound)


def _root(node: ast.expr) -> str:
    """The variable at the start of a chain of attributes and subscripts."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _class_of(call: Call) -> str:
    """For ``__init__`` the name of its class."""
    assert call.function is not None
    parts = call.function.qualname.split(".")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else ""


@functools.lru_cache(maxsize=4_096)
def _calls_in(node: ast.AST) -> tuple[ast.Call, ...]:
    """The calls in a statement's own expressions."""
    parts = (part for expression in own_expressions(node) for part in ast.walk(expression))
    return tuple(part for part in parts if isinstance(part, ast.Call))


@functools.lru_cache(maxsize=4_096)
def _expressions(node: ast.AST, wanted: str) -> Iterable[ast.expr]:
    """The expressions that give what a statement has written, or decide what it does."""
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        matching = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
        if matching and len(target.elts) == len(node.value.elts):  # type: ignore[attr-defined]
            pairs = zip(target.elts, node.value.elts)  # type: ignore[attr-defined]
            chosen = [value for part, value in pairs if wanted and ast.unparse(part) == wanted]
            if chosen:
                return chosen
        return [node.value]
    if isinstance(node, ast.AugAssign):
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        return [target, node.value]
    if isinstance(node, ast.AnnAssign):
        return [node.value] if node.value is not None else []
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return [node.iter]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return []
    if isinstance(node, ast.match_case):
        return [] if node.guard is None else [node.guard]
    return list(own_expressions(node))
