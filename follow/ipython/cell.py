"""Run one cell with its own statements and the functions that it defines followed."""

from __future__ import annotations

import ast
from typing import Any

from IPython.core.error import UsageError

from ..channel import Channel
from ..errors import FollowError
from ..graft import is_probe
from ..importhook import follow_source


def run_cell(shell: Any, cell: str, channel: Channel) -> None:
    """Run a cell in the user's namespace; its last expression is shown as usual.

    Arguments:
        shell: IPython's.
        cell: what the user wrote.
        channel: where the records go.

    Raises:
        UsageError: the cell cannot be followed.
        Exception: what the cell raises.
    """
    __tracebackhide__ = True
    text = shell.transform_cell(cell)
    filename = shell.compile.cache(text, shell.displayhook.prompt_count, raw_code=cell)
    _check(text, filename)
    shows = shell.ast_node_interactivity != "none" and not text.rstrip().endswith(";")
    try:
        code = follow_source(
            text, filename, channel.config, channel, finish=(lambda tree: _display_last(tree, text)) if shows else None
        )
    except FollowError as error:
        raise UsageError(str(error)) from error
    exec(code, shell.user_ns)


def _check(text: str, filename: str) -> None:
    """Raise what is wrong with the cell's syntax before follow looks at it."""
    tree = ast.parse(text, filename)
    try:
        compile(tree, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        try:
            compile(tree, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError:
            raise error from None
        raise UsageError(
            "The cell awaits at its top level, where it cannot be followed; put that into an async function and "
            "follow it with %follow."
        ) from None


def _display_last(tree: ast.Module, text: str) -> None:
    """Make the last expression one that is shown, as IPython does it."""
    body = ast.parse(text).body
    if not body or not isinstance(body[-1], ast.Expr):
        return
    wanted = _span(body[-1])
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            for index, child in enumerate(value if isinstance(value, list) else ()):
                if isinstance(child, ast.Expr) and _span(child) == wanted and not is_probe(child.value):
                    value[index] = _shown(child)
                    return


def _span(node: ast.AST) -> tuple[Any, ...]:
    return tuple(getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))


def _shown(statement: ast.Expr) -> ast.Expr:
    hook = ast.parse("__import__('sys').displayhook", mode="eval").body
    for node in ast.walk(hook):
        ast.copy_location(node, statement)
    call = ast.copy_location(ast.Call(hook, [statement.value], []), statement)
    return ast.copy_location(ast.Expr(call), statement)
