"""What the records of a function show besides its variables: the fields ``watch`` and ``explode``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..names import mangle
from ..variables import PARTS, is_exploded, names_in, parse_watched

if TYPE_CHECKING:
    from .statements import StatementScan

Watch = tuple[str, str, tuple[str, ...], bool]
"""The name in records, the expression, the function's variables in it, whether the parts of its value are meant."""


def watches_of(function: StatementScan) -> tuple[Watch, ...]:
    """What is computed after each statement of a function, as ``Scope.watches`` has it."""
    config = function.scan.config
    found: dict[str, Watch] = {}
    for name in function.names if config.explode else ():
        hidden = name not in function.visible and name not in config.explode
        if is_exploded(name, config.explode) and not hidden:
            found[name + PARTS] = name + PARTS, name, _variables(function, (name,)), True
    for text in config.watch:
        tree = parse_watched(text)
        shown = isinstance(tree, ast.Name) and mangle(tree.id, function.class_name) in function.visible
        names = _variables(function, names_in(tree))
        if shown:
            continue
        found[text] = text, text, names, False
        if is_exploded(text, config.explode):
            simple = isinstance(tree, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
            parts = (text if simple else f"({text})") + PARTS
            found[parts] = parts, text, names, True
    return tuple(found.values())


def _variables(function: StatementScan, names: tuple[str, ...]) -> tuple[str, ...]:
    """Of some names the function's variables; what a module binds is looked up when it is wanted."""
    if function.namespace:
        return ()
    mangled = [mangle(name, function.class_name) for name in names]
    return tuple(dict.fromkeys(name for name in mangled if name in function.names))
