"""What a statement has read to do what it did: variables, items of containers, attributes, results of calls."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..copies import identity, name_and_length
from ..state import MISSING
from .run import WHOLE, Call, Run, is_shortened, items_of, same_at


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
        self._stores: dict[int, tuple[int, Any] | None] = {}

    def reads(self, index: int, wanted: str = "") -> Iterator[Read]:
        """What an event has read for what it did; ``wanted`` names the one variable of interest."""
        node = self._run.node(index)
        event = self._run.events[index]
        if node is None:
            return
        if event.statement is not None and event.statement.kind == "lambda":
            return
        for expression in _expressions(node, wanted, self._run, index):
            yield from self._read(expression, index, "value", frozenset())

    def argument(self, caller: int, call: Call, name: str) -> Iterator[Read]:
        """What the caller read for one parameter of a call that it made."""
        node = self._run.node(caller)
        function = call.function
        if node is None or function is None:
            return
        for part in _all_expressions(node):
            for found in ast.walk(part):
                if isinstance(found, ast.Call) and _called(found) in (function.name, _class_of(call)):
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
            for child in ast.iter_child_nodes(node):
                yield from self._read(child, index, relation, bound)

    def _call(self, node: ast.Call, index: int, relation: str, bound: frozenset[str]) -> Iterator[Read]:
        name = _called(node)
        made = self._run.calls_within(index)
        results = [call for call in made if call.function is not None and call.function.name == name]
        if not results and (generator := self._run.goes_on(index, name)) is not None:
            results = [generator]
        if results:
            for call in results:
                yield Read(relation, f"{call.name}()", returned=call)
            return
        if isinstance(node.func, ast.Attribute):
            yield from self._read(node.func.value, index, relation, bound)
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
        base = self.value(node.value, index)
        number = identity(base) if base is not MISSING else None
        what = ast.unparse(node)
        key = node.attr if isinstance(node, ast.Attribute) else self._key(node.slice, index, base)
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

    # -- writes --------------------------------------------------------------------------------------

    def writer(self, number: int, key: object, index: int) -> tuple[int, bool, bool] | None:
        """The event that last changed an item of a container before an event.

        Returns:
            Its index, whether the container was first seen there, and whether it is sure; None if the container
            was not seen before.
        """
        first: int | None = None
        for at, form, before in self._run.told(number, index):
            if before is MISSING:
                first = at
                break
            stored = self._stored(at, number)
            if key is WHOLE and stored is not MISSING:
                return at, False, True
            if stored is not MISSING:
                if stored == key:
                    return at, False, True
                continue
            if key is not WHOLE and (is_shortened(form) or is_shortened(before)):
                if self._changes_something(at):
                    return at, False, False
                continue
            if not same_at(before, form, key):
                return at, False, True
        return None if first is None else (first, True, True)

    def _stored(self, index: int, number: int) -> Any:
        """The key of the item that an event's statement has assigned in a container; ``MISSING`` if not known."""
        if index not in self._stores:
            self._stores[index] = self._find_stored(index)
        found = self._stores[index]
        return found[1] if found is not None and found[0] == number else MISSING

    def _find_stored(self, index: int) -> tuple[int, Any] | None:
        """The container in which an event's statement has assigned an item, and the item's key."""
        node = self._run.node(index)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if not isinstance(target, (ast.Subscript, ast.Attribute)) or isinstance(node, (ast.For, ast.AsyncFor)):
                continue
            base = self.value(target.value, index)
            number = None if base is MISSING else identity(base)
            if number is not None:
                key = target.attr if isinstance(target, ast.Attribute) else self._key(target.slice, index, base)
                return number, key
        return None

    def _changes_something(self, index: int) -> bool:
        """Whether an event's statement is one that changes containers by calling something."""
        node = self._run.node(index)
        return node is not None and any(
            isinstance(part, ast.Call) for expression in _all_expressions(node) for part in ast.walk(expression)
        )

    # -- values --------------------------------------------------------------------------------------

    def value(self, node: ast.AST, index: int) -> Any:
        """The form of an expression just before an event; ``MISSING`` if it cannot be told."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._run.value_before(index, node.id)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.value(node.operand, index)
            return -value if type(value) is int else MISSING
        if isinstance(node, ast.Attribute):
            return items_of(self.value(node.value, index)).get(node.attr, MISSING)
        if isinstance(node, ast.Subscript):
            base = self.value(node.value, index)
            key = self._key(node.slice, index, base)
            try:
                return items_of(base).get(key, MISSING)
            except TypeError:
                return MISSING
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            left, right = self.value(node.left, index), self.value(node.right, index)
            if type(left) is int and type(right) is int:
                return left + right if isinstance(node.op, ast.Add) else left - right
        if isinstance(node, ast.Call) and _called(node) == "len" and len(node.args) == 1:
            return _length(self.value(node.args[0], index))
        if isinstance(node, ast.Tuple):
            parts = tuple(self.value(part, index) for part in node.elts)
            return MISSING if MISSING in parts else parts
        return MISSING

    def _key(self, node: ast.expr, index: int, base: Any) -> Any:
        """Which item a subscript takes; ``MISSING`` for all or any of them."""
        key = self.value(node, index) if not isinstance(node, ast.Slice) else MISSING
        if type(key) is int and key < 0 and type(base) in (list, tuple):
            key += len(base) - (type(base) is list)
        try:
            hash(key)
        except TypeError:
            return MISSING
        return key


def _root(node: ast.expr) -> str:
    """The variable at the start of a chain of attributes and subscripts."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _length(form: Any) -> Any:
    """How many items a container had; ``MISSING`` if that cannot be told."""
    if form is MISSING or isinstance(form, (int, float)) or form is None:
        return MISSING
    _, length = (type(form).__name__, len(form)) if isinstance(form, (str, bytes)) else name_and_length(form)
    return MISSING if length is None else length


def _called(node: ast.Call) -> str:
    """The name of what a call calls."""
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def _class_of(call: Call) -> str:
    """For ``__init__`` the name of its class."""
    assert call.function is not None
    parts = call.function.qualname.split(".")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else ""


def _all_expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a statement itself, not of those in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from _all_expressions(child)


def _expressions(node: ast.AST, wanted: str, run: Run, index: int) -> Iterable[ast.expr]:
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
    return list(_all_expressions(node))
