"""Where a call falls off its function's end: there a check is put of whether this was the outermost call.

Each check stands where only one way leads to it, and has no line of its own: so it has the line of what came before
it, and neither a debugger nor coverage sees it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from copy import copy

from .graft import set_position
from .model import NOWHERE, Span

_ENDINGS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_TRIES = (ast.Try, getattr(ast, "TryStar", ast.Try))
_BRANCHES = "_follow_branches"


def branching(node: ast.stmt) -> ast.stmt:
    """Mark a statement of follow's own after which branches meet."""
    setattr(node, _BRANCHES, True)
    return node


def put_checks(suite: list[ast.stmt], check: ast.If) -> None:
    """Put checks where a call ends after a suite.

    Not seen are the ends of a ``match`` in which no case fits, and of a ``with`` that has swallowed an exception.

    Arguments:
        suite: the last suite of a function; it is changed.
        check: the check.
    """
    last = suite[-1] if suite else None
    if isinstance(last, ast.If) and not hasattr(last, _BRANCHES):
        put_checks(last.body, check)
        put_checks(last.orelse, check)
    elif isinstance(last, _LOOPS):
        put_checks(last.orelse, check)
        for inner in _suites_of_loop(last):
            for index in reversed([at for at, one in enumerate(inner) if isinstance(one, ast.Break)]):
                inner[index:index] = [_placed(check, NOWHERE)]
    elif isinstance(last, (ast.With, ast.AsyncWith)):
        put_checks(last.body, check)
    elif isinstance(last, _TRIES):
        _put_in_try(last, check)
    elif isinstance(last, ast.Match):
        for case in last.cases:
            put_checks(case.body, check)
    elif not isinstance(last, _ENDINGS):
        anchor = NOWHERE if last is None or not hasattr(last, _BRANCHES) else _span(last)
        suite.append(_placed(check, anchor))


def _put_in_try(node: ast.Try, check: ast.If) -> None:
    if node.finalbody:
        put_checks(node.finalbody, check)
        return
    put_checks(node.orelse if node.orelse else node.body, check)
    for handler in node.handlers:
        put_checks(handler.body, check)


def _suites_of_loop(loop: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The suites in which a ``break`` leaves a loop, but for those after which a ``finally`` or ``with`` follows."""
    suites: list[list[ast.stmt]] = [loop.body]  # type: ignore[attr-defined]
    while suites:
        suite = suites.pop()
        yield suite
        for node in suite:
            if isinstance(node, _LOOPS):
                suites.append(node.orelse)
            elif isinstance(node, ast.If):
                suites += [node.body, node.orelse]
            elif isinstance(node, _TRIES) and not node.finalbody:
                suites += [node.body, node.orelse, *(handler.body for handler in node.handlers)]
            elif isinstance(node, ast.Match):
                suites += [case.body for case in node.cases]


def _span(node: ast.stmt) -> Span:
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return node.lineno, node.col_offset, end_line, end_column


def _placed(check: ast.If, anchor: Span) -> ast.stmt:
    """A copy of the check at a position."""
    if anchor == NOWHERE:
        return check
    found = _copied(check)
    for node in ast.walk(found):
        if "lineno" in node._attributes:
            set_position(node, anchor)
    assert isinstance(found, ast.stmt)
    return found


def _copied(node: ast.AST) -> ast.AST:
    found = copy(node)
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            setattr(found, name, _copied(value))
        elif isinstance(value, list):
            setattr(found, name, [_copied(one) if isinstance(one, ast.AST) else one for one in value])
    return found
