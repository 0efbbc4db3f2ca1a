"""The calls that the text follower knows of: their places in the tree of calls, and their variables so far."""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from ..model import PROBE_FILENAME
from ..trace.decode import Event
from ..trace.replay import Call

_MOST_CALLS = 10_000
"""So many calls are remembered; more of them are only generators that were never run to their ends, or deep recursion."""


class ShownCall(Call):
    """A call whose lines are being written.

    Attributes:
        depth: how many calls it stands in.
        parent: the call that called it; None if that is not followed.
        label: how lines name it.
        began: when, in nanoseconds; like ``clock`` without the time spent in follow.
        pending: variables that were bound by what has no line itself.
        texts: what has been shown of its variables, by name.
        raised: the exception of its last event, if that was one.
        unsettled: whether its next line has more to tell than its own statement.
        code, frame: its code object, and the ``id()`` of its frame, to find it again on the stack.
    """

    __slots__ = ("began", "code", "depth", "frame", "label", "parent", "pending", "raised", "texts", "unsettled")

    def __init__(self, number: int, clock: int) -> None:
        super().__init__(number, clock)
        self.began = clock
        self.depth = 0
        self.parent: ShownCall | None = None
        self.label = "?"
        self.texts: dict[str, str] = {}
        self.pending: dict[str, Any] = {}
        self.unsettled = False
        self.raised: str | None = None
        self.code: CodeType | None = None
        self.frame = 0


class Calls:
    """Knows which calls are going on, by looking at the stack when one begins: its end may leave no event."""

    def __init__(self) -> None:
        self._known: dict[int, ShownCall] = {}
        self._frames: dict[int, ShownCall] = {}
        self._stacks: dict[int, list[ShownCall]] = {}
        self.get = self._known.get
        """The call of a number, or None."""

    def begin(self, event: Event, thread: int, clock: int) -> ShownCall:
        """Take in a call that begins, or the first event of one whose begin is not known.

        Arguments:
            event: of that call, made by what is above on this thread's stack.
            thread: the thread.
            clock: the time, in nanoseconds.
        """
        call = ShownCall(event.call, clock)
        call.function, call.piece = event.function, event.piece
        stack = self._stacks.setdefault(thread, [])
        frame = _frame_of(event)
        if frame is not None:
            call.code, call.frame = frame.f_code, id(frame)
            stale = self._frames.get(call.frame)
            if stale is not None:
                self.end(stale)
            call.parent = self._caller(frame.f_back) if self._known else None
            self._frames[call.frame] = call
        if call.parent is not None:
            call.depth = call.parent.depth + 1
        self._pop_to(stack, call.parent)
        stack.append(call)
        self._known[call.number] = call
        if len(self._known) > _MOST_CALLS:
            self.end(next(iter(self._known.values())))
        return call

    def end(self, call: ShownCall) -> None:
        """Forget a call that has ended."""
        self._known.pop(call.number, None)
        if self._frames.get(call.frame) is call:
            del self._frames[call.frame]

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._frames.clear()
        self._stacks.clear()

    def _caller(self, frame: Any) -> ShownCall | None:
        while frame is not None:
            call = self._frames.get(id(frame))
            if call is not None and call.code is frame.f_code:
                return call
            frame = frame.f_back
        return None

    def _pop_to(self, stack: list[ShownCall], parent: ShownCall | None) -> None:
        """What stood above the caller has ended, but for what is suspended."""
        while stack and stack[-1] is not parent:
            call = stack.pop()
            if call.function is None or not call.function.suspends:
                self.end(call)


def _frame_of(event: Event) -> Any:
    """The frame of the followed function that has made an event."""
    assert event.piece is not None
    frame: Any = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_filename == event.piece.filename and code.co_filename != PROBE_FILENAME:
            return frame
        frame = frame.f_back
    return None
