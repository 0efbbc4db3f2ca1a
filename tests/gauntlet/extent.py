"""How much of what ran was followed: the records' lines against the lines that coverage saw executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SILENT = (ast.Global, ast.Nonlocal)


@dataclass(frozen=True)
class Extent:
    """Functions and statements that ran, how many of them have a record, and where those stand that have none."""

    functions: int
    followed_functions: int
    statements: int
    followed_statements: int
    missing: tuple[str, ...]


def extent(coverage: dict[str, Any], seen: frozenset[tuple[str, int]], skip: str = "/tests/") -> Extent:
    """Compare coverage's files with the places of the records."""
    lines: dict[str, set[int]] = {}
    for file, line in seen:
        lines.setdefault(str(Path(file).resolve()), set()).add(line)
    functions = followed = statements = shown = 0
    missing: list[str] = []
    for file, data in coverage.items():
        if skip in file or "/_tests/" in file or Path(file).name.startswith("test"):
            continue
        ran, recorded = set(data["executed_lines"]), lines.get(file, set())
        for node in _functions(ast.parse(Path(file).read_text("utf-8"))):
            own = [line for line in _statement_lines(node) if line in ran]
            if not own:
                continue
            functions += 1
            statements += len(own)
            there = [line for line in own if line in recorded]
            shown += len(there)
            followed += bool(there)
            missing += [f"{Path(file).name}:{line} {node.name}" for line in own if line not in recorded]
    return Extent(functions, followed, statements, shown, tuple(missing))


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, _FUNCTIONS):
            yield node


def _statement_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[int]:
    """The first lines of the statements that give records, without those of functions and classes inside."""
    header_end = node.body[0].lineno - 1
    found: set[int] = set()
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    pending: list[ast.AST] = list(body)
    while pending:
        statement = pending.pop()
        if isinstance(statement, ast.stmt) and not isinstance(statement, _SILENT):
            decorators = getattr(statement, "decorator_list", None)
            found.add(statement.lineno if not decorators else decorators[0].lineno)
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            found.discard(decorators[0].lineno if decorators else -1)
            continue
        pending.extend(
            child
            for child in ast.iter_child_nodes(statement)
            if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case))
        )
    return {line for line in found if line > header_end or line > node.lineno}
