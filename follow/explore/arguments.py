"""What the text of a call gives for a function's parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .calls import Call
from .plan import Part, Read


def spread(part: Part) -> Part:
    """The same where what a variable holds was given, not itself."""
    return part._replace(relation="element") if type(part) is Read and part.relation == "value" else part


def given_for(node: ast.Call, call: Call, name: str) -> Iterator[tuple[ast.expr, bool]]:
    """The expressions that are given for a parameter of a call that was made, and whether with ``*``."""
    assert call.function is not None
    for keyword in node.keywords:
        if keyword.arg in (name, None):
            yield keyword.value, keyword.arg is None
    parameters = list(call.function.entered)
    if parameters and parameters[0] in ("self", "cls"):
        if name == parameters[0] and isinstance(node.func, ast.Attribute):
            yield node.func.value, False
        parameters = parameters[1:]
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        yield from ((one, isinstance(one, ast.Starred)) for one in node.args)
    elif name in parameters and parameters.index(name) < len(node.args):
        yield node.args[parameters.index(name)], False
