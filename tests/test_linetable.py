"""Shorter tables of positions tell what the compiler's do."""

from __future__ import annotations

import argparse
import ast
import asyncio.events
import difflib
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from follow.linetable import merged, shortened
from follow.source import walk_codes

if sys.version_info < (3, 11):
    pytest.skip("Python 3.10 keeps lines only", allow_module_level=True)


def lines(code: CodeType) -> dict[int, int | None]:
    """By the offset of each instruction its line."""
    return {offset: line for start, end, line in code.co_lines() for offset in range(start, end, 2)}


def codes(module: Any) -> Iterator[CodeType]:
    path = module.__file__
    yield from walk_codes(compile(Path(path).read_text(encoding="utf-8"), path, "exec"))


@pytest.mark.parametrize("module", [argparse, ast, asyncio.events, difflib, typing], ids=lambda module: module.__name__)
def test_all_positions_stay(module: Any) -> None:
    for code in codes(module):
        table = merged(code.co_linetable)
        short = code.replace(co_linetable=table)
        assert list(short.co_positions()) == list(code.co_positions()), code.co_qualname
        assert lines(short) == lines(code), code.co_qualname
        assert len(table) <= len(code.co_linetable) and merged(table) == table


def test_long_lines_and_large_steps_stay() -> None:
    text = "def f(x):\n" + "\n" * 500 + "    return (" + " " * 300 + "x +\n" + "\n" * 300 + "  x" + " * x" * 400 + ")\n"
    for code in walk_codes(compile(text, "long.py", "exec")):
        assert list(code.replace(co_linetable=merged(code.co_linetable)).co_positions()) == list(code.co_positions())


def test_3_11_tables_become_shorter_and_others_are_left_alone() -> None:
    for code in codes(argparse):
        if sys.version_info[:2] == (3, 11):
            assert shortened(code).co_linetable == merged(code.co_linetable)
        else:
            assert shortened(code) is code
    if sys.version_info[:2] == (3, 11):
        sizes = [(len(code.co_linetable), len(shortened(code).co_linetable)) for code in codes(argparse)]
        assert sum(short for _, short in sizes) < 0.9 * sum(long for long, _ in sizes)


ONE_LINERS = """
def loops(count):
    found = []
    while count: found.append(count); count -= 1
    for number in range(3): found.append(number)
    return [one for one in found if one] + [
        one
        for one in found
        if one > 1
    ]

def raises(depth):
    try:
        with open(__file__) as file: return depth // len(file.name[:0])
    except ZeroDivisionError: return raises(depth - 1) if depth else -1
    finally: depth += 1

loops(4); raises(3)
"""


def test_a_tracer_is_told_the_same_lines() -> None:
    def told(code: CodeType) -> list[tuple[str, str, int]]:
        events: list[tuple[str, str, int]] = []

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            if frame.f_code.co_filename == code.co_filename:
                events.append((event, frame.f_code.co_name, frame.f_lineno))
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            exec(code, {"__name__": "one_liners", "__file__": __file__})
        finally:
            sys.settrace(before)
        return events

    def short(code: CodeType) -> CodeType:
        constants = tuple(short(one) if isinstance(one, CodeType) else one for one in code.co_consts)
        return code.replace(co_consts=constants, co_linetable=merged(code.co_linetable))

    code = compile(ONE_LINERS, "one_liners.py", "exec")
    assert told(short(code)) == told(code)
