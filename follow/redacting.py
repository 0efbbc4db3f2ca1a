"""Copies of values without their secrets: names decide before anything is copied, texts before they are shortened."""

from __future__ import annotations

import itertools
from collections import OrderedDict, defaultdict, deque
from collections.abc import Collection
from typing import Any

from .asking import AskingCapture
from .bounded import Shortened, type_name
from .capture import Capture
from .config import FollowConfig
from .copies import IDENTITY, SHORT, Tagged, plain
from .dataflow import DataflowDescriber
from .describe import CopiedBytearray, Describer, DescribingCopy, is_hashable
from .described import Described
from .objects import ObjectCopy, ObjectDescriber
from .redaction import LONGEST, Redaction, option, redaction_of
from .state import MISSING


class RedactingDescriber(Describer):
    """A describer that hides secrets.

    Arguments:
        config: the limits, and what is hidden.
    """

    descriptions: dict[int, Described] = {}  # every object is looked at
    described = staticmethod(descriptions.get)

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self.redaction = redaction_of(config.redact)
        self.most = -1  # every text is looked through
        self._kind = _RedactingCopy
        self._flat = {}
        self._sequence = _nothing

    def copy(self, value: object) -> object:
        """A value as it is now."""
        try:
            copy = self.start()
            form = copy.copy(value, 0)
            self.weigh(copy)
            return form
        except (RecursionError, MemoryError):
            return self.lost

    def start(self) -> DescribingCopy:
        """A copy that may spend what the limits say."""
        copy = super().start()
        assert isinstance(copy, _RedactingCopy)
        copy.redaction = self.redaction
        return copy

    def hide(self, value: object) -> object:
        """What stands for a secret."""
        try:
            return self.redaction.hide(value)
        except (RecursionError, MemoryError):
            return self.lost


class RedactingObjectDescriber(RedactingDescriber, ObjectDescriber):
    """The same for objects with their attributes."""

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self._kind = _RedactingObjectCopy


def _nothing(value: object) -> None:
    """No list is simple."""


class _RedactingCopy(DescribingCopy):
    """One variable being copied without its secrets."""

    __slots__ = ("redaction",)
    redaction: Redaction

    def plain(self, value: Any) -> bool:
        """Whether a value surely needs no copy; no text does."""
        return type(value) is not str and super().plain(value)

    def text(self, value: str | bytes, depth: int) -> object:
        """A string or bytes."""
        head = self._text(value)
        self.weight += len(head) // SHORT
        return head if len(value) <= self.string else Shortened(type(value).__name__, len(value), head)

    def _text(self, value: str | bytes) -> str | bytes:
        if type(value) is bytes:
            return self.redaction.data(value, self.string)
        return self.redaction.text(value, self.string)  # type: ignore[arg-type]

    def byte_array(self, value: bytearray, depth: int) -> object:
        """A bytearray."""
        head = self.redaction.data(bytes(value[: self.string + LONGEST]), self.string)
        return CopiedBytearray(head) if len(value) <= self.string else Shortened("bytearray", len(value), head)

    def other(self, value: object) -> object:
        """An object is described."""
        self.redaction.learn_from(value)
        return super().other(value)

    def pair(self, key: object, item: object, depth: int) -> tuple[object, object]:
        """A dict's key and what it stands for."""
        hidden = self.redaction.hides_key(key)
        return self.copy(key, depth), self.redaction.hide(item) if hidden else self.copy(item, depth)

    def tuple(self, value: Any, depth: int) -> object:
        """A tuple: a name and a value may be one of a mapping's items."""
        if len(value) == 2 and self.redaction.hides_key(value[0]):
            return self.pair(value[0], value[1], depth + 1)
        return super().tuple(value, depth)

    def list(self, value: Any, depth: int) -> object:
        """A list or deque: of what follows the name of a secret's option, as on a command line, nothing is shown."""
        for name, given in itertools.pairwise(value.copy()):
            told = option(name)
            if told is not None and told[1] is None and type(given) is str and self.redaction.hides(told[0]):
                self.redaction.learn(given)
        return super().list(value, depth)

    def dict(self, value: Any, depth: int) -> object:
        """A dict, or where keys are objects, or are the same without their secrets, a list of pairs."""
        held = value.copy()
        kind = type(value)
        keys = [self.copy(key, depth + 1) for key in held]
        if not all(map(is_hashable, keys)) or len(set(keys)) < len(keys):
            items = [self.pair(key, item, depth + 1) for key, item in held.items()]
            return Shortened(kind.__name__, len(held), items)
        result: Any = defaultdict(None) if kind is defaultdict else kind()
        done: Any = result if kind is dict else Tagged(id(value), result)
        self.memo[id(value)] = done
        for copied, (key, item) in zip(keys, held.items()):
            result[copied] = self.pair(key, item, depth + 1)[1]
        if kind is dict:
            result[IDENTITY] = id(value)
        return done


