"""Which variables records show: the fields ``include``, ``exclude``, ``watch`` and ``explode`` of ``FollowConfig``."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

PARTS = ".*"
"""What follows the name under which an exploded variable's parts are kept: no expression ends so."""


def is_shown(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Whether records show a variable."""
    if include and not any(fnmatchcase(name, pattern) for pattern in include):
        return False
    return not any(fnmatchcase(name, pattern) for pattern in exclude)


def is_exploded(name: str, explode: Sequence[str]) -> bool:
    """Whether the parts of a variable, or of what an expression of ``watch`` gives, are shown as well."""
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in explode)


@functools.lru_cache(256)
def parse_watched(text: str) -> ast.expr:
    """The syntax tree of an expression of ``watch``.

    Raises:
        ValueError: it is no expression that can be watched.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise ValueError(f"FollowConfig.watch: {text!r} is not an expression ({reason}).") from error
    for node in ast.walk(tree):
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom)) or (
            isinstance(node, ast.comprehension) and node.is_async
        ):
            what = type(node).__name__.lower()
            raise ValueError(f"FollowConfig.watch: {text!r} cannot be watched: it would suspend the call ({what}).")
        if isinstance(node, ast.NamedExpr):
            raise ValueError(f"FollowConfig.watch: {text!r} cannot be watched: it would bind a name (:=).")
        if isinstance(node, ast.Name) and node.id in ("super", "__class__", "locals", "vars", "dir"):
            raise ValueError(
                f"FollowConfig.watch: {text!r} cannot be watched: {node.id} would look at follow's own frame."
            )
    return tree


def names_in(tree: ast.expr) -> tuple[str, ...]:
    """The names that an expression reads, but for those that it binds itself in comprehensions and lambdas."""
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound |= {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    return tuple(dict.fromkeys(node.id for node in names if node.id not in bound))


def expanded(name: str, form: Any) -> dict[str, Any]:
    """Under which names records show what was recorded under one: the parts of a value each have their own."""
    if type(form) is dict and name.endswith(PARTS):
        base = name.removesuffix(PARTS)
        return {base + suffix: part for suffix, part in form.items()}
    return {name: form}
