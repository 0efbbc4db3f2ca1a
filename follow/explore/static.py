"""What the source says of each statement: what controls it, and where it stands."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..names import own_expressions, statement_binds, walrus_names

Node = ast.stmt | ast.ExceptHandler | ast.match_case
Place = tuple[int, int]


@dataclass(slots=True)
class Code:
    """The statements of one file.

    Attributes:
        nodes: by line and column, where each starts.
        controls: by statement, those that decide whether it runs.
        function: by statement, the function that it stands in, or the module.
        functions: by line and name, the functions.
        loops: by statement, the loops around it in its function, the innermost first.
        outside: by statement, the variables of other scopes that it writes: ``global`` and ``nonlocal`` names.
        guarded: by ``case``, those before it in its ``match`` that have a guard.
        lambdas: by line and column, where what each gives starts.
    """

    nodes: dict[Place, Node] = field(default_factory=dict)
    controls: dict[Node, set[Node]] = field(default_factory=dict)
    function: dict[Node, ast.AST] = field(default_factory=dict)
    functions: dict[tuple[int, str], ast.AST] = field(default_factory=dict)
    loops: dict[Node, tuple[Node, ...]] = field(default_factory=dict)
    outside: dict[Node, dict[str, str]] = field(default_factory=dict)
    guarded: dict[ast.match_case, tuple[ast.match_case, ...]] = field(default_factory=dict)
    lambdas: dict[Place, ast.Lambda] = field(default_factory=dict)

    def node(self, line: int, column: int, kind: str) -> Node | None:
        """The statement that starts there; a ``case`` is known by its line."""
        return self.nodes.get((line, -1 if kind == "case" else column))


def analyse(text: str) -> Code:
    """Look at a file's text; of one that cannot be parsed nothing is known."""
    code = Code()
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return code
    _Walk(code).owner(tree, tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            code.lambdas[node.body.lineno, node.body.col_offset] = node
        elif isinstance(node, ast.Match):
            for number, case in enumerate(node.cases):
                code.guarded[case] = tuple(one for one in node.cases[:number] if one.guard is not None)
    return code


@functools.lru_cache(maxsize=4_096)
def inside(node: ast.stmt) -> frozenset[Node]:
    """The statements in a compound statement's suites."""
    parts = (part for part in ast.walk(node) if isinstance(part, (ast.stmt, ast.ExceptHandler, ast.match_case)))
    return frozenset(parts) - {node}


def may_write(node: ast.stmt, name: str) -> bool:
    """Whether a statement in a compound statement's suites writes a variable, or may change what it holds."""
    for statement in inside(node):
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, (ast.Store, ast.Del)):
                return True
            if isinstance(part, (ast.Subscript, ast.Attribute)) and not isinstance(part.ctx, ast.Load):
                base: ast.expr = part.value
                while isinstance(base, (ast.Subscript, ast.Attribute)):
                    base = base.value
                if isinstance(base, ast.Name) and base.id == name:
                    return True
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                base = part.func.value
                if isinstance(base, ast.Name) and base.id == name:
                    return True
    return False


def yields(node: ast.AST | None) -> bool:
    """Whether a statement itself yields."""
    pending = [] if node is None else list(ast.iter_child_nodes(node))
    while pending:
        part = pending.pop()
        if isinstance(part, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(part, (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Lambda)):
            pending += ast.iter_child_nodes(part)
    return False


@functools.lru_cache(maxsize=4_096)
def following(owner: ast.AST, node: ast.AST) -> tuple[ast.stmt, ...]:
    """The statements of a function that may run right after one: the first of its suite, and the next beside it."""
    found = [*getattr(node, "body", [])[:1], *getattr(node, "orelse", [])[:1]]
    for part in ast.walk(owner):
        for name in ("body", "orelse", "finalbody"):
            suite = getattr(part, name, None)
            if isinstance(suite, list) and node in suite:
                found += suite[suite.index(node) + 1 :][:1]
    return tuple(found)


@functools.lru_cache(maxsize=4_096)
def takes(node: ast.AST | None) -> bool:
    """Whether a statement uses what its ``yield`` is sent."""
    pending = [] if node is None or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)) else [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Yield):
            return True
        inner = (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Lambda)
        pending += (child for child in ast.iter_child_nodes(part) if not isinstance(child, inner))
    return False


