"""What a recorder keeps of a value, as a short text: bounded, and no code of the program's runs."""

from __future__ import annotations

import re
from collections import OrderedDict, defaultdict, deque
from typing import Any

from ..bounded import Shortened
from ..copies import IDENTITY, Tagged, identity

_MOST = 2_000
"""About so many characters are made of one value, however large it is."""
_HUGE = 1 << 4_096
"""Integers beyond this are shown by their length: to write them out takes long, or Python refuses."""
SMALL = 1 << 60
"""Integers below this are surely written out."""
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{4,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def shown(form: Any) -> str:
    """A value as one line of text.

    Arguments:
        form: what a recorder keeps of it, as in ``follow/copies.py``.

    Returns:
        What ``repr`` would give, where the value is within the limits and of a built-in type; the items of sets
        are in a fixed order.
    """
    kind = type(form)
    if kind is int:
        return repr(form) if -_HUGE < form < _HUGE else f"<int of {form.bit_length():,} bits>"
    if kind is str or kind is bytes:
        return repr(form) if len(form) <= _MOST else _part(form, len(form))
    if kind in _CONTAINERS:
        return _Shown().value(form)
    return repr(form)


def one_line(text: str) -> str:
    """A text without line feeds and other control characters, which would disturb a terminal."""
    return text if text.isprintable() else _CONTROL.sub(lambda match: repr(match.group())[1:-1], text)


def without_addresses(text: str) -> str:
    """A text without the addresses of objects, which differ in each run."""
    return _ADDRESS.sub("", text) if " at 0x" in text else text


def cut(text: str, width: int, gap: str) -> str:
    """A text of at most ``width`` characters: its beginning, ``gap`` and its end."""
    if len(text) <= width:
        return text
    if width <= len(gap) + 2:
        return text[:width]
    end = (width - len(gap)) // 3
    return text[: width - len(gap) - end] + gap + text[-end:]


def cells(text: str) -> int:
    """How many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fitting(text: str, width: int) -> int:
    """How many characters fit into so many columns."""
    used = 0
    for index, character in enumerate(text):
        used += cells(character)
        if used > width:
            return index
    return len(text)


def _part(text: str | bytes, length: int) -> str:
    unit = "bytes" if isinstance(text, bytes) else "characters"
    return f"<{text[: _MOST // 4]!r}… {length:,} {unit}>"


class _Shown:
    """One value on its way to a text: how much of it may still be written, and what it stands in."""

    __slots__ = ("above", "left")

    def __init__(self) -> None:
        self.left = _MOST
        self.above: set[int] = set()

    def value(self, form: Any) -> str:
        if type(form) not in _CONTAINERS:
            text = shown(form)
            self.left -= len(text)
            return text
        key = identity(form) or id(form)
        if key in self.above:
            return "[…]"
        self.above.add(key)
        try:
            return self._container(form, form.content if type(form) is Tagged else form)
        except RecursionError:
            return "…"
        finally:
            self.above.discard(key)

    def _container(self, form: Any, content: Any) -> str:
        kind = type(content)
        if kind is Shortened:
            return self._shortened(content)
        if kind is list:
            return f"[{self._items(content[1:])}]"
        if kind is tuple:
            return f"({self._items(content)}{',' if len(content) == 1 else ''})"
        if kind is dict:
            return f"{{{self._pairs(content)}}}"
        if kind is set:
            return f"{{{self._sorted(content)}}}" if content else "set()"
        if kind is frozenset:
            return f"frozenset({{{self._sorted(content)}}})" if content else "frozenset()"
        if kind is deque:
            return f"deque([{self._items(content)}])"
        if kind is OrderedDict or kind is defaultdict:
            return f"{kind.__name__}({{{self._pairs(content)}}})"
        return self.value(content)

    def _items(self, items: Any) -> str:
        texts: list[str] = []
        for item in items:
            if self.left <= 0:
                texts.append(f"… {len(items):,} items")
                break
            texts.append(self.value(item))
            self.left -= 2
        return ", ".join(texts)

    def _sorted(self, items: Any) -> str:
        return ", ".join(sorted(map(self.value, items)))

    def _pairs(self, content: Any) -> str:
        texts: list[str] = []
        for key, item in content.items():
            if type(key) is str and key == IDENTITY:
                continue
            if self.left <= 0:
                texts.append(f"… {len(content):,} items")
                break
            texts.append(f"{self.value(key)}: {self.value(item)}")
            self.left -= 2
        return ", ".join(texts)

    def _shortened(self, content: Shortened) -> str:
        some: Any = content.shown
        length = "" if content.length is None else f"{content.length:,}"
        if isinstance(content.shown, (str, bytes)):
            return _part(some, content.length or len(some))
        if some is None:
            return f"<{content.type} of {length} {'bits' if content.type == 'int' else 'items'}>"
        rest = f", … {length} items" if len(some) != content.length else ""
        if type(some) is dict:
            text = self._pairs(some)
        elif content.type in _MAPPINGS:
            text = ", ".join(f"{self.value(key)}: {self.value(item)}" for key, item in some)
        else:
            text = self._items(some)
        left, right = _BRACKETS.get(content.type, ("[", "]"))
        return f"<{content.type} {left}{text}{rest}{right}>"


_MAPPINGS = ("dict", "OrderedDict", "defaultdict")
_BRACKETS = {**dict.fromkeys((*_MAPPINGS, "set", "frozenset"), ("{", "}")), "tuple": ("(", ")")}
_CONTAINERS = frozenset((list, tuple, dict, set, frozenset, deque, OrderedDict, defaultdict, Tagged, Shortened))
