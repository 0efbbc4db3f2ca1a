"""What sees how tools treat the program that they follow: ``benchmarks/subject.py`` uses it."""

from __future__ import annotations

import sys
import weakref


class Thing:
    """Counts how often somebody asks for its text."""

    asked = 0

    def __repr__(self) -> str:
        Thing.asked += 1
        return "Thing()"


things: list[weakref.ref[Thing]] = []
hooks: list[bool] = []


def hooked() -> bool:
    """Whether one of Python's hooks is in use."""
    monitoring = getattr(sys, "monitoring", None)
    tools = [] if monitoring is None else [monitoring.get_tool(number) for number in range(6)]
    return sys.gettrace() is not None or sys.getprofile() is not None or any(tools)
