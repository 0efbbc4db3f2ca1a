"""Nodes of generated code: one node a line, where libcst's own would be a dozen."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState, visit_sequence


class Verbatim:
    """The text of statements that stay as they are: writing it is cheaper than writing their trees.

    Arguments:
        text: the original text.
        first: the number that the syntax tree gives to its first line.
    """

    def __init__(self, text: str, first: int) -> None:
        self._lines = text.split("\n")
        self._first = first

    def statement(self, node: ast.stmt) -> str | None:
        """The lines of a statement, without the indentation of the first; None where others share them."""
        start, end = node.lineno - self._first, (node.end_lineno or node.lineno) - self._first
        head, last = self._lines[start], self._lines[end]
        if head[: node.col_offset].strip() or "\f" in head:
            return None
        rest = last.encode()[node.end_col_offset :] if not last.isascii() else last[node.end_col_offset :]
        if rest and rest.strip()[:1] not in ("", "#", b"", b"#"):
            return None
        return "\n".join([head[node.col_offset :], *self._lines[start + 1 : end + 1]])


@dataclass(frozen=True)
class ProbeLine(cst.BaseCompoundStatement):
    """Lines that print ``text`` as it is. The graft parses the result again and refuses what was not meant."""

    text: str = ""
    leading_lines: Sequence[cst.EmptyLine] = ()
    body: Any = None

    def _visit_and_replace_children(self, visitor: Any) -> ProbeLine:
        return self

    def _codegen_impl(self, state: CodegenState) -> None:
        for line in self.leading_lines:
            line._codegen(state)
        _write(state, self.text)


@dataclass(frozen=True)
class GuardedLines(cst.BaseCompoundStatement):
    """``try:`` with ``lines`` in it, then ``ending``: what follows at the level of the ``try``."""

    lines: Sequence[Any] = ()
    ending: Sequence[str] = ()
    leading_lines: Sequence[cst.EmptyLine] = ()
    body: Any = None

    def _visit_and_replace_children(self, visitor: Any) -> GuardedLines:
        lines = visit_sequence(self, "lines", self.lines, visitor)
        return GuardedLines(lines=lines, ending=self.ending)

    def _codegen_impl(self, state: CodegenState) -> None:
        _write(state, "try:")
        state.increase_indent(state.default_indent)
        for line in self.lines:
            line._codegen(state)
        state.decrease_indent()
        for text in self.ending:
            _write(state, text.replace("\t", state.default_indent))


def _write(state: CodegenState, text: str) -> None:
    state.add_indent_tokens()
    state.add_token(text)
    state.add_token(state.default_newline)


def on_raise(prefix: str, raised: str) -> list[str]:
    """What stands below a guarded suite; a tab is one level."""
    return [
        "except:",
        "\ttry:",
        f"\t\t{raised}",
        f"\texcept {prefix}_RecursionError:",
        "\t\tpass",
        "\traise",
    ]


def at_end(leave: str) -> list[str]:
    """What stands below a suite that is left in every case."""
    return ["finally:", f"\t{leave}"]
