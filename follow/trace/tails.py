"""Where a function's call may end, told by its source: a trace does not say when a call returned."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

NO, NEARLY, SURELY, RETURNING = range(4)
"""Whether a call has ended after a statement:

* ``NO``: more of it follows, or that cannot be told;
* ``NEARLY``: nothing but special methods follows, such as the ``__exit__`` of a ``with`` around it;
* ``SURELY``: nothing follows;
* ``RETURNING``: nearly, if the call has met a ``return`` before: the last statement of a ``finally``.
"""

Place = tuple[int, int]
"""A statement's line and column, as in a trace; of a ``case``, whose column the syntax tree does not have, ``CASE``."""

CASE = -1


@dataclass(slots=True)
class Tails:
    """What the source of one function, or of a module's own statements, tells.

    Attributes:
        begun: whether the call has ended once it has begun, for nothing in it gives an event.
        entered: by place, whether the call has ended after the statement; of a compound statement, after its
            header when its suite is entered.
        failed: of an ``if`` or loop, the same when its test did not hold or it was exhausted.
        raised: of every statement, whether the call has ended after it raised, if it was not left by that: a
            ``with`` has swallowed it.
        returning: the places of returns that a ``finally`` follows.
        names: the names that the function mentions.
        awaits: those of the functions whose calls it awaits itself, or yields from.
        coroutine: whether it is a coroutine's (and no generator's).
    """

    begun: int = NO
    entered: dict[Place, int] = field(default_factory=dict)
    failed: dict[Place, int] = field(default_factory=dict)
    raised: dict[Place, int] = field(default_factory=dict)
    returning: set[Place] = field(default_factory=set)
    names: frozenset[str] = frozenset()
    awaits: frozenset[str] = frozenset()
    coroutine: bool = False


@dataclass(frozen=True, slots=True)
class _Context:
    """What follows a suite.

    Attributes:
        tail: whether the call has ended after it.
        under_finally: whether a ``finally`` of the function's is around it.
        exits: whether a ``with`` is.
        leaves: whether the call has ended after a ``break``.
        swallows: whether it has after the ``with`` around it, with nothing between that handles exceptions.
    """

    tail: int
    under_finally: bool = False
    exits: bool = False
    leaves: int = NO
    swallows: int = NO


Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module


class SourceFunctions:
    """The functions that a file defines.

    Arguments:
        text: the file's text.

    Raises:
        SyntaxError, ValueError, RecursionError: it cannot be parsed by this Python.
    """

    def __init__(self, text: str) -> None:
        self.module = ast.parse(text)
        self._named: dict[str, list[tuple[str, Node]]] = {}
        self._visit(self.module, "")

    def _visit(self, node: ast.AST, prefix: str) -> None:
        for inner in ast.iter_child_nodes(node):
            below = prefix
            if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._named.setdefault(inner.name, []).append((f"{prefix}{inner.name}", inner))
                below = f"{prefix}{inner.name}.<locals>."
            elif isinstance(inner, ast.ClassDef):
                below = f"{prefix}{inner.name}."
            elif not isinstance(inner, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                continue  # no expression defines functions but lambdas, of which nothing needs to be known
            self._visit(inner, below)

    def find(self, name: str, qualname: str, line: int) -> Node | None:
        """The function of a name around a line; of several the one of that qualified name, then the innermost."""
        around = [
            (path == qualname, node.lineno, node)  # type: ignore[union-attr]
            for path, node in self._named.get(name, ())
            if node.lineno <= line <= (node.end_lineno or 0)  # type: ignore[union-attr]
        ]
        return max(around, key=lambda found: found[:2])[2] if around else None


def tails_of(node: Node, recorded: set[Place]) -> Tails:
    """What a function's source tells.

    Arguments:
        node: the function, or the module.
        recorded: the places of its statements that give events: what follows the last of them does not count.
    """
    scan = _Scan(recorded)
    scan.tails.begun = scan.suite(node.body, _Context(SURELY))
    inner = list(ast.walk(node))
    scan.tails.names = frozenset(name for one in inner if (name := _name_of(one)))
    waiting = [one.value for one in inner if isinstance(one, (ast.Await, ast.YieldFrom))]
    awaits = [_name_of(one.func) for one in waiting if isinstance(one, ast.Call)]
    awaits += [name for one in inner for name in _SPECIAL.get(type(one), ())]
    scan.tails.awaits = frozenset(awaits)
    yields = any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in inner)
    scan.tails.coroutine = isinstance(node, ast.AsyncFunctionDef) and not yields
    return scan.tails


_SPECIAL: dict[type, tuple[str, ...]] = {
    ast.AsyncWith: ("__aenter__", "__aexit__"),
    ast.AsyncFor: ("__anext__",),
}


def _name_of(node: ast.AST) -> str:
    """The name of a variable or attribute; of anything else an empty one."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


class _Scan:
    """Goes through the suites of one function from their ends."""

    def __init__(self, recorded: set[Place]) -> None:
        self.tails = Tails()
        self._recorded = recorded

    def suite(self, body: list[ast.stmt], context: _Context) -> int:
        """Go through a suite; whether the call has ended once it is entered, for nothing in it gives an event."""
        tail = context.tail
        for node in reversed(body):
            self._statement(node, replace(context, tail=tail))
            unseen = _place(node) not in self._recorded and _is_quiet(node)
            tail = _nearly(tail) if unseen else NO
        return tail

    def _statement(self, node: ast.stmt, context: _Context) -> None:
        self.tails.raised[_place(node)] = context.swallows
        name = type(node).__name__.removeprefix("Async")
        method = getattr(self, f"_scan_{name}", None)
        if method is None:
            self.tails.entered[_place(node)] = context.tail
        else:
            method(node, context)

    def _scan_Return(self, node: ast.Return, context: _Context) -> None:
        if context.under_finally:
            self.tails.returning.add(_place(node))
        else:
            self.tails.entered[_place(node)] = NEARLY if context.exits else SURELY

    def _scan_Break(self, node: ast.Break, context: _Context) -> None:
        self.tails.entered[_place(node)] = context.leaves

    def _scan_Continue(self, node: ast.Continue, context: _Context) -> None:
        pass

    _scan_Raise = _scan_Continue

    def _scan_If(self, node: ast.If, context: _Context) -> None:
        self.tails.entered[_place(node)] = self.suite(node.body, context)
        self.tails.failed[_place(node)] = self.suite(node.orelse, context) if node.orelse else context.tail

    def _scan_While(self, node: ast.While | ast.For | ast.AsyncFor, context: _Context) -> None:
        self.suite(node.body, replace(context, tail=NO, leaves=context.tail))
        self.tails.failed[_place(node)] = self.suite(node.orelse, context) if node.orelse else context.tail

    _scan_For = _scan_While

    def _scan_With(self, node: ast.With | ast.AsyncWith, context: _Context) -> None:
        tail = _nearly(context.tail)
        inner = replace(context, tail=tail, leaves=_nearly(context.leaves), exits=True, swallows=tail)
        self.tails.entered[_place(node)] = self.suite(node.body, inner)

    def _scan_Try(self, node: ast.Try, context: _Context) -> None:
        inner = context
        if node.finalbody:
            inner = replace(context, tail=NO, leaves=NO, under_finally=True, swallows=NO)
        self.suite(node.body, replace(inner, tail=NO if node.orelse else inner.tail, swallows=NO))
        for handler in node.handlers:
            self.tails.entered[_place(handler)] = self.suite(handler.body, inner)
        self.suite(node.orelse, inner)
        if node.finalbody:
            returning = NO if context.under_finally else RETURNING
            self.suite(node.finalbody, replace(context, tail=_nearly(context.tail) or returning))

    _scan_TryStar = _scan_Try

    def _scan_Match(self, node: ast.Match, context: _Context) -> None:
        guards = any(case.guard is not None and not _is_quiet(case.guard) for case in node.cases)
        self.tails.entered[_place(node)] = NO if guards else _nearly(context.tail)
        for case in node.cases:
            self.tails.entered[case.pattern.lineno, CASE] = self.suite(case.body, context)


def _nearly(tail: int) -> int:
    return NEARLY if tail == SURELY else tail


def _place(node: ast.stmt | ast.ExceptHandler) -> Place:
    """Where a statement stands; a definition begins with its first decorator."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = decorators[0] if decorators else node
    return first.lineno, first.col_offset


def _is_quiet(node: ast.AST) -> bool:
    """Whether nothing in a simple statement or expression calls a function by name, but for ``print`` itself."""
    if isinstance(node, (ast.If, ast.For, ast.While, ast.AsyncFor, ast.Try, ast.Match, ast.With, ast.AsyncWith)):
        return False
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            return all(map(_is_quiet, [*call.args, *(keyword.value for keyword in call.keywords)]))
    active = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return not any(isinstance(inner, active) for inner in ast.walk(node))