class _Walk:
    """One walk over a file: each function gets a flow graph of its own."""

    def __init__(self, code: Code) -> None:
        self._code = code

    def owner(self, owner: ast.AST, body: list[ast.stmt]) -> None:
        """Take in a function or module, and what is in it."""
        flow = _Flow()
        flow.block(body, None, _Targets(None, None, None))
        for node in flow.nodes:
            self._code.function[node] = owner
            if isinstance(node, ast.match_case):
                self._code.nodes[node.pattern.lineno, -1] = node
            else:
                self._code.nodes[_start(node)] = node
        self._code.controls.update(flow.controls())
        self._handlers(flow.nodes)
        self._outside(flow.nodes)
        for node in flow.nodes:  # the innermost loops come last
            if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
                for part in inside(node):
                    if self._code.function.get(part) is owner:
                        self._code.loops[part] = tuple(
                            sorted((*self._code.loops.get(part, ()), node), key=lambda one: -getattr(one, "lineno", 0))
                        )
        for statement in flow.nodes:
            self._inside(statement)

    def _handlers(self, nodes: list[Node]) -> None:
        """What is in an ``except`` or ``case`` is decided by that, not by the ``try`` or ``match``."""
        for node in nodes:
            if isinstance(node, (ast.ExceptHandler, ast.match_case)):
                above = self._code.controls[node]
                for part in node.body:
                    controls = self._code.controls.get(part)
                    if controls is not None and controls & above:
                        controls -= above
                        controls.add(node)

    def _outside(self, nodes: list[Node]) -> None:
        declared: dict[str, str] = {}
        for node in nodes:
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                kind = "global" if isinstance(node, ast.Global) else "nonlocal"
                declared.update(dict.fromkeys(node.names, kind))
        for node in nodes if declared else ():
            names = statement_binds(node).union(*(walrus_names(one)[1] for one in own_expressions(node)))
            found = {name: declared[name] for name in names if name in declared}
            if found:
                self._code.outside[node] = found

    def _inside(self, statement: ast.AST) -> None:
        """The functions and classes in a statement's own expressions, or the one that it is."""
        pending: list[ast.AST] = [statement]
        while pending:
            node = pending.pop()
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._code.functions[node.lineno, node.name] = node
                self.owner(node, node.body)
                continue
            if isinstance(node, ast.ClassDef):
                self.owner(node, node.body)
                continue
            for child in ast.iter_child_nodes(node):
                if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                    pending.append(child)


def _start(node: ast.stmt | ast.ExceptHandler) -> Place:
    return node.lineno, node.col_offset


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where the flow goes on ``break``, ``continue`` and ``raise``; None is the function's end."""

    after_break: Node | None
    after_continue: Node | None
    after_raise: Node | None


class _Flow:
    """The flow graph of one function. The end is None."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._next: dict[Node, list[Node | None]] = {}

    def block(self, body: Iterable[ast.stmt], after: Node | None, targets: _Targets) -> Node | None:
        """Take in a suite; its first statement, or what comes after it."""
        for statement in reversed(list(body)):
            after = self._statement(statement, after, targets)
        return after

    def _statement(self, node: ast.stmt, after: Node | None, targets: _Targets) -> Node:
        self.nodes.append(node)
        self._next[node] = following = []
        if isinstance(node, ast.If):
            following += [self.block(node.body, after, targets), self.block(node.orelse, after, targets)]
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            inside = _Targets(after, node, targets.after_raise)
            following.append(self.block(node.body, node, inside))
            endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value
            if not endless:
                following.append(self.block(node.orelse, after, targets))
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            following.append(self.block(node.body, after, targets))
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            following += self._try(node, after, targets)  # type: ignore[arg-type]
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self.nodes.append(case)
                self._next[case] = [self.block(case.body, after, targets)]
                following.append(case)
            following.append(after)
        elif isinstance(node, ast.Break):
            following.append(targets.after_break)
        elif isinstance(node, ast.Continue):
            following.append(targets.after_continue)
        elif isinstance(node, ast.Raise):
            following.append(targets.after_raise)
        else:
            following.append(None if isinstance(node, ast.Return) else after)
        return node

    def _try(self, node: ast.Try, after: Node | None, targets: _Targets) -> list[Node | None]:
        finish = self.block(node.finalbody, after, targets)
        handlers: list[Node | None] = []
        for handler in node.handlers:
            self.nodes.append(handler)
            self._next[handler] = [self.block(handler.body, finish, targets)]
            handlers.append(handler)
        inside = _Targets(targets.after_break, targets.after_continue, handlers[0] if handlers else targets.after_raise)
        rest = self.block(node.orelse, finish, targets)
        return [self.block(node.body, rest, inside), *handlers]

    def controls(self) -> dict[Node, set[Node]]:
        """By statement those on which it is control dependent: by postdominators."""
        order: list[Node | None] = [None, *self.nodes]
        number = {node: index for index, node in enumerate(order)}
        after: list[list[int]] = [[]]
        after += ([number[one] for one in self._next[node]] for node in self.nodes)
        everything = (1 << len(order)) - 1
        through = [1, *[everything] * len(self.nodes)]  # bit sets of what is passed on every way to the end
        changed = True
        while changed:
            changed = False
            for index in range(1, len(order)):
                common = everything
                for one in after[index]:
                    common &= through[one]
                common |= 1 << index
                if common != through[index]:
                    through[index], changed = common, True
        found: dict[Node, set[Node]] = {node: set() for node in self.nodes}
        for index in range(1, len(order)):
            if len(after[index]) < 2:
                continue
            mine = through[index] & ~(1 << index)
            for one in after[index]:
                depending = through[one] & ~mine
                while depending:
                    lowest = depending & -depending
                    depending ^= lowest
                    node = order[lowest.bit_length() - 1]
                    if node is not None:
                        found[node].add(self.nodes[index - 1])
        return found
