"""Values as they were: what a record holds of variables."""

from __future__ import annotations

from collections.abc import Callable, Collection
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, TypeVar

from .accelerate import native, word
from .bounded import COPIED_TYPES, COPIERS, Copy, Shortened, type_name
from .config import FollowConfig
from .state import MISSING

_AS_THEY_ARE = {id(kind): kind.__name__ for kind in (type, FunctionType, ModuleType, BuiltinFunctionType, type(None))}
"""By the id of a type its name: what most of a module's names hold, which needs no copy."""


_NAMES_OF_TYPES = tuple(
    kind.__name__
    for kind in (
        *(FunctionType, type, ModuleType, str, int, bool, type(None), float, BuiltinFunctionType),
        *(list, tuple, dict),
    )
)
_KEYS = ("var", "val", "type")
_ENTRY = dict.fromkeys(_KEYS)
_FEW_BITS = 30
"""Integers of up to so many bits are kept as they are, whatever the limit."""

_AnyCopy = TypeVar("_AnyCopy", bound=Copy)


class Capture:
    """Copies values within a configuration's limits.

    Arguments:
        config: its limits; with ``values="live"`` nothing is copied.
    """

    def __init__(self, config: FollowConfig) -> None:
        self._depth = config.max_depth
        self._items = config.max_items
        self._string = config.max_string
        self._nodes = config.max_nodes
        self._bits = max(config.max_bits, _FEW_BITS)
        self._live = config.values == "live"
        self._flat: dict[int, Any] = {}
        self.entries = self._helper()
        """What makes entries as ``variable`` and ``namespace`` do; None where there is no such helper."""

    def _helper(self) -> Any:
        if native is None:
            return None
        return native.Entries(
            other=self.variable,
            depth=self._depth,
            items=word(self._items),
            string=word(self._string),
            nodes=word(self._nodes),
            bits=word(self._bits),
            live=self._live,
            kinds=_NAMES_OF_TYPES,
            empty=_ENTRY,
            keys=_KEYS,
            copied=COPIED_TYPES,
            shortened=Shortened,
            missing=MISSING,
        )

    @property
    def entry(self) -> Callable[[str, object], dict[str, Any]]:
        """What makes the entry of one variable, as fast as it can be made."""
        one: Callable[[str, object], dict[str, Any]] = self.variable if self.entries is None else self.entries.one
        return one

    def variable(self, name: str, value: object) -> dict[str, Any]:
        """The entry of one variable in a record: ``var``, ``val``, ``type``."""
        kind = type(value)
        if value is None or kind is bool or kind is float or (kind is str and len(value) <= self._string):  # type: ignore[arg-type]
            return {"var": name, "val": value, "type": kind.__name__}
        return {"var": name, "val": self.value(value), "type": type_name(kind)}

    def hidden(self, name: str, value: object) -> dict[str, Any]:
        """The entry of a variable that is a secret, where secrets are hidden."""
        return self.variable(name, value)

    def learn(self, value: object) -> None:
        """A secret is known from now on, where secrets are hidden."""

    def message(self, text: str) -> str:
        """What is shown of what an exception says."""
        if self._live or len(text) <= self._string:
            return text
        return repr(Shortened("str", len(text), text[: self._string]))

    def namespace(
        self, found: dict[str, object], names: list[str], secret: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """The entries of those of the names that are bound in a module's dict: mostly functions and classes."""
        if self.entries is not None and type(found) is dict:
            told: list[dict[str, Any]] = self.entries.of_module(found, names)
            return told
        variable, known = self.variable, _AS_THEY_ARE.get
        return [
            {"var": name, "val": value, "type": kind}
            if (kind := known(id(type(value))))
            else variable(name, value)
            if id(type(value)) in COPIERS
            else {"var": name, "val": value, "type": type_name(type(value))}
            for name in names
            if (value := found.get(name, MISSING)) is not MISSING
        ]

    def value(self, value: object) -> object:
        """The value as it is now: itself if it cannot change, a copy within the limits, or a stand-in."""
        if self._live:
            return value
        copier = COPIERS.get(id(type(value)))
        if copier is None:
            return value
        return copier(self.start(Copy), value, 0)

    def start(self, kind: type[_AnyCopy]) -> _AnyCopy:
        """A copy that may spend what the limits say."""
        copy = kind(self._depth, self._items, self._string, self._nodes, self._bits)
        copy.known = self._flat
        return copy
