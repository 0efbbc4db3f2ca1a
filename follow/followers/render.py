"""From events to lines."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..described import Described
from ..model import Lookup, Record
from ..state import MISSING
from ..trace.decode import Event
from .calls import Calls, ShownCall
from .hottest import ORDINARY, Count, summary
from .layout import END, Layout, Part
from .lines import Entry, Line, line_for, short_name, short_qualname
from .records import Records
from .screen import Ability
from .shown import SMALL, one_line, shown, without_addresses


class Renderer:
    """Makes the text of each event.

    Arguments:
        ability: tells what the place can show now.
        times: whether times are shown.
        normalize: whether what differs from run to run is left out.
    """

    def __init__(self, ability: Callable[[], Ability], *, times: bool, normalize: bool) -> None:
        self.sources: dict[int, Lookup] = {}
        """The pieces of source, by their bases."""
        self._ability = ability
        self._times = times
        self._normalize = normalize
        self._calls = Calls()
        self._layout = Layout(Ability(None, 80, False, False), times)
        self._last: ShownCall | None = None
        self._last_thread = 0
        self._threads: dict[int, int] = {}
        self._statements: dict[int, Line] = {}
        self._counts: dict[tuple[int, int], Line] = {}
        self._functions: dict[int, Entry] = {}
        self._exceptions: Counter[str] = Counter()
        self._clock = (0, "")
        self._records = Records(short_name, self._shown, self._told)
        self._quick: dict[int, Line] = {}
        self._handlers = {
            "call": self._entered,
            "statement": self._executed,
            "raise": self._raised,
            "leave": self._left,
            "set": self._set,
        }

    @property
    def any(self) -> bool:
        """Whether anything has been shown."""
        return bool(self._functions or self._counts)

    def text(self, event: Event, items: tuple[Any, ...], thread: int, lost: int) -> str:
        """The text of an event; "" if it has none.

        Arguments:
            event: the event, decoded.
            items: what it was decoded from.
            thread: where it has happened.
            lost: the time (ns) that was spent here in this thread.
        """
        return self._handlers[event.kind](event, items, thread, event.time - lost)

    def quick(self, items: tuple[Any, ...], thread: int, lost: int) -> str | None:
        """The same for most events of statements, without decoding them: those that go on with the call of the line
        before, and hold nothing but what their statement has bound. None if it is another.
        """
        one = self._quick.get(items[0])
        call = self._last
        if one is None or call is None or call.number != items[1] or thread != self._last_thread or call.unsettled:
            return None
        now = items[-1] - lost
        spent = now - call.clock
        if spent < 0:  # it was held back, and what was written meanwhile has taken time
            spent = 0
        call.clock = now
        call.raised = None
        one.count += 1
        one.time += spent
        layout = self._layout
        head = (one.heads.get(call.depth) if one.layout is layout else None) or one.head(layout, call.depth)
        before = ""
        if layout.times:
            before = layout.durations.get((spent + 50) // 100) or layout.duration(spent)
        name = one.name
        if name:
            form, texts = items[2], call.texts
            text = repr(form) if type(form) is int and -SMALL < form < SMALL else self._shown(form)
            old = texts.get(name)
            if old != text and form is not MISSING:
                call.values[name] = form
                texts[name] = text
                fresh, changed, between, end_of_line, room = head[2]
                if text.isascii():
                    if old is None:
                        if len(text) <= room:
                            return f"{before}{fresh}{text}{end_of_line}"
                    elif len(text) + len(old) + 4 <= room and old.isascii():
                        return f"{before}{changed}{old}{between}{text}{end_of_line}"
                return f"{before}{head[0]}{layout.parts([Part(name, old, text)], head[1])}\n"
        elif one.bound:
            parts = call.parts(zip(one.bound, items[2:]), self._shown)
            if parts:
                return f"{before}{head[0]}{layout.parts(parts, head[1])}\n"
        return f"{before}{head[0]}\n"

    def silence(self, base: int) -> None:
        """From now on nothing of a piece of source is shown."""
        sites, _ = self.sources[base].counts()
        for number in range(base, base + 3 * sites):
            self._quick.pop(number, None)

    def record(self, record: Record, thread: int) -> str:
        """The line of a record that was made for other followers, too."""
        if self._records.next_is_due:
            self._look_again()
        return self._records.line(record, thread, self._layout)

    def summary(self, ability: Ability) -> str:
        """What has been shown in a few lines."""
        merged: dict[tuple[int, str, str], tuple[int, int]] = {}  # a loop's header has two numbers: one for its end
        for (base, _), one in self._counts.items():
            times, spent = merged.get((base, one.where, one.code), (0, 0))
            merged[base, one.where, one.code] = times + one.count, spent + one.time
        counts = [Count(where, code, *told) for (_, where, code), told in merged.items() if told[0]]
        return summary(
            ability, counts, sum(known.calls for known in self._functions.values()), self._exceptions, times=self._times
        )

    def in_child_process(self) -> None:
        """After a fork: what is counted is the parent's."""
        for one in self._counts.values():
            one.count = one.time = 0
        for known in self._functions.values():
            known.calls = 0
        self._exceptions.clear()

    # -- events ----------------------------------------------------------------------------------

    def _entered(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        function, piece = event.function, event.piece
        assert function is not None and piece is not None
        call = self._calls.begin(event, thread, now)
        if call.depth == 0:
            self._look_again()
        known = self._functions.get(id(function)) or self._function(event, call)
        known.calls += 1
        call.label = f"{known.name}#{known.calls}" if function.suspends else known.name
        call.update(event.forms)
        texts, arguments = call.texts, []
        for name, form in call.values.items():
            text = texts[name] = self._shown(form)
            if name in known.parameters or type(form) is not Described or form.name is None:
                arguments.append(Part(name, None, text))
        switch = "" if thread == self._last_thread else self._switch(None, thread)
        self._last = call
        if known.alone:
            return switch  # its only line tells all
        if known.untold:
            arguments.append(Part("", None, self._layout.gap))
        told = None if function.module else arguments
        return switch + self._layout.entry(self._time_of_day(call.depth), known.place, call.depth, call.label, told)

    def _executed(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        if event.left_out is not None:
            return self._left_out(event, thread, now)
        call, switch, one, spent = self._gone_on(event, thread, now)
        call.raised = None
        one.time += spent
        parts = call.changes(event, self._shown)
        if event.has_result:
            parts.append(Part("", None, self._shown(items[-2]), "result"))
        if one.ends:
            if self._times and one.mark is END:
                parts += self._layout.took(self._layout.short(now - call.began))
            self._calls.end(call)
        return f"{switch}{one.text(self._layout, call.depth, spent, parts)}"

    def _left_out(self, event: Event, thread: int, now: int) -> str:
        """Iterations of a loop were left out: what they have changed is shown beside how many they were."""
        call = self._calls.get(event.call)
        if not event.left_out:
            return self._set(event, (), thread, now)
        switch = ""
        if call is None or call is not self._last or thread != self._last_thread:
            call, switch = self._resumed(call, event, thread, now)
        one = self._statements.get(id(event.statement)) or self._statement(event)
        spent, call.clock = max(now - call.clock, 0), now
        return switch + one.left_out(self._layout, call.depth, spent, event.text, call.changes(event, self._shown))

    def _raised(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        call, switch, one, spent = self._gone_on(event, thread, now)
        call.raised = event.exception
        if event.exception != "GeneratorExit":  # that was a generator waiting to be forgotten
            one.time += spent
        parts = call.changes(event, self._shown)
        parts.append(Part("", None, f"!! {self._told(event.exception)}", "error"))
        return f"{switch}{one.text(self._layout, call.depth, spent, parts)}"

    def _gone_on(self, event: Event, thread: int, now: int) -> tuple[ShownCall, str, Line, int]:
        """For a statement: its call, the line that tells a switch to that, its line, and the time that it took."""
        call = self._calls.get(event.call)
        switch = ""
        if call is None or call is not self._last or thread != self._last_thread:
            call, switch = self._resumed(call, event, thread, now)
        one = self._statements.get(id(event.statement)) or self._statement(event)
        one.count += 1
        spent = max(now - call.clock, 0)
        call.clock = now
        return call, switch, one, spent

    def _left(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        call = self._calls.get(event.call)
        if call is None:
            return ""
        self._calls.end(call)
        if call.depth == 0:
            if (event.exception or "").partition(":")[0] not in ORDINARY:
                self._exceptions[self._told(event.exception)] += 1
        elif call.raised == event.exception:
            return ""  # the line above says it, and the caller's next line where it went
        took = self._layout.short(now - call.began) if self._times else ""
        return self._layout.left(call.depth, f"!! {self._told(event.exception)}", took)

    def _set(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        """Names were bound by what has no line itself: the call's next line shows them."""
        call = self._calls.get(event.call)
        if call is not None:
            call.set_aside(event)
        return ""

    def _resumed(self, call: ShownCall | None, event: Event, thread: int, now: int) -> tuple[ShownCall, str]:
        """The call of an event that is not that of the line before, and the line that says so where it is not plain."""
        if call is None:
            call = self._calls.begin(event, thread, now)
            assert event.function is not None
            call.label = short_qualname(event.function)
        above = self._last
        while above is not None and above is not call:
            above = above.parent
        switch = "" if above is call and thread == self._last_thread else self._switch(call, thread)
        self._last = call
        return call, switch

    def _switch(self, call: ShownCall | None, thread: int) -> str:
        """The line that says in which thread, or in which suspended call it goes on."""
        before, self._last_thread = self._last_thread, thread
        name = self._thread(thread)
        if call is None:
            return self._layout.again(0, name) if before else ""
        return self._layout.again(call.depth, f"in {call.label}" if thread == before else f"{name}: in {call.label}")

    # -- parts of lines --------------------------------------------------------------------------

    def _shown(self, form: Any) -> str:
        text = shown(form)
        return without_addresses(text) if self._normalize else text

    def _told(self, exception: str | None) -> str:
        text = one_line(exception or "?")
        return without_addresses(text) if self._normalize else text

    def _thread(self, thread: int) -> str:
        number = self._threads.setdefault(thread, len(self._threads) + 1)
        if self._normalize:
            return f"thread {number}"
        found = threading._active.get(thread)  # type: ignore[attr-defined]  # current_thread() may make one
        return one_line(str(found._name)) if found is not None else f"thread {number}"

    def _time_of_day(self, depth: int) -> str:
        """The time, for an outermost call, and for others where the second is another than before."""
        if not self._times:
            return ""
        now = int(time.time())
        if now != self._clock[0]:
            self._clock = now, time.strftime("%H:%M:%S", time.localtime(now))
        elif depth:
            return ""
        return self._clock[1]

    def _look_again(self) -> None:
        ability = self._ability()
        if ability is not self._layout.ability:
            self._layout = Layout(ability, self._times)

    def _function(self, event: Event, call: ShownCall) -> Entry:
        function, piece = event.function, event.piece
        assert function is not None and piece is not None
        scope = self.sources[piece.base].scope(function.number)
        known = self._functions[id(function)] = Entry(function, piece, scope, call.code)
        return known

    def _statement(self, event: Event) -> Line:
        statement, function, piece = event.statement, event.function, event.piece
        assert statement is not None and function is not None and piece is not None
        key = piece.base, statement.number
        found = self._counts.get(key)
        if found is None:
            found = self._counts[key] = line_for(statement, function, piece, self.sources[piece.base])
        self._statements[id(statement)] = found
        if found.plain:
            self._quick[piece.base + 3 * statement.number] = found
        return found
