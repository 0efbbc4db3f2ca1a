"""Whether what a statement has read is what is known to have been written."""

from __future__ import annotations

import ast
from typing import Any

from ..state import MISSING
from .expressions import targets_of
from .forms import differ, is_shortened, item_at
from .plan import Read
from .run import Run


class Taken:
    """Compares values that statements have read with what was written.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[ast.AST | None, tuple[str, str]] = {}
        """Of each statement the expression whose value it takes as it is, and the variable to which it gives that."""

    def is_other(self, index: int, read: Read, form: Any) -> bool:
        """Whether an event has read another value than what was written: that was overwritten by what is not recorded.

        It is known where the statement is ``x = READ`` or ``return READ``, of simple values.

        Arguments:
            index: the event.
            read: what it has read.
            form: what was written; of an item that of its container.
        """
        node = self._run.nodes[index]
        known = self._known.get(node)
        if known is None:
            known = self._known[node] = _taken(node)
        text, target = known
        if text != read.what:
            return False
        event = self._run.events[index]
        taken = self._run.form_of(index, target) if target else event.result_form if event.has_result else MISSING
        if read.container is not None:
            return not is_shortened(form) and differ(item_at(form, read.key), taken)
        return form is not MISSING and differ(form, taken)


def _taken(node: ast.AST | None) -> tuple[str, str]:
    """Of ``x = READ`` and ``return READ`` the text of what is read, and the variable."""
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)) else None
    if not isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)):
        return "", ""
    targets = targets_of(node)
    target = targets[0] if len(targets) == 1 else None
    if not isinstance(node, ast.Return) and not isinstance(target, ast.Name):
        return "", ""
    return ast.unparse(value), target.id if isinstance(target, ast.Name) else ""
