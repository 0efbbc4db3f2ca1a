"""Read-only: from the syntax tree of a function to its numbered sites and the plan of its probes."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from ..config import FollowConfig
from ..model import Guard, Scope, Site
from ..names import all_statements, own_expressions, statement_binds, suites, walk, walrus_names
from ..secretnames import SecretNames
from . import probes
from .anchors import entry_of, first_of
from .codenames import CodeNames, Names
from .expressions import scan_expressions
from .headers import Text, span_of
from .layout import Layout
from .shape import (
    FUNCTIONS,
    FunctionNode,
    argument_names,
    block_depth,
    is_docstring,
    is_locals_call,
    leading_statements,
)
from .statements import Context, StatementScan

_READS_FRAME = {"_getframe", "currentframe"}
_READS_LOCALS_OR_FRAME = {"exec", "eval", "locals", *_READS_FRAME}
_WORTH_A_LOOK = re.compile(rf"\b(?:yield|await|async|{'|'.join(_READS_LOCALS_OR_FRAME)})\b")
_MAX_BLOCKS = 18
"""CPython allows 20 nested blocks; what is deeper than this gets no ``try`` for exceptions."""


@dataclass(slots=True)
class Scan:
    """All that is gathered while a piece of source is read; sites, scopes and guards are numbered across it."""

    text: Text
    config: FollowConfig
    plan: probes.Plan
    codes: CodeNames
    walruses: bool
    own: frozenset[str]
    """The names that the module itself binds."""
    secrets: SecretNames
    """The names whose values are hidden."""
    shown: Text
    """What instructions are taken from: the text, or the text without its secrets."""
    objects: bool = False
    """Whether it is recorded what objects hold."""
    given: frozenset[str] = frozenset()
    """The names that are given a secret somewhere in the file, for what functions do to variables of their module."""
    sites: dict[int, Site] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)

    def function(self, node: FunctionNode, class_name: str | None, qualname: str) -> int:
        """Scan one function or lambda and those inside it.

        Returns:
            The number of its scope, or -1 when the compiler drops it as dead code.
        """
        if node not in self.codes:
            return -1
        scanner = FunctionScan(self, node, class_name, qualname)
        scanner.run()
        return scanner.number

    def class_body(self, body: list[ast.stmt], class_name: str, qualname: str) -> None:
        """Scan the functions in a class body, whose other statements run in a frame of their own."""
        for statement in body:
            scan_expressions(self, statement, class_name, qualname, None)
            if isinstance(statement, FUNCTIONS):
                self.function(statement, class_name, f"{qualname}.{statement.name}")
            elif isinstance(statement, ast.ClassDef):
                self.class_body(statement.body, statement.name, f"{qualname}.{statement.name}")
            for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                scan_expressions(self, handler, class_name, qualname, None)
            for suite in suites(statement):
                self.class_body(suite, class_name, qualname)


class FunctionScan(StatementScan):
    """The scan of one function or lambda."""

    def run(self) -> None:
        """Scan the function: reserve its number first, so that outer functions come before inner ones."""
        lambda_body = isinstance(self.node, ast.Lambda)
        if lambda_body:
            anchor = first_of(self.node.body)  # type: ignore[arg-type]
        elif self._real_body() is self.node.body and is_docstring(self.node.body[-1]):
            anchor = (self.node.lineno, self.node.col_offset, self.node.lineno, self.node.col_offset)
        else:
            anchor = entry_of(self._real_body())
        name = "<lambda>" if lambda_body else self.node.name  # type: ignore[union-attr]
        line = self.node.lineno  # type: ignore[union-attr]
        self.scan.scopes.append(Scope(self.number, name, self.qualname, anchor, self.visible, line=line))
        self._survey()
        if lambda_body:
            self._run_lambda()
        else:
            self._run_body()

    def _real_body(self) -> list[ast.stmt]:
        body: list[ast.stmt] = self.node.body  # type: ignore[assignment]
        return body[1:] if len(body) > 1 and is_docstring(body[0]) else body

    def _survey(self) -> None:
        body = self.node.body
        self.suspends = isinstance(self.node, ast.AsyncFunctionDef)
        lines = self.scan.text.lines[self.node.lineno - 1 : self.node.end_lineno]
        if not any(map(_WORTH_A_LOOK.search, lines)):
            return
        roots: list[ast.AST] = [body] if isinstance(body, ast.expr) else list(body)
        while roots:
            node = roots.pop()
            if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await)):
                self.suspends = True
            if isinstance(node, ast.Name) and node.id in _READS_LOCALS_OR_FRAME:
                self.hidden = self.hidden and isinstance(node.ctx, ast.Store)
            elif isinstance(node, ast.Attribute) and node.attr in _READS_FRAME:
                self.hidden = False
            if is_locals_call(node):
                roots.extend(node.args)  # type: ignore[attr-defined]
                continue
            if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
                roots.extend(own_expressions(node))
            elif isinstance(node, ast.Lambda):
                roots.extend(list(walk(node))[1:])
            else:
                roots.extend(ast.iter_child_nodes(node))

    def _run_lambda(self) -> None:
        assert isinstance(self.node, ast.Lambda)
        body = self.node.body
        self.hidden = False
        bound = self.flow.value(body, argument_names(self.node))
        result = "return" if self.scan.config.follow_return else ""
        self.draft(body, "lambda", span_of(body), first_of(body), bound, None, -1, result=result)
        Layout(self).finish()

    def _run_body(self) -> None:
        body = self._real_body()
        config = self.scan.config
        self.flow.run(self.node.body, argument_names(self.node))  # type: ignore[arg-type]
        guarded = config.follow_exceptions and block_depth(self.node.body) <= _MAX_BLOCKS  # type: ignore[arg-type]
        guard = self._guard(self.node.body, entry_of(body)) if guarded else -1  # type: ignore[arg-type]
        if not (len(body) == 1 and is_docstring(body[0]) and body is self.node.body):
            self._suite(body, Context(guard, True, False))
        Layout(self).finish()


class ModuleScan(StatementScan):
    """The scan of a module's own statements: its variables live in a dict, and it has no arguments."""

    def __init__(self, scan: Scan, tree: ast.Module) -> None:
        bound: dict[str, None] = {}
        for statement in all_statements(tree.body):
            bound.update(dict.fromkeys(sorted(statement_binds(statement))))
            for expression in own_expressions(statement) if scan.walruses else ():
                bound.update(dict.fromkeys(sorted(walrus_names(expression)[1])))
        scan.codes[tree] = Names(tuple(bound), (), ())
        super().__init__(scan, tree, None, "<module>")  # type: ignore[arg-type]
        self.inner = ""
        self.hidden = False
        self.namespace = True

    def run(self) -> None:
        """Scan the module and every function in it."""
        body: list[ast.stmt] = self.node.body  # type: ignore[assignment]
        body = body[leading_statements(body) :]
        if not body:
            return
        anchor = entry_of(body)
        self.scan.scopes.append(
            Scope(self.number, "<module>", "<module>", anchor, self.visible, namespace=True, line=anchor[0])
        )
        self.flow.run(body, ())
        guarded = self.scan.config.follow_exceptions and block_depth(body) <= _MAX_BLOCKS
        guard = self._guard(self.node.body, anchor) if guarded else -1  # type: ignore[arg-type]
        self._suite(body, Context(guard, False, False))
        Layout(self).finish()
