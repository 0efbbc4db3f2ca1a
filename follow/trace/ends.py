"""Which calls have ended: a trace says when a call has begun, and when an exception has left it, but no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import ELISION
from .decode import Event
from .model import Function, Piece, Statement
from .tails import CASE, NEARLY, NO, RETURNING, SURELY, Place, SourceFunctions, Tails, tails_of

if TYPE_CHECKING:
    from .reader import Trace

_COMPOUND = ("if", "for", "while")
_LEAVES = ("break", "continue")
_NOTHING = Tails()


class Ends:
    """Tells of each event whether its call is over by then, as far as the source tells.

    Arguments:
        trace: where the events come from, with the texts of their files.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._files: dict[str, SourceFunctions | None] = {}
        self._tails: dict[tuple[int, int], Tails] = {}
        self._marks: dict[tuple[int, int], int] = {}
        self._returning: set[int] = set()

    def after(self, event: Event) -> int:
        """Whether the call of an event has ended.

        Arguments:
            event: the event; of each call they must come in their order.

        Returns:
            ``NO``, ``NEARLY`` (special methods such as ``__exit__`` may still be called, and an exception may leave
            it) or ``SURELY``, of ``follow.trace.tails``.
        """
        if event.kind == "leave":
            self._returning.discard(event.call)
            return SURELY
        function, piece, statement = event.function, event.piece, event.statement
        if function is None or piece is None or event.kind not in ("call", "statement", "raise"):
            return NO
        if statement is None:
            return self.tails(piece, function).begun
        if event.left_out is not None:
            return NO
        if event.kind == "raise":
            return self.tails(piece, function).raised.get(_place(statement), NO)
        key = piece.base, statement.number
        mark = self._marks.get(key)
        if mark is None:
            mark = self._marks[key] = self._mark(piece, function, statement)
        if mark == _RETURNS:
            self._returning.add(event.call)
            return NO
        if mark == RETURNING:
            mark = NEARLY if event.call in self._returning else NO
        elif statement.kind in _LEAVES:
            self._returning.discard(event.call)
        if event.has_result and statement.kind != "return" and function.name != "<lambda>":
            return NO  # what is yielded: the call is about to be suspended
        if mark:
            self._returning.discard(event.call)
        return mark

    def tails(self, piece: Piece, function: Function) -> Tails:
        """What the source of a function tells; nothing where it is not to be had."""
        key = piece.base, function.number
        known = self._tails.get(key)
        if known is None:
            known = self._tails[key] = self._find(piece, function)
        return known

    def _find(self, piece: Piece, function: Function) -> Tails:
        source = self._source(piece.filename)
        if source is None:
            return _NOTHING
        node = source.module if function.module else source.find(function.name, function.qualname, function.line)
        if node is None:
            return _NOTHING
        places = set(map(_place, self._trace.statements_of(piece, function)))
        tails = tails_of(node, places)
        # Of a file that was changed and loaded again the trace has but one text, which may be the wrong one.
        return tails if places <= tails.raised.keys() | tails.entered.keys() else _NOTHING

    def _source(self, filename: str) -> SourceFunctions | None:
        if filename not in self._files:
            source = self._trace.sources.get(filename)
            try:
                self._files[filename] = None if source is None else SourceFunctions(source.text)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._files[filename] = None
        return self._files[filename]

    def _mark(self, piece: Piece, function: Function, statement: Statement) -> int:
        if function.name == "<lambda>":
            return SURELY
        tails = self.tails(piece, function)
        place = _place(statement)
        if place in tails.returning:
            return _RETURNS
        if statement.kind in _COMPOUND and place in tails.failed:
            others = [
                one.number
                for one in self._trace.statements_of(piece, function)
                if (one.line, one.column) == (statement.line, statement.column) and one.kind != ELISION
            ]
            if len(others) > 1 and statement.number == max(others):
                return tails.failed[place]
        return tails.entered.get(place, NO)


def _place(statement: Statement) -> Place:
    return statement.line, CASE if statement.kind == "case" else statement.column


_RETURNS = RETURNING + 1
"""The mark of a ``return`` that a ``finally`` follows."""
