"""For a recorder: probes written into the code itself, as one call of C a statement.

The text of the generated code is the same as for other followers. Where a probe only has to note
values that are at hand, its call becomes ``extend((id, call, value, …, now()))``, which ``eventwriter`` writes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Set

from .accelerate import IN_PYTHON, is_helped
from .endings import put_checks
from .eventwriter import Writer, is_native
from .graft import Graft, constant, set_position
from .model import CELL, ELISION, HIDDEN_LOCAL, NOWHERE, RESULT_LOCAL, VALUE, Scope, Shown, Site, Span, Tables
from .state import LOOP_SIZE, SLOTS

_BY_SITE = ("statement", "return", "match", "lambda", "yield")
"""The probes that the compiled helper has, by what their names start with."""


class EventGraft(Graft):
    """The graft that writes probes out, or makes each one call of the compiled helper.

    Arguments:
        prefix: what the names of the probes start with.
        tables: what knows their positions.
        wrapped: the statements, ``except`` and ``case`` in whose own expressions there are probes.
        form: which of the two (see ``accelerate``).
    """

    def __init__(self, prefix: str, tables: Tables, wrapped: Set[ast.AST], *, form: str) -> None:
        super().__init__(prefix, tables, wrapped)
        self._form = form
        self._entered: Scope | None = None
        """The function whose body is being grafted, once its entry was met."""

    def _suite(self, owner: ast.AST, old: list[ast.AST], new: object) -> None:
        """Where a call may fall off its end, it is checked whether it was the outermost one."""
        if not isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            super()._suite(owner, old, new)
            return
        around, self._entered = self._entered, None
        super()._suite(owner, old, new)
        if self._entered is not None and isinstance(new, list):
            put_checks(new, Writer(NOWHERE, self._entered, self._form).check())
        self._entered = around

    def _placed_statement(self, item: ast.stmt, match: re.Match[str]) -> list[ast.stmt]:
        what, number = match.group(1), match.group(2)
        if what == "enter" and isinstance(item, ast.Assign):
            self._scope = int(number)
            return self._entry(item, self._tables.scopes[int(number)])
        if what is None and number is not None:
            written = self._statements(self._tables.sites[int(number)])
            if written:
                return written
        return super()._placed_statement(item, match)

    def _place_guarded(self, item: ast.If) -> list[ast.stmt]:
        """What is remembered in any iteration, and the event only if the iteration is recorded.

        There is no ``else``: the jump over it would have no line, and a debugger would see the next line twice.
        """
        match = self._probe(item.body[0].value)  # type: ignore[attr-defined]
        assert match is not None
        site = self._tables.sites[int(match.group(2))]
        write = self._writer(site) if match.group(1) is None else None
        if write is None:
            return super()._place_guarded(item)
        self._place(item.test, site.anchor)
        set_position(item, site.anchor)
        item.body, item.orelse = write.site_statements(site), []
        return [*self._stored(site, write), item, *self._looked(site, write)]

    def _placed_condition(self, probe: ast.expr, match: re.Match[str]) -> ast.expr:
        if match.group(1) is None:
            site = self._tables.sites[int(match.group(2))]
            write = self._writer(site)
            if write is not None and write.native:
                return write.given(site)
            if write is not None and not site.stores:
                return write.site_if_recorded(site)
        return super()._placed_condition(probe, match)

    def _grafted(self, old: ast.AST, item: ast.AST) -> list[ast.AST]:
        """``return x`` becomes ``.r = x``, the event, and ``return .r``."""
        match = self._probe(item.value) if isinstance(item, ast.Return) else None
        done = super()._grafted(old, item)
        if match is None or match.group(1) != "return":
            return done
        write = self._writer(self._tables.sites[int(match.group(2))])
        if write is None or write.native:
            return done
        (end,) = done
        assert isinstance(end, ast.Return) and isinstance(end.value, ast.Call)
        keep = ast.Assign(targets=[write.name(RESULT_LOCAL, ast.Store())], value=end.value.args[1])
        end.value = write.name(RESULT_LOCAL)
        events = write.site_statements(self._tables.sites[int(match.group(2))], Shown(RESULT_LOCAL, VALUE, 0))
        return [write.statement(keep), *events, write.check(), end]

    def _callee(self, named: ast.expr, anchor: Span) -> ast.expr:
        """What a probe's name becomes: with the compiled helper nearly always the probe itself."""
        match = self._name.match(named.id)  # type: ignore[attr-defined]
        if is_helped(self._form) and match is not None and match.group(2) is not None:
            what, number = match.group(1) or "statement", int(match.group(2))
            if what == "enter" and self._tables.scopes[number].name == "<lambda>":
                if is_native(self._tables.scopes[number], self._form):
                    return constant(f"begin_{number}", anchor)
            elif what in IN_PYTHON:
                return constant(f"{what}_{number}", anchor)
            elif what in _BY_SITE and is_native(self._tables.scopes[self._tables.sites[number].scope], self._form):
                return constant(f"native_{what}_{number}", anchor)
        return super()._callee(named, anchor)

    def _writer(self, site: Site) -> Writer | None:
        """What writes a site's probe out; None where it must stay a function."""
        scope = self._tables.scopes[site.scope]
        if not scope.hidden or scope.namespace or site.kind == ELISION:
            return None
        if site.kind == "return":
            return Writer(site.anchor, scope, self._form) if site.closing else None
        return None if site.result else Writer(site.anchor, scope, self._form)

    def _statements(self, site: Site) -> list[ast.stmt]:
        write = self._writer(site)
        if write is None:
            return []
        if write.native:
            return [write.statement(write.given(site))]
        return [*self._stored(site, write), *write.site_statements(site), *self._looked(site, write)]

    def _stored(self, site: Site, write: Writer) -> list[ast.stmt]:
        """The call's table is brought up to date."""
        changes: list[tuple[int, ast.expr]] = [
            (slot, write.name(site.arguments[argument])) for slot, argument in site.stores
        ]
        changes += [(slot, constant("missing", site.anchor)) for slot in site.clears]
        return [write.statement(write.store(SLOTS + slot, value)) for slot, value in changes]

    def _looked(self, site: Site, write: Writer) -> list[ast.stmt]:
        """Loops see whether there is something to hand over, returns whether the outermost call ends."""
        if site.kind == "return":
            return [write.check()]
        return [write.look(site)] if site.kind in ("for", "while") else []

    def _entry(self, item: ast.Assign, scope: Scope) -> list[ast.stmt]:
        """The call's state, and the event that it has begun."""
        write = Writer(scope.anchor, scope, self._form)
        assert isinstance(item.value, ast.Call)
        self._entered = scope
        if write.native:
            user = self._placed_user(item.value, scope) if scope.cells else write.none()
            state = write.call(f"begin_{scope.number}", user, *map(write.name, scope.entered))
            return [write.statement(ast.Assign(targets=[write.name(HIDDEN_LOCAL, ast.Store())], value=state))]
        state = write.call(f"next_{scope.number}")
        if not scope.stateless:
            cells: ast.expr = write.none()
            if scope.cells:
                cells = write.attribute(self._placed_user(item.value, scope), "__closure__")
            parts = [state, write.none(), cells, write.none(), write.none(), write.none()]
            more = len(scope.slots) + LOOP_SIZE * len(scope.loops)
            state = write.display([*parts, *(constant("missing", scope.anchor) for _ in range(more))])
        begin = ast.Assign(targets=[write.name(HIDDEN_LOCAL, ast.Store())], value=state)
        set_position(begin, scope.anchor)
        parts = [constant(f"enter_id_{scope.number}", scope.anchor), write.number(), write.call("thread")]
        parts += [write.argument(name) for name in scope.entered]
        parts += [
            write.value(Shown(name, CELL, index)) for index, name in enumerate(scope.cells) if name in scope.names
        ]
        return [begin, write.statement(write.event(parts)), write.look(begins=True)]

    def _placed_user(self, entry: ast.Call, scope: Scope) -> ast.expr:
        """The lambda that uses the cells of a call that begins."""
        (user,) = entry.args
        for node in ast.walk(user):
            if isinstance(node, (ast.expr, ast.arg)):
                set_position(node, scope.anchor)
        return user
