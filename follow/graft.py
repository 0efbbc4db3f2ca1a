"""Give the rewritten tree the original's positions, and turn probe names into what they stand for.

The new text is parsed and walked in lockstep with the original tree. What holds no probe is taken
from the original; where there are probes inside, every position is copied and any difference that is
not a probe aborts. So what runs is the original with probes, whatever the rewriter did.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from typing import TypeVar

from .errors import TransformError
from .model import HIDDEN_LOCAL, NOWHERE, Span, Tables

SENTINEL = "\0follow:"
"""Constants that start so are replaced in the code objects by what they name."""

PROBES = "probes"
"""The constant that holds all probes, by their names or their sites' numbers."""

_IN_TABLE = re.compile(r"(?:(?:return|match|lambda|yield|store|keep|clear|raised|reraise)_)?\d")
"""The names of the probes in it: those that a piece of source may have many of."""

_Node = TypeVar("_Node", bound=ast.AST)
_SUITES = ("body", "orelse", "finalbody", "handlers", "cases")
_WITH_SUITES = (
    ast.Module,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.If,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    getattr(ast, "TryStar", ast.Try),  # 3.11
    ast.Match,
    ast.ExceptHandler,
    ast.match_case,
)
_POSITIONS = ("lineno", "col_offset", "end_lineno", "end_col_offset")


