"""From an event's id to what it means: the pieces of source, their statements and their functions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import TraceError
from ..events import FEW, LENGTHS
from .model import Function, Piece, Statement


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an id means.

    Attributes:
        length: how many items an event of it has.
        piece: the piece of source.
        function: the function that the statement stands in, or that is called.
        statement: the statement; None where a call begins.
        form: which form the event has.
    """

    length: int
    piece: Piece
    function: Function
    statement: Statement | None
    form: int


def _none(number: int) -> Iterable[int]:
    return ()


class Catalogue:
    """The pieces of source of one process, and what tells of their statements and functions by number."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self._bases: list[int] = []
        self._statements: list[Callable[[int], Statement]] = []
        self._functions: list[Callable[[int], Function]] = []
        self._sites: list[Callable[[int], Iterable[int]]] = []
        self.meanings: dict[int, Meaning] = {}
        self.called: list[tuple[int, int]] = []
        """The functions that have been called, in the order of their first calls: their pieces' bases and numbers."""
        self.lengths = _Lengths(self)

    def add(
        self,
        piece: Piece,
        statement: Callable[[int], Statement],
        function: Callable[[int], Function],
        sites: Callable[[int], Iterable[int]] = _none,
    ) -> None:
        """Add a piece of source.

        Arguments:
            piece: the piece.
            statement, function: give what is told of one of its statements or functions, by number.
            sites: gives the numbers of a function's statements.
        """
        place = bisect_right(self._bases, piece.base)  # nearly always the last
        self.pieces.insert(place, piece)
        self._statements.insert(place, statement)
        self._functions.insert(place, function)
        self._sites.insert(place, sites)
        self._bases.insert(place, piece.base)

    def contents(self, base: int, number: int) -> tuple[Function, list[Statement]]:
        """What is told of a function, and of its statements."""
        index = bisect_right(self._bases, base) - 1
        return self._functions[index](number), [self._statements[index](site) for site in self._sites[index](number)]

    def meaning(self, number: int) -> Meaning:
        """What an id means.

        Raises:
            TraceError: no piece of source has it.
        """
        known = self.meanings.get(number)
        if known is None:
            known = self.meanings[number] = self._find(number)
        return known

    def _find(self, number: int) -> Meaning:
        index = bisect_right(self._bases, number) - 1
        if type(number) is not int or index < 0:
            raise TraceError(f"An event has the id {number!r}, which no statement has.")
        piece = self.pieces[index]
        place = piece.statement_of(number)
        if place is None:
            entered = self._functions[index](piece.function_of(number))
            return Meaning(4 + len(entered.entered), piece, entered, None, FEW)
        statement = self._statements[index](place[0])
        function = self._functions[index](statement.function)
        return Meaning(3 + statement.values(place[1]), piece, function, statement, place[1])


class _Lengths(dict[int, int]):
    """How many items an event has, by its id; found when it is first asked for."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__(LENGTHS)
        self._catalogue = catalogue

    def __missing__(self, number: int) -> int:
        length = self[number] = self._catalogue.meaning(number).length
        return length
