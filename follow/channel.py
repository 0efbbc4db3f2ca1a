"""Where records go: the followers of one followed thing, and what happens when one of them fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import get_clock_info, perf_counter
from typing import Any

from .capture import Capture
from .choosing import Choosing, chooses
from .config import FollowConfig
from .errors import FollowerWarning, warn
from .followers import as_follower
from .lazy import lazy
from .model import Follower, Record
from .redacting import capture_of
from .sink import EventSink
from .stack import program_level

now = perf_counter
"""The clock, in seconds."""
SYSTEMS_CLOCK = get_clock_info("perf_counter").implementation == "clock_gettime(CLOCK_MONOTONIC)"
"""Whether it is one that the compiled helper reads itself."""


class ThreadState:
    """What follow knows of one thread: whether a record is being made, and the time spent in follow (s)."""

    __slots__ = ("busy", "overhead")

    def __init__(self) -> None:
        self.busy = False
        self.overhead = 0.0


class _Threads(threading.local):
    def __init__(self) -> None:
        self.state = ThreadState()


THREADS = _Threads()


class Channel:
    """A configuration and its followers. Probes call ``emit``, which changes when followers come and go.

    Arguments:
        config: what is followed.
        followers: what the caller gave: callables, loggers.
        name: how messages call what is followed.
        spawn: wraps a function that is handed to a new thread.
        stepping: makes what steps into called functions, at a depth.
    """

    def __init__(
        self,
        config: FollowConfig,
        followers: Sequence[object],
        name: str,
        spawn: Callable[[Channel, Any], Any],
        stepping: Callable[[Channel, int], Callable[[Any], Any]],
    ) -> None:
        self.config = config
        self.name = name
        self.dropped = 0
        self._warned = False
        self._spawn = spawn
        self._stepping = stepping
        self._steps: dict[int, Callable[[Any], Any]] = {}
        self._given = list(followers)
        self._followers: list[Follower] = [as_follower(follower) for follower in followers]
        self.emit: Follower = _silent
        self._choosing = Choosing(config, name, self.close) if chooses(config) else None
        self.listeners: list[Callable[[Follower], None]] = []
        self._update()

    @lazy
    def capture(self) -> Capture:
        """What copies values for its followers of dicts."""
        return capture_of(self.config)

    @property
    def followers(self) -> tuple[object, ...]:
        """The followers as they were given."""
        return tuple(self._given)

    @property
    def recorder(self) -> EventSink | None:
        """The recorder or text follower, if it is the only follower."""
        only = self._followers[0] if len(self._followers) == 1 and self._choosing is None else None
        return only if isinstance(only, EventSink) else None

    @property
    def events(self) -> str:
        """How the followed code makes events for that recorder; empty where it makes records."""
        recorder = self.recorder
        return "" if recorder is None else recorder.form

    @property
    def silent(self) -> bool:
        """Whether there is no follower any more."""
        return not self._followers

    def has_exactly(self, followers: Sequence[object]) -> bool:
        """Whether these and no other followers get the records."""
        given = self._given
        return len(followers) == len(given) and all(map(_is_same, followers, given))

    def has(self, follower: object) -> bool:
        """Whether a follower gets the records."""
        return any(_is_same(follower, given) for given in self._given)

    def add(self, follower: object) -> None:
        """Send the records to a further follower; one that is there already is not added twice.

        Raises:
            TypeError: it is not callable.
        """
        if not self.has(follower):
            self._followers.append(as_follower(follower))
            self._given.append(follower)
            self._update()

    def close(self) -> None:
        """Fall silent: probes in frames that are still alive make no more records."""
        self._followers.clear()
        self._given.clear()
        self._update()

    def listen(self, listener: Callable[[Follower], None]) -> None:
        """Tell ``listener`` of ``emit`` now and whenever it changes."""
        self.listeners.append(listener)
        listener(self.emit)

    def spawn(self, function: Any) -> Any:
        """The followed form of a function that is handed to a new thread."""
        return self._spawn(self, function)

    def into(self, depth: int) -> Callable[[Any], Any]:
        """What gives the followed form of a called function, ``depth`` levels deep."""
        if depth not in self._steps:
            self._steps[depth] = self._stepping(self, depth)
        return self._steps[depth]

    def _update(self) -> None:
        if not self._followers:
            self.emit = _silent
        elif len(self._followers) == 1:
            self.emit = self._followers[0]
        else:
            self.emit = self._emit_to_all
        if self._followers and self._choosing is not None:
            self.emit = self._choosing.to(self.emit)
        for listener in self.listeners:
            listener(self.emit)

    def _emit_to_all(self, record: Record) -> None:
        for follower in tuple(self._followers):
            try:
                follower(record)
            except (RecursionError, MemoryError):
                raise
            except Exception as error:
                if self.config.on_follower_error == "raise":
                    raise
                self._switch_off(follower, error)

    def fail(self, error: BaseException, thread: ThreadState) -> None:
        """What a probe does when making or handing over a record raised: never let it out unasked."""
        thread.busy = False
        if not isinstance(error, Exception):
            raise error
        if _is_ours(error):
            self.dropped += 1
            if not self._warned:
                self._warned = True
                _warn(f"A record of {self.name} was lost to a defect of follow: {error!r}. Please report it.")
            return
        if self.config.on_follower_error == "raise":
            raise error
        if len(self._followers) == 1:
            self._switch_off(self._followers[0], error)

    def _switch_off(self, follower: Follower, error: Exception) -> None:
        index = self._followers.index(follower)
        del self._followers[index]
        given = self._given.pop(index)
        self._update()
        message = (
            f"The follower {_name(given)} of {self.name} raised {type(error).__name__}: {error}. It is switched off; "
            f"FollowConfig(on_follower_error='raise') lets its exceptions through."
        )
        _warn(message)


def _warn(message: str) -> None:
    warn(message, FollowerWarning, stacklevel=program_level())


_FOLLOWERS = ("follow.followers", "follow.export")
"""Where followers are that follow brings along: what they raise is a follower's error."""


def _is_ours(error: Exception) -> bool:
    """Whether the error was raised by follow's own code rather than by a follower."""
    traceback = error.__traceback__
    names: list[str] = []
    while traceback is not None:
        names.append(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
    return bool(names) and names[-1].startswith("follow.") and not names[-1].startswith(_FOLLOWERS)


def _silent(record: Record) -> None:
    pass


def _name(given: object) -> str:
    return getattr(given, "__qualname__", None) or type(given).__qualname__


def _is_same(one: object, other: object) -> bool:
    """Whether two followers are one: bound methods are new objects each time they are read."""
    mine, theirs = getattr(one, "__self__", None), getattr(other, "__self__", None)
    if mine is not None and mine is theirs:
        return getattr(one, "__func__", one) == getattr(other, "__func__", other)
    return one is other
