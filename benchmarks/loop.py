"""The four-local loop of the benchmark table, and every way of following it."""

from __future__ import annotations

EVENTS = 3
"""Events an iteration."""


def loop(n: int) -> int:
    total = 0
    for i in range(n):
        x = i * 2
        total += x
    return total
