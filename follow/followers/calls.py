"""The calls that the text follower knows of: their places in the tree of calls, and their variables so far."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

from ..stack import PROBE_FILENAME
from ..state import MISSING
from ..trace.decode import Event
from ..trace.replay import Call
from ..variables import PARTS, expanded
from .layout import Part
from .lines import QUIET

_MOST_CALLS = 10_000
"""So many calls are remembered: more there are only of generators that were never run to their ends."""


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

    def changes(self, event: Event, shown: Callable[[Any], str]) -> list[Part]:
        """Take in an event of a statement.

        Arguments:
            event: the event.
            shown: gives the text of a value.

        Returns:
            The variables that are new, or others than before.
        """
        for name in self.leaving:
            self.values.pop(name, None)
            self.texts.pop(name, None)
        forms = event.forms
        if self.pending:
            forms = {**self.pending, **forms}
            self.pending.clear()
        if event.changed and event.piece is not None:
            before = dict(self.values)
            self.update(forms)
            self.patch(event.changed, event.piece.depth)
            patched = {name: form for name, form in self.values.items() if before.get(name, form) is not form}
            forms = {**forms, **patched}
        else:
            self.update(forms)
        parts = self.parts(forms.items(), shown)
        statement = event.statement
        assert statement is not None
        self.leaving = statement.unbound if event.kind == "statement" else ()
        self.unsettled = bool(self.leaving)
        return [] if statement.kind in QUIET else parts

    def parts(self, forms: Iterable[tuple[str, Any]], shown: Callable[[Any], str]) -> list[Part]:
        """What the variables of these names are now, where that is not what they were."""
        texts, values = self.texts, self.values
        parts: list[Part] = []
        for name, form in forms:
            if form is MISSING:
                texts.pop(name, None)
                values.pop(name, None)
                continue
            if type(form) is dict and name.endswith(PARTS):
                parts += self._parts(name, form, shown)
                continue
            text = shown(form)
            values[name] = form
            old = texts.get(name)
            if old != text:
                texts[name] = text
                parts.append(Part(name, old, text))
        return parts

    def _parts(self, name: str, form: dict[str, Any], shown: Callable[[Any], str]) -> list[Part]:
        """The same for the items or attributes of a value."""
        now = {part: shown(one) for part, one in expanded(name, form).items()}
        before = expanded(name, self.values.get(name, {}))
        self.values[name] = form
        parts = [Part(part, self.texts.get(part), text) for part, text in now.items() if self.texts.get(part) != text]
        for part in before.keys() - now.keys():
            self.texts.pop(part, None)
        self.texts.update(now)
        return parts

    def set_aside(self, event: Event) -> None:
        """Take in names that were bound or unbound by what has no line itself: the next line shows them."""
        before = dict(self.values)
        self.update(event.forms)
        for name in before.keys() - self.values.keys():
            self.texts.pop(name, None)
        self.pending.update((name, form) for name, form in self.values.items() if before.get(name, MISSING) is not form)
        self.unsettled = True


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
        frame, rest = _frame_of(event), None
        if frame is not None:
            call.code, call.frame = frame.f_code, id(frame)
            stale = self._frames.get(call.frame)
            if stale is not None:
                self.end(stale)
            call.parent, rest = self._caller(frame.f_back) if self._known else (None, None)
            self._frames[call.frame] = call
        if call.parent is not None:
            call.depth = call.parent.depth + 1
        self._pop_to(stack, call.parent, rest)
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

    def _caller(self, frame: Any) -> tuple[ShownCall | None, Any]:
        """The innermost followed call of a stack, and the frame above it."""
        while frame is not None:
            call = self._frames.get(id(frame))
            frame, code = frame.f_back, frame.f_code
            if call is not None and call.code is code:
                return call, frame
        return None, None

    def _pop_to(self, stack: list[ShownCall], parent: ShownCall | None, frame: Any) -> None:
        """What stood above the caller has ended, but for what is suspended."""
        if parent is not None and parent not in stack:  # a generator that goes on
            live: list[ShownCall] = []
            caller: ShownCall | None = parent
            while caller is not None:
                live.append(caller)
                caller, frame = self._caller(frame)
            ended = [call for call in stack if call not in live]
            stack[:] = live[::-1]
        else:
            index = 0 if parent is None else stack.index(parent) + 1
            ended = stack[index:]
            del stack[index:]
        for call in ended:
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
