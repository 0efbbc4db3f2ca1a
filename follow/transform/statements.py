"""From statements to sites: one method for each kind of statement that is more than "do it, then report it"."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..model import Guard, Site, Span
from ..names import own_expressions, statement_binds, statement_unbinds, walrus_names
from ..variables import is_shown
from .anchors import definition_of, entry_of, first_of, last_of
from .expressions import scan_expressions
from .flow import AFTER, END, ENTER, Bound, Flow, is_always_true
from .headers import header_span, span_of
from .kinds import is_on, kind_of
from .loops import Loops
from .shape import FunctionNode, is_elif, nested_declarations, stores_several

if TYPE_CHECKING:
    from .scan import Scan

_NO_RECORD = (ast.Global, ast.Nonlocal)


@dataclass(slots=True)
class Context:
    """Where a suite stands: its guard, whether the call ends after it, whether it is under a ``finally``."""

    guard: int
    tail: bool
    under_finally: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A site before its variables are laid out: what is bound then, what binds names in it, and its node."""

    site: Site
    bound: Bound
    binder: ast.AST | None
    node: ast.AST


class StatementScan:
    """The sites of the statements of one function, lambda or module, and where their probes stand."""

    def __init__(self, scan: Scan, node: FunctionNode, class_name: str | None, qualname: str) -> None:
        self.scan = scan
        self.node = node
        self.class_name = class_name
        self.qualname = qualname
        self.inner = f"{qualname}.<locals>."
        self.number = len(scan.scopes)
        names = scan.codes[node]
        self.shared, globals_ = nested_declarations(node, class_name)
        self.names = tuple(name for name in names.order if name != "__class__" and name not in globals_)
        config = scan.config
        self.visible = tuple(name for name in self.names if is_shown(name, config.include, config.exclude))
        self.free = set(names.free)
        self.cell = set(names.cell)
        self.flow = Flow([n for n in self.names if n not in self.free], class_name, walruses=scan.walruses)
        self.dark: set[str] = set()
        self.unseen: list[tuple[ast.stmt, bool]] = []
        """Statements of which there are no records, or not of their ends, and whether these come again and again."""
        self._looping = 0
        self.drafts: dict[int, Draft] = {}
        self.emitters: list[tuple[int, str, ast.AST]] = []
        self.loops = Loops(self)
        self.walruses: list[tuple[ast.AST, int, str]] = []
        self.handlers: list[tuple[ast.ExceptHandler, list[ast.stmt]]] = []
        self.guarded: dict[int, list[ast.stmt]] = {}
        self.return_clears: dict[int, list[str]] = {}
        self._open_handlers: list[tuple[ast.ExceptHandler, list[ast.stmt]]] = []
        self._loop_handlers = 0
        self.hidden = True
        self.shows_locals = False
        self.namespace = False
        self.suspends = False

    def _guard(self, body: list[ast.stmt], anchor: Span) -> int:
        number = len(self.scan.guards)
        self.scan.guards.append(Guard(number, self.number, anchor, body is self.node.body))
        self.guarded[number] = body
        return number

    # -- suites and statements -------------------------------------------------------------------

    def _suite(self, body: list[ast.stmt], context: Context) -> None:
        for statement in body:
            tail = context.tail and statement is body[-1]
            self._statement(statement, Context(context.guard, tail, context.under_finally))

    def _statement(self, statement: ast.stmt, context: Context) -> None:
        scan_expressions(self.scan, statement, self.class_name, self.inner[:-1], self)
        if isinstance(statement, _NO_RECORD):
            return
        name = {"TryStar": "Try", "AsyncFor": "For", "AsyncWith": "With"}.get(
            type(statement).__name__, type(statement).__name__
        )
        method = getattr(self, f"_scan_{name}", None)
        if method is not None:
            method(statement, context)
        else:
            self._simple(statement, context)

    def _wanted(self, node: ast.AST) -> bool:
        """Whether there are records of the statement; else the names it binds are seen only where certain."""
        if not self.scan.config.follow_exceptions and stores_several(node):
            self.dark |= statement_binds(node) | statement_unbinds(node)
        if is_on(kind_of(node), self.scan.config):
            return True
        self._leave_unseen(node)
        self.dark |= statement_binds(node)
        for expression in own_expressions(node):
            self.dark |= walrus_names(expression)[1] if self.scan.walruses else set()
        return False

    def _leave_unseen(self, statement: ast.AST) -> None:
        assert isinstance(statement, ast.stmt)
        again = self._looping > 0 or isinstance(statement, (ast.For, ast.AsyncFor, ast.While))
        self.unseen.append((statement, again))

    def _simple(self, statement: ast.stmt, context: Context) -> None:
        if not self._wanted(statement):
            return
        span = span_of(statement)
        bound = self.flow.moments[statement, AFTER]
        result = ""
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Yield):
            result = "yield" if self.scan.config.follow_return and statement.value.value is not None else ""
        site = self.draft(
            statement, kind_of(statement), span, last_of(statement), bound, statement, context.guard, result=result
        )
        self.emitters.append((site, "yield" if result else "after", statement))

    def _jump(self, statement: ast.stmt, context: Context) -> None:
        bound = self.flow.moments[statement, AFTER]
        kind = kind_of(statement)
        closing = isinstance(statement, ast.Return) and not context.under_finally
        result = "return" if isinstance(statement, ast.Return) and self.scan.config.follow_return else ""
        site = self.draft(
            statement,
            kind,
            span_of(statement),
            first_of(statement),
            bound,
            None,
            context.guard,
            closing=closing,
            result=result,
        )
        if isinstance(statement, ast.Raise):
            if statement.exc is None and self.scan.config.follow_exceptions:
                self.emitters.append((site, "reraise", statement))
            return
        if isinstance(statement, (ast.Break, ast.Return)):
            self.loops.leave(statement, site, context.guard)
        if isinstance(statement, ast.Return) and context.under_finally:
            self.return_clears[site] = [handler.name for handler, _ in self._open_handlers if handler.name]
        if isinstance(statement, (ast.Break, ast.Continue)):
            for _, jumps in self._open_handlers[self._loop_handlers :]:
                jumps.append(statement)
        wrapped = isinstance(statement, ast.Return) and statement.value is not None
        self.emitters.append((site, "return" if wrapped else "before", statement))

    _scan_Return = _scan_Raise = _scan_Break = _scan_Continue = _jump

    def _scan_Pass(self, statement: ast.Pass, context: Context) -> None:
        site = self.draft(
            statement,
            "pass",
            span_of(statement),
            span_of(statement),
            self.flow.moments[statement, AFTER],
            None,
            context.guard,
        )
        self.emitters.append((site, "after", statement))

    def _header(
        self, node: ast.AST, moment: str, anchor: Span, guard: int, *, raising: bool = True, closing: bool = False
    ) -> int:
        return self.draft(
            node,
            kind_of(node),
            header_span(node, self.scan.text),
            anchor,
            self.flow.moments[node, moment],
            node,
            guard,
            raising=raising,
            closing=closing,
        )

    def _scan_If(self, statement: ast.If, context: Context) -> None:
        entered = self._header(statement, ENTER, entry_of(statement.body), context.guard)
        self.emitters.append((entered, "enter", statement))
        self._suite(statement.body, context)
        elif_ = is_elif(statement, self.scan.text)
        if not statement.orelse:
            anchor = first_of(statement.test)
        else:
            anchor = first_of(statement.orelse[0]) if elif_ else entry_of(statement.orelse)
        failed = self._header(statement, END, anchor, context.guard, raising=False)
        self.emitters.append((failed, "elif", statement.orelse[0]) if elif_ else (failed, "end", statement))
        self._suite(statement.orelse, context)

    def _scan_For(self, statement: ast.For | ast.AsyncFor, context: Context) -> None:
        self._loop(statement, context, first_of(statement.iter), True)

    def _scan_While(self, statement: ast.While, context: Context) -> None:
        self._loop(statement, context, first_of(statement), not is_always_true(statement.test))

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While, context: Context, anchor: Span, ends: bool) -> None:
        inside = Context(context.guard, False, context.under_finally)
        wanted = self._wanted(statement)
        outer, limited = self.loops.current, self.loops.begin(statement, context.guard)
        if wanted:
            entered = self._header(statement, ENTER, entry_of(statement.body), context.guard)
            self.emitters.append((entered, "enter", statement))
        around, self._loop_handlers = self._loop_handlers, len(self._open_handlers)
        self._looping += 1
        self._suite(statement.body, inside)
        self._looping -= 1
        self._loop_handlers = around
        if statement.orelse:
            anchor = entry_of(statement.orelse)
        if limited and ends:
            self.loops.tell(statement, END, anchor, context.guard, "end")
        self.loops.current = outer
        if wanted and ends:
            closing = context.tail and not statement.orelse
            ended = self._header(statement, END, anchor, context.guard, raising=False, closing=closing)
            self.emitters.append((ended, "end", statement))
        self._suite(statement.orelse, context)

    def _scan_With(self, statement: ast.With | ast.AsyncWith, context: Context) -> None:
        self._wanted(statement)
        self._leave_unseen(statement)  # what it does in the end
        entered = self._header(statement, ENTER, entry_of(statement.body), context.guard)
        self.emitters.append((entered, "enter", statement))
        guard = self._guard(statement.body, entry_of(statement.body)) if context.guard >= 0 else -1
        self._suite(statement.body, Context(guard, False, context.under_finally))

    def _scan_Match(self, statement: ast.Match, context: Context) -> None:
        entered = self._header(statement, ENTER, first_of(statement), context.guard)
        self.emitters.append((entered, "match", statement))
        for case in statement.cases:
            scan_expressions(self.scan, case, self.class_name, self.inner[:-1], self)
            number = self._header(case, ENTER, entry_of(case.body), context.guard)
            self.emitters.append((number, "enter", case))
            if case.guard is not None:
                self.emitters.append((number, "guard", case))
            self._suite(case.body, context)

    def _scan_Try(self, statement: ast.Try, context: Context) -> None:
        entered = self._header(statement, ENTER, span_of(statement), context.guard, raising=False)
        self.emitters.append((entered, "before", statement))
        finally_ = bool(statement.finalbody)
        under = context.under_finally or finally_
        tail = context.tail and not finally_
        first = len(self.loops.around)
        self._guarded(statement.body, Context(context.guard, tail and not statement.orelse, under))
        loops = range(first, len(self.loops.around))
        for handler in statement.handlers:
            scan_expressions(self.scan, handler, self.class_name, self.inner[:-1], self)
            self.loops.tell_interrupted(loops, handler, context.guard)
            number = self._header(handler, ENTER, entry_of(handler.body), context.guard)
            self.emitters.append((number, "enter", handler))
            if handler.name is not None:
                self._open_handlers.append((handler, []))
                self.handlers.append(self._open_handlers[-1])
            (self._guarded if finally_ else self._suite)(handler.body, Context(context.guard, tail, under))
            if handler.name is not None:
                self._open_handlers.pop()
        (self._guarded if finally_ else self._suite)(statement.orelse, Context(context.guard, tail, under))
        self._suite(statement.finalbody, Context(context.guard, context.tail, context.under_finally))

    def _guarded(self, body: list[ast.stmt], context: Context) -> None:
        if body and context.guard >= 0:
            context = replace(context, guard=self._guard(body, entry_of(body)))
        self._suite(body, context)

    def _scan_FunctionDef(self, statement: ast.FunctionDef | ast.AsyncFunctionDef, context: Context) -> None:
        self._definition(statement, context)
        inner = self.scan.codes.get(statement)
        if inner is not None:
            self.scan.function(statement, self.class_name, f"{self.inner}{statement.name}")

    _scan_AsyncFunctionDef = _scan_FunctionDef

    def _definition(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, context: Context) -> None:
        first = statement.decorator_list[0] if statement.decorator_list else statement
        line, column, end_line, end_column = header_span(statement, self.scan.text)
        site = self.draft(
            statement,
            kind_of(statement),
            (line, column, end_line, end_column),
            definition_of(statement),
            self.flow.moments[statement, AFTER],
            statement,
            context.guard,
        )
        draft = self.drafts[site]
        whole = (*span_of(first)[:2], *span_of(statement)[2:])
        self.drafts[site] = replace(draft, site=draft.site._replace(span=whole))
        self.emitters.append((site, "after", statement))

    def _scan_ClassDef(self, statement: ast.ClassDef, context: Context) -> None:
        self._definition(statement, context)
        self.scan.class_body(statement.body, statement.name, f"{self.inner}{statement.name}")

    # -- sites -----------------------------------------------------------------------------------

    def draft(
        self,
        node: ast.AST,
        kind: str,
        span: Span,
        anchor: Span,
        bound: Bound,
        binder: ast.AST | None,
        guard: int,
        *,
        closing: bool = False,
        raising: bool = True,
        result: str = "",
    ) -> int:
        """A site, still without its variables."""
        number = len(self.scan.sites)
        instruction = self.scan.shown.instruction(span)
        site = Site(
            number,
            self.number,
            kind,
            instruction,
            span,
            anchor,
            guard,
            closing=closing,
            raising=raising,
            result=result,
            loop=self.loops.current,
            always=kind in ("return", "raise"),
        )
        self.scan.sites[number] = site
        self.drafts[number] = Draft(site, bound, binder, node)
        return number
