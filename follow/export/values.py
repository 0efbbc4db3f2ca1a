"""Recorded values as JSON, and back; the page JSONL.md beside this file tells the form."""

from __future__ import annotations

import base64
import math
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from ..bounded import Shortened
from ..describe import CopiedBytearray
from ..described import Described, Redacted

MARK = "$"
"""The first character of the key that tells what an object of JSON stands for; no plain dict has such a key."""

_SAFE = 1 << 53
"""Integers from here on are not exact in readers that keep numbers as doubles."""

_MOST_BITS = 4_096
"""Integers of more bits are written in base 16, which Python reads and writes at any length."""


def to_json(value: object) -> Any:
    """A value as ``json`` can write it.

    Arguments:
        value: what a record holds once it has been described: built-in values, ``Shortened``,
            ``Described`` and ``Redacted``.

    Returns:
        The same value where JSON has it, else an object whose first key starts with ``$``.
    """
    try:
        return _Encoding().value(value)
    except RecursionError:
        return {"$object": type(value).__name__, "name": None}


class _Encoding:
    """One value being turned into JSON: the containers that it stands in are known, so that a cycle ends."""

    def __init__(self) -> None:
        self._above: set[int] = set()

    def value(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind is str or kind is bool:
            return value
        if kind is int:
            return value if -_SAFE < value < _SAFE else {"$int": _digits(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$float": repr(value)}
        known = _ENCODERS.get(kind)
        if known is None:
            return {"$object": kind.__name__, "name": None}
        if id(value) in self._above:
            return {"$shortened": kind.__name__, "length": len(value), "shown": None}
        self._above.add(id(value))
        done = known(self, value)
        self._above.discard(id(value))
        return done

    def items(self, values: Any) -> list[Any]:
        return [self.value(item) for item in values]

    def pairs(self, value: Any) -> list[list[Any]]:
        return [[self.value(key), self.value(item)] for key, item in value.items()]

    def mapping(self, value: dict[Any, Any]) -> Any:
        if all(type(key) is str and not key.startswith(MARK) for key in value):
            return {key: self.value(item) for key, item in value.items()}
        return {"$dict": self.pairs(value)}


def _digits(value: int) -> str:
    return str(value) if value.bit_length() <= _MOST_BITS else hex(value)


def _text(value: Described) -> dict[str, str]:
    return {} if value.text is None else {"text": value.text}


def _text_of(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode("ascii")


_ENCODERS: dict[type, Callable[[_Encoding, Any], Any]] = {
    list: _Encoding.items,
    dict: _Encoding.mapping,
    tuple: lambda encoding, value: {"$tuple": encoding.items(value)},
    set: lambda encoding, value: {"$set": encoding.items(value)},
    frozenset: lambda encoding, value: {"$frozenset": encoding.items(value)},
    deque: lambda encoding, value: {"$deque": encoding.items(value), "maxlen": value.maxlen},
    OrderedDict: lambda encoding, value: {"$ordered": encoding.pairs(value)},
    defaultdict: lambda encoding, value: {"$defaultdict": encoding.pairs(value)},
    bytes: lambda _, value: {"$bytes": _text_of(value)},
    bytearray: lambda _, value: {"$bytearray": _text_of(value)},
    CopiedBytearray: lambda _, value: {"$bytearray": _text_of(value)},
    complex: lambda encoding, value: {"$complex": encoding.items((value.real, value.imag))},
    Shortened: lambda encoding, value: {
        "$shortened": value.type,
        "length": value.length,
        "shown": encoding.value(value.shown),
    },
    Described: lambda _, value: {"$object": value.type, "name": value.name, **_text(value)},
    Redacted: lambda _, value: {"$redacted": value.type},
    type(Ellipsis): lambda _, _value: {"$constant": "Ellipsis"},
    type(NotImplemented): lambda _, _value: {"$constant": "NotImplemented"},
}


def from_json(form: Any) -> Any:
    """What ``to_json`` was given.

    Raises:
        ValueError: it is not what ``to_json`` gave.
    """
    kind = type(form)
    if kind is list:
        return [from_json(item) for item in form]
    if kind is not dict:
        return form
    mark = next(iter(form), "")
    if not mark.startswith(MARK):
        return {key: from_json(item) for key, item in form.items()}
    decoder = _DECODERS.get(mark)
    if decoder is None:
        raise ValueError(f"A value is marked {mark!r}, which no value is.")
    try:
        return decoder(form[mark], form)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"A value marked {mark!r} makes no sense: {error!r}.") from error


def _paired(kind: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    def decode(pairs: Any, form: Any) -> Any:
        found = kind()
        found.update((from_json(key), from_json(item)) for key, item in pairs)
        return found

    return decode


_CONSTANTS: dict[str, object] = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}

_DECODERS: dict[str, Callable[[Any, Any], Any]] = {
    "$int": lambda content, _: int(content, 0),
    "$float": lambda content, _: float(content),
    "$tuple": lambda content, _: tuple(map(from_json, content)),
    "$set": lambda content, _: set(map(from_json, content)),
    "$frozenset": lambda content, _: frozenset(map(from_json, content)),
    "$deque": lambda content, form: deque(map(from_json, content), form["maxlen"]),
    "$dict": _paired(dict),
    "$ordered": _paired(OrderedDict),
    "$defaultdict": _paired(lambda: defaultdict(None)),
    "$bytes": lambda content, _: base64.b64decode(content),
    "$bytearray": lambda content, _: bytearray(base64.b64decode(content)),
    "$complex": lambda content, _: complex(*map(from_json, content)),
    "$shortened": lambda content, form: Shortened(content, form["length"], from_json(form["shown"])),
    "$object": lambda content, form: Described(content, form["name"], form.get("text")),
    "$redacted": lambda content, _: Redacted(content),
    "$constant": lambda content, _: _CONSTANTS[content],
}
