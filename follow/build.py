"""From rewritten source to code objects that have the original's file name, lines and columns."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from types import CodeType

from . import quiet
from .asserts import rewrite_asserts
from .errors import TransformError
from .garbage import collected_seldom
from .graft import SENTINEL, Graft
from .inline import EventGraft
from .source import Located, Source, compile_statement, walk_codes
from .transform import Rewritten


def build_function(located: Located, rewritten: Rewritten, name: str, *, events: str = "") -> CodeType:
    """Compile a rewritten function in the context of its file.

    Arguments:
        located: the original function.
        rewritten: its new text and tables.
        name: how messages call the function.
        events: how its probes make events for a recorder, as ``accelerate`` names it; empty if they make records.

    Returns:
        The function's new code, whose probes are still sentinel constants.

    Raises:
        TransformError: the rewritten code is not the original with probes, or cannot be compiled.
    """
    flags = located.source.flags
    try:
        new = _parse_piece(rewritten.text, flags)
    except (SyntaxError, ValueError) as error:
        raise TransformError(f"{name} cannot be followed: its rewritten text cannot be parsed ({error}).") from error
    original = rewritten.original
    assert isinstance(original, ast.stmt)
    new = _graft(rewritten, events).statement(original, new)
    parent, index, suite = _place_of(located, original)
    suite[index] = new
    try:
        top = new if parent is None else located.ancestors[1]
        code = compile_statement(top, located.source)
    except (SyntaxError, ValueError) as error:
        raise TransformError(f"{name} cannot be followed: its rewritten code does not compile ({error}).") from error
    finally:
        suite[index] = original
    found = [inner for inner in walk_codes(code) if _is_scope(inner, 0)]
    if not found:
        raise TransformError(f"{name} cannot be followed: its rewritten code was not found again.")
    _check(located.code, found[0], name)
    return found[0]


def build_module(
    source: Source,
    rewritten: Rewritten,
    *,
    events: str = "",
    finish: Callable[[ast.Module], None] | None = None,
) -> CodeType:
    """Compile a rewritten file; the probes in its code are still sentinel constants.

    Arguments:
        source: the original file.
        rewritten: its new text and tables.
        events: how its probes make events for a recorder, as ``accelerate`` names it; empty if they make records.
        finish: changes the tree before it is compiled.

    Raises:
        TransformError: the rewritten code is not the original with probes, or cannot be compiled.
    """
    try:
        with collected_seldom():
            new = quiet.parse(rewritten.text, source.flags)
            _graft(rewritten, events).statement(rewritten.original, new)
            if source.asserts:
                rewrite_asserts(new, source.text)
            if finish is not None:
                finish(new)
            return quiet.compile_tree(new, source.flags)
    except (SyntaxError, ValueError) as error:
        raise TransformError(
            f"{source.filename} cannot be followed: its rewritten code does not compile ({error})."
        ) from error


def _graft(rewritten: Rewritten, events: str) -> Graft:
    graft = functools.partial(EventGraft, form=events) if events else Graft
    return graft(rewritten.prefix, rewritten.tables, rewritten.wrapped)


def _parse_piece(text: str, flags: int) -> ast.stmt:
    indented = text[:1] in (" ", "\t", "\f")
    tree = quiet.parse("if 1:\n" + text if indented else text, flags)
    statement = tree.body[0]
    return statement.body[0] if indented else statement  # type: ignore[attr-defined, no-any-return]


def _place_of(located: Located, statement: ast.stmt) -> tuple[ast.AST | None, int, list[ast.stmt]]:
    """The suite that holds the statement, to put the new one in its place for a moment."""
    above = [node for node in located.ancestors if node is not statement]
    for parent in reversed(above[1:]):
        for suite in _suites(parent):
            for index, candidate in enumerate(suite):
                if candidate is statement:
                    return parent, index, suite
    return None, 0, [statement]


def _suites(node: ast.AST) -> list[list[ast.stmt]]:
    found = [getattr(node, name, None) for name in ("body", "orelse", "finalbody")]
    suites = [suite for suite in found if isinstance(suite, list)]
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        suites.append(part.body)
    return suites


def _is_scope(code: CodeType, number: int) -> bool:
    wanted = tuple(f"{SENTINEL}{name}_{number}" for name in ("enter", "enter_id", "begin"))
    return any(constant in wanted for constant in code.co_consts if isinstance(constant, str))


def _check(original: CodeType, new: CodeType, name: str) -> None:
    """The new code must be the same kind of function with the same closure."""
    if set(original.co_freevars) != set(new.co_freevars) or original.co_flags != new.co_flags:
        raise TransformError(
            f"{name} cannot be followed: rewriting would change its closure or its kind "
            f"({original.co_freevars}, {original.co_flags:#x} became {new.co_freevars}, {new.co_flags:#x})."
        )
