"""Which iterations of a loop are recorded: the field ``loop_limit`` of ``FollowConfig``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class LoopLimit:
    """The iterations of each loop that give records; what it is not told of is left out.

    Arguments:
        first: the first so many.
        last: the last so many. They are held back until the loop ends, so they cost as much as any.
        every: those whose number, counted from 1, can be divided by this; 0 for none.

    Raises:
        TypeError, ValueError: a number is none, or is negative.
    """

    first: int = 0
    last: int = 0
    every: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int:
                raise TypeError(f"LoopLimit.{field.name} must be a number of iterations, not {value!r}.")
            if value < 0:
                raise ValueError(f"LoopLimit.{field.name} must not be negative, and is {value!r}.")

    def left_out(self, count: int) -> int:
        """How many of the first ``count`` iterations of a loop are left out, but for its last ones."""
        if count <= self.first:
            return 0
        shown = self.first + (count // self.every - self.first // self.every if self.every else 0)
        return count - shown

    def condition(self, count: str) -> str:
        """The test, as source text, of whether the iteration of a number is shown, but for the last ones."""
        if not self.every:
            return f"{count} <= {self.first}"
        nth = f"{count} % {self.every} == 0"
        return f"{count} <= {self.first} or {nth}" if self.first else nth


def read_loop_limit(text: str) -> int | dict[str, int]:
    """What a command line says of ``loop_limit``: ``3``, or ``first=3,last=2,every=100``.

    Raises:
        ValueError: it is neither.
    """
    if text.strip().isdecimal():
        return int(text)
    parts = [part.partition("=") for part in text.split(",")]
    if not all(equals and value.strip().isdecimal() for _, equals, value in parts):
        raise ValueError(f"{text!r} is no number of iterations, nor such as first=3,last=2,every=100.")
    return {name.strip(): int(value) for name, _, value in parts}


def loop_limit_of(given: object) -> LoopLimit | None:
    """What ``FollowConfig.loop_limit`` means: a number for the first so many, a ``LoopLimit``, or its fields.

    Raises:
        TypeError, ValueError: it is none of these.
    """
    if given is None or isinstance(given, LoopLimit):
        return given
    if type(given) is int:
        if given < 0:
            raise ValueError(f"FollowConfig.loop_limit must not be negative, and is {given!r}.")
        return LoopLimit(first=given)
    if isinstance(given, Mapping):
        known = [field.name for field in fields(LoopLimit)]
        unknown = [key for key in given if key not in known]
        if unknown:
            raise ValueError(f"FollowConfig.loop_limit: {unknown[0]!r} is none of {', '.join(known)}.")
        return LoopLimit(**given)
    raise TypeError(
        f"FollowConfig.loop_limit must be a number of iterations, a LoopLimit or a mapping such as "
        f"{{'first': 3, 'last': 2, 'every': 100}}, not {given!r}."
    )
