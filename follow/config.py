"""FollowConfig: what is followed, and how much of each value is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .context import DYNAMIC, STATIC
from .looplimit import LoopLimit, loop_limit_of
from .secretnames import words
from .variables import parse_watched

EXTRA_FIELDS = (*STATIC, *DYNAMIC)
"""The further keys that ``FollowConfig.fields`` may ask for."""

_CHOICES = {"values": ("snapshot", "live"), "on_follower_error": ("off", "raise"), "repr": ("safe", "user")}
_LIMITS = ("depth", "max_depth", "max_items", "max_string", "max_nodes", "max_attributes", "max_bits")
_MOST_DEPTH = 50
"""What is nested deeper a trace file cannot hold."""


@dataclass(frozen=True, slots=True)
class FollowConfig:
    """What is followed. Frozen; a wrong value raises at construction and names the field.

    Arguments:
        follow_threads: follow the functions that a followed call hands to new threads.
        follow_for_loops: records of ``for`` and ``async for`` headers.
        follow_while_loops: records of ``while`` headers.
        follow_variable_set: records of assignments of every form.
        follow_function_calls: follow the Python functions that a followed statement calls, too, in that
            call; of the standard library and of installed packages only those that ``step_into`` names.
        depth: with ``follow_function_calls``, how many levels of calls are followed.
        step_into: names or patterns of modules, such as ``("json", "requests.*")``.
        follow_return: the ``return`` record carries the value instead of no variables.
        follow_prints: records of ``print(…)`` statements.
        follow_exceptions: records of statements that raise. False leaves out the ``try`` too.
        values: ``"snapshot"`` keeps each value as it was then; ``"live"`` hands over the objects.
        on_follower_error: ``"off"`` switches a follower that raises off, with one warning;
            ``"raise"`` lets its exception reach the followed code.
        fields: further keys of a record, in this order: any of ``kind``, ``line``, ``file``, ``qualname``,
            ``thread`` and ``task`` (their names; no task: None), ``process`` (its number), ``timestamp``
            (seconds since 1970), ``call_id`` (each call has another), ``depth`` (how many followed calls
            are around this one in its thread or task).
        include, exclude: names or patterns of variables that records show, or leave out. The others are not read.
        watch: further expressions, evaluated after each statement that gives a record, in the place of the function:
            records show what they give as variables of their own texts. What one raises is its value; it is left
            out where a name in it is not bound. What they do besides is up to you: they run the program's code.
        explode: names or patterns of variables (or texts of ``watch``) whose items or attributes are shown as further
            variables, ``x[0]``, ``x['k']``, ``x.name``: one level, of built-in containers, and of what an object's
            ``__dict__`` and slots hold, ``max_items`` and ``max_attributes`` at most. No code of the program runs.
        loop_limit: which iterations of each loop give records: a number for the first so many, or a ``LoopLimit`` (or
            a mapping of its fields) for ``first``, ``last`` and ``every`` nth. For what is left out there is one
            record, the loop's header with the key ``left_out``. Statements of a loop that return, raise or break out
            of it are recorded in any iteration; functions that it calls are followed for themselves.
        when: a function of a record; only records for which it is true are handed on.
        max_records: fall silent after so many records of what is followed with this configuration at once.
        custom_repr: a function of a value, which gives what the record shows instead. It runs the program's code.
            With any of these three, and with ``repr="user"``, a recorder or text follower gets dicts, as other
            followers do.
        repr: ``"user"`` shows each object that is no built-in value as its own ``repr()`` told it at that moment, up
            to ``max_string`` characters. It runs the program's code: one that raises is shown as such, a type whose
            ``repr()`` has once taken more than 50 ms is not asked again, and so long may those of one variable take.
            One that never returns hangs the program.
        max_depth: levels of nested containers that are copied, at most 50.
        max_items: items kept of one container.
        max_string: characters (or bytes) kept of one string.
        max_nodes: values kept in all of one variable.
        max_attributes: attributes kept of one object, where they are recorded.
        max_bits: integers of more bits than this are shown by their length (but for those of up to 30 bits).
        redact: names of secrets, such as ``follow.SECRETS``: what a variable, parameter, dict key or function of
            such a name holds or gives is hidden, a literal in the source that is given to one as well, and the
            same text (of 6 characters or more) wherever it occurs after that. A name matches if one of its
            words does, or several joined: ``"apikey"`` hides ``x-api-key``. Compiled patterns hide what
            matches them in any text. Objects are then described, as for a recorder: their own texts may tell
            secrets.

    Raises:
        TypeError: a field has a value of the wrong type.
        ValueError: a field has a value that it does not know.
    """

    follow_threads: bool = True
    follow_for_loops: bool = True
    follow_while_loops: bool = True
    follow_variable_set: bool = True
    follow_function_calls: bool = False
    follow_return: bool = False
    follow_prints: bool = False
    follow_exceptions: bool = True
    depth: int = 1
    step_into: tuple[str, ...] = ()
    values: str = "snapshot"
    on_follower_error: str = "off"
    fields: tuple[str, ...] = ()
    max_depth: int = 3
    max_items: int = 100
    max_string: int = 1_000
    max_nodes: int = 1_000
    max_attributes: int = 20
    max_bits: int = 4_096
    redact: tuple[str | re.Pattern[str], ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    explode: tuple[str, ...] = ()
    loop_limit: LoopLimit | Mapping[str, int] | int | None = None
    when: Callable[[dict[str, Any]], object] | None = None
    max_records: int | None = None
    custom_repr: Callable[[Any], object] | None = None
    repr: str = "safe"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name.startswith("follow_") and type(value) is not bool:
                raise TypeError(f"FollowConfig.{field.name} must be True or False, not {value!r}.")
            choices = _CHOICES.get(field.name)
            if choices and value not in choices:
                raise ValueError(f"FollowConfig.{field.name} must be one of {choices}, not {value!r}.")
            if field.name in _LIMITS:
                _check_limit(field.name, value)
        _check_names(self, "fields")
        _check_names(self, "step_into")
        _check_redact(self)
        _check_choice(self)
        for name in self.fields:
            if name not in EXTRA_FIELDS:
                raise ValueError(f"FollowConfig.fields: {name!r} is none of {EXTRA_FIELDS}.")


def _check_limit(name: str, value: object) -> None:
    if type(value) is not int:
        raise TypeError(f"FollowConfig.{name} must be an int, not {value!r}.")
    if value < 1:
        raise ValueError(f"FollowConfig.{name} must be at least 1, not {value!r}.")
    if name == "max_depth" and value > _MOST_DEPTH:
        raise ValueError(f"FollowConfig.{name} must be at most {_MOST_DEPTH}, not {value!r}.")


def _check_choice(config: FollowConfig) -> None:
    _check_names(config, "include")
    _check_names(config, "exclude")
    _check_names(config, "explode")
    _check_names(config, "watch")
    object.__setattr__(config, "watch", tuple(dict.fromkeys(text.strip() for text in config.watch)))
    for text in config.watch:
        parse_watched(text)
    object.__setattr__(config, "loop_limit", loop_limit_of(config.loop_limit))
    for name in ("when", "custom_repr"):
        value = getattr(config, name)
        if value is not None and not callable(value):
            raise TypeError(f"FollowConfig.{name} must be a callable or None, not {value!r}.")
    if config.repr == "user" and config.values == "live":
        raise ValueError("FollowConfig.repr='user' asks nothing with values='live', which hands over the objects.")
    if config.max_records is not None:
        _check_limit("max_records", config.max_records)


def _check_redact(config: FollowConfig) -> None:
    redact = config.redact
    if not isinstance(redact, (tuple, list)):
        raise TypeError(f"FollowConfig.redact must be a tuple of names and compiled patterns, not {redact!r}.")
    for item in redact:
        if not (isinstance(item, str) and words(item)) and not (
            isinstance(item, re.Pattern) and isinstance(item.pattern, str)
        ):
            raise TypeError(f"FollowConfig.redact: {item!r} is neither a name nor a compiled pattern of text.")
    if redact and config.values == "live":
        raise ValueError("FollowConfig.redact hides nothing with values='live', which hands over the objects.")
    if redact and config.repr == "user":
        raise ValueError("FollowConfig.redact cannot hide what objects tell of themselves with repr='user'.")
    object.__setattr__(config, "redact", tuple(redact))


def _check_names(config: FollowConfig, field: str) -> None:
    names = getattr(config, field)
    if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"FollowConfig.{field} must be a tuple of names, not {names!r}.")
    object.__setattr__(config, field, tuple(names))
