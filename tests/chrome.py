"""A strict reader of Chrome's trace-event JSON: what a viewer would have to guess about is an error here."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

KEYS = {
    "X": {"ph", "cat", "name", "pid", "tid", "ts", "dur", "args"},
    "i": {"ph", "cat", "name", "pid", "tid", "ts", "s", "args"},
    "C": {"ph", "name", "pid", "ts", "args"},
    "M": {"ph", "name", "pid", "tid", "args"},
}


@dataclass
class Slice:
    """A slice and what stands within it; times in nanoseconds."""

    name: str
    kind: str
    begun: int
    end: int
    args: dict[str, Any]
    inner: list[Slice] = field(default_factory=list)

    def calls(self) -> Any:
        """The calls within, as nested pairs of names: statements are passed through."""
        found = []
        for one in self.inner:
            found += [(one.name, one.calls())] if one.kind == "call" else one.calls()
        return found


class ChromeTrace:
    """A trace that has been read, its slices by the names of their tracks."""

    def __init__(self, text: str) -> None:
        content = json.loads(text, parse_constant=lambda name: 1 / 0)
        self.events: list[dict[str, Any]] = content["traceEvents"]
        self.counters: dict[str, list[float]] = defaultdict(list)
        self.instants: list[tuple[str, str]] = []
        names: dict[int, str] = {}
        slices: dict[int, list[Slice]] = defaultdict(list)
        for event in self.events:
            assert set(event) == KEYS[event["ph"]], event
            assert event["pid"] == self.events[0]["pid"]
            if event["ph"] == "X":
                begun, length = ns(event["ts"]), ns(event["dur"])
                assert begun >= 0 and length >= 2, event
                slices[event["tid"]].append(Slice(event["name"], event["cat"], begun, begun + length, event["args"]))
            elif event["ph"] == "C":
                assert list(event["args"]) == ["value"]
                self.counters[event["name"]].append(event["args"]["value"])
            elif event["ph"] == "i":
                assert event["s"] == "t"
                self.instants.append((event["cat"], event["name"]))
            elif event["name"] == "thread_name":
                assert event["tid"] not in names and event["args"]["name"] not in names.values()
                names[event["tid"]] = event["args"]["name"]
        self.tracks = {names[number]: nested(found) for number, found in slices.items()}

    def calls(self, kind: str) -> list[Any]:
        """The nested calls of all tracks of a kind, in the order of the tracks."""
        return [
            [pair for one in roots for pair in ([(one.name, one.calls())] if one.kind == "call" else one.calls())]
            for name, roots in self.tracks.items()
            if name.startswith(kind)
        ]


def ns(micros: float) -> int:
    """Microseconds as nanoseconds, of which there must be a whole number."""
    found = round(micros * 1000)
    assert abs(found - micros * 1000) < 0.01
    return found


def nested(slices: list[Slice]) -> list[Slice]:
    """The outermost slices: each of the others must lie within one, two nanoseconds from its ends at the least."""
    roots: list[Slice] = []
    stack: list[Slice] = []
    for one in sorted(slices, key=lambda each: (each.begun, -each.end)):
        while stack and stack[-1].end <= one.begun:
            stack.pop()
        if stack:
            assert stack[-1].begun + 2 <= one.begun and one.end + 2 <= stack[-1].end, (stack[-1], one)
            assert not stack[-1].inner or stack[-1].inner[-1].end + 2 <= one.begun
        (stack[-1].inner if stack else roots).append(one)
        stack.append(one)
    return roots
