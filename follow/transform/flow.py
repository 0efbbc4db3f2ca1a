"""Which variables are bound at each moment of a function: definitely, possibly, or not.

A forward walk over the statements. The answer errs on one side only: a name called *definite* is
bound whenever control comes by, a name not called *possible* never is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..names import (
    all_statements,
    mangle,
    own_expressions,
    statement_binds,
    statement_unbinds,
    sure_expressions,
    walrus_names,
)

Bound = tuple[int, int]
"""Bit sets over the function's names: definitely bound, possibly bound."""

BEFORE, AFTER, ENTER, END = "before", "after", "enter", "end"
"""The moments of a statement: before a jump, when it is done, when its suite is entered, when a loop or test fails."""


def join(*states: Bound | None) -> Bound | None:
    """The state where several paths meet; None is a path that is never taken."""
    live = [state for state in states if state is not None]
    if not live:
        return None
    definite, possible = live[0]
    for other_definite, other_possible in live[1:]:
        definite &= other_definite
        possible |= other_possible
    return definite, possible


class Flow:
    """The walk over one function; ``moments`` is its result.

    Arguments:
        names: the function's own variables, as the compiler calls them.
        class_name: the class around it, for the mangling of private names.
        walruses: False when the source is known to hold no ``:=``.
    """

    def __init__(self, names: Iterable[str], class_name: str | None, *, walruses: bool = True) -> None:
        self._bits = {name: 1 << index for index, name in enumerate(names)}
        self._class_name = class_name
        self._walruses = walruses
        self._summaries: dict[int, tuple[int, int]] = {}
        self._loops: list[tuple[list[Bound], list[Bound]]] = []
        self._recording = True
        self.moments: dict[tuple[ast.AST, str], Bound] = {}

    def mask(self, names: Iterable[str]) -> int:
        """The bit set of ``names``; names that are not the function's own count nothing."""
        result = 0
        for name in names:
            result |= self._bits.get(mangle(name, self._class_name), 0)
        return result

    def run(self, body: list[ast.stmt], arguments: Iterable[str]) -> None:
        """Walk the body of a function that starts with ``arguments`` bound."""
        start = self.mask(arguments)
        self._block(body, (start, start))

    def value(self, node: ast.expr, arguments: Iterable[str]) -> Bound:
        """The state after a lambda's body has been evaluated."""
        start = self.mask(arguments)
        state = self._evaluate([node], (start, start))
        assert state is not None
        return state

    # -- helpers ---------------------------------------------------------------------------------

    def _note(self, node: ast.AST, moment: str, state: Bound | None) -> None:
        if self._recording:
            self.moments[node, moment] = state if state is not None else (0, 0)

    def _summary(self, body: list[ast.stmt]) -> tuple[int, int]:
        """The names that running a part of the suite may leave bound, and those it may unbind."""
        if not body:
            return 0, 0
        known = self._summaries.get(id(body))
        if known is None:
            binds = kills = 0
            for statement in all_statements(body):
                if isinstance(statement, ast.ExceptHandler):
                    kills |= self.mask(statement_binds(statement))
                else:
                    binds |= self.mask(statement_binds(statement))
                kills |= self.mask(statement_unbinds(statement))
                if self._walruses:
                    for expression in own_expressions(statement):
                        binds |= self.mask(walrus_names(expression)[1])
            known = self._summaries[id(body)] = binds, kills
        return known

    def _interrupted(self, state: Bound | None, *bodies: list[ast.stmt]) -> Bound | None:
        """The state after any part of the suites has run."""
        if state is None:
            return None
        definite, possible = state
        for body in bodies:
            binds, kills = self._summary(body)
            definite, possible = definite & ~kills, possible | binds
        return definite, possible

    def _evaluate(self, expressions: Iterable[ast.AST], state: Bound | None) -> Bound | None:
        if state is None or not self._walruses:
            return state
        definite, possible = state
        for expression in expressions:
            certain, perhaps = walrus_names(expression)
            definite |= self.mask(certain)
            possible |= self.mask(perhaps)
        return definite, possible

    def _evaluate_own(self, statement: ast.AST, state: Bound | None) -> Bound | None:
        """The state after the statement's own expressions, of which not all need to be evaluated."""
        if state is None or not self._walruses:
            return state
        sure = self._evaluate(sure_expressions(statement), state)
        every = self._evaluate(own_expressions(statement), state)
        return None if sure is None or every is None else (sure[0], every[1])

    def _bind(self, node: ast.AST, state: Bound | None) -> Bound | None:
        bits = self.mask(statement_binds(node))
        return None if state is None else (state[0] | bits, state[1] | bits)

    @staticmethod
    def _unbind(bits: int, state: Bound | None) -> Bound | None:
        return None if state is None else (state[0] & ~bits, state[1] & ~bits)

    # -- statements ------------------------------------------------------------------------------

    def _block(self, body: list[ast.stmt], state: Bound | None) -> Bound | None:
        for statement in body:
            state = self._statement(statement, state)
        return state

    def _statement(self, statement: ast.stmt, state: Bound | None) -> Bound | None:
        method = getattr(self, f"_visit_{type(statement).__name__}", None)
        if method is not None:
            return method(statement, state)  # type: ignore[no-any-return]
        state = self._bind(statement, self._evaluate_own(statement, state))
        state = self._unbind(self.mask(statement_unbinds(statement)), state)
        self._note(statement, AFTER, state)
        return state

    def _jump(self, statement: ast.stmt, state: Bound | None) -> None:
        self._note(statement, BEFORE, state)
        state = self._evaluate(own_expressions(statement), state)
        self._note(statement, AFTER, state)
        if state is not None and self._loops and isinstance(statement, (ast.Break, ast.Continue)):
            self._loops[-1][isinstance(statement, ast.Continue)].append(state)

    _visit_Return = _visit_Raise = _visit_Break = _visit_Continue = _jump

    def _visit_If(self, statement: ast.If, state: Bound | None) -> Bound | None:
        tested = self._evaluate([statement.test], state)
        self._note(statement, ENTER, tested)
        self._note(statement, END, tested)
        return join(self._block(statement.body, tested), self._block(statement.orelse, tested))

    def _visit_For(self, statement: ast.For | ast.AsyncFor, state: Bound | None) -> Bound | None:
        head = self._interrupted(self._evaluate([statement.iter], state), statement.body)
        entered = self._bind(statement, head)
        if head is not None and entered is not None:
            head = head[0], head[1] | entered[1]
        return self._loop(statement, entered, head)

    _visit_AsyncFor = _visit_For

    def _visit_While(self, statement: ast.While, state: Bound | None) -> Bound | None:
        head = self._interrupted(state, statement.body)
        tested = self._evaluate([statement.test], head)
        return self._loop(statement, tested, None if is_always_true(statement.test) else tested)

    def _loop(
        self, statement: ast.For | ast.AsyncFor | ast.While, entered: Bound | None, done: Bound | None
    ) -> Bound | None:
        self._note(statement, ENTER, entered)
        self._loops.append(([], []))
        self._block(statement.body, entered)
        breaks, _ = self._loops.pop()
        self._note(statement, END, done)
        return join(self._block(statement.orelse, done), *breaks)

    def _visit_With(self, statement: ast.With | ast.AsyncWith, state: Bound | None) -> Bound | None:
        first = self._evaluate([statement.items[0].context_expr], state)
        entered = self._bind(statement, self._evaluate(own_expressions(statement), state))
        self._note(statement, ENTER, entered)
        done = self._block(statement.body, entered)
        if first is None or entered is None:
            return done
        # __exit__ may swallow an exception from anywhere in the suite, or from the items after its own.
        return join(done, self._interrupted((first[0], entered[1]), statement.body))

    _visit_AsyncWith = _visit_With

    def _visit_Match(self, statement: ast.Match, state: Bound | None) -> Bound | None:
        current = self._evaluate([statement.subject], state)
        self._note(statement, ENTER, current)
        exits: list[Bound | None] = []
        for case in statement.cases:
            entered = self._bind(case, current)
            if case.guard is not None:
                entered = self._evaluate([case.guard], entered)
            self._note(case, ENTER, entered)
            exits.append(self._block(case.body, entered))
            if current is not None and entered is not None:
                current = None if is_irrefutable(case) else (current[0], current[1] | entered[1])
        return join(current, *exits)

    def _visit_Try(self, statement: ast.Try, state: Bound | None) -> Bound | None:
        self._note(statement, ENTER, state)
        pending = [len(states) for loop in self._loops[-1:] for states in loop]
        exits = [self._block(statement.orelse, self._block(statement.body, state))]
        caught = self._interrupted(state, statement.body)
        for handler in statement.handlers:
            if handler.type is not None:
                caught = self._evaluate([handler.type], caught)
            done = self._handler(handler, caught)
            if type(statement).__name__ == "TryStar":  # its suites run one after another
                caught = self._unbind(self.mask(statement_binds(handler)), self._interrupted(caught, handler.body))
                done = caught
            exits.append(done)
        if not statement.finalbody:
            return join(*exits)
        suites = [statement.body, *(handler.body for handler in statement.handlers), statement.orelse]
        names = self.mask(name for handler in statement.handlers for name in statement_binds(handler))
        final = self._interrupted(state, *suites)
        self._block(statement.finalbody, None if final is None else (final[0] & ~names, final[1]))
        for states, start in zip(self._loops[-1] if self._loops else (), pending):
            for index in range(start, len(states)):
                states[index] = self._interrupted(states[index], statement.finalbody) or (0, 0)
        return self._silently(statement.finalbody, join(*exits))

    _visit_TryStar = _visit_Try

    def _silently(self, body: list[ast.stmt], state: Bound | None) -> Bound | None:
        recording, self._recording = self._recording, False
        try:
            return None if state is None else self._block(body, state)
        finally:
            self._recording = recording

    def _handler(self, handler: ast.ExceptHandler, state: Bound | None) -> Bound | None:
        entered = self._bind(handler, state)
        self._note(handler, ENTER, entered)
        bits = self.mask(statement_binds(handler))
        starts = [len(states) for loop in self._loops[-1:] for states in loop]
        done = self._block(handler.body, entered)
        for states, start in zip(self._loops[-1] if self._loops else (), starts):
            states[start:] = [self._unbind(bits, state) or (0, 0) for state in states[start:]]
        return self._unbind(bits, done)


def is_always_true(test: ast.expr) -> bool:
    """Whether the test of a ``while`` is a true constant."""
    return isinstance(test, ast.Constant) and bool(test.value)


def is_irrefutable(case: ast.match_case) -> bool:
    """Whether a ``case`` matches anything."""
    pattern = case.pattern
    while isinstance(pattern, ast.MatchAs) and pattern.pattern is not None:
        pattern = pattern.pattern
    return case.guard is None and isinstance(pattern, ast.MatchAs)
