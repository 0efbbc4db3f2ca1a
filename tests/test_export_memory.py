"""Exporters stream: what they keep does not grow with the trace."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest

import follow
from follow import outermost
from follow.export.formats import FORMATS
from follow.trace.reader import Trace

from .support import define

MANY = """\
def falls(x):
    with open(__file__) as c:
        y = [x] * 3

def count(n):
    for i in range(n):
        yield i

def caught(n):
    try:
        int("x")
    except ValueError as error:
        k = 1
"""


def many(path: Path, times: int) -> Trace:
    program = define(MANY, "falls", __file__=__file__).__globals__
    with follow.Recorder(path) as recorder:
        falls, count, caught = (
            follow.follow(program[name], follower=recorder) for name in ("falls", "count", "caught")
        )
        for number in range(times):
            falls(number)
            list(count(1))
            caught(number)
            if number % 25 == 0:
                recorder.flush()  # frames of few events, of which one is in memory at a time
    return follow.load(path)


class Nowhere(io.StringIO):
    def write(self, text: str) -> int:
        return len(text)


def peak(name: str, trace: Trace) -> int:
    FORMATS[name](trace, Nowhere())  # whatever is made once
    tracemalloc.start()
    try:
        FORMATS[name](trace, Nowhere())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_memory_does_not_grow_with_the_trace(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same calls again and again, from code that is not recorded: none of them may be kept."""
    monkeypatch.setattr(outermost.Budget, "MOST", 0)  # only flush() below says how large frames are
    small, large = many(tmp_path / "small.follow", 150), many(tmp_path / "large.follow", 600)
    kept = 2 if name == "text" else 1.25  # text remembers what it has shown of the last 1,000 calls
    assert peak(name, large) < kept * peak(name, small)
