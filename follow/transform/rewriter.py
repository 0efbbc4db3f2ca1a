"""Put the probes into the text with libcst, walking its tree and the syntax tree side by side."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import libcst as cst

from ..errors import TransformError
from .lines import GuardedLines, ProbeLine, Verbatim, at_end, on_raise
from .probes import Opening, Plan
from .shape import leading_statements
from .wraps import wrap_expressions


def parse_module(text: str, tree: ast.Module, first: int, name: str, filename: str) -> cst.Module:
    """libcst's tree of a text.

    Arguments:
        text: what to parse.
        tree: its syntax tree.
        first: the number that the syntax tree gives to the first line of the text.
        name: how messages call what is parsed.
        filename: the file that the text is from.

    Raises:
        TransformError: libcst cannot parse it.
    """
    if _ANNOTATED.search(text):
        text = _without_parentheses(text, tree, first)
    if "\f" in text:  # starts the indent of its line anew for CPython, but not for libcst
        text = re.sub(r"(?m)^[ \t\f]*\f", "", text)
    try:
        return cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise TransformError(
            f"{name} cannot be followed: libcst cannot parse its source in {filename} ({reason}). "
            f"Leave it out, or write that statement in another way."
        ) from error


_ANNOTATED = re.compile(r"(?m)^[ \t]*\(.*\)[ \t]*:")


def _without_parentheses(text: str, tree: ast.Module, first: int) -> str:
    """``(x): int`` as ``x: int``: libcst cannot parse the former. What is compiled is the original's own."""
    lines = text.split("\n")
    annotated = [node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)]
    for node in sorted(annotated, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if node.lineno == node.annotation.lineno:
            line = lines[node.lineno - first].encode()
            start, end = (node.target.col_offset, node.target.end_col_offset)
            before, after = line[node.col_offset : start], line[end : node.annotation.col_offset]
            if before.startswith(b"("):
                between = after.replace(b")", b"")
                shorter = line[: node.col_offset] + line[start:end] + between + line[node.annotation.col_offset :]
                lines[node.lineno - first] = shorter.decode()
    return "\n".join(lines)


def write(plan: Plan, tree: ast.Module, text: str, first: int, module: cst.Module) -> str:
    """The text with its probes.

    Arguments:
        plan: what stands where.
        tree: the syntax tree that the plan speaks of.
        text: the original text.
        first: the number that the tree gives to the first line of the text.
        module: libcst's tree of the text.
    """
    return Rewriter(plan, Verbatim(text, first)).module(tree, module).code


def _lines(texts: Iterable[str]) -> list[Any]:
    return [ProbeLine(text=text) for text in texts]


class Rewriter:
    """One walk over a module's text.

    Arguments:
        plan: what stands where.
        verbatim: the original text.
    """

    def __init__(self, plan: Plan, verbatim: Verbatim) -> None:
        self._plan = plan
        self._verbatim = verbatim

    def module(self, tree: ast.Module, module: cst.Module) -> cst.Module:
        """The module with its probes."""
        opening = self._plan.openings.get(id(tree.body))
        if opening is None:
            return module.with_changes(body=self._statements(tree.body, module.body))
        first, count = leading_statements(tree.body), 0
        lines: list[Any] = []
        for line in module.body:  # a line of leading statements stays as it is
            if count >= first or not isinstance(line, cst.SimpleStatementLine):
                break
            if count + len(line.body) > first:
                nodes = tree.body[count : count + len(line.body)]
                split = list(self._simple(line, nodes, split=True))
                keep = first - count
                return self._module(
                    module, tree, [*lines, *split[:keep]], split[keep:], len(lines) + 1, count + len(nodes)
                )
            lines.append(line)
            count += len(line.body)
        return self._module(module, tree, lines, [], len(lines), first)

    def _module(
        self, module: cst.Module, tree: ast.Module, leading: list[Any], first: list[Any], written: int, nodes: int
    ) -> cst.Module:
        rest = [*first, *self._statements(tree.body[nodes:], module.body[written:])]
        return module.with_changes(
            body=self._opened([*leading, *rest], len(leading), tree, self._plan.openings[id(tree.body)])
        )

    # -- suites ----------------------------------------------------------------------------------

    def _statements(self, body: Sequence[ast.stmt], written: Iterable[Any]) -> list[Any]:
        nodes = iter(body)
        result: list[Any] = []
        for statement in written:
            if isinstance(statement, cst.SimpleStatementLine):
                result.extend(self._simple(statement, [next(nodes) for _ in statement.body]))
            else:
                result.extend(self._compound(statement, next(nodes)))
        return result

    def _simple(self, line: cst.SimpleStatementLine, nodes: list[ast.stmt], *, split: bool = False) -> Iterator[Any]:
        plan = self._plan
        if len(nodes) == 1:
            return self._one(line, nodes[0])
        if not split and not any(node in plan.before or node in plan.after or node in plan.wraps for node in nodes):
            return iter((line,))
        lines: list[Any] = []
        last = 0
        for written, node in zip(line.body, nodes):
            lines += _lines(plan.before.get(node, ()))
            small = wrap_expressions(written, plan.wraps[node]) if node in plan.wraps else written
            last = len(lines)
            lines.append(cst.SimpleStatementLine([small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]))
            lines += _lines(plan.after.get(node, ()))
        lines[last] = lines[last].with_changes(trailing_whitespace=line.trailing_whitespace)
        lines[0] = lines[0].with_changes(leading_lines=line.leading_lines)
        return iter(lines)

    def _one(self, line: cst.SimpleStatementLine, node: ast.stmt) -> Iterator[Any]:
        """A line of one statement, which mostly stays the text that it is."""
        plan = self._plan
        before, after = _lines(plan.before.get(node, ())), _lines(plan.after.get(node, ()))
        leading = line.leading_lines
        if before:
            before[0] = ProbeLine(text=before[0].text, leading_lines=leading)
            leading = ()
        text = None if node in plan.wraps else self._verbatim.statement(node)
        if text is not None:
            return iter([*before, ProbeLine(text=text, leading_lines=leading), *after])
        small = wrap_expressions(line.body[0], plan.wraps[node]) if node in plan.wraps else line.body[0]
        if small.semicolon is not cst.MaybeSentinel.DEFAULT:
            small = small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return iter([*before, line.with_changes(body=[small], leading_lines=leading), *after])

    def _suite(self, body: Sequence[ast.stmt], suite: Any, enter: Sequence[str] = ()) -> cst.IndentedBlock:
        """The suite with what stands at its start and its end, and round it."""
        suite = _indented(suite)
        lines = self._statements(body, suite.body)
        guard = self._plan.guards.get(id(body))
        if guard is not None:
            lines = [self._guarded(lines, guard)]
        closing = _lines(self._plan.closing.get(id(body), ()))
        return cst.ensure_type(suite.with_changes(body=[*_lines(enter), *lines, *closing]), cst.IndentedBlock)

    def _guarded(self, lines: list[Any], raised: str) -> GuardedLines:
        return GuardedLines(lines=lines, ending=on_raise(self._plan.prefix, raised))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, function: cst.FunctionDef) -> cst.FunctionDef:
        opening = self._plan.openings.get(id(node.body))
        if opening is None and not any(inside in self._plan.wraps for inside in ast.walk(node)):
            return function
        suite = _indented(function.body)
        lines = self._statements(node.body, suite.body)
        if opening is None:  # only a lambda in it is followed
            return function.with_changes(body=suite.with_changes(body=lines))
        first = 1 if ast.get_docstring(node, clean=False) is not None else 0
        return function.with_changes(body=suite.with_changes(body=self._opened(lines, first, node, opening)))

    def _opened(self, lines: list[Any], first: int, node: ast.AST, opening: Opening) -> list[Any]:
        docstring, lines = lines[:first], lines[first:]
        guard = self._plan.guards.get(id(node.body))  # type: ignore[attr-defined]
        if guard is not None and lines:
            lines = [self._guarded(lines, guard)]
        if opening.leave is not None and lines:
            lines = [GuardedLines(lines=lines, ending=at_end(opening.leave))]
        return [*docstring, ProbeLine(text=opening.enter), *lines]

    # -- compound statements ---------------------------------------------------------------------

    def _compound(self, statement: Any, node: ast.stmt) -> list[Any]:
        plan = self._plan
        changed = self._rebuild(statement, node)
        before = _lines(plan.before.get(node, ()))
        if before:
            before[0] = before[0].with_changes(leading_lines=changed.leading_lines)
            changed = changed.with_changes(leading_lines=[])
        return [*before, changed, *_lines(plan.after.get(node, ()))]

    def _rebuild(self, statement: Any, node: Any) -> Any:
        if node in self._plan.wraps:
            statement = wrap_expressions(statement, self._plan.wraps[node])
        if isinstance(statement, cst.FunctionDef):
            return self._function(node, statement)
        if isinstance(statement, (cst.Try, cst.TryStar)):
            return self._try(statement, node)
        if isinstance(statement, cst.Match):
            cases = [self._part(case, part) for case, part in zip(statement.cases, node.cases)]
            return statement.with_changes(cases=cases)
        body = self._suite(node.body, statement.body, self._plan.enter.get(node, ()))
        if isinstance(statement, (cst.If, cst.For, cst.While)):
            return statement.with_changes(body=body, orelse=self._orelse(statement.orelse, node))
        return statement.with_changes(body=body)

    def _orelse(self, orelse: Any, node: Any) -> Any:
        end = self._plan.end.get(node, ())
        if isinstance(orelse, cst.If):
            return self._rebuild(orelse, node.orelse[0])
        if orelse is not None:
            return orelse.with_changes(body=self._suite(node.orelse, orelse.body, end))
        return cst.Else(cst.IndentedBlock(_lines(end))) if end else None

    def _try(self, statement: Any, node: Any) -> Any:
        changes: dict[str, Any] = {
            "body": self._suite(node.body, statement.body),
            "handlers": [self._part(part, inner) for part, inner in zip(statement.handlers, node.handlers)],
        }
        for name, suite in (("orelse", node.orelse), ("finalbody", node.finalbody)):
            part = getattr(statement, name)
            if part is not None:
                changes[name] = part.with_changes(body=self._suite(suite, part.body))
        return statement.with_changes(**changes)

    def _part(self, part: Any, node: Any) -> Any:
        """An ``except`` or ``case`` with its suite."""
        if node in self._plan.wraps:
            part = wrap_expressions(part, self._plan.wraps[node])
        return part.with_changes(body=self._suite(node.body, part.body, self._plan.enter.get(node, ())))


def _indented(suite: Any) -> cst.IndentedBlock:
    """A suite on the line of its header (``if x: a = 1; b = 2``) as a block of its own."""
    if isinstance(suite, cst.IndentedBlock):
        return suite
    line = cst.SimpleStatementLine(suite.body, trailing_whitespace=suite.trailing_whitespace)
    return cst.IndentedBlock([line])
