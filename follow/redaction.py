"""What is hidden of a value: all of it where its name says so, and the same text wherever it occurs again."""

from __future__ import annotations

import functools
import re
import threading
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Sequence
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, NamedTuple

from .bounded import type_name
from .described import Redacted, mro_of, names_of
from .secretnames import SECRETS, secret_names
from .state import MISSING

MARK = "<redacted>"
"""Stands in a text for the part of it that is hidden."""

_LEAST = 6
"""Texts that are shorter are not looked for elsewhere."""
LONGEST = 1 << 13
"""Of longer ones the start is looked for."""
_MOST = 1_000
"""So many texts are looked for: the last ones that were hidden."""
_MAPPING_IDS = frozenset(map(id, (dict, OrderedDict, defaultdict)))
_FIELDS = (MemberDescriptorType, type(NamedTuple("_Named", [("field", int)]).field))  # type: ignore[attr-defined]
"""The types of what reads a slot, or a field of a namedtuple; none of them runs code of the program's."""
_SEQUENCE_IDS = frozenset(map(id, (list, tuple, set, frozenset, deque)))


class Redaction:
    """What ``FollowConfig.redact`` hides. It remembers the texts that it has hidden, to find them elsewhere.

    Arguments:
        redact: names, and patterns of texts.
    """

    def __init__(self, redact: tuple[str | re.Pattern[str], ...]) -> None:
        self.hides = secret_names(redact).hides
        """Whether what a name stands for is hidden."""
        self._patterns = tuple(item for item in redact if isinstance(item, re.Pattern))
        self._known: dict[str, None] = {}
        """The texts that are looked for, the latest first; it is never changed but replaced."""
        self._longest = 0
        self._members: dict[int, tuple[weakref.ref[type], list[Any]]] = {}
        self._lock = threading.Lock()

    def hides_key(self, key: object) -> bool:
        """Whether a dict's key, or the first of two things in a tuple, is the name of a secret."""
        kind = type(key)
        if kind is bytes:
            return len(key) < _LEAST * 100 and self.hides(key.decode("latin-1"))  # type: ignore[arg-type, attr-defined]
        return kind is str and self.hides(key)  # type: ignore[arg-type]

    def hide(self, value: object) -> object:
        """What stands for a secret; None is none."""
        if value is None or value is MISSING:
            return value
        self.learn(value)
        return Redacted(type_name(type(value)))

    def text(self, value: str, most: int) -> str:
        """The first characters of a text, without what is secret."""
        told = option(value)
        if told is not None and told[1] is not None and self.hides(told[0]):
            self._remember(told[1])
        known = self._known
        head = value[: most + self._longest]
        spans = [found.span() for pattern in self._patterns for found in pattern.finditer(head)]
        for secret in known:
            at = head.find(secret)
            while at >= 0:
                spans.append((at, at + len(secret)))
                at = head.find(secret, at + len(secret))
        return _without(value[:most], spans) if spans else value[:most]

    def data(self, value: bytes, most: int) -> bytes:
        """The first of some bytes, without what is secret."""
        return self.text(value[: most + LONGEST].decode("latin-1"), most).encode("latin-1")

    def learn(self, value: Any, depth: int = 3) -> None:
        """Remember the texts in a secret value, to find them elsewhere."""
        kind = type(value)
        if issubclass(kind, str):
            self._remember(str.__getitem__(value, slice(LONGEST)))
        elif issubclass(kind, (bytes, bytearray)):
            data: bytes = bytes.__getitem__(value, slice(LONGEST)) if issubclass(kind, bytes) else bytes(value)
            self._remember(data.decode("latin-1"))
        elif kind is int:
            if abs(value) < 10**40:
                self._remember(str(abs(value)))
        elif depth > 0 and id(kind) in _MAPPING_IDS | _SEQUENCE_IDS:
            try:
                found = list(islice(value.values() if id(kind) in _MAPPING_IDS else value, 100))
            except RuntimeError:  # another thread changes it
                return
            for item in found:
                self.learn(item, depth - 1)

    def learn_from(self, value: object) -> None:
        """Remember the texts in an object's secret attributes; no code of the program's runs."""
        for member in self._members_of(type(value)):
            try:
                held = member.__get__(value)
                if type(member) in _FIELDS:
                    self.learn(held)
                    continue
                for attribute in [key for key in held if type(key) is str and self.hides(key)]:
                    self.learn(held.get(attribute))
            except (AttributeError, RuntimeError, TypeError):  # it is not set, or another thread changes it
                continue

    def _members_of(self, kind: type) -> list[Any]:
        """What reads the secret slots and the dict of a type's objects."""
        known = self._members.get(id(kind))
        if known is not None and known[0]() is kind:
            return known[1]
        held = [pair for cls in mro_of(kind) for pair in list(names_of(cls).items())]
        members = [
            member
            for name, member in held
            if (type(member) in _FIELDS and self.hides(name))
            or (type(member) is GetSetDescriptorType and name == "__dict__")
        ]
        if len(self._members) >= _MOST:
            self._members.clear()
        self._members[id(kind)] = weakref.ref(kind), members
        return members

    def _remember(self, text: str) -> None:
        with_escapes = repr(text)[1:-1]
        encoded = text.encode("utf-8", "surrogatepass").decode("latin-1")  # as it stands in bytes
        new = [one for one in dict.fromkeys((text, with_escapes, encoded)) if len(one) >= _LEAST]
        if any(one not in self._known for one in new):
            with self._lock:
                self._longest = max(self._longest, *map(len, new))
                self._known = dict.fromkeys(islice(dict.fromkeys((*new, *self._known)), _MOST))


redaction_of = functools.lru_cache(64)(Redaction)
"""The one redaction of a configuration's ``redact``: what one function hides, it hides in others, too."""


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts: list[str] = []
    done = 0
    for first, last in sorted(spans):
        if first >= len(text):
            break
        if last > done:
            parts += [text[done:first], MARK] if first >= done else []
            done = max(last, done)
    return "".join([*parts, text[done:]])


_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.+))?", re.DOTALL)


def option(text: object) -> tuple[str, str | None] | None:
    """Of ``--name`` or ``--name=value``, as on a command line, the name and the value; else None."""
    found = _OPTION.fullmatch(text) if type(text) is str and text[:1] == "-" and len(text) <= LONGEST else None
    return None if found is None else (found[1], found[2])


def public_arguments(arguments: Sequence[str]) -> list[str]:
    """A command line without the values of options whose names are in ``SECRETS``."""
    shown: list[str] = []
    hides = secret_names(SECRETS).hides
    after = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        secret = hides(name) and (argument.startswith("-") or bool(equals))
        if after and not argument.startswith("-"):
            shown.append(MARK)
        else:
            shown.append(f"{name}={MARK}" if secret and equals else argument)
        after = secret and not equals
    return shown
