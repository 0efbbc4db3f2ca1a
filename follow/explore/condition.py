"""``--if``: conditions on recorded values. They are parsed and compared here, never evaluated as Python."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ..state import MISSING

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, other: one in other,
    ast.NotIn: lambda one, other: one not in other,
}


class Condition:
    """A condition such as ``n > 3 and name == "x"``.

    Arguments:
        text: the condition: names, constants, comparisons, ``len(name)``, ``and``, ``or``, ``not``.

    Raises:
        ValueError: it is something else.
    """

    def __init__(self, text: str) -> None:
        try:
            self._tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise ValueError(f"--if {text!r} is no condition: {error}.") from error
        self._text = text
        self._check(self._tree)

    @property
    def names(self) -> set[str]:
        """The variables that it asks for."""
        return {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)} - {"len"}

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it holds; a comparison that cannot be made does not."""
        return bool(self._value(self._tree, values) not in (MISSING, False, None))

    def _check(self, node: ast.AST) -> None:
        if isinstance(node, (ast.BoolOp, ast.Compare, ast.UnaryOp, ast.Tuple, ast.List)):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self._check(child)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
            self._check(node.args[0] if len(node.args) == 1 and not node.keywords else node.func)
        elif not isinstance(node, (ast.Name, ast.Constant)) or (isinstance(node, ast.Name) and node.id == "len"):
            raise ValueError(
                f"--if {self._text!r}: only names, constants, comparisons, len(), and, or, not can be asked for, not "
                f"{ast.unparse(node)}."
            )

    def _value(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return values.get(node.id, MISSING)
        if isinstance(node, (ast.Tuple, ast.List)):
            items = [self._value(item, values) for item in node.elts]
            return tuple(items) if isinstance(node, ast.Tuple) else items
        if isinstance(node, ast.BoolOp):
            parts = (self._value(part, values) not in (MISSING, False, None) for part in node.values)
            return all(parts) if isinstance(node.op, ast.And) else any(parts)
        if isinstance(node, ast.UnaryOp):
            value = self._value(node.operand, values)
            try:
                return not value if isinstance(node.op, ast.Not) else -value
            except TypeError:
                return MISSING
        if isinstance(node, ast.Call):
            value = self._value(node.args[0], values)
            return len(value) if hasattr(type(value), "__len__") else MISSING
        assert isinstance(node, ast.Compare)
        left = self._value(node.left, values)
        for comparison, part in zip(node.ops, node.comparators):
            right = self._value(part, values)
            try:
                if MISSING in (left, right) or not _COMPARISONS[type(comparison)](left, right):
                    return False
            except TypeError:
                return False
            left = right
        return True
