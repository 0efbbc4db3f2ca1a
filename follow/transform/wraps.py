"""Put probes round expressions with libcst: lambda bodies, returned values, calls of ``locals()``, …"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import libcst as cst

from .probes import Wrap


class Verbatim(cst.Name):
    """Prints whatever it holds: a probe's text needs no tree of its own (half the cost of writing it).

    The graft parses the result again and refuses it if it is not what was meant.
    """

    def _validate(self) -> None:
        pass


_EMPTY = cst.SimpleStatementSuite([cst.Pass()])
_NO_CASE = cst.MatchCase(cst.MatchAs(), _EMPTY)


def wrapped(node: cst.BaseExpression, wrap: Wrap) -> cst.BaseExpression:
    """``before + node + after``, the node in parentheses where it needs them."""
    if (isinstance(node, cst.Tuple) and not node.lpar) or (isinstance(node, cst.NamedExpr) and not node.lpar):
        node = node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    if wrap.before.endswith(" or "):
        return cst.BooleanOperation(Verbatim(wrap.before.removesuffix(" or ")), cst.Or(), _in_parentheses(node))
    callee, _, first = wrap.before.partition("(")
    arguments = [cst.Arg(Verbatim(part)) for part in [first.rstrip(", ")] if part]
    rest = [cst.Arg(Verbatim(part)) for part in [wrap.after.removeprefix(", ").removesuffix(")")] if part]
    return cst.Call(cst.Name(callee), [*arguments, cst.Arg(node), *rest])


def _in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    if isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)) or getattr(node, "lpar", None):
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


class _Inside(cst.CSTTransformer):
    """Wraps the n-th lambda, call or walrus of one statement, counted in textual order."""

    def __init__(self, wraps: Sequence[Wrap]) -> None:
        super().__init__()
        self._wraps: dict[tuple[str, int], Wrap] = {(wrap.what, wrap.index): wrap for wrap in wraps}
        self._counts = {"lambda": 0, "call": 0, "walrus": 0}
        self._open: list[int] = []

    def _enter(self, what: str) -> None:
        self._open.append(self._counts[what])
        self._counts[what] += 1

    def visit_Lambda(self, node: cst.Lambda) -> None:
        self._enter("lambda")

    def visit_Call(self, node: cst.Call) -> None:
        self._enter("call")

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:
        self._enter("walrus")

    def leave_Lambda(self, original_node: cst.Lambda, updated_node: cst.Lambda) -> cst.Lambda:
        wrap = self._wraps.get(("lambda", self._open.pop()))
        return updated_node if wrap is None else updated_node.with_changes(body=wrapped(updated_node.body, wrap))

    def leave_NamedExpr(self, original_node: cst.NamedExpr, updated_node: cst.NamedExpr) -> cst.NamedExpr:
        wrap = self._wraps.get(("walrus", self._open.pop()))
        return updated_node if wrap is None else updated_node.with_changes(value=wrapped(updated_node.value, wrap))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        index = self._open.pop()
        callee = self._wraps.get(("callee", index))
        if callee is not None:
            updated_node = updated_node.with_changes(func=wrapped(updated_node.func, callee))
        whole = self._wraps.get(("call", index))
        return updated_node if whole is None else wrapped(updated_node, whole)


def wrap_expressions(node: Any, wraps: Sequence[Wrap]) -> Any:
    """Apply the wraps of one statement (small, or compound without looking into its suites)."""
    inner = [wrap for wrap in wraps if wrap.what != "value"]
    if inner:
        node = _visit_own(node, _Inside(inner))
    for wrap in wraps:
        if wrap.what == "value":
            node = _wrap_value(node, wrap)
    return node


def _visit_own(node: Any, visitor: cst.CSTTransformer) -> Any:
    hidden: dict[str, Any] = {}
    if hasattr(node, "body") and not isinstance(node, cst.BaseSmallStatement):
        hidden["body"] = _EMPTY
    if isinstance(node, (cst.If, cst.For, cst.While)):
        hidden["orelse"] = None
    if isinstance(node, cst.Match):
        hidden["cases"] = [_NO_CASE]
    if isinstance(node, (cst.Try, cst.TryStar)):
        return node
    saved = {name: getattr(node, name) for name in hidden}
    return cast(Any, node.with_changes(**hidden).visit(visitor)).with_changes(**saved)


_SPACE = cst.SimpleWhitespace(" ")


def _wrap_value(node: Any, wrap: Wrap) -> Any:
    """Wrap what the statement evaluates; a keyword may stand right before its parenthesis."""
    if isinstance(node, cst.If):
        return node.with_changes(test=wrapped(node.test, wrap), whitespace_before_test=_SPACE)
    if isinstance(node, cst.MatchCase) and node.guard is not None:
        return node.with_changes(guard=wrapped(node.guard, wrap), whitespace_after_if=_SPACE)
    if isinstance(node, cst.Match):
        return node.with_changes(subject=wrapped(node.subject, wrap), whitespace_after_match=_SPACE)
    if isinstance(node, cst.Expr):
        inner = cst.ensure_type(node.value, cst.Yield)
        assert isinstance(inner.value, cst.BaseExpression)
        value = inner.with_changes(value=wrapped(inner.value, wrap), whitespace_after_yield=_SPACE)
        return node.with_changes(value=value)
    return node.with_changes(value=wrapped(node.value, wrap), whitespace_after_return=_SPACE)
