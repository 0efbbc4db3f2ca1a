"""Events as lines to be read: the statement, what it has bound or changed, how deep its call is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..copies import plain
from ..model import ELISION
from ..state import MISSING
from ..variables import expanded
from .decode import Event, left_out
from .replay import Replay

_MOST_CHANGES = 8
"""So many variables are shown of one event."""
_CELL = re.compile(r"<ipython-input-(\d+)-\w+>$")
_VALUE = 60
"""Characters shown of one value."""
_WIDTH = 160
"""Characters shown of one statement or exception."""


def shown(value: object, most: int = _VALUE) -> str:
    """A recorded value as one line that is not too long; it holds none of the program's objects."""
    try:
        text = repr(value)
    except RecursionError:
        text = "<nested too deeply>"
    text = text.replace("\n", "\\n").replace("\t", "\\t")
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True, slots=True)
class Line:
    """One event, ready to be shown.

    Attributes:
        time: when it was, in nanoseconds of the recorder's clock.
        depth: how many calls stand above its own; it counts from a call that need not be the first.
        file, number: where the statement, or the function that was called, stands.
        text: the statement, or the function with ``(…)``.
        changes: the variables that it has bound or changed, with their values as text.
        result: what it returned or yielded, as text; empty if nothing.
        exception: what it raised; empty if nothing.
    """

    time: int
    depth: int
    file: str
    number: int
    text: str
    changes: tuple[tuple[str, str], ...] = ()
    result: str = ""
    exception: str = ""


def lines_of(events: Iterable[Event]) -> Iterator[Line]:
    """The lines of events: one a call, an executed statement, and a statement that raised.

    Arguments:
        events: in the order in which they happened; they may begin in the middle.
    """
    replay, stacks = Replay(), _Stacks()
    for event in events:
        if event.record is not None:
            yield _line_of_record(event)
            continue
        if event.call == 0:
            continue
        known = replay.calls.get(event.call)
        before = {} if known is None else dict(known.values)
        replay.take(event)
        depth = stacks.depth(event)
        function, piece, statement = event.function, event.piece, event.statement
        if event.left_out == 0:
            continue
        if function is None or piece is None or (event.kind == "call" and function.module):
            continue
        if statement is None:
            values = {str(name): form for name, form in event.forms.items() if form is not MISSING}
            yield Line(event.time, depth, piece.filename, function.line, f"{function.qualname}(…)", _texts(values))
            continue
        # A loop's header binds its target once more when the loop ends: there it is what it was.
        silent = event.exception or statement.kind in ("for", ELISION)
        bound = () if silent else [name for name in statement.bound if name.isidentifier()]
        changes: dict[str, Any] = {}
        for name, form in event.forms.items():
            if form is not MISSING and (name in bound or not _equal(before.get(name, MISSING), form)):
                old = expanded(str(name), before.get(name, MISSING))
                parts = expanded(str(name), form).items()
                changes.update(
                    (part, now) for part, now in parts if name in bound or not _equal(old.get(part, MISSING), now)
                )
        yield Line(
            event.time,
            depth,
            piece.filename,
            statement.line,
            event.text,
            _texts(changes),
            shown(event.result) if event.has_result else "",
            event.exception or "",
        )


def _equal(before: Any, now: Any) -> bool:
    if before is MISSING:
        return False
    old, new = plain(before), plain(now)
    return type(old) is type(new) and bool(old == new)


def _texts(values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    texts = [(name, shown(plain(form))) for name, form in list(values.items())[:_MOST_CHANGES]]
    if len(values) > _MOST_CHANGES:
        texts.append(("…", f"{len(values) - _MOST_CHANGES} more"))
    return tuple(texts)


def _line_of_record(event: Event) -> Line:
    record = event.record or {}
    changes = tuple((variable["var"], shown(variable["val"])) for variable in record["local_vars"])
    file, number = record.get("file", ""), record.get("line", 0)
    text = left_out(record["left_out"]) if "left_out" in record else record["instruction"]
    return Line(event.time, 0, file, number, text, changes, "", record.get("exception", ""))


class _Stacks:
    """Which calls are running, thread by thread; those whose beginning is not known are taken to be of one thread."""

    def __init__(self) -> None:
        self._stacks: dict[int, list[tuple[int, int]]] = {}
        self._threads: dict[int, int] = {}

    def depth(self, event: Event) -> int:
        """How deep the event's call is; negative above the first call that is known."""
        if event.kind == "call":
            self._threads[event.call] = event.thread
        elif event.call not in self._threads:
            return self._begun_before(event.call)
        return self._running(event.call)

    def _begun_before(self, call: int) -> int:
        """A call whose beginning is not known stands below all with higher numbers: they were called by it."""
        thread = self._threads[call] = next(iter(self._threads.values()), 0)
        stack = self._stacks.setdefault(thread, [])
        depth = stack[-1][1] + 1 if stack else 0
        while stack and stack[-1][0] > call:
            depth = stack.pop()[1] - 1
        stack.append((call, depth))
        return depth

    def _running(self, call: int) -> int:
        stack = self._stacks.setdefault(self._threads[call], [])
        numbers = [number for number, _ in stack]
        if call in numbers:
            del stack[numbers.index(call) + 1 :]
        else:
            stack.append((call, stack[-1][1] + 1 if stack else 0))
        return stack[-1][1]


def text_of(lines: Sequence[Line], folder: str = "") -> str:
    """Lines as text: the place, then indented by depth the statement, its changes and its exception.

    Arguments:
        lines: what is shown.
        folder: paths below it are shown relative to it.
    """
    places = [f"{shorter(line.file, folder)}:{line.number}" for line in lines]
    width = min(max(map(len, places), default=0), 60)
    top = min((line.depth for line in lines), default=0)
    return "\n".join(f"{place:<{width}}  {_body(line, line.depth - top)}" for place, line in zip(places, lines))


def _body(line: Line, depth: int) -> str:
    parts = [f"{'  ' * min(depth, 20)}{cut(line.text)}"]
    if line.changes:
        parts.append("# " + "  ".join(f"{name}={text}" for name, text in line.changes))
    if line.result:
        parts.append(f"→ {line.result}")
    if line.exception:
        parts.append(f"!! {cut(line.exception.partition(chr(10))[0])}")
    return "    ".join(parts)


def cut(text: str) -> str:
    """Text as one line that is not too long."""
    text = text.replace("\n", "\\n")
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def shorter(file: str, folder: str = "") -> str:
    """A file's path, relative to a folder if it lies in it; of a cell its number."""
    cell = _CELL.match(file)
    if cell is not None:
        return f"In[{cell.group(1)}]"
    return os.path.relpath(file, folder) if folder and file.startswith(folder.rstrip(os.sep) + os.sep) else file
