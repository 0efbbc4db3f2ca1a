"""What a trace says of the source: statements and functions, and what the events of each of them hold."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from ..accelerate import word
from ..config import FollowConfig
from ..events import ALL, MOST_WRITTEN_OUT, SOME, Held, held_by
from ..model import Lookup, Scope, Site

_Kind = TypeVar("_Kind")
_TYPES: dict[str, type] = {"int": int, "str": str, "bool": bool, "tuple[str, ...]": tuple}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in one of its roles (an ``if`` whose test held, and one whose test did not, are two).

    Attributes:
        number: its number in its piece of source.
        function: the number of its function.
        kind: ``"assignment"``, ``"for"``, ``"return"`` and so on.
        instruction: its source; of a compound statement the header.
        line, column, end_line, end_column: where it stands; columns in UTF-8 bytes from 0.
        shown: the variables that are bound when it has been executed.
        bound: of these the ones that it has bound: what an event holds first.
        cells: those of the closure that the longer form of an event holds next.
        again: those of which the longer form holds a copy if they may have changed, else None.
        bases: those whose containers the third form holds: nothing else has changed.
        globals: those of ``bound`` and ``again``, their last, that are the module's and not the function's.
        unbound: the variables that it has unbound.
        label: ``"return"`` or ``"yield"`` where the record shows that value instead of the variables.
        result: whether the event ends in what is returned or yielded; of an ``elision`` in how many iterations of the
            loop were left out.
        changes: whether the event holds one dict of the names that have changed, as in a module's own statements.
    """

    number: int
    function: int
    kind: str
    instruction: str
    line: int
    column: int
    end_line: int
    end_column: int
    shown: tuple[str, ...]
    bound: tuple[str, ...]
    cells: tuple[str, ...]
    again: tuple[str, ...]
    bases: tuple[str, ...]
    unbound: tuple[str, ...]
    label: str
    result: bool
    changes: bool
    globals: tuple[str, ...] = ()

    @property
    def together(self) -> bool:
        """Whether what has changed comes as one list (or None)."""
        return len(self.again) > MOST_WRITTEN_OUT

    def values(self, form: int) -> int:
        """How many values an event holds in one of its forms."""
        few = (1 if self.changes else len(self.bound)) + self.result
        if form != ALL:
            return few + (len(self.bases) if form == SOME else 0)
        return few + len(self.cells) + (1 if self.together else len(self.again))


@dataclass(frozen=True, slots=True)
class Function:
    """A function, lambda or module whose calls are recorded.

    Attributes:
        number: its number in its piece of source.
        name, qualname: as Python has them.
        line: that of its ``def`` or ``lambda``; of a module that of its first statement.
        names: its variables, and what is computed of them.
        entered: the variables whose values the event holds that says that a call has begun.
        slots: the variables that may be unbound, as events number them.
        suspends: whether its calls may be suspended: a generator or a coroutine.
        module: whether it is a module's own statements.
    """

    number: int
    name: str
    qualname: str
    line: int
    names: tuple[str, ...]
    entered: tuple[str, ...]
    slots: tuple[str, ...]
    suspends: bool
    module: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of source that was rewritten at once: a function or a module.

    Attributes:
        base: the first of its ids.
        statements, functions: how many of them there are.
        filename: where it stands.
        fields: the further keys that its records have.
        depth: so many levels of nested containers are kept of a variable.
        bits: integers of more bits are shown by their length.
    """

    base: int
    statements: int
    functions: int
    filename: str
    fields: tuple[str, ...]
    depth: int
    bits: int

    def statement_of(self, number: int) -> tuple[int, int] | None:
        """The statement that an event's id means, and the event's form; None if it is a call's begin."""
        offset = number - self.base
        return None if offset >= 3 * self.statements else divmod(offset, 3)

    def function_of(self, number: int) -> int:
        """The function whose call has begun by the event of this id."""
        return number - self.base - 3 * self.statements


def made(kind: type[_Kind], values: list[Any]) -> _Kind:
    """What a trace holds of a piece, function or statement.

    Arguments:
        kind: the class, whose fields are numbers, texts, or tuples of texts.
        values: of its fields, in their order; the last may be missing, as in older traces.

    Raises:
        TypeError: they are not what the fields hold.
    """
    given = [tuple(value) if type(value) is list else value for value in values]
    every = fields(kind)  # type: ignore[arg-type]
    given += [field.default for field in every[len(given) :] if field.default is not MISSING]
    expected = [_TYPES[str(field.type)] for field in every]
    texts = [text for value in given if type(value) is tuple for text in value]
    if list(map(type, given)) != expected or not all(type(text) is str for text in texts):
        raise TypeError(f"{values!r} is no {kind.__name__.lower()}")
    return kind(*given)


def statement_of(site: Site, scope: Scope) -> Statement:
    """What a trace says of a site."""
    held: Held = held_by(site, scope)
    names = tuple(shown.name for shown in site.shown)
    if scope.namespace:
        names = tuple(name for index, name in enumerate(scope.names) if site.possible >> index & 1) + scope.watched
    unbound = tuple(scope.slots[slot] for slot in site.clears)
    return Statement(
        site.number,
        site.scope,
        site.kind,
        site.instruction,
        *site.span,
        shown=names,
        bound=tuple(shown.name for shown in held.bound),
        cells=tuple(shown.name for shown in held.cells),
        again=tuple(shown.name for shown in held.again),
        bases=tuple(shown.name for shown in held.bases),
        unbound=unbound,
        label=site.result,
        result=held.result,
        changes=held.changes,
        globals=site.globals,
    )


def function_of(scope: Scope) -> Function:
    """What a trace says of a scope."""
    cells = [name for name in scope.cells if name in scope.names]
    entered = (*scope.entered, *cells) if scope.hidden else ()
    return Function(
        scope.number,
        scope.name,
        scope.qualname,
        scope.line,
        scope.names + scope.watched,
        entered,
        scope.slots,
        scope.suspends,
        scope.namespace,
    )


def piece_of(base: int, tables: Lookup, config: FollowConfig) -> Piece:
    """What a trace says of a rewritten piece of source."""
    return Piece(base, *tables.counts(), tables.filename, config.fields, config.max_depth, word(config.max_bits))