_RedactingCopy.fillers = {
    **DescribingCopy.fillers,
    id(tuple): _RedactingCopy.tuple,
    **dict.fromkeys(map(id, (list, deque)), _RedactingCopy.list),
    **dict.fromkeys(map(id, (dict, OrderedDict, defaultdict)), _RedactingCopy.dict),
}
_RedactingCopy.copiers = {
    **DescribingCopy.copiers,
    **dict.fromkeys(map(id, (str, bytes)), _RedactingCopy.text),
    id(bytearray): _RedactingCopy.byte_array,
}


class _RedactingObjectCopy(_RedactingCopy, ObjectCopy):
    """The same with objects' attributes."""

    __slots__ = ()

    def other_at(self, value: object, depth: int) -> object:
        """What stands for an object at some depth."""
        self.redaction.learn_from(value)
        return super().other_at(value, depth)

    def attribute(self, name: str, value: object, depth: int) -> object:
        """The value of an attribute."""
        return self.pair(name, value, depth)[1]


class RedactingCapture(Capture):
    """For followers of dicts: values without their secrets; objects, whose texts may tell them, are described.

    Arguments:
        config: the limits, and what is hidden.
    """

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self.entries = None
        self._describer = RedactingDescriber(config)
        self._redaction = self._describer.redaction
        self._most = config.max_string

    def variable(self, name: str, value: object) -> dict[str, Any]:
        """The entry of one variable in a record."""
        return {"var": name, "val": self.value(value), "type": type_name(type(value))}

    def hidden(self, name: str, value: object) -> dict[str, Any]:
        """The entry of a secret."""
        return {"var": name, "val": self._describer.hide(value), "type": type_name(type(value))}

    def learn(self, value: object) -> None:
        """A secret is known from now on."""
        self._describer.hide(value)

    def namespace(
        self, found: dict[str, object], names: list[str], secret: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """The entries of those of the names that are bound in a module's dict."""
        held = [(name, found.get(name, MISSING)) for name in names]
        return [
            (self.hidden if name in secret else self.variable)(name, value)
            for name, value in held
            if value is not MISSING
        ]

    def value(self, value: object) -> object:
        """The value as it is now, without secrets."""
        return plain(self._describer.copy(value))

    def message(self, text: str) -> str:
        """What an exception says, without secrets."""
        shown = self._redaction.text(text, self._most)
        return shown if len(text) <= self._most else repr(Shortened("str", len(text), shown))


def capture_of(config: FollowConfig) -> Capture:
    """What copies values for followers of dicts."""
    if config.redact:
        return RedactingCapture(config)
    return AskingCapture(config) if config.repr == "user" else Capture(config)


def describer_of(config: FollowConfig, *, objects: bool) -> Describer:
    """What copies values for a recorder; with ``objects`` it records their attributes."""
    if config.redact:
        return RedactingObjectDescriber(config) if objects else RedactingDescriber(config)
    return DataflowDescriber(config) if objects else Describer(config)