class Graft:
    """One walk down the two trees.

    Arguments:
        prefix: what starts the names of probes.
        tables: what knows their positions.
        wrapped: the statements, ``except`` and ``case`` in whose own expressions there are probes.
    """

    def __init__(self, prefix: str, tables: Tables, wrapped: Set[ast.AST]) -> None:
        self._prefix = prefix
        self._tables = tables
        self._wrapped = wrapped
        self._name = re.compile(rf"{re.escape(prefix)}_(?:([a-zA-Z]+)_?)?(\d+)?(?:_\d+)?$")

    def statement(self, original: _Node, rewritten: ast.AST) -> _Node:
        """Graft what a statement was onto what it has become.

        Where there are no probes inside, that is the original itself; else the rewritten one, with the
        original's parts in it but for the suites and expressions that hold probes, and its positions.

        Raises:
            TransformError: the trees differ by more than probes.
        """
        if type(original) is not type(rewritten):
            raise self._differ(original)
        wrapped = original in self._wrapped
        if not wrapped and not isinstance(original, _WITH_SUITES):
            return original
        if isinstance(original, ast.AnnAssign):  # the rewriter may have dropped the parentheses of ``(x): int``
            rewritten.simple = original.simple  # type: ignore[attr-defined]
        for name in original._fields:
            old, new = getattr(original, name, None), getattr(rewritten, name, None)
            if name in _SUITES and isinstance(old, list):
                self._suite(original, old, new)
            elif wrapped:
                self._field(original, old, new)
            else:
                setattr(rewritten, name, old)
        self._copy_position(original, rewritten)
        return rewritten  # type: ignore[return-value]

    def _suite(self, owner: ast.AST, old: list[ast.AST], new: object) -> None:
        if not isinstance(new, list):
            raise self._differ(owner)
        rest = iter(old)
        self._items(owner, rest, new)
        if next(rest, None) is not None:
            raise self._differ(owner)

    def _items(self, owner: ast.AST, rest: Iterator[ast.AST], new: list[ast.AST]) -> None:
        """Graft the items that the original had; probes are placed, guards are looked through."""
        done: list[ast.AST] = []
        for item in new:
            if isinstance(item, ast.Try) and self._is_guard(item):
                self._items(owner, rest, item.body)  # type: ignore[arg-type]
                done.append(item)
                continue
            placed = self._place_statement(item)
            if placed is None:
                old = next(rest, None)
                if old is None:
                    raise self._differ(owner)
                done += self._grafted(old, item)
            else:
                done += placed
        new[:] = done

    def _grafted(self, old: ast.AST, item: ast.AST) -> list[ast.AST]:
        """What a part of a suite that the original had becomes."""
        return [self.statement(old, item)]

    def _expression(self, original: ast.AST, rewritten: ast.AST) -> None:
        """Graft an expression, or what is no statement, in which there may be probes."""
        inner = self._unwrapped(rewritten)
        if inner is not None:
            self._expression(original, inner)
            self._place_wrapper(rewritten, inner)
            return
        if type(original) is not type(rewritten):
            raise self._differ(original)
        if isinstance(original, ast.JoinedStr):
            self._keep_texts(original, rewritten)
        for name in original._fields:
            self._field(original, getattr(original, name, None), getattr(rewritten, name, None))
        self._copy_position(original, rewritten)

    def _keep_texts(self, original: ast.JoinedStr, rewritten: ast.AST) -> None:
        """``f"{call()=}"`` shows the source of the call: what it was without a probe."""
        parts: list[ast.expr] = rewritten.values  # type: ignore[attr-defined]
        for index, (old, new) in enumerate(zip(original.values, parts)):
            if isinstance(old, ast.Constant) and isinstance(new, ast.Constant):
                parts[index] = old

    def _field(self, owner: ast.AST, old: object, new: object) -> None:
        if isinstance(old, list):
            if not isinstance(new, list) or len(old) != len(new):
                raise self._differ(owner)
            for one, other in zip(old, new):
                self._field(owner, one, other)
        elif isinstance(old, ast.AST):
            if not isinstance(new, ast.AST):
                raise self._differ(owner)
            self._expression(old, new)
        elif type(old) is not type(new) or old != new:
            raise self._differ(owner)

    def _copy_position(self, original: ast.AST, rewritten: ast.AST) -> None:
        for name in _POSITIONS:
            if name in original._attributes:
                setattr(rewritten, name, getattr(original, name))

    def _differ(self, node: ast.AST) -> TransformError:
        line = getattr(node, "lineno", "?")
        return TransformError(
            f"{self._tables.filename}:{line} cannot be followed: the rewritten code differs from the original by more "
            f"than probes ({type(node).__name__}). This is a defect of follow; please report it with that statement."
        )

    # -- probes ----------------------------------------------------------------------------------

    def _probe(self, node: object) -> re.Match[str] | None:
        """Whether an expression is a call of a probe."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._name.match(node.func.id)
        return None

    def _anchor(self, match: re.Match[str]) -> Span:
        what, number = match.group(1), match.group(2)
        if what == "enter":
            return self._tables.scopes[int(number)].anchor
        if what == "raised":
            return self._tables.guards[int(number)].anchor
        if what in (None, "return", "match", "lambda", "yield", "reraise") and number is not None:
            return self._tables.sites[int(number)].anchor
        return NOWHERE

    def _place_statement(self, item: object) -> list[ast.stmt] | None:
        """What a statement that follow has added becomes; None if it is the program's own."""
        value = item.value if isinstance(item, (ast.Expr, ast.Assign)) else None
        match = self._probe(value)
        if match is None or match.group(1) == "locals":
            return None
        assert isinstance(item, ast.stmt)
        return self._placed_statement(item, match)

    def _placed_statement(self, item: ast.stmt, match: re.Match[str]) -> list[ast.stmt]:
        self._place(item, self._anchor(match))
        return [item]

    def _placed_condition(self, probe: ast.expr, match: re.Match[str]) -> ast.expr:
        """A probe that stands before a condition, as in ``probe or condition``."""
        self._place(probe, self._anchor(match))
        return probe

    def _place(self, node: ast.AST, anchor: Span) -> None:
        """Give a probe and all inside it one position, and turn its names into constants."""
        value = node.value if isinstance(node, ast.Expr) else None
        if isinstance(value, ast.Call) and all(type(argument) is ast.Name for argument in value.args):
            # Nearly all probes: a call with plain names, for which walking costs more than placing.
            set_position(node, anchor)
            set_position(value, anchor)
            value.func = self._callee(value.func, anchor)
            for argument in value.args:
                set_position(argument, anchor)
                if argument.id == self._prefix:  # type: ignore[attr-defined]
                    argument.id = HIDDEN_LOCAL  # type: ignore[attr-defined]
            return
        for child in ast.walk(node):
            if "lineno" in child._attributes:
                set_position(child, anchor)
            if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and self._name.match(child.func.id):
                child.func = self._callee(child.func, anchor)
            if isinstance(child, ast.Name) and child.id == self._prefix:
                child.id = HIDDEN_LOCAL

    def _callee(self, named: ast.expr, anchor: Span) -> ast.expr:
        """What a probe's name becomes: an item of the one constant that holds all probes.

        So only the few probes that are ever called are made, and code is linked fast.
        """
        name = named.id[len(self._prefix) + 1 :]  # type: ignore[attr-defined]
        if not _IN_TABLE.match(name):
            return constant(name, anchor)
        key = ast.Constant(value=int(name) if name.isdigit() else name)
        item = ast.Subscript(value=constant(PROBES, anchor), slice=key, ctx=ast.Load())
        set_position(key, anchor)
        set_position(item, anchor)
        return item

    def _unwrapped(self, node: ast.AST) -> ast.expr | None:
        """The original's expression inside a probe that wraps it."""
        if isinstance(node, ast.BoolOp) and len(node.values) == 2 and self._probe(node.values[0]) is not None:
            return node.values[1]
        match = self._probe(node)
        return None if match is None else node.args[self._wrapped_index(match)]  # type: ignore[attr-defined, no-any-return]

    @staticmethod
    def _wrapped_index(match: re.Match[str]) -> int:
        return 0 if match.group(1) in ("spawn", "into") else 1

    def _place_wrapper(self, node: ast.AST, inner: ast.expr) -> None:
        """Place a probe round an expression: what is loaded before it at its start, the rest at its end."""
        if isinstance(node, ast.BoolOp):
            match = self._probe(node.values[0])
            assert match is not None
            node.values[0] = self._placed_condition(node.values[0], match)
            set_position(node, _position(inner))
            return
        match = self._probe(node)
        assert match is not None and isinstance(node, ast.Call)
        index = self._wrapped_index(match)
        first = self._anchor(match)
        if first == NOWHERE:
            first = _position(inner)
        last = self._tables.sites[int(match.group(2))].span if match.group(1) == "return" else _position(inner)
        for argument in node.args[:index]:
            self._place(argument, first)
        for argument in node.args[index + 1 :]:
            self._place(argument, last)
        node.func = self._callee(node.func, first)
        set_position(node, last)

    def _is_guard(self, node: ast.Try) -> bool:
        """Whether a ``try`` is one of follow's; then its own parts are placed."""
        if node.finalbody and not node.handlers:
            value = getattr(node.finalbody[0], "value", None)
            match = self._probe(value)
            if match is None or match.group(1) != "leave":
                return False
            anchor = self._tables.scopes[int(match.group(2))].anchor
            self._place(node.finalbody[0], anchor)  # without a line, neither would the function's end have one
            set_position(node, anchor)
            return True
        inner = node.handlers[0].body[0] if len(node.handlers) == 1 else None
        if not isinstance(inner, ast.Try) or not isinstance(inner.body[0], ast.Expr):
            return False
        match = self._probe(inner.body[0].value)
        if match is None or match.group(1) != "raised":
            return False
        anchor = self._anchor(match)
        handler = node.handlers[0]
        self._place(handler, NOWHERE)
        inner.handlers[0].type = constant("RecursionError", NOWHERE)
        set_position(handler.body[-1], anchor)
        set_position(node, anchor)
        return True


def constant(name: str, anchor: Span) -> ast.expr:
    """An expression that compiles to one constant, which is later replaced by what ``name`` means.

    It is written ``constant if True else None``: the compiler folds that, whereas it warns of a plain
    constant that is called ("'str' object is not callable").
    """
    constant = ast.Constant(value=SENTINEL + name)
    chosen = ast.IfExp(test=ast.Constant(value=True), body=constant, orelse=ast.Constant(value=None))
    for node in (chosen, chosen.test, chosen.body, chosen.orelse):
        set_position(node, anchor)
    return chosen


def is_probe(node: ast.AST) -> bool:
    """Whether an expression of a grafted tree is a call of a probe."""
    callee = node.func if isinstance(node, ast.Call) else None
    if isinstance(callee, ast.Subscript):
        callee = callee.value
    chosen = callee.body if isinstance(callee, ast.IfExp) else None
    return isinstance(chosen, ast.Constant) and str(chosen.value).startswith(SENTINEL)


def _position(node: ast.expr) -> Span:
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def set_position(node: ast.AST, span: Span) -> None:
    """Give a node a position."""
    node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = span  # type: ignore[attr-defined]
