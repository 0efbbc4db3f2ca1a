"""Every form of function: methods, properties, classes, caches, wrappers, partials."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import functools
from typing import Any

import pytest

from follow import FollowError, follow, instrument

Records = list[dict[str, Any]]


def functions_of(records: Records) -> list[str]:
    return list(dict.fromkeys(record["function"] for record in records))


def test_methods_above_and_below_descriptors() -> None:
    records: Records = []
    to = follow(follower=records.append)

    class C:
        @to
        @staticmethod
        def above(n: int) -> int:
            return n + 1

        @staticmethod
        @to
        def below(n: int) -> int:
            return n + 2

        @to
        @classmethod
        def of_class(cls) -> str:
            return cls.__name__

        @to
        @property
        def size(self) -> int:
            return 3

        @functools.cached_property
        @to
        def cached(self) -> int:
            return 4

        @to
        def __private(self) -> int:
            __local = 5
            return __local + len(super().__repr__()[:0])

        def call(self) -> int:
            return self.__private()

    c = C()
    assert (c.above(1), C.below(1), c.of_class(), c.size, c.cached, c.call()) == (2, 3, "C", 3, 4, 5)
    assert functions_of(records) == ["above", "below", "of_class", "size", "cached", "__private"]
    bound = follow(c.call, records.append)
    assert bound() == 5 and bound.__self__ is c and records[-1]["function"] == "call"


def test_whole_classes_are_followed_in_place() -> None:
    records: Records = []

    @follow(follower=records.append)
    @dataclasses.dataclass(slots=True)
    class Point:
        x: int
        y: int = 0

        def norm(self) -> int:
            total = self.x + self.y
            return total

        @property
        def double(self) -> int:
            return self.x * 2

        class Inner:
            def get(self) -> int:
                return 1

    point = Point(1, 2)
    assert (point.norm(), point.double, Point.Inner().get()) == (3, 2, 1)
    assert point == Point(1, 2) and repr(point).endswith("Point(x=1, y=2)")
    assert functions_of(records) == ["norm", "double", "get"]


def test_enums_and_inherited_methods() -> None:
    class Base:
        def inherited(self) -> int:
            return 1

    records: Records = []

    @follow(follower=records.append)
    class Child(Base):
        def own(self) -> int:
            return self.inherited()

    assert Child().own() == 1
    assert functions_of(records) == ["own"]

    @follow(follower=records.append)
    class Colour(enum.Enum):
        RED = 1

        def text(self) -> str:
            return self.name.lower()

    assert Colour.RED.text() == "red" and Colour(1) is Colour.RED
    with pytest.raises(FollowError, match="no Python functions"):
        follow(type("Empty", (), {}))


def test_wrappers() -> None:
    records: Records = []
    to = follow(follower=records.append)

    @to
    @functools.lru_cache
    def cached(n: int) -> int:
        return n + 1

    @to
    @contextlib.contextmanager
    def manager() -> Any:
        value = 1
        yield value

    def decorate(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    @to
    @decorate
    def wrapped(n: int) -> int:
        return n + 3

    @functools.singledispatch
    @to
    def single(n: object) -> str:
        return "object"

    assert cached(1) == cached(1) == 2 and cached.cache_info().hits == 1
    with manager() as value:
        assert value == 1
    assert wrapped(1) == 4 and single(1) == "object"
    assert functions_of(records) == ["cached", "manager", "wrapped", "single"]


def test_async_functions_and_generators() -> None:
    records: Records = []
    to = follow(follower=records.append)

    @to
    async def numbers(n: int) -> Any:
        for i in range(n):
            await asyncio.sleep(0)
            yield i

    @to
    async def total(n: int) -> int:
        result = 0
        async for i in numbers(n):
            result += i
        async with contextlib.AsyncExitStack() as stack:
            del stack
        return result

    async def both() -> Any:
        return await asyncio.gather(total(3), total(4))

    assert asyncio.run(both()) == [3, 6]
    headers = [
        r["instruction"] for r in records if r["function"] == "total" and r["instruction"].startswith("async for")
    ]
    assert len(headers) == 3 + 4 + 2
    assert all(record["execution_time"] >= 0 for record in records)


def test_instrument_restores() -> None:
    from . import sample

    codes = [sample.walk.__code__, sample.counter.__code__]
    records: Records = []
    with instrument(sample, follower=records.append) as handle:
        assert "walk" in handle.functions and handle.skipped == {}
        running = sample.counter(3)
        next(running)
        sample.walk(2)
    assert "walk" in functions_of(records)
    count = len(records)
    list(running)
    sample.walk(2)
    assert len(records) == count
    assert [sample.walk.__code__, sample.counter.__code__] == codes
