"""What is followed: the code objects that follow made, and rewrites kept for functions made again and again."""

from __future__ import annotations

import weakref
from collections import OrderedDict, deque
from dataclasses import dataclass
from types import BuiltinFunctionType, CodeType, FunctionType

from .accelerate import native
from .channel import Channel
from .config import FollowConfig
from .model import Tables
from .probetable import ProbeTable

Template = tuple[CodeType, Tables, str]
"""Code with sentinels, its tables, and the generated text."""

_MOST = 512
_MOST_FOLLOWERS = 4
"""Of one function made again and again, the code for so many different sets of followers is kept."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A code object made by follow: what it was made of, where its records go, its generated text."""

    original: CodeType
    channel: Channel
    text: str


_followed: dict[int, tuple[weakref.ref[CodeType], Followed]] = {}
_templates: OrderedDict[Key, Template] = OrderedDict()
_linked: OrderedDict[Key, deque[CodeType]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Key:
    """What decides a rewrite: the original code, its file (equal code may stand in two), the configuration."""

    code: CodeType
    filename: str
    config: FollowConfig
    events: str

    @classmethod
    def of(cls, function: FunctionType, config: FollowConfig, *, events: str) -> Key:
        """The key of a function as it is now; ``events`` tells how it makes them for a recorder."""
        return cls(function.__code__, function.__code__.co_filename, config, events)

    def template(self) -> Template | None:
        """The rewrite made earlier, if it is kept."""
        return _templates.get(self)

    def keep(self, template: Template) -> None:
        """Keep a rewrite for functions made again of the same code."""
        _templates[self] = template
        while len(_templates) > _MOST:
            _templates.popitem(last=False)

    def find(self, followers: tuple[object, ...]) -> CodeType | None:
        """The code linked earlier to the same followers."""
        for code in _linked.get(self, ()):
            known = followed_code(code)
            if known is not None and known.channel.has_exactly(followers):
                return code
        return None


def followed_code(code: CodeType) -> Followed | None:
    """What follow knows of a code object, or None when it is not one of its own."""
    entry = _followed.get(id(code))
    return entry[1] if entry is not None and entry[0]() is code else None


_hooked: dict[str, Channel] = {}


def hooked_channel(code: CodeType) -> Channel | None:
    """The channel of the import hook that made a code object, or None."""
    channel = _hooked.get(code.co_filename)
    if channel is None or followed_code(code) is not None:
        return None
    return channel if has_probes(code) else None


_CONSTANTS = (FunctionType, BuiltinFunctionType, ProbeTable, *(() if native is None else (native.Later, native.Probe)))


def has_probes(code: CodeType) -> bool:
    """Whether follow made a code object: no other has such constants."""
    return any(isinstance(constant, _CONSTANTS) for constant in code.co_consts)


def remember_hooked(filename: str, channel: Channel) -> None:
    """Note that the import hook followed a file: the code that it made of it holds functions as constants."""
    _hooked[filename] = channel


def remember(code: CodeType, followed: Followed, key: Key) -> None:
    """Note that ``code`` was made by follow."""
    number = id(code)
    _followed[number] = weakref.ref(code, lambda _: _followed.pop(number, None)), followed
    _linked.setdefault(key, deque(maxlen=_MOST_FOLLOWERS)).append(code)
    while len(_linked) > _MOST:
        _linked.popitem(last=False)
