"""For a recorder: probes written into the code itself, as one call of C a statement.

The text of the generated code is the same as for other followers. Where a probe only has to note
values that are at hand, its call becomes ``extend((id, call, value, …, now()))``; each value is taken
as it is if its type shows that it cannot change and is small, else through a copier.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Set
from typing import Any

from .accelerate import is_helped
from .endings import branching, put_checks
from .events import given_to, held_by
from .graft import Graft, constant, set_position
from .looks import look_of, looks_of, runs_code
from .model import (
    CELL,
    ELISION,
    HIDDEN_LOCAL,
    NOWHERE,
    RESULT_LOCAL,
    SLOT,
    VALUE,
    WATCH,
    Scope,
    Shown,
    Site,
    Span,
    Tables,
)
from .state import CALL, CELLS, LOOP_SIZE, SLOTS

_BY_SITE = ("statement", "return", "match", "lambda", "yield")
"""The probes that the compiled helper has, by what their names start with."""


def is_native(scope: Scope, form: str) -> bool:
    """Whether the compiled helper makes the events of a function: all but its loops' limits and watched expressions."""
    return is_helped(form) and not (scope.namespace or scope.loops or scope.watches)


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
            put_checks(new, _Writer(NOWHERE, self._entered, self._form).check())
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
            elif what in _BY_SITE and is_native(self._tables.scopes[self._tables.sites[number].scope], self._form):
                return constant(f"native_{what}_{number}", anchor)
        return super()._callee(named, anchor)

    def _writer(self, site: Site) -> _Writer | None:
        """What writes a site's probe out; None where it must stay a function."""
        scope = self._tables.scopes[site.scope]
        if not scope.hidden or scope.namespace or site.kind == ELISION:
            return None
        if site.kind == "return":
            return _Writer(site.anchor, scope, self._form) if site.closing else None
        return None if site.result else _Writer(site.anchor, scope, self._form)

    def _statements(self, site: Site) -> list[ast.stmt]:
        write = self._writer(site)
        if write is None:
            return []
        if write.native:
            return [write.statement(write.given(site))]
        return [*self._stored(site, write), *write.site_statements(site), *self._looked(site, write)]

    def _stored(self, site: Site, write: _Writer) -> list[ast.stmt]:
        """The call's table is brought up to date."""
        changes: list[tuple[int, ast.expr]] = [
            (slot, write.name(site.arguments[argument])) for slot, argument in site.stores
        ]
        changes += [(slot, constant("missing", site.anchor)) for slot in site.clears]
        return [write.statement(write.store(SLOTS + slot, value)) for slot, value in changes]

    def _looked(self, site: Site, write: _Writer) -> list[ast.stmt]:
        """Loops see whether there is something to hand over, returns whether the outermost call ends."""
        if site.kind == "return":
            return [write.check()]
        return [write.look(site)] if site.kind in ("for", "while") else []

    def _entry(self, item: ast.Assign, scope: Scope) -> list[ast.stmt]:
        """The call's state, and the event that it has begun."""
        write = _Writer(scope.anchor, scope, self._form)
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


