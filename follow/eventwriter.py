"""For a recorder: the expressions and statements that make a site's event, written into the code itself.

Each value is taken as it is if its type shows that it cannot change and is small, else through a copier.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from .accelerate import is_helped
from .endings import branching
from .events import given_to, held_by
from .graft import SENTINEL, constant, set_position
from .looks import look_of, looks_of, runs_code
from .model import CELL, GLOBAL, HIDDEN_LOCAL, SLOT, WATCH, Scope, Shown, Site, Span
from .state import CALL, CELLS, SLOTS


def is_native(scope: Scope, form: str) -> bool:
    """Whether the compiled helper makes the events of a function: all but its loops' limits and watched expressions."""
    return is_helped(form) and not (scope.namespace or scope.loops or scope.watches)


class Writer:
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
        """A variable of the function, read unless the context says otherwise."""
        return self._at(ast.Name(id=name, ctx=context or ast.Load()))

    def none(self) -> ast.expr:
        """``None``."""
        return self._at(ast.Constant(value=None))

    def display(self, parts: list[ast.expr]) -> ast.expr:
        """A list display."""
        return self._at(ast.List(elts=parts, ctx=ast.Load()))

    def attribute(self, of: ast.expr, name: str) -> ast.expr:
        """``of.name``."""
        return self._at(ast.Attribute(value=of, attr=name, ctx=ast.Load()))

    def boolean(self, operator: ast.boolop, parts: list[ast.expr]) -> ast.expr:
        """The parts joined by ``and`` or ``or``."""
        return self._at(ast.BoolOp(op=operator, values=parts))

    def call(self, name: str, *arguments: ast.expr) -> ast.expr:
        """The call of what a sentinel stands for."""
        return self._at(ast.Call(func=constant(name, self._anchor), args=list(arguments), keywords=[]))

    def item(self, of: ast.expr, index: int, context: ast.expr_context | None = None) -> ast.expr:
        """``of[index]``."""
        at = self._at(ast.Constant(value=index))
        return self._at(ast.Subscript(value=of, slice=at, ctx=context or ast.Load()))

    def state(self, index: int) -> ast.expr:
        """What the call's state holds at an index."""
        return self.item(self.name(HIDDEN_LOCAL), index)

    def number(self) -> ast.expr:
        """The call's number."""
        return self.name(HIDDEN_LOCAL) if self._scope.stateless else self.state(CALL)

    def store(self, index: int, value: ast.expr) -> ast.stmt:
        """The call's state gets a value at an index."""
        return ast.Assign(targets=[self.item(self.name(HIDDEN_LOCAL), index, ast.Store())], value=value)

    def statement(self, what: ast.expr | ast.stmt) -> ast.stmt:
        """A statement at the position, or the expression as one."""
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
        """One comparison."""
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
        """``if number is outer.value: ended()``: the outermost call ends here.

        Its constants are plain ones: after a choice between two, 3.13 would not take over the line of what came before.
        """
        outermost = self.attribute(self._plain("outer"), "value")
        ended = self._at(ast.Call(func=self._plain("ended"), args=[], keywords=[]))
        check = self.choice(self.compare(self.number(), ast.Is(), outermost), ended)
        assert isinstance(check, ast.If)
        return check

    def _plain(self, name: str) -> ast.expr:
        return self._at(ast.Constant(value=SENTINEL + name))

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
        given = [self.none() if result is None else self.result(result, site)] if held.result else []
        few = self.event(
            [constant(f"few_id_{site.number}", self._anchor), self.number(), *self.values(held.bound, site), *given]
        )
        if not held.longer:
            return None, few, few
        parts = [constant(f"all_id_{site.number}", self._anchor), self.number()]
        parts += self.values([*held.bound, *held.cells], site)
        if held.together:
            now = self._at(ast.Tuple(elts=[self.read(shown) for shown in held.again], ctx=ast.Load()))
            levels: Any = looks_of(site.instruction, tuple(shown.name for shown in held.again))
            parts.append(self.call("changes", now, self._at(ast.Constant(value=levels))))
        else:
            parts += (self.change(shown, look_of(site.instruction, shown.name)) for shown in held.again)
        everything = self.event([*parts, *given])
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
        if shown.place == GLOBAL:
            return self.call("of_module", self._at(ast.Constant(value=shown.name)))
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
        if shown.place == GLOBAL:
            return self.call("copy", self.read(shown))
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
        if shown.place == GLOBAL:
            return self.call(f"look_{level}", self.read(shown))
        kind = self.call("type", self.read(shown))
        number = self.compare(self.call("type", self.read(shown)), ast.Is(), constant("int", self._anchor))
        test = self.boolean(ast.Or(), [number, self.call("fixed", self.call("id", kind))])
        return self._at(ast.IfExp(test=test, body=self.none(), orelse=self.call(f"look_{level}", self.read(shown))))

    def has_kind_of(self, name: str, which: str) -> ast.expr:
        """Whether the type of what a variable holds is one of those; no subclass is."""
        return self.call(which, self.call("id", self.call("type", self.name(name))))

    def cell(self, index: int) -> ast.expr:
        """What a closure's cell holds, as a copy."""
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
