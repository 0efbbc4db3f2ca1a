"""Recorded values as msgpack, and back: every built-in type comes back as itself."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

import msgpack

from ..accelerate import native
from ..bounded import Shortened
from ..copies import Instance, Tagged, name_and_length
from ..describe import CopiedBytearray
from ..described import Described, Redacted
from ..state import MISSING

TUPLE, SET, FROZENSET, DEQUE, ORDERED, DEFAULT = range(1, 7)
BYTEARRAY, COMPLEX, INTEGER, SHORTENED, DESCRIBED, CONSTANT, TAGGED, INSTANCE, REDACTED = range(7, 16)
"""The codes of msgpack's extension types."""

MOST_BITS = 1 << 20
"""Of longer integers no more than their length is written."""

MOST_NESTED = 100
"""Values are nested no deeper: msgpack takes some 40 KiB of the C stack a level."""

_CONSTANTS: tuple[object, ...] = (MISSING, Ellipsis, NotImplemented)


def pack(value: object) -> bytes:
    """A value as msgpack.

    Raises:
        ValueError: it is nested without end.
    """
    packed: bytes = msgpack.packb(value, default=_extension, strict_types=True, unicode_errors="surrogatepass")
    return packed


pack_in_python = pack
"""What the compiled helper does as well, if it is there."""


def unpack(data: bytes, depth: int = 0) -> Any:
    """What ``pack`` has packed.

    Arguments:
        data: from ``pack``.
        depth: in how many other values it stands.

    Raises:
        ValueError: it is not what ``pack`` gave.
    """
    if depth > MOST_NESTED:
        raise ValueError(f"values are nested more than {MOST_NESTED} deep")
    try:
        hook = functools.partial(_value, depth)
        return msgpack.unpackb(data, ext_hook=hook, strict_map_key=False, unicode_errors="surrogatepass")
    except (msgpack.UnpackException, TypeError, IndexError, KeyError, RecursionError, OverflowError) as error:
        raise ValueError(str(error) or type(error).__name__) from error


def _extension(value: Any) -> Any:
    if type(value) is Described:
        if value.packed is None:
            value.packed = msgpack.ExtType(DESCRIBED, pack(_described(value)))
        return value.packed
    if type(value) is int and value.bit_length() > MOST_BITS:
        value = Shortened("int", value.bit_length(), None)
    known = _PACKERS.get(type(value))
    if known is None:
        for code, constant in enumerate(_CONSTANTS):
            if value is constant:
                return msgpack.ExtType(CONSTANT, bytes([code]))
        return msgpack.ExtType(DESCRIBED, pack([type(value).__name__, None]))
    code, content = known
    return msgpack.ExtType(code, content(value))


def _described(value: Described) -> list[str | None]:
    return [value.type, value.name] if value.text is None else [value.type, value.name, value.text]


def _value(depth: int, code: int, data: bytes) -> object:
    if code in _OF_BYTES:
        return _OF_BYTES[code](data)
    return _small(depth, code, data) if code in _SHARED and len(data) <= _SMALL else _of_value(depth, code, data)


def _of_value(depth: int, code: int, data: bytes) -> object:
    known = _OF_VALUES.get(code)
    if known is None:
        raise ValueError(f"extension type {code} is not known")
    return known(unpack(data, depth + 1))


_SHARED = frozenset((SHORTENED, DESCRIBED, TAGGED, INSTANCE, REDACTED))
"""Of these one form is made of the same data, which come again and again: a form is never changed."""
_SMALL = 256
_small = functools.lru_cache(maxsize=1 << 13)(_of_value)


def _with_default(pairs: list[Any]) -> defaultdict[Any, Any]:
    found: defaultdict[Any, Any] = defaultdict(None)
    found.update(pairs)
    return found


def _integer(value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)


_PACKERS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    tuple: (TUPLE, lambda value: pack(list(value))),
    set: (SET, lambda value: pack(list(value))),
    frozenset: (FROZENSET, lambda value: pack(list(value))),
    deque: (DEQUE, lambda value: pack([value.maxlen, list(value)])),
    OrderedDict: (ORDERED, lambda value: pack(list(map(list, value.items())))),
    defaultdict: (DEFAULT, lambda value: pack(list(map(list, value.items())))),
    CopiedBytearray: (BYTEARRAY, bytes),
    complex: (COMPLEX, lambda value: pack([value.real, value.imag])),
    int: (INTEGER, _integer),
    Shortened: (SHORTENED, lambda value: pack([value.type, value.length, value.shown])),
    Instance: (INSTANCE, lambda value: pack([value.type, value.attributes])),
    Tagged: (TAGGED, lambda value: pack([value.number, value.content])),
    Redacted: (REDACTED, lambda value: pack(value.type)),
}

NATIVE_PACKER: Any = None
"""The compiled helper's, if it is there."""
if native is not None:
    NATIVE_PACKER = native.Packer(
        default=_extension,
        extension=msgpack.ExtType,
        keeping=Described,
        known=(
            *((kind, _PACKERS[kind][0], ()) for kind in (tuple, set, frozenset)),
            (Tagged, TAGGED, ("number", "content")),
            (Shortened, SHORTENED, ("type", "length", "shown")),
            (Instance, INSTANCE, ("type", "attributes")),
        ),
    )
    pack = NATIVE_PACKER.pack

_OF_BYTES: dict[int, Callable[[bytes], object]] = {
    BYTEARRAY: bytearray,
    INTEGER: lambda data: int.from_bytes(data, "little", signed=True),
    CONSTANT: lambda data: _CONSTANTS[data[0]],
}
_OF_VALUES: dict[int, Callable[[Any], object]] = {
    TUPLE: tuple,
    SET: set,
    FROZENSET: frozenset,
    DEQUE: lambda held: deque(*reversed(held)),
    ORDERED: OrderedDict,
    DEFAULT: _with_default,
    COMPLEX: lambda held: complex(*held),
    SHORTENED: lambda held: Shortened(*held),
    DESCRIBED: lambda held: Described(*held),
    INSTANCE: lambda held: Instance(*held),
    TAGGED: lambda held: Tagged(*held),
    REDACTED: Redacted,
}
"""What makes a value of the data of an extension, or of the value that the data are packed from."""


def without_cycles(value: Any, above: tuple[int, ...] = ()) -> Any:
    """A value whose containers do not hold themselves: where one does, its length is told instead."""
    kind = type(value)
    if kind not in _NESTING:
        return value
    if id(value) in above:
        return Shortened(*name_and_length(value), None)
    above = (*above, id(value))
    if kind is Instance:
        return Instance(value.type, value.attributes and without_cycles(value.attributes, above))
    if kind is Tagged:
        return Tagged(value.number, without_cycles(value.content, above))
    if kind in (dict, OrderedDict, defaultdict):
        pairs = {key: without_cycles(item, above) for key, item in value.items()}
        found: Any = defaultdict(None) if kind is defaultdict else kind()
        found.update(pairs)
        return found
    items = [without_cycles(item, above) for item in value]
    return deque(items, value.maxlen) if kind is deque else kind(items)


_NESTING = (list, tuple, dict, deque, OrderedDict, defaultdict, Tagged, Instance)