class _Writer:
    """Writes expressions that all have one position.

    Arguments:
        anchor: the position.
        scope: the function that they stand in.
        form: how they make events.
    """

    def __init__(self, anchor: Span, scope: Scope, form: str) -> None:
        self._anchor = anchor
        self._scope = scope
        self.native = is_native(scope, form)
        self._watched: tuple[tuple[int, tuple[tuple[str, str, int], ...]], ...] = ()
        self._sink = -1

    def _at(self, node: ast.expr) -> ast.expr:
        set_position(node, self._anchor)
        return node

    def name(self, name: str, context: ast.expr_context | None = None) -> ast.expr:
        return self._at(ast.Name(id=name, ctx=context or ast.Load()))

    def none(self) -> ast.expr:
        return self._at(ast.Constant(value=None))

    def display(self, parts: list[ast.expr]) -> ast.expr:
        """A list display."""
        return self._at(ast.List(elts=parts, ctx=ast.Load()))

    def attribute(self, of: ast.expr, name: str) -> ast.expr:
        return self._at(ast.Attribute(value=of, attr=name, ctx=ast.Load()))

    def boolean(self, operator: ast.boolop, parts: list[ast.expr]) -> ast.expr:
        return self._at(ast.BoolOp(op=operator, values=parts))

    def call(self, name: str, *arguments: ast.expr) -> ast.expr:
        return self._at(ast.Call(func=constant(name, self._anchor), args=list(arguments), keywords=[]))

    def item(self, of: ast.expr, index: int, context: ast.expr_context | None = None) -> ast.expr:
        at = self._at(ast.Constant(value=index))
        return self._at(ast.Subscript(value=of, slice=at, ctx=context or ast.Load()))

    def state(self, index: int) -> ast.expr:
        """What the call's state holds at an index."""
        return self.item(self.name(HIDDEN_LOCAL), index)

    def number(self) -> ast.expr:
        """The call's number."""
        return self.name(HIDDEN_LOCAL) if self._scope.stateless else self.state(CALL)

    def store(self, index: int, value: ast.expr) -> ast.stmt:
        return ast.Assign(targets=[self.item(self.name(HIDDEN_LOCAL), index, ast.Store())], value=value)

    def statement(self, what: ast.expr | ast.stmt) -> ast.stmt:
        done = ast.Expr(value=what) if isinstance(what, ast.expr) else what
        set_position(done, self._anchor)
        return done

    def event(self, parts: list[ast.expr]) -> ast.expr:
        """The call that notes an event; the time is taken last."""
        found = self._at(ast.Tuple(elts=[*parts, self.call("now")], ctx=ast.Load()))
        if self._sink < 0:
            return self.call("extend", found)
        taken = self.boolean(ast.Or(), [self.state(self._sink), constant("extend", self._anchor)])
        return self._at(ast.Call(func=taken, args=[found], keywords=[]))

    def compare(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
        return self._at(ast.Compare(left=left, ops=[operator], comparators=[right]))

    def choice(self, test: ast.expr, then: ast.expr, otherwise: ast.expr | None = None) -> ast.stmt:
        """``if test: then; else: otherwise``.

        An expression would not do: where branches meet the compiler gives its end no line, and a debugger
        would then see the line of the next statement as a new one.
        """
        rest = [] if otherwise is None else [self.statement(otherwise)]
        return branching(self.statement(ast.If(test=test, body=[self.statement(then)], orelse=rest)))

    def look(self, site: Site | None = None, *, begins: bool = False) -> ast.stmt:
        """``if len(buffer) > limit.value: look()``: there is something to hand over, perhaps.

        Where a call begins it is ``begun(number)``: that call may be the outermost one.
        """
        length = self.call("len", constant("buffer", self._anchor))
        limit = self.attribute(constant("limit", self._anchor), "value")
        full: ast.expr = self.compare(length, ast.Gt(), limit)
        flag = -1 if site is None else self._scope.guard(site)
        then = self.call("begun", self.number()) if begins else self.call("look")
        return self.choice(full if flag < 0 else self.boolean(ast.And(), [self.state(flag), full]), then)

    def check(self) -> ast.If:
        """``if number is outer.value: ended()``: the outermost call ends here."""
        outermost = self.attribute(constant("outer", self._anchor), "value")
        check = self.choice(self.compare(self.number(), ast.Is(), outermost), self.call("ended"))
        assert isinstance(check, ast.If)
        return check

    def given(self, site: Site) -> ast.expr:
        """The event of a site by the compiled helper, which is given the values that it needs."""
        names = map(self.name, given_to(site, self._scope))
        return self.call(f"given_{site.number}", self.name(HIDDEN_LOCAL), *names)

    def site(self, site: Site) -> ast.expr:
        """The event of a site: what its statement has bound, and what it may have changed."""
        test, few, everything = self._forms(site)
        if test is None:
            return everything
        return self._at(ast.IfExp(test=test, body=few, orelse=everything))

    def site_if_recorded(self, site: Site) -> ast.expr:
        """The same as an expression that is false if the iteration is left out."""
        flag = self._scope.guard(site)
        return self.site(site) if flag < 0 else self.boolean(ast.And(), [self.state(flag), self.site(site)])

    def site_statements(self, site: Site, result: Shown | None = None) -> list[ast.stmt]:
        """The same as statements; ``result`` is what a call returns."""
        test, few, everything = self._forms(site, result)
        return [self.statement(everything) if test is None else self.choice(test, few, everything)]

    def _forms(self, site: Site, result: Shown | None = None) -> tuple[ast.expr | None, ast.expr, ast.expr]:
        """When an event's shorter form will do (None: where they are one), that form and the longer one."""
        held = held_by(site, self._scope)
        self._watched, self._sink = site.watched, self._scope.sink(site)
        if not held.longer:
            parts = [constant(f"few_id_{site.number}", self._anchor), self.number(), *self.values(held.bound, site)]
            if held.result:
                parts.append(self.none() if result is None else self.result(result, site))
            few = self.event(parts)
            return None, few, few
        few = self.event(
            [constant(f"few_id_{site.number}", self._anchor), self.number(), *self.values(held.bound, site)]
        )
        parts = [constant(f"all_id_{site.number}", self._anchor), self.number()]
        parts += self.values([*held.bound, *held.cells], site)
        if held.together:
            now = self._at(ast.Tuple(elts=[self.read(shown) for shown in held.again], ctx=ast.Load()))
            levels: Any = looks_of(site.instruction, tuple(shown.name for shown in held.again))
            parts.append(self.call("changes", now, self._at(ast.Constant(value=levels))))
        else:
            parts += (self.change(shown, look_of(site.instruction, shown.name)) for shown in held.again)
        everything = self.event(parts)
        if held.bases:
            parts = [constant(f"some_id_{site.number}", self._anchor), self.number(), *self.values(held.bound, site)]
            some = self.event([*parts, *(self.call("change", self.name(base)) for base in site.bases)])
            tests = [self.has_kind_of(base, "is_base") for base in site.bases]
            return tests[0] if len(tests) == 1 else self.boolean(ast.And(), tests), some, everything
        if site.unless_exact:
            return self.has_kind_of(site.unless_exact, "is_exact"), few, everything
        if not site.unless_atom or held.bound[0].place == CELL:
            return None, few, everything
        return self.is_atom(held.bound[0]), few, everything

    def read(self, shown: Shown) -> ast.expr:
        """A variable's value as it stands; of a closure's its cell."""
        if shown.place == CELL:
            return self.item(self.state(CELLS), shown.index)
        return self.state(SLOTS + shown.index) if shown.place == SLOT else self.name(shown.name)

    def result(self, shown: Shown, site: Site) -> ast.expr:
        """What is returned."""
        return (
            self.call("hide", self.read(shown)) if site.hides else self.value(shown, runs=runs_code(site.instruction))
        )

    def values(self, shown: Iterable[Shown], site: Site) -> Iterator[ast.expr]:
        """The values of variables that a statement has bound."""
        return (self.value(one, runs=runs_code(site.instruction)) for one in shown)

    def value(self, shown: Shown, *, runs: bool = True) -> ast.expr:
        """A variable's value as it is, or a copy; ``runs`` says whether code ran that may have changed an object."""
        if shown.place == WATCH:
            return self.watch(*self._watched[shown.index])
        if shown.name in self._scope.secret:
            return self.call("hide_cell" if shown.place == CELL else "hide", self.read(shown))
        if shown.place == CELL:
            return self.cell(shown.index)
        return self._at(
            ast.IfExp(test=self.is_atom(shown), body=self.read(shown), orelse=self.no_atom(shown, runs=runs))
        )

    def watch(self, index: int, variables: tuple[tuple[str, str, int], ...]) -> ast.expr:
        """What is computed of some variables."""
        values = [
            self.call("content", self.read(shown)) if shown.place == CELL else self.read(shown)
            for shown in (Shown(*one) for one in variables)
        ]
        return self.call(f"watch{index}_{self._scope.number}", *values)

    def no_atom(self, shown: Shown, *, runs: bool = True) -> ast.expr:
        """A copy or a description: ``described(id(type(x))) or copy(x)``."""
        known = self.call("described", self.call("id", self.call("type", self.read(shown))))
        return self.boolean(ast.Or(), [known, self.call("copy" if runs else "refer", self.read(shown))])

    def argument(self, name: str) -> ast.expr:
        """The value of a parameter when the call begins."""
        shown = Shown(name, "", 0)
        runs = self._scope.name == "__init__"  # of a new object, which may have the place of one that is gone
        known = name == "self" and self._scope.entered[0] == name
        return self.no_atom(shown, runs=runs) if known else self.value(shown, runs=runs)

    def change(self, shown: Shown, level: int) -> ast.expr:
        """A copy of what a variable holds, or None if that cannot have changed; see ``looks`` for the level."""
        kind = self.call("type", self.read(shown))
        number = self.compare(self.call("type", self.read(shown)), ast.Is(), constant("int", self._anchor))
        test = self.boolean(ast.Or(), [number, self.call("fixed", self.call("id", kind))])
        return self._at(ast.IfExp(test=test, body=self.none(), orelse=self.call(f"look_{level}", self.read(shown))))

    def has_kind_of(self, name: str, which: str) -> ast.expr:
        """Whether the type of what a variable holds is one of those; no subclass is."""
        return self.call(which, self.call("id", self.call("type", self.name(name))))

    def cell(self, index: int) -> ast.expr:
        return self.call("cell", self.item(self.state(CELLS), index))

    def is_atom(self, shown: Shown) -> ast.expr:
        """Whether a value is a small one that cannot change; no code of the program runs."""

        def has_type(name: str) -> ast.expr:
            kind = self.call("type", self.read(shown))
            return self.compare(kind, ast.Is(), constant(name, self._anchor))

        nothing = self.compare(self.read(shown), ast.Is(), self.none())
        length = self.compare(self.call("len", self.read(shown)), ast.LtE(), constant("most", self._anchor))
        string = self.boolean(ast.And(), [has_type("str"), length])
        return self.boolean(ast.Or(), [has_type("int"), nothing, string, has_type("float"), has_type("bool")])
