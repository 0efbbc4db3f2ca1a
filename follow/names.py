"""Which names a statement binds, unbinds and mentions: facts read off the syntax tree, without flow."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SKIPPED = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


def mangle(name: str, class_name: str | None) -> str:
    """The name that the compiler uses for ``name`` inside ``class_name``."""
    if class_name is None or not name.startswith("__") or name.endswith("__") or "." in name:
        return name
    stripped = class_name.lstrip("_")
    return f"_{stripped}{name}" if stripped else name


def children(node: ast.AST) -> Iterator[ast.AST]:
    """The children of ``node`` in the order in which they stand in the text."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values):
            if key is not None:
                yield key
            yield value
        return
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.test, node.orelse)
        return
    found = [child for child in ast.iter_child_nodes(node) if not isinstance(child, _SKIPPED)]
    if isinstance(node, (ast.Call, ast.arguments, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        found.sort(key=_start)
    yield from found


def _start(node: ast.AST) -> tuple[int, int]:
    if isinstance(node, ast.arguments):
        # It has no position of its own: it stands before the returned annotation, after the decorators.
        inside = list(ast.iter_child_nodes(node))
        return min(map(_start, inside)) if inside else (0, 0)
    if isinstance(node, ast.keyword) and node.arg is None:
        node = node.value
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def own_expressions(statement: ast.AST) -> Iterator[ast.AST]:
    """The expressions of the statement itself: not those of statements or patterns' suites inside it."""
    for child in children(statement):
        if not isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield child


def sure_expressions(statement: ast.AST) -> Iterator[ast.AST]:
    """Those of the statement's own expressions that are evaluated whenever it runs to its end."""
    if isinstance(statement, ast.Assert):
        yield statement.test
    elif isinstance(statement, ast.AnnAssign):
        yield from [statement.target] if statement.value is None else [statement.value, statement.target]
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from statement.decorator_list
        yield from statement.args.defaults
        yield from (default for default in statement.args.kw_defaults if default is not None)
    else:
        yield from own_expressions(statement)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and everything below it that runs in the same function, in textual order."""
    yield node
    if isinstance(node, ast.Lambda):
        # The defaults run where the lambda is made, its body runs elsewhere.
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
            yield from walk(default)
        return
    for child in children(node):
        yield from walk(child)


def targets(node: ast.AST) -> Iterator[str]:
    """The plain names that an assignment target, a pattern or an import binds."""
    if isinstance(node, ast.Name):
        yield from [node.id] if isinstance(node.ctx, ast.Store) else []
    elif isinstance(node, (ast.Tuple, ast.List)):
        for element in node.elts:
            yield from targets(element)
    elif isinstance(node, ast.Starred):
        yield from targets(node.value)
    elif isinstance(node, (ast.MatchAs, ast.MatchStar)):
        if node.name is not None:
            yield node.name
        if isinstance(node, ast.MatchAs) and node.pattern is not None:
            yield from targets(node.pattern)
    elif isinstance(node, ast.MatchMapping):
        for pattern in node.patterns:
            yield from targets(pattern)
        if node.rest is not None:
            yield node.rest
    elif isinstance(node, ast.pattern):
        for child in ast.iter_child_nodes(node):
            yield from targets(child)
    elif isinstance(node, ast.alias) and node.name != "*":
        yield node.asname or node.name.partition(".")[0]


def used_names(expressions: Iterable[ast.AST]) -> Iterator[str]:
    """The names that expressions read or change, and their attributes (``a``, ``a.b``, ``a.b.c``), but for what they
    only call."""
    pending = list(expressions)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and (dotted := dotted_name(node)):
            parts = dotted.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            pending += [node.func.value, *node.args, *node.keywords]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            pending += [*node.args, *node.keywords]
        else:
            pending += ast.iter_child_nodes(node)


def dotted_name(node: ast.AST) -> str:
    """``a.b.c`` for such an expression; empty for others."""
    if isinstance(node, ast.Attribute) and (base := dotted_name(node.value)):
        return f"{base}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def walrus_names(node: ast.AST) -> tuple[set[str], set[str]]:
    """The names that ``:=`` inside an expression binds: (certainly, possibly)."""
    certain: set[str] = set()
    possible: set[str] = set()
    _walrus(node, True, certain, possible)
    return certain, possible


def _walrus(node: ast.AST, certainly: bool, certain: set[str], possible: set[str]) -> None:
    if isinstance(node, ast.NamedExpr):
        assert isinstance(node.target, ast.Name)
        possible.add(node.target.id)
        if certainly:
            certain.add(node.target.id)
    if isinstance(node, ast.Lambda):  # its defaults run here, its body elsewhere
        for default in (*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)):
            _walrus(default, certainly, certain, possible)
        return
    if isinstance(node, SCOPES):
        return
    sure: list[ast.AST] = []
    if isinstance(node, ast.BoolOp):
        sure = [node.values[0]]
    elif isinstance(node, ast.IfExp):
        sure = [node.test]
    elif isinstance(node, ast.Compare):
        sure = [node.left, node.comparators[0]]
    elif isinstance(node, _COMPREHENSIONS):
        sure = []
    else:
        sure = list(ast.iter_child_nodes(node))
    for child in ast.iter_child_nodes(node):
        _walrus(child, certainly and child in sure, certain, possible)


def statement_binds(statement: ast.AST) -> set[str]:
    """The names that the statement itself binds, not counting ``:=`` and its suites."""
    found: set[str] = set()
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        sources: list[ast.AST] = list(statement.targets)
    elif isinstance(statement, (ast.AugAssign, ast.For, ast.AsyncFor)):
        sources = [statement.target]
    elif isinstance(statement, ast.AnnAssign):
        sources = [statement.target] if statement.value is not None else []
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        sources = list(statement.names)
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        sources = [item.optional_vars for item in statement.items if item.optional_vars is not None]
    elif isinstance(statement, ast.match_case):
        sources = [statement.pattern]
    elif isinstance(statement, ast.ExceptHandler):
        return {statement.name} if statement.name else set()
    elif type(statement).__name__ == "TypeAlias":
        sources = [statement.name]  # type: ignore[attr-defined]
    else:
        return found
    for source in sources:
        found.update(targets(source))
    return found


def statement_unbinds(statement: ast.AST) -> set[str]:
    """The plain names that a ``del`` statement unbinds."""
    if not isinstance(statement, ast.Delete):
        return set()
    found: set[str] = set()
    stack: list[ast.AST] = list(statement.targets)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            stack.extend(node.elts)
    return found


def suites(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    """The suites of a compound statement that run in the same function."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    for name in ("body", "orelse", "finalbody"):
        suite = getattr(statement, name, None)
        if suite:
            yield suite
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def own_names(tree: ast.Module) -> frozenset[str]:
    """The names that a module's own statements bind."""
    return frozenset(name for statement in all_statements(tree.body) for name in statement_binds(statement))


def all_statements(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Every statement, ``except`` and ``case`` of the suite and of the suites in it, in one function."""
    for statement in body:
        yield statement
        yield from (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ()))
        for suite in suites(statement):
            yield from all_statements(suite)
