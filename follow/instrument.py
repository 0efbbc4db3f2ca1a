"""Door 4: follow what is already loaded, in place, until the handle is uninstalled."""

from __future__ import annotations

import gc
import os
import types
import warnings
from collections.abc import Iterator
from typing import Any

from .channel import Channel
from .config import FollowConfig
from .decorator import link_code, new_channel
from .errors import FollowError, FollowWarning
from .followers import as_followers
from .members import class_functions
from .registry import followed_code, hooked_channel


class Instrumented:
    """A handle: ``uninstall()`` puts the original code back; so does leaving ``with``."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._swapped: list[tuple[types.FunctionType, types.CodeType, types.CodeType]] = []
        self.functions: list[str] = []
        self.skipped: dict[str, str] = {}

    def swap(self, function: types.FunctionType, code: types.CodeType) -> None:
        """Give ``function`` its rewritten code."""
        self._swapped.append((function, function.__code__, code))
        function.__code__ = code
        self.functions.append(function.__qualname__)

    def uninstall(self) -> None:
        """Put the original code back; calls that are still running make no more records."""
        for function, original, code in self._swapped:
            if function.__code__ is code:
                function.__code__ = original
        self._swapped.clear()
        self._channel.close()

    def __enter__(self) -> Instrumented:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.uninstall()


def instrument(target: Any, *, config: FollowConfig | None = None, follower: object = print) -> Instrumented:
    """Follow a module, class or function that is already loaded, in place.

    Arguments:
        target: a module (all functions defined in its file), a class (its own methods and those of the
            classes in it), or a function.
        config: what is followed.
        follower: what receives the records.

    Returns:
        A handle; ``handle.uninstall()`` or leaving ``with handle:`` restores everything.

    Raises:
        FollowError: a function cannot be followed. Of a module or class, what cannot be followed is left
            as it is, with one warning.
        TypeError: an argument is of the wrong type.
    """
    config = config or FollowConfig()
    followers = as_followers(follower)
    name = str(getattr(target, "__qualname__", None) or getattr(target, "__name__", repr(target)))
    channel = new_channel(config, followers, name)
    handle = Instrumented(channel)
    if os.environ.get("FOLLOW_DISABLED") == "1":
        return handle
    if isinstance(target, types.FunctionType):
        handle.swap(target, link_code(target, config, channel))
        return handle
    try:
        for function in _functions(target):
            try:
                handle.swap(function, link_code(function, config, channel))
            except FollowError as error:
                handle.skipped[function.__qualname__] = str(error)
    except BaseException:
        handle.uninstall()
        raise
    if handle.skipped:
        first = next(iter(handle.skipped.values()))
        message = f"{len(handle.skipped)} functions of {name} are not followed; the first: {first}"
        warnings.warn(message, FollowWarning, stacklevel=2)
    return handle


def _functions(target: object) -> Iterator[types.FunctionType]:
    if isinstance(target, type):
        yield from (f for f in class_functions(target) if followed_code(f.__code__) is None)
        return
    if not isinstance(target, types.ModuleType):
        raise TypeError(f"instrument() takes a module, a class or a function, not {target!r}.")
    # Every function refers to its globals, so this finds those in registries, closures and wrappers too.
    file = getattr(target, "__file__", None)
    for found in gc.get_referrers(vars(target)):
        own = isinstance(found, types.FunctionType) and found.__code__.co_filename == file
        if own and found.__code__.co_name == "<module>":  # the script that runs at this moment
            continue
        if own and followed_code(found.__code__) is None and hooked_channel(found.__code__) is None:
            yield found
