"""What records show besides variables: expressions evaluated in the function's place, and the parts of values."""

from __future__ import annotations

import ast
import functools
import sys
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from itertools import islice
from types import CodeType, FunctionType
from typing import Any

from .bounded import Shortened, type_name
from .capture import Capture
from .config import FollowConfig
from .describe import Describer, describe_raised
from .described import ATOM_IDS, Described
from .model import Scope
from .objects import attributes_of, has_attributes
from .secretnames import secret_names
from .stack import PROBE_FILENAME, program_frame
from .state import MISSING
from .variables import PARTS, names_in, parse_watched

RAISED = "raised"
"""The type under which records show what an expression raised."""
_SEQUENCES = frozenset(map(id, (list, tuple, deque)))
_MAPPINGS = frozenset(map(id, (dict, OrderedDict, defaultdict)))
_LONGEST_KEY = 60


class _Watching(threading.local):
    """Whether a thread evaluates an expression: followed functions that this calls are not recorded."""

    now = False


WATCHING = _Watching()


class Watch:
    """One expression of a function, evaluated with its variables and its module's names.

    Arguments:
        scope: the function.
        index: which of ``Scope.watches``.
        config: the limits.
    """

    def __init__(self, scope: Scope, index: int, config: FollowConfig) -> None:
        self.name, text, names, self.parted = scope.watches[index]
        self.base = self.name.removesuffix(PARTS)
        self.secret = self.name in scope.secret
        known = names_in(parse_watched(text))
        self._known = frozenset((*known, *(f"_{scope.owner.lstrip('_')}{name}" for name in known)))
        self._code = compiled(text, names, scope.owner)
        self._function: FunctionType | None = None
        self._items, self._attributes = config.max_items, config.max_attributes
        self._hides = secret_names(config.redact).hides if config.redact else None

    def value(self, values: tuple[object, ...]) -> object:
        """What the expression gives; ``MISSING`` where a name is not bound.

        Arguments:
            values: of the variables in it.

        Raises:
            Exception: what it raises, a ``SystemExit`` as well.
        """
        if WATCHING.now or any(value is MISSING for value in values):
            return MISSING
        module = program_frame(sys._getframe(1)).f_globals
        function = self._function
        if function is None or function.__globals__ is not module:
            function = self._function = FunctionType(self._code, module)
        WATCHING.now = True
        try:
            return function(*values)
        except NameError as error:
            if getattr(error, "name", None) in self._known:
                return MISSING
            raise
        finally:
            WATCHING.now = False

    def parts(self, value: object) -> Iterator[tuple[str, object, bool]]:
        """The items or attributes of a value: how each is written after its name, what it is, whether it is secret."""
        for suffix, name, part in parts_of(value, self._items, self._attributes):
            yield suffix, part, self._hides is not None and type(name) is str and self._hides(name)


@functools.lru_cache(1_024)
def compiled(text: str, names: tuple[str, ...], owner: str) -> CodeType:
    """The code of an expression as a function of some variables; private names are those of a class."""
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    body = ast.parse(text, mode="eval").body
    made: list[ast.stmt] = [ast.Expr(ast.Lambda(arguments, body))]
    if owner:
        inside = ast.parse("class _: pass").body[0]
        assert isinstance(inside, ast.ClassDef)
        inside.name, inside.body = owner, made
        made = [inside]
    code = compile(ast.fix_missing_locations(ast.Module(made, [])), PROBE_FILENAME, "exec", dont_inherit=True)
    while code.co_name != "<lambda>":
        code = next(constant for constant in code.co_consts if isinstance(constant, CodeType))
    return code


def parts_of(value: object, items: int, attributes: int) -> Iterator[tuple[str, object, object]]:
    """The items of a built-in container, or an object's attributes, without running any of the program's code.

    Arguments:
        value: the container or object.
        items, attributes: how many of them at most.

    Returns:
        Of each how it is written after the name of the value, its key or name, and what it is; of what there is
        beyond the limits how much there is.
    """
    kind: Any = type(value)
    found: list[tuple[str, object, object]] = []
    if id(kind) in _SEQUENCES:
        held: Any = value
        length, most = len(held), items
        first = list(held[:items]) if kind is not deque else list(islice(held.copy(), items))
        found = [(f"[{index}]", index, item) for index, item in enumerate(first)]
    elif id(kind) in _MAPPINGS:
        copied = list(value.copy().items())  # type: ignore[attr-defined]
        length, most = len(copied), items
        found = [(f"[{_key(key)}]", key, item) for key, item in copied[:items] if id(type(key)) in ATOM_IDS]
    elif has_attributes(kind):
        held = attributes_of(value)
        length, most = len(held), attributes
        found = [(f".{name}", name, item) for name, item in islice(held.items(), attributes)]
    else:
        return
    yield from found
    if length > most:
        yield "…", None, Shortened(type_name(kind), length, None)


def _key(key: object) -> str:
    if type(key) is int and key.bit_length() > _LONGEST_KEY:
        return f"<int of {key.bit_length():,} bits>"
    text = repr(key[:_LONGEST_KEY] if isinstance(key, (str, bytes)) else key)
    return f"{text}…" if isinstance(key, (str, bytes)) and len(key) > _LONGEST_KEY else text


def entries_for(
    scope: Scope, index: int, config: FollowConfig, capture: Capture
) -> Callable[..., list[dict[str, Any]]]:
    """What gives the entries of records of dicts for one expression of a function."""
    watch = Watch(scope, index, config)
    describer = Describer(config)

    def entries(*values: object) -> list[dict[str, Any]]:
        try:
            value = watch.value(values)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if watch.parted:  # that is told of the expression itself
                return []
            told = capture.message(describe_raised(error, describer.copy))
            return [{"var": watch.base, "val": Described(RAISED, told), "type": RAISED}]
        if value is MISSING:
            return []
        if watch.parted:
            return [
                (capture.hidden if watch.secret or secret else capture.entry)(watch.base + suffix, part)
                for suffix, part, secret in watch.parts(value)
            ]
        return [(capture.hidden if watch.secret else capture.entry)(watch.base, value)]

    return entries


def form_for(scope: Scope, index: int, config: FollowConfig, describer: Describer) -> Callable[..., object]:
    """What gives what a recorder keeps for one expression of a function; ``MISSING`` where a name is not bound."""
    watch = Watch(scope, index, config)

    def form(*values: object) -> object:
        try:
            value = watch.value(values)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return MISSING if watch.parted else Described(RAISED, describe_raised(error, describer.copy))
        if value is MISSING:
            return MISSING
        if watch.parted:
            return {
                suffix: _copied(describer, part, secret=watch.secret or secret)
                for suffix, part, secret in watch.parts(value)
            }
        return (describer.hide if watch.secret else describer.copy)(value)

    return form


def _copied(describer: Describer, part: object, *, secret: bool) -> object:
    """What is kept of a part of a value, or of what there is beyond the limits."""
    return describer.hide(part) if secret else part if type(part) is Shortened else describer.copy(part)


def content(cell: Any) -> object:
    """What a closure's cell holds; ``MISSING`` if it holds nothing."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING
