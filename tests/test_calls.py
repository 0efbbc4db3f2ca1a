"""Stepping into called functions: what is followed, what stays out, and that nothing else changes."""

from __future__ import annotations

import asyncio
import os
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

import pytest

from follow import FollowConfig, follow
from follow.selection import is_installed

from .support import define, outcome

SOURCE = """
import json, textwrap

class Base:
    made = 0
    def __init__(self, x):
        self.x = x
    def get(self):
        return helper(self.x)
    def __call__(self, y):
        return y + self.x
    @staticmethod
    def fixed():
        return 7
    @classmethod
    def named(cls):
        return cls.__name__

class Derived(Base):
    def __init__(self, x):
        super().__init__(x)
        self.y = 1

class Counted:
    def __new__(cls, n):
        made = super().__new__(cls)
        return made
    def __init__(self, n):
        self.n = n

class Meta(type):
    def __call__(cls, *args):
        return ("meta", type.__call__(cls, *args).v)

class WithMeta(metaclass=Meta):
    def __init__(self, v):
        self.v = v

class Wrong:
    def __init__(self):
        return 1

def helper(v):
    w = deeper(v)
    return w

def deeper(v):
    return v * 2

def counting(n):
    while n:
        yield n
        n -= 1

async def waiting(v):
    w = deeper(v)
    return w

async def both(v):
    return await waiting(v) + await waiting(v + 1)

def methods():
    thing = Derived(3)
    return thing.get(), thing(4), Derived.fixed(), thing.named(), Counted(2).n, WithMeta(5)

def expressions():
    found = [helper(i) for i in range(2)]
    total = sum(helper(i) for i in range(2))
    return found, total, sorted([3, 1], key=lambda n: deeper(n)), list(counting(2)), (lambda n: deeper(n))(1)

def installed():
    return textwrap.dedent("  a"), json.dumps([1])

def matching(v):
    match deeper(v):
        case 4 if helper(v):
            with open(__file__ if False else "/dev/null") as file:
                assert helper(v), deeper(v)
    for i in counting(2):
        v += deeper(i)
    while helper(v) < 0:
        pass
    if helper(v):
        del v
    return None

def missing_argument():
    return Derived()

def too_many():
    return Derived(1, 2, 3)

def not_callable():
    number = 3
    return number(4)

def returns_something():
    return Wrong()

def raises():
    return helper(None)
"""


def names(records: list[dict[str, Any]]) -> set[str]:
    return {record["qualname"] for record in records}


def follow_all(function: Callable[..., Any], **config: Any) -> tuple[Callable[..., Any], list[dict[str, Any]]]:
    records: list[dict[str, Any]] = []
    config = {"follow_function_calls": True, "fields": ("qualname",), **config}
    return follow(function, records.append, config=FollowConfig(**config)), records


@pytest.mark.parametrize("depth", [1, 2, 10])
def test_nothing_changes(depth: int) -> None:
    functions = define(SOURCE, "helper").__globals__
    for name in ("methods", "expressions", "installed", "missing_argument", "too_many", "not_callable"):
        followed, records = follow_all(functions[name], depth=depth)
        assert outcome(followed) == outcome(functions[name]), name
        assert names(records) >= {name}
    for name in ("returns_something", "raises"):
        followed, _ = follow_all(functions[name], depth=depth)
        assert outcome(followed) == outcome(functions[name]), name
    assert outcome(lambda: follow_all(functions["matching"])[0](2)) == outcome(lambda: functions["matching"](2))
    assert asyncio.run(follow_all(functions["both"])[0](1)) == 6


def test_levels() -> None:
    functions = define(SOURCE, "helper").__globals__
    for depth, expected in ((1, {"expressions", "helper", "deeper", "counting"}), (2, set())):
        followed, records = follow_all(functions["expressions"], depth=depth)
        followed()
        found = names(records)
        assert found - {"expressions.<locals>.<lambda>"} >= expected
    followed, records = follow_all(functions["methods"], depth=1)
    followed()
    assert names(records) == {"methods", "Derived.__init__", "Base.get", "Base.__call__", "Base.fixed", "Base.named"}
    followed, records = follow_all(functions["methods"], depth=3)
    followed()
    assert {"Base.__init__", "helper", "deeper"} < names(records)


def test_only_in_that_call() -> None:
    functions = define(SOURCE, "helper").__globals__
    followed, records = follow_all(functions["methods"], depth=3)
    followed()
    count = len(records)
    functions["helper"](1)
    functions["Derived"](1).get()
    functions["methods"]()
    assert len(records) == count
    followed()
    assert len(records) == 2 * count


def test_installed_code_stays_out_unless_named() -> None:
    functions = define(SOURCE, "helper").__globals__
    followed, records = follow_all(functions["installed"], depth=3)
    followed()
    assert names(records) == {"installed"}
    followed, records = follow_all(functions["installed"], depth=3, step_into=("json",))
    followed()
    assert names(records) >= {"installed", "dumps"} and "dedent" not in names(records)


def test_switched_off_there_is_nothing() -> None:
    functions = define(SOURCE, "helper").__globals__
    followed, records = follow_all(functions["methods"], follow_function_calls=False)
    followed()
    assert names(records) == {"methods"}


def test_deep_recursion_still_ends_in_a_recursion_error() -> None:
    functions = define("def down(n):\n    return down(n + 1)\n", "down").__globals__
    followed, _ = follow_all(functions["down"], depth=1_000_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        with pytest.raises(RecursionError):
            followed(0)
    finally:
        sys.setrecursionlimit(limit)


def test_wrong_settings() -> None:
    with pytest.raises(ValueError, match=r"FollowConfig\.depth must be at least 1"):
        FollowConfig(depth=0)
    with pytest.raises(TypeError, match=r"FollowConfig\.step_into must be a tuple of names"):
        FollowConfig(step_into="json")  # type: ignore[arg-type]


def test_a_call_in_a_string_that_shows_its_source_shows_the_plain_one() -> None:
    make = "def one(): return 1\ndef f(): return f'{one()=} {one()=:>5}'\n"
    function = define(make, "f")
    records: list[dict[str, Any]] = []
    twin = follow(function, records.append, config=FollowConfig(follow_function_calls=True))
    assert outcome(twin) == outcome(function)
    assert [record["function"] for record in records].count("one") >= 1


def test_what_is_installed_is_known_without_looking_at_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> str:
        raise BlockingIOError(path)

    monkeypatch.setattr(os.path, "realpath", refused)  # as in an event loop that is watched
    assert is_installed.__wrapped__(os.path.join(sysconfig.get_path("stdlib"), "json", "__init__.py"))
