"""FollowConfig: what is followed, and how much of each value is kept."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .context import DYNAMIC, STATIC

EXTRA_FIELDS = (*STATIC, *DYNAMIC)
"""The further keys that ``FollowConfig.fields`` may ask for."""

_CHOICES = {"values": ("snapshot", "live"), "on_follower_error": ("off", "raise")}
_LIMITS = ("depth", "max_depth", "max_items", "max_string", "max_nodes", "max_bits")


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
        max_depth: levels of nested containers that are copied.
        max_items: items kept of one container.
        max_string: characters (or bytes) kept of one string.
        max_nodes: values kept in all of one variable.
        max_bits: integers of more bits than this are shown by their length.

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
    max_bits: int = 4_096

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
        for name in self.fields:
            if name not in EXTRA_FIELDS:
                raise ValueError(f"FollowConfig.fields: {name!r} is none of {EXTRA_FIELDS}.")


def _check_limit(name: str, value: object) -> None:
    if type(value) is not int:
        raise TypeError(f"FollowConfig.{name} must be an int, not {value!r}.")
    if value < 1:
        raise ValueError(f"FollowConfig.{name} must be at least 1, not {value!r}.")


def _check_names(config: FollowConfig, field: str) -> None:
    names = getattr(config, field)
    if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"FollowConfig.{field} must be a tuple of names, not {names!r}.")
    object.__setattr__(config, field, tuple(names))
