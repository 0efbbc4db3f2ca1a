"""Which call entered which: a trace tells when a call begins, and not always when it ends."""

from __future__ import annotations

from array import array

from ..trace.decode import Event
from ..trace.ends import Ends


class _Open:
    """A call that may still have events.

    Attributes:
        index: its number among the calls of the view.
        recent: the calls that seem to have been entered by it since its last event.
        running: whether it stands on its thread's stack.
        suspends: whether it may go on after it has left the stack.
        coroutine: whether it is awaited, so that what awaits it does not go on before it has ended.
        caller: of a coroutine what seems to have awaited it, once that has gone on.
    """

    __slots__ = ("caller", "coroutine", "index", "key", "recent", "running", "suspends", "thread")

    def __init__(self, key: int | str, index: int, thread: int, suspends: bool, coroutine: bool) -> None:
        self.key = key
        self.index = index
        self.suspends = suspends
        self.coroutine = coroutine
        self.caller: _Open | None = None
        self.thread = thread
        self.recent: list[_Open] = []
        self.running = True


class Calls:
    """The calls of a trace in the order of their first events, each with what called it.

    A call was entered by the innermost one that has a further event after it. So one that is entered after another's
    last event belongs to the caller of that other. One that goes on after it was suspended has entered
    what was entered since the last event of the call that it interrupts. A coroutine that goes on after what seemed to
    await it went on is a task: it belongs to the caller of that. Events do not say when a suspended call goes on, so
    among tasks that enter coroutines in turn the caller may come out as another task.

    Arguments:
        ends: what the source tells of calls.

    Attributes:
        parents: by call the number of its caller + 1; 0 where none is known.
        starts, ends: by call its first and last event.
        threads: by call the number of its thread in ``thread_names``.
        thread_names: the identifiers of threads; 0 where the begin of a call is not in the trace.
    """

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        self.parents = array("I")
        self.starts = array("I")
        self.ends = array("I")
        self.threads = array("I")
        self.thread_names: list[int] = []
        self._thread_numbers: dict[int, int] = {}
        self._stacks: list[list[_Open]] = []
        self._open: dict[int | str, _Open] = {}
        self._outermost: dict[int, _Open] = {}

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, key: int | str, event: Event, at: int, over: bool) -> int:
        """The call that an event belongs to.

        Arguments:
            key: the call's number in the trace, or what tells it from others.
            event: the event.
            at: its index.
            over: whether the source says that it is the call's last; a call that goes on all the same is taken up
                again.
        """
        call = self._open.get(key)
        if call is None:
            call = self._open[key] = self._begin(key, event, at)
        stack = self._stacks[call.thread]
        if not stack or stack[-1] is not call:
            self._continue(call, stack)
        if call.caller is not None:
            self.parents[call.index] = self.parents[call.caller.index]
            call.caller = call.caller.caller
        self._settle(call)
        self.ends[call.index] = at
        if over:
            self._pop(stack)
        return call.index

    def is_open(self, key: int | str) -> bool:
        """Whether a call may have further events."""
        return key in self._open

    def close(self, ended: bool) -> None:
        """The trace is over; of one that was cut off the running calls keep what they seem to have entered."""
        for stack in self._stacks:
            while stack and ended:
                self._pop(stack)
            for call in stack:
                self._settle(call)

    def _begin(self, key: int | str, event: Event, at: int) -> _Open:
        thread = self._thread(event.thread if event.kind == "call" else 0)
        suspends = event.function is None or event.function.suspends
        call = _Open(key, len(self.starts), thread, suspends, suspends and self._is_coroutine(event))
        stack = self._stacks[thread]
        self.parents.append(stack[-1].index + 1 if stack else 0)
        self.starts.append(at)
        self.ends.append(at)
        self.threads.append(thread)
        if stack:
            stack[-1].recent.append(call)
        else:
            self._forget(self._outermost.get(thread, call))
            self._outermost[thread] = call
        stack.append(call)
        return call

    def _is_coroutine(self, event: Event) -> bool:
        function, piece = event.function, event.piece
        if function is None or piece is None:
            return False
        return self._ends.tails(piece, function).coroutine

    def _forget(self, call: _Open) -> None:
        """What called it has gone on, so the call has ended, unless it is suspended."""
        if not call.suspends:
            self._open.pop(call.key, None)

    def _thread(self, name: int) -> int:
        number = self._thread_numbers.get(name)
        if number is None:
            number = self._thread_numbers[name] = len(self.thread_names)
            self.thread_names.append(name)
            self._stacks.append([])
        return number

    def _continue(self, call: _Open, stack: list[_Open]) -> None:
        if call.running:
            while stack[-1] is not call:
                self._pop(stack)
            return
        if stack:
            other, last = stack[-1], self.ends[call.index]
            call.recent += [child for child in other.recent if self.starts[child.index] > last]
            other.recent = [child for child in other.recent if self.starts[child.index] <= last]
        call.running = True
        stack.append(call)

    def _settle(self, call: _Open) -> None:
        """The call has a further event: it has entered what it seemed to have entered."""
        for child in call.recent:
            self.parents[child.index] = call.index + 1
            if child.coroutine:
                child.caller = call
            if not child.running:
                self._forget(child)
        call.recent.clear()

    def _pop(self, stack: list[_Open]) -> None:
        """The last call of a stack has ended, or is suspended: what came after its last event is not its own."""
        ended = stack.pop()
        ended.running = False
        if not stack:
            for child in ended.recent:
                self.parents[child.index] = 0
                self._forget(child)
        elif len(stack[-1].recent) >= len(ended.recent):
            stack[-1].recent += ended.recent
        else:
            ended.recent += stack[-1].recent
            stack[-1].recent = ended.recent
        ended.recent = []
