"""What events mean, numbered: functions, places in the source, variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..model import ELISION
from ..trace.decode import Event
from ..trace.model import Function, Piece, Statement

VARIABLE, RESULT, EXCEPTION = range(3)
"""What a variable of the view stands for: one of the program's, what a statement returns or yields, what it raises."""


@dataclass(slots=True)
class Place:
    """A place in the source at which events happen, or, with another ``event``, what else happens in a function.

    Attributes:
        function: the number of its function.
        event: the kind of its events: ``"statement"``, ``"raise"``, ``"call"`` and so on.
        kind: the kind of the statement, "" where there is none.
        text: the statement as one line.
        line, column, end_line: where it stands.
        number: the statement's number in its piece; of two for one loop the first means that its body is entered.
        always: the variables that it binds, whether their values have changed or not.
        shown: the variables that are bound after it; None where that is not told.
    """

    function: int
    event: str
    kind: str
    text: str
    line: int
    column: int
    end_line: int
    number: int
    always: tuple[str, ...] = ()
    shown: frozenset[str] | None = None


@dataclass(slots=True)
class Known:
    """A function of the view.

    Attributes:
        file: the number of its file.
        name, qualname, line: as the trace has them.
        suspends, module: see ``follow.trace.model.Function``.
        names: its variables.
        entered: those of them that are told when a call begins.
    """

    file: int
    name: str
    qualname: str
    line: int
    suspends: bool
    module: bool
    names: tuple[str, ...]
    entered: tuple[str, ...]


@dataclass(slots=True)
class Tables:
    """Numbers functions, places and variables as they are met.

    Attributes:
        files: the names of files, by number.
        functions, places: by number.
        variables: by number: the function's number, the variable's name, ``VARIABLE``, ``RESULT`` or ``EXCEPTION``.
    """

    files: dict[str, int] = field(default_factory=dict)
    functions: list[Known] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    variables: dict[tuple[int, str, int], int] = field(default_factory=dict)
    _functions: dict[object, int] = field(default_factory=dict)
    _places: dict[object, int] = field(default_factory=dict)
    _called: list[tuple[Piece, Function]] = field(default_factory=list)
    _recorded: dict[int, set[str]] = field(default_factory=dict)
    _loops: dict[tuple[int, int, int], list[Place]] = field(default_factory=dict)

    def function(self, piece: Piece | None, function: Function | None) -> int:
        """The number of a function; of None that of calls of which nothing is known."""
        key = None if piece is None or function is None else (piece.base, function.number)
        number = self._functions.get(key)
        if number is None:
            number = self._functions[key] = len(self.functions)
            if piece is None or function is None:
                self.functions.append(Known(self._file(""), "?", "?", 0, False, False, (), ()))
            else:
                self._called.append((piece, function))
                told = (function.name, function.qualname, function.line, function.suspends, function.module)
                self.functions.append(Known(self._file(piece.filename), *told, function.names, function.entered))
        return number

    def place(self, event: Event, function: int) -> int:
        """The number of the place of an event of a call of a function."""
        statement, piece = event.statement, event.piece
        base = -1 if statement is None or piece is None else piece.base
        key = function, event.kind, base, -1 if statement is None else statement.number
        number = self._places.get(key)
        if number is None:
            if statement is None:
                known = self.functions[function]
                place = Place(function, event.kind, "", "", known.line, 0, known.line, -1)
            else:
                place = self._place(function, event.kind, statement)
            number = self._add(key, place)
        return number

    def called(self) -> list[tuple[Piece, Function]]:
        """The functions that have been called, with their pieces of source."""
        return list(self._called)

    def add_statement(self, piece: Piece, statement: Statement) -> None:
        """Number a statement that may not have been executed, of a function that has been called."""
        base = piece.base
        function = self._functions.get((base, statement.function))
        if function is not None:
            recorded = self._recorded.setdefault(function, set(self.functions[function].entered))
            recorded.update(statement.shown if statement.changes else statement.bound)
            key = function, "statement", base, statement.number
            if key not in self._places:
                self._add(key, self._place(function, "statement", statement))

    def recorded(self, function: int) -> set[str]:
        """Those of a function's variables of which the trace would tell, once all its statements have been added."""
        return self._recorded.get(function, set())

    def told(self, record: dict[str, Any]) -> int:
        """The number of the place of a dict that was made for other followers."""
        name, text = str(record.get("function")), str(record.get("instruction"))
        function = self._functions.get(("record", name))
        if function is None:
            function = self._functions["record", name] = len(self.functions)
            self.functions.append(Known(self._file(""), name, name, 0, False, False, (), ()))
        key = function, "record", text
        number = self._places.get(key)
        return self._add(key, Place(function, "record", "", text, 0, 0, 0, -1)) if number is None else number

    def variable(self, function: int, name: str, role: int = VARIABLE) -> int:
        """The number of a variable of a function."""
        return self.variables.setdefault((function, name, role), len(self.variables))

    def _add(self, key: object, place: Place) -> int:
        number = self._places[key] = len(self.places)
        self.places.append(place)
        return number

    def _file(self, name: str) -> int:
        return self.files.setdefault(name, len(self.files))

    def _place(self, function: int, event: str, statement: Statement) -> Place:
        span = statement.line, statement.column, statement.end_line
        always = () if event == "raise" or statement.kind in ("except", ELISION) else statement.bound
        always = tuple(name for name in always if name.isidentifier())  # what is computed of them changes or not
        elided = statement.kind == ELISION
        told = event == "statement" and not statement.label
        shown = frozenset(statement.shown) if told and (statement.shown or statement.kind == "del") else None
        text = "… iterations left out:" if elided else statement.instruction
        place = Place(function, event, statement.kind, text, *span, statement.number, always, shown)
        if statement.kind == "for" and event == "statement":
            loop = self._loops.setdefault((function, statement.line, statement.column), [])
            loop.append(place)
            loop.sort(key=lambda one: one.number)
            for ends in loop[1:]:  # there the loop ends, and binds nothing
                ends.always = ()
        return place
