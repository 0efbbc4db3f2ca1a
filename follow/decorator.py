"""Door 1: ``@follow``."""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, overload

from .accelerate import tells_objects
from .build import build_function
from .calls import Stepping, is_wanted
from .channel import Channel
from .config import FollowConfig
from .deep import deeply
from .described import mro_of
from .errors import FollowError, SourceUnavailable, TransformError, defects_reported
from .eventprobe import EventProbes
from .followers import as_followers
from .linking import link
from .members import class_functions, inner_functions
from .model import Lookup
from .probe import Probes
from .recordprobe import RecordProbes
from .registry import Followed, Key, Template, followed_code, has_probes, hooked_channel, remember
from .source import Located, describe, locate, undisturbed
from .transform import rewrite_function

F = TypeVar("F", bound=Callable[..., Any])


@overload
def follow(target: F, follower: object = ..., *, config: FollowConfig | None = ...) -> F: ...
@overload
def follow(
    target: FollowConfig | None = ..., follower: object = ..., *, config: FollowConfig | None = ...
) -> Callable[[F], F]: ...
def follow(target: Any = None, follower: object = print, *, config: FollowConfig | None = None) -> Any:
    """Follow a function: every statement that it executes is reported.

    A class is followed in place, all its own functions; a static or class method, a property or a bound
    method is rebuilt round the twin; inside an ``lru_cache`` or another wrapper the code is swapped.
    ``@follow``, ``@follow()``, ``@follow(config=…)``, ``@follow(follower=…)`` and ``follow(function)``
    all give a twin: a new function with rewritten code that shares everything else with the original,
    which itself stays as it was. A twin that is followed again reports to a further follower as well.

    Arguments:
        target: the function, or (by position, as in ``@follow(config)``) the configuration.
        follower: what receives the records: a callable that takes one dict, a ``logging.Logger``, a ``Recorder``,
            a text stream or a path for readable text (``follow.text`` has more choices), or a list of them.
        config: what is followed; by default ``FollowConfig()``.

    Returns:
        The twin, or a decorator that makes one.

    Raises:
        SourceUnavailable: the source cannot be had or is not what is running.
        TransformError: the source cannot be rewritten.
        TypeError: an argument is of the wrong type.
    """
    if isinstance(target, FollowConfig):
        if config is not None:
            raise TypeError("follow() was given two configurations, one by position and one as config=.")
        target, config = None, target
    if config is not None and not isinstance(config, FollowConfig):
        raise TypeError(f"config must be a FollowConfig, not {config!r}.")
    followers = as_followers(follower)
    if target is None:
        return lambda function: _follow(function, config, followers)
    return _follow(target, config, followers)


def _follow(function: Any, config: FollowConfig | None, followers: tuple[object, ...]) -> Any:
    if os.environ.get("FOLLOW_DISABLED") == "1":
        return function
    if isinstance(function, type):
        return _follow_class(function, config, followers)
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_follow(function.__func__, config, followers))
    if isinstance(function, types.MethodType):
        return types.MethodType(_follow(function.__func__, config, followers), function.__self__)
    if isinstance(function, property):
        get, set_, delete = (
            part and _follow(part, config, followers) for part in (function.fget, function.fset, function.fdel)
        )
        return property(get, set_, delete, function.__doc__)
    if not isinstance(function, types.FunctionType) or "__wrapped__" in function.__dict__:
        return _follow_inside(function, config, followers)
    known = followed_code(function.__code__)
    if known is not None:
        return _follow_again(function, known, config, followers)
    hook = hooked_channel(function.__code__)
    if hook is not None:  # the twin reports to the hook's followers as well
        config = config or hook.config
        followers = (*hook.followers, *(f for f in followers if not hook.has(f)))
    config = config or FollowConfig()
    code = _instrumented(function, config, followers)
    return twin(function, code)


def _follow_inside(holder: Any, config: FollowConfig | None, followers: tuple[object, ...]) -> Any:
    """Swap the code of the functions inside an object that cannot be rebuilt, such as an ``lru_cache``."""
    inside = list(inner_functions(holder))
    if not inside:
        raise _unfit(holder)
    for function in inside:
        function.__code__ = _follow(function, config, followers).__code__
    return holder


def _follow_class(cls: type, config: FollowConfig | None, followers: tuple[object, ...]) -> type:
    """Swap the code of the class's own functions."""
    functions = list(class_functions(cls))
    if not functions:
        raise FollowError(
            f"The class {cls.__qualname__} cannot be followed: it defines no Python functions of its own."
        )
    codes = [_follow(function, config, followers).__code__ for function in functions]
    for function, code in zip(functions, codes):
        function.__code__ = code
    return cls


def _follow_again(
    function: types.FunctionType, known: Followed, config: FollowConfig | None, followers: tuple[object, ...]
) -> types.FunctionType:
    if config is not None and config != known.channel.config:
        raise FollowError(
            f"{describe(function)} is followed already, with another configuration. Give both followers to one "
            f"follow(…), as a list."
        )
    more = [follower for follower in followers if not known.channel.has(follower)]
    if more and known.channel.recorder is not None:  # its code makes events; several followers need dicts
        original = twin(function, known.original)
        function.__code__ = _follow(original, known.channel.config, (*known.channel.followers, *more)).__code__
        return function
    for follower in more:
        known.channel.add(follower)
    return function


