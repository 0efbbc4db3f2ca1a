"""Loops of which not all iterations are recorded: their sites, and where what counts them stands."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..looplimit import loop_limit_of
from ..model import ELISION, Span
from .anchors import entry_of, first_of
from .flow import BEFORE, ENTER
from .headers import header_span

if TYPE_CHECKING:
    from .statements import StatementScan

Loop = ast.For | ast.AsyncFor | ast.While


class Loops:
    """The loops of one scanned function, as far as a limit is set for them.

    Attributes:
        limit: which iterations are recorded; None for all.
        around: for each loop the one around it or -1, a site that tells what was left out, and where it starts.
        current: the innermost loop that is being scanned, or -1.
    """

    def __init__(self, function: StatementScan) -> None:
        self._function = function
        self.limit = loop_limit_of(function.scan.config.loop_limit)
        self.around: list[tuple[int, int, Span]] = []
        self.current = -1
        self._headers: list[ast.stmt] = []

    def begin(self, statement: Loop, guard: int) -> bool:
        """Count the iterations of a loop that begins; whether there is a limit at all."""
        if self.limit is None:
            return False
        outer, self.current = self.current, len(self.around)
        start = first_of(statement if isinstance(statement, ast.While) else statement.iter)
        self.around.append((outer, -1, start))
        self._headers.append(statement)
        where = "turn" if self.limit.every or self.limit.last else ""
        self._function.emitters.append((self.current, "start", statement))
        self._function.emitters.append((self.current, "count", statement))
        site = self.tell(statement, ENTER, entry_of(statement.body), guard, where)
        self.around[self.current] = outer, site, start
        return True

    def tell(self, node: ast.AST, moment: str, anchor: Span, guard: int, where: str) -> int:
        """A site that tells how many iterations of the current loop were left out."""
        function, header = self._function, self._headers[self.current]
        span, bound = header_span(header, function.scan.text), function.flow.moments[node, moment]
        site = function.draft(header, ELISION, span, anchor, bound, None, guard, raising=False)
        if where:
            function.emitters.append((site, where, node))
        return site

    def tell_interrupted(self, loops: range, handler: ast.ExceptHandler, guard: int) -> None:
        """Without records of exceptions an ``except`` tells what loops that one has left have left out.

        Arguments:
            loops: the numbers of the loops in the ``try``.
            handler: the ``except``.
            guard: its guard.
        """
        if self._function.scan.config.follow_exceptions:
            return
        around = self.current
        for loop in reversed(loops):
            self.current = loop
            self.tell(handler, ENTER, entry_of(handler.body), guard, "enter")
        self.current = around

    def leave(self, statement: ast.Break | ast.Return, site: int, guard: int) -> None:
        """A ``break`` or ``return`` out of a loop is recorded in any iteration, after what was left out."""
        if self.current < 0:
            return
        inner, left = self.current, [self.current]
        while isinstance(statement, ast.Return) and self.around[left[-1]][0] >= 0:
            left.append(self.around[left[-1]][0])
        for loop in left:
            self.current = loop
            self.tell(statement, BEFORE, first_of(statement), guard, "jump")
        self.current = inner
        drafts = self._function.drafts
        recorded = self.around[inner][0] if isinstance(statement, ast.Break) else inner
        told = drafts[site].site._replace(loop=recorded, always=isinstance(statement, ast.Return))
        self._function.scan.sites[site] = told
        drafts[site] = replace(drafts[site], site=told)
