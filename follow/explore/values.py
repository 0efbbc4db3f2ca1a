"""The values of expressions, told from what is recorded: nothing is evaluated as Python."""

from __future__ import annotations

import ast
from typing import Any

from ..copies import name_and_length
from ..state import MISSING
from .calls import Call
from .expressions import called
from .forms import item_at
from .modules import module_call, submodule, variable_of
from .run import Run


class Values:
    """Tells the values of expressions at some event.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def value(self, node: ast.AST, index: int, call: Call | None = None) -> Any:
        """The form of an expression just before an event; ``MISSING`` if it cannot be told.

        Arguments:
            node: the expression.
            index: the event.
            call: whose variables it has; by default those of the event's own.
        """
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._run.value_before(index, node.id, call)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.value(node.operand, index, call)
            return -value if type(value) is int else MISSING
        if isinstance(node, ast.Attribute):
            base = self.value(node.value, index, call)
            module = module_call(self._run, base)
            if module is not None:
                found = variable_of(self._run, module, node, index, call or self._run.of[index])
                return submodule(self._run, base, node.attr) if found is MISSING else found
            if base is not MISSING and (inner := submodule(self._run, base, node.attr)) is not MISSING:
                return inner
            return self._run.resolved(item_at(base, node.attr), index)
        if isinstance(node, ast.Subscript):
            base = self.value(node.value, index, call)
            return self._run.resolved(item_at(base, self.key(node.slice, index, base, call)), index)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            left, right = self.value(node.left, index, call), self.value(node.right, index, call)
            if type(left) is int and type(right) is int:
                return left + right if isinstance(node.op, ast.Add) else left - right
        if isinstance(node, ast.Call) and called(node) == "len" and len(node.args) == 1:
            return _length(self.value(node.args[0], index, call))
        if isinstance(node, ast.Tuple):
            parts = tuple(self.value(part, index, call) for part in node.elts)
            return MISSING if MISSING in parts else parts
        return MISSING

    def key(self, node: ast.expr, index: int, base: Any, call: Call | None = None) -> Any:
        """Which item a subscript takes; ``MISSING`` for all or any of them."""
        key = self.value(node, index, call) if not isinstance(node, ast.Slice) else MISSING
        if type(key) is int and key < 0 and type(base) in (list, tuple):
            key += len(base) - (type(base) is list)
        try:
            hash(key)
        except TypeError:
            return MISSING
        return key


def _length(form: Any) -> Any:
    """How many items a container had; ``MISSING`` if that cannot be told."""
    if form is MISSING or isinstance(form, (int, float)) or form is None:
        return MISSING
    _, length = (type(form).__name__, len(form)) if isinstance(form, (str, bytes)) else name_and_length(form)
    return MISSING if length is None else length