def _instrumented(function: types.FunctionType, config: FollowConfig, followers: tuple[object, ...]) -> types.CodeType:
    channel = new_channel(config, followers, describe(function))
    known = Key.of(function, config, events=channel.events).find(followers)
    return known or link_code(function, config, channel)


def new_channel(config: FollowConfig, followers: tuple[object, ...], name: str) -> Channel:
    """A channel whose followed calls hand followed functions to new threads, and step into what they call."""
    return Channel(config, followers, name, _spawned, _stepping)


def link_code(function: types.FunctionType, config: FollowConfig, channel: Channel) -> types.CodeType:
    """The rewritten code of a function, its probes bound to a channel.

    Raises:
        SourceUnavailable: the source cannot be had or is not what is running.
        TransformError: the source cannot be rewritten.
    """
    key = Key.of(function, config, events=channel.events)
    template = key.template()
    if template is None:
        name = describe(function)
        try:
            template = deeply(lambda: _template(function, config, name, events=key.events))
        except RecursionError as error:
            raise TransformError(
                f"{name} cannot be followed: its source is nested too deeply for the stack that can be had. "
                f"Write that expression in several statements."
            ) from error
        key.keep(template)
    sentinels, tables, text = template
    code = link(sentinels, function.__code__.co_filename, probes_for(tables, channel, config.depth).resolve_all)
    code = code.replace(co_flags=function.__code__.co_flags)  # types.coroutine may have added one
    remember(code, Followed(function.__code__, channel, text), key)
    return code


def probes_for(tables: Lookup, channel: Channel, depth: int | None = None) -> Probes:
    """The probes of a piece of source: those that make records, or events for a channel's only recorder."""
    recorder = channel.recorder
    return RecordProbes(tables, channel, depth) if recorder is None else EventProbes(tables, channel, recorder, depth)


def _template(function: types.FunctionType, config: FollowConfig, name: str, *, events: str) -> Template:
    rewritten_before = hooked_channel(function.__code__) is not None
    with undisturbed():
        return _made(locate(function, rewritten=rewritten_before), config, name, events=events)


def _made(located: Located, config: FollowConfig, name: str, *, events: str) -> Template:
    with defects_reported(name):
        rewritten = rewrite_function(located, config, name, objects=tells_objects(events))
        return build_function(located, rewritten, name, events=events), rewritten.tables, rewritten.text


def twin(function: types.FunctionType, code: types.CodeType) -> types.FunctionType:
    """A new function with other code that shares all the rest with ``function``."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    closure = tuple(cells[name] for name in code.co_freevars) or None
    new = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    new.__kwdefaults__ = function.__kwdefaults__
    new.__dict__.update(function.__dict__)
    if hasattr(function, "__annotate__"):  # 3.14: reading __annotations__ would evaluate them
        new.__annotate__ = function.__annotate__  # type: ignore[attr-defined]
    else:
        new.__annotations__ = function.__annotations__
    if hasattr(function, "__type_params__"):
        new.__type_params__ = function.__type_params__  # type: ignore[attr-defined]
    new.__qualname__ = function.__qualname__
    new.__module__ = function.__module__
    new.__doc__ = function.__doc__
    return new


def _spawned(channel: Channel, function: Any) -> Any:
    """The followed form of what a followed call hands to a thread; what cannot be followed stays as it is."""
    kind = type(function)
    if kind is types.MethodType and type(function.__func__) is types.FunctionType:
        inner = _spawned(channel, function.__func__)
        return function if inner is function.__func__ else types.MethodType(inner, function.__self__)
    if kind is functools.partial:
        inner = _spawned(channel, function.func)
        return function if inner is function.func else functools.partial(inner, *function.args, **function.keywords)
    if kind is not types.FunctionType:
        call = next((base.__dict__["__call__"] for base in mro_of(kind) if "__call__" in base.__dict__), None)
        own = type(call) is types.FunctionType and type not in mro_of(kind)
        return _bound(_spawned(channel, call), call, function) if own else function
    if followed_code(function.__code__) is not None or has_probes(function.__code__):
        return function
    if not is_wanted(function, channel.config):
        return function
    try:
        return twin(function, _instrumented(function, channel.config, channel.followers))
    except FollowError:
        return function


def _bound(function: Any, plain: Any, owner: object) -> Any:
    return owner if function is plain else types.MethodType(function, owner)


def _stepping(channel: Channel, depth: int) -> Stepping:
    return Stepping(channel, depth, _stepped, twin)


def _stepped(function: types.FunctionType, channel: Channel, depth: int) -> types.CodeType | None:
    """The code of a called function for a channel, its own calls followed ``depth`` levels deep."""
    if followed_code(function.__code__) is not None or has_probes(function.__code__):
        return None
    config = replace(channel.config, depth=depth) if depth else replace(channel.config, follow_function_calls=False)
    try:
        return link_code(function, config, channel)
    except FollowError:
        return None


def _unfit(function: object) -> Exception:
    name = getattr(function, "__qualname__", None) or repr(function)
    if isinstance(function, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)):
        return SourceUnavailable(
            f"{name} cannot be followed: it is built in or written in C, so there is no Python source to rewrite. "
            f"Follow the Python function that calls it."
        )
    if callable(function):
        return FollowError(
            f"{type(function).__name__} object {name} cannot be followed: it is not a plain Python function. "
            f"Put @follow nearest to the def, below other decorators."
        )
    return TypeError(f"follow() takes a function, not {function!r}.")
