"""How closely a recorder of dataflow looks at objects after a statement: as its text tells what it may have changed."""

from __future__ import annotations

import functools
import re

NOT_NAMED, CLOSEST = 0, 3
TELLS = 4
"""Is added to a level where an object is told though it may be as it was: the statement assigns something in it."""
LOOKS = range(8)
"""The levels, without that and with it."""

_SUPER = re.compile(r"\bsuper\s*\(")
_ASSIGNS = re.compile(r"(?<![=!<>:])=(?!=)")


@functools.lru_cache(maxsize=1 << 14)
def level_of(instruction: str, name: str) -> int:
    """How closely to look at what a variable holds after a statement, if it is an object.

    A statement of code that is followed tells itself what it has changed. So does each statement that it runs by
    calling such code. Code that is not followed can change what it was given.

    Arguments:
        instruction: the statement.
        name: the variable.

    Returns:
        0 if the statement does not name it: then the object is not looked at; 1 to look at its attributes;
        2 at those of the objects that it holds as well (``name.other.x = 1``), 3 at those of the objects
        that these hold.
    """
    end = len(instruction)
    if not runs_code(instruction) and not instruction.startswith("del "):  # then only what it assigns to changes
        end = max((found.start() for found in _ASSIGNS.finditer(instruction)), default=0)
    levels = [_length(instruction, found.end()) for found in _uses(name).finditer(instruction, 0, end)]
    if name == "self" and _SUPER.search(instruction):
        levels.append(1)
    return min(max(levels), CLOSEST) if levels else NOT_NAMED


_RUNS = re.compile(r"\(|\b(?:for|with|await|yield|import|class|from)\b")


@functools.lru_cache(maxsize=1 << 14)
def runs_code(instruction: str) -> bool:
    """Whether a statement may run other code than that of operators and attributes."""
    return _RUNS.search(instruction) is not None


@functools.lru_cache(maxsize=1 << 10)
def _uses(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")


_PART = re.compile(r"\s*(?:\.\s*\w+|(\[))")


def _length(text: str, at: int) -> int:
    """How many attributes and subscripts follow a name; at least 1."""
    count = 0
    while (part := _PART.match(text, at)) is not None:
        count, at = count + 1, part.end()
        if part.group(1):
            depth = 1
            while depth and at < len(text):
                depth += {"[": 1, "]": -1}.get(text[at], 0)
                at += 1
    return max(count, 1)


@functools.lru_cache(maxsize=1 << 14)
def look_of(instruction: str, name: str) -> int:
    """The same, and whether the object is told in any case (``TELLS``)."""
    level = level_of(instruction, name)
    end = max((found.start() for found in _ASSIGNS.finditer(instruction)), default=0)
    assigned = any(_PART.match(instruction, found.end()) for found in _uses(name).finditer(instruction, 0, end))
    return level + TELLS * (level != NOT_NAMED and assigned)


def looks_of(instruction: str, names: tuple[str, ...]) -> tuple[int, ...]:
    """The same of several variables."""
    return tuple(look_of(instruction, name) for name in names)
