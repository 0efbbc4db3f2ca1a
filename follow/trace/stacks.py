"""From events to calls: which call was made by which, when it began and when it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .decode import Event
from .ends import Ends
from .model import Function, Piece
from .reader import Trace
from .tails import NEARLY, Tails

_OTHERS = 1 << 62
"""From here on are the keys that are no call's number."""


class Frame:
    """A call that has begun and is not known to have ended.

    Attributes:
        number: its number.
        function, piece: what is called; None as long as no event told.
        thread: the identifier of the thread that it began in; 0 if its begin was not recorded.
        key: its number; another one for what goes on of a call that was thought to have ended, or whose begin was
            not recorded.
        caller: the key of the call that stood under it when it began; 0 if none did.
        awaiter: the call that awaits it, if both may be suspended and the source of that call says so.
        coroutine: whether it is a coroutine's, as far as the source tells.
        begun: when it began, in nanoseconds; the time of its first event if its begin was not recorded.
        last: when its last event was, in nanoseconds.
        standing: whether it stands on its thread's stack; else it is suspended.
        entered: the values of its parameters then, if its begin was recorded.
        ended: whether it has ended, as ``Ends.after`` says.
        exception: what has left it.
        note: whatever an exporter keeps of it.
    """

    __slots__ = (
        "awaiter",
        "begun",
        "caller",
        "coroutine",
        "ended",
        "entered",
        "exception",
        "function",
        "key",
        "last",
        "note",
        "number",
        "piece",
        "standing",
        "thread",
    )

    def __init__(self, event: Event, thread: int) -> None:
        self.number = event.call
        self.function: Function | None = event.function
        self.piece: Piece | None = event.piece
        self.thread = thread
        self.key = event.call if event.kind == "call" else _OTHERS + event.sequence
        self.caller = 0
        self.awaiter: Frame | None = None
        self.coroutine = False
        self.standing = False
        self.begun = self.last = event.time
        self.entered: dict[Any, Any] = {}
        self.ended = 0
        self.exception: str | None = None
        self.note: Any = None

    @property
    def suspends(self) -> bool:
        """Whether it may be suspended: it is a generator's or a coroutine's."""
        return self.function is not None and self.function.suspends


class Stacks:
    """Goes through a trace's events and knows which calls stand on each thread's stack.

    A trace does not say when a call has returned. It is known to be over when its source says that nothing
    follows, or when a call below it on the stack goes on. What is known is dropped as calls end.

    Arguments:
        trace: where the events come from.
    """

    def __init__(self, trace: Trace) -> None:
        self._ends = Ends(trace)
        self._frames: dict[int, Frame] = {}
        self._stacks: dict[int, list[Frame]] = {}

    def take(self, event: Event) -> tuple[list[Frame], Frame | None]:
        """Take in the next event.

        Returns:
            The calls that are known by it to have ended, the inner ones first; and the event's call, if it goes on
            or has begun: an event that comes after all when a call was thought to have ended begins another one.
        """
        frame = self._frames.get(event.call)
        if frame is None:
            if event.kind in ("set", "leave", "record"):
                return [], None
            frame = self._frames[event.call] = Frame(event, event.thread)
            if event.kind == "call":
                frame.entered = event.forms
        if event.function is not None:
            frame.function, frame.piece = event.function, event.piece
        ended = self._onto(frame, event) if event.kind != "set" else []
        if event.kind == "leave":
            frame.exception = event.exception
        if event.kind != "set":
            frame.ended = self._ends.after(event)
            frame.last = event.time
        return ended, frame

    def below(self, frame: Frame) -> Frame | None:
        """The call that stands under one that the event has just put on top of its thread's stack."""
        stack = self._stacks.get(frame.thread, [])
        return stack[-2] if len(stack) > 1 and stack[-1] is frame else None

    def _onto(self, frame: Frame, event: Event) -> list[Frame]:
        """Put a call on top of its thread's stack; what was above it has ended, but for suspended calls."""
        stack = self._stacks.setdefault(frame.thread, [])
        over: list[Frame] = []
        if frame.standing:
            held = None
            while stack[-1] is not frame:
                above = _pop(stack)
                if above is not held and (above.ended or not above.suspends):
                    over.append(above)
                else:
                    held = above.awaiter  # it lasts as long at the least
        else:
            special = event.kind == "call" and _is_special(frame.function)
            while stack and stack[-1].ended and not (special and stack[-1].ended == NEARLY):
                over.append(_pop(stack))
            if event.kind == "call":
                self._begin(stack, frame)
            stack.append(frame)
            frame.standing = True
        return self._over(over)

    def _over(self, frames: list[Frame]) -> list[Frame]:
        """Forget calls that have ended, and those that had ended but for what they awaited."""
        for frame in frames:  # which grows meanwhile
            self._frames.pop(frame.number, None)
            awaiter = frame.awaiter
            if awaiter is not None and awaiter.ended and not awaiter.standing and awaiter not in frames:
                frames.append(awaiter)
        return frames

    def _begin(self, stack: list[Frame], frame: Frame) -> None:
        """Tell who has called: of suspended calls on the stack only one whose source mentions the name."""
        top = stack[-1] if stack else None
        frame.caller = top.key if top is not None else 0
        if not frame.suspends or frame.function is None:
            return
        frame.coroutine = self._tails(frame).coroutine
        name = frame.function.name
        for below in reversed(stack):
            if not below.suspends:
                frame.caller = below.key
                return
            tails = self._tails(below)
            if name in tails.names or name in tails.awaits:
                frame.caller = below.key
                frame.awaiter = below if below is top and name in tails.awaits else None
                return

    def _tails(self, frame: Frame) -> Tails:
        assert frame.function is not None and frame.piece is not None
        return self._ends.tails(frame.piece, frame.function)

    def rest(self) -> Iterator[Frame]:
        """The calls that were never seen to end, the inner ones first; the trace has no more events."""
        for stack in self._stacks.values():
            while stack:
                frame = _pop(stack)
                self._frames.pop(frame.number, None)
                yield frame
        yield from reversed(list(self._frames.values()))
        self._frames.clear()


def walk(trace: Trace, seen: Callable[[Event, Frame | None], None], ended: Callable[[Frame], None]) -> int:
    """Go through a trace's events and tell which calls end; the rest of them end with the trace, or where it breaks.

    Arguments:
        trace: the trace.
        seen: takes each event and its call, after the calls that are known by it to have ended.
        ended: takes each call that has ended.

    Returns:
        How many events there were.

    Raises:
        TraceError: an event makes no sense.
    """
    stacks, count = Stacks(trace), 0
    try:
        for event in trace.events:
            count += 1
            over, frame = stacks.take(event)
            for one in over:
                ended(one)
            seen(event, frame)
    finally:
        for one in stacks.rest():
            ended(one)
    return count


def _pop(stack: list[Frame]) -> Frame:
    """Take the uppermost call off a stack; the one below it lasts as long at the least, unless it is suspended."""
    frame = stack.pop()
    frame.standing = False
    if stack and not frame.suspends:
        stack[-1].last = max(stack[-1].last, frame.last)
    return frame


def _is_special(function: Function | None) -> bool:
    return function is not None and function.name.startswith("__") and function.name.endswith("__")
