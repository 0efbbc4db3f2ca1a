"""From events to lines."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ..config import FollowConfig
from ..describe import Describer
from ..model import Lookup, Record
from ..state import MISSING
from ..trace.decode import Event
from ..trace.model import Function, Piece, Statement
from .calls import Calls, ShownCall
from .hottest import Count, summary
from .layout import Layout, Part, Place
from .screen import Ability
from .shown import one_line, shown, without_addresses

_QUIET = ("import", "def", "class")
"""Statements whose variables say what the source says already."""


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
        self._statements: dict[int, _Statement] = {}
        self._counts: dict[tuple[int, int], _Statement] = {}
        self._functions: Counter[tuple[int, int]] = Counter()
        self._exceptions: Counter[str] = Counter()
        self._clock = (0, "")
        self._records: dict[object, dict[str, str]] = {}
        self._copy = Describer(FollowConfig()).copy
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
        return bool(self._functions or self._counts or self._records)

    def text(self, event: Event, items: tuple[Any, ...], thread: int, lost: int) -> str:
        """The text of an event; "" if it has none.

        Arguments:
            event: the event, decoded.
            items: what it was decoded from.
            thread: where it has happened.
            lost: the time (ns) that was spent here in this thread.
        """
        if event.kind == "record":
            assert event.record is not None
            return self._record(event.record, thread)
        return self._handlers[event.kind](event, items, thread, event.time - lost)

    def summary(self, ability: Ability) -> str:
        """What has been shown in a few lines."""
        counts = [
            Count(one.where, one.code, one.count, one.time) for one in self._counts.values() if one.count
        ]
        return summary(ability, counts, sum(self._functions.values()), self._exceptions, times=self._times)

    def in_child_process(self) -> None:
        """After a fork: what is counted is the parent's."""
        for one in self._counts.values():
            one.count = one.time = 0
        self._functions.clear()
        self._exceptions.clear()

    # -- events ----------------------------------------------------------------------------------

    def _entered(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        function, piece = event.function, event.piece
        assert function is not None and piece is not None
        call = self._calls.begin(event, thread, now)
        if call.depth == 0:
            self._look_again()
        key = piece.base, function.number
        self._functions[key] += 1
        scope = self.sources[piece.base].scope(function.number)
        call.label = function.qualname.rpartition("<locals>.")[2]
        if function.suspends:
            call.label += f"#{self._functions[key]}"
        call.update(event.forms)
        arguments: list[Part] = []
        for name, form in call.values.items():
            text = call.texts[name] = self._shown(form)
            arguments.append(Part(name, None, text))
        if not scope.hidden and scope.entered:
            arguments.append(Part("…" if self._layout.ability.unicode else "...", None, ""))
        switch = "" if thread == self._last_thread else self._switch(None, thread)
        self._last = call
        place = f"{self._file(piece.filename)}:{function.line}"
        return switch + self._layout.entry(self._time_of_day(), place, call.depth, call.label, arguments)

    def _executed(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        call = self._calls.get(event.call)
        switch = ""
        if call is None or call is not self._last or thread != self._last_thread:
            call, switch = self._resumed(call, event, thread, now)
        statement = event.statement
        assert statement is not None
        one = self._statements.get(id(statement)) or self._statement(event)
        spent = now - call.clock
        call.clock = now
        call.raised = None
        one.count += 1
        one.time += spent
        for name in call.leaving:
            call.values.pop(name, None)
            call.texts.pop(name, None)
        parts = self._changes(call, event, one.bound)
        call.leaving = statement.unbound
        if event.has_result:
            arrow = self._layout.result
            parts.append(Part("", None, f"{arrow}{self._shown(items[-2])}", "result"))
        if one.ends:
            if self._times:
                parts += self._layout.took(self._layout.short(now - call.began))
            self._calls.end(call)
        head, used = self._layout.statement(spent, one.key, one.place, call.depth, one.ends)
        return f"{switch}{head}{self._layout.parts(parts, used)}\n"

    def _raised(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        call = self._calls.get(event.call)
        switch = ""
        if call is None or call is not self._last or thread != self._last_thread:
            call, switch = self._resumed(call, event, thread, now)
        one = self._statements.get(id(event.statement)) or self._statement(event)
        spent = now - call.clock
        call.clock = now
        one.count += 1
        one.time += spent
        call.leaving = ()
        parts = self._changes(call, event, ())
        call.raised = event.exception
        parts.append(Part("", None, f"!! {self._told(event.exception)}", "error"))
        head, used = self._layout.statement(spent, one.key, one.place, call.depth, False)
        return f"{switch}{head}{self._layout.parts(parts, used)}\n"

    def _left(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        call = self._calls.get(event.call)
        if call is None:
            return ""
        self._calls.end(call)
        if call.depth == 0:
            self._exceptions[self._told(event.exception)] += 1
        elif call.raised == event.exception:
            return ""  # the line above says it, and the caller's next line where it went
        took = self._layout.short(now - call.began) if self._times else ""
        return self._layout.left(call.depth, f"!! {self._told(event.exception)}", took)

    def _set(self, event: Event, items: tuple[Any, ...], thread: int, now: int) -> str:
        """Names were bound by what has no line itself: the call's next line shows them."""
        call = self._calls.get(event.call)
        if call is not None:
            before = dict(call.values)
            call.update(event.forms)
            for name in before.keys() - call.values.keys():
                call.texts.pop(name, None)
            new = {name: form for name, form in call.values.items() if before.get(name, MISSING) is not form}
            call.pending.update(new)
        return ""

    def _resumed(self, call: ShownCall | None, event: Event, thread: int, now: int) -> tuple[ShownCall, str]:
        """The call of an event that is not that of the line before, and the line that says so where it is not plain."""
        if call is None:
            call = self._calls.begin(event, thread, now)
            assert event.function is not None
            call.label = event.function.qualname.rpartition("<locals>.")[2]
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

    def _changes(self, call: ShownCall, event: Event, bound: Iterable[str]) -> list[Part]:
        """Which variables are new, or others than before."""
        values, texts = call.values, call.texts
        forms = event.forms
        if call.pending:
            forms = {**call.pending, **forms}
            call.pending.clear()
        if event.changed and event.piece is not None:
            before = dict(values)
            call.update(forms)
            call.patch(event.changed, event.piece.depth)
            patched = {name: form for name, form in values.items() if before.get(name, form) is not form}
            forms = {**forms, **patched}
        else:
            call.update(forms)
        parts: list[Part] = []
        statement = event.statement
        quiet = statement is not None and statement.kind in _QUIET
        for name, form in forms.items():
            if form is MISSING:
                texts.pop(name, None)
                continue
            text = self._shown(form)
            old = texts.get(name)
            texts[name] = text
            if (old != text or name in bound) and not quiet:
                parts.append(Part(name, old, text))
        return parts

    def _shown(self, form: Any) -> str:
        text = shown(form)
        return without_addresses(text) if self._normalize else text

    def _told(self, exception: str | None) -> str:
        text = one_line(exception or "?")
        return without_addresses(text) if self._normalize else text

    def _file(self, filename: str) -> str:
        """A file's name; of ``__init__.py`` and the like with its folder."""
        folder, name = os.path.split(filename)
        return f"{os.path.basename(folder)}/{name}" if name.startswith("__") and folder else name

    def _thread(self, thread: int) -> str:
        number = self._threads.setdefault(thread, len(self._threads) + 1)
        if self._normalize:
            return f"thread {number}"
        found = threading._active.get(thread)  # type: ignore[attr-defined]  # current_thread() may make one
        return one_line(str(found._name)) if found is not None else f"thread {number}"

    def _time_of_day(self) -> str:
        if not self._times:
            return ""
        now = int(time.time())
        if now != self._clock[0]:
            self._clock = now, time.strftime("%H:%M:%S", time.localtime(now))
        return self._clock[1]

    def _look_again(self) -> None:
        ability = self._ability()
        if ability is not self._layout.ability:
            self._layout = Layout(ability, self._times)

    def _statement(self, event: Event) -> _Statement:
        statement, function, piece = event.statement, event.function, event.piece
        assert statement is not None and function is not None and piece is not None
        key = piece.base, statement.number
        found = self._counts.get(key)
        if found is None:
            tables = self.sources[piece.base]
            columns = [tables.site(number).span[1] for number in tables.sites_of(function.number)]
            file = self._file(piece.filename)
            found = self._counts[key] = _Statement(
                key, statement, function, file, min(columns), tables.site(statement.number).closing
            )
        self._statements[id(statement)] = found
        return found

    # -- dicts -----------------------------------------------------------------------------------

    def _record(self, record: Record, thread: int) -> str:
        """A record that was made for other followers: it tells no calls, and no places unless they were asked for."""
        key = record.get("call_id", (thread, record["function"]))
        texts = self._records.setdefault(key, {})
        parts: list[Part] = []
        for variable in record["local_vars"]:
            name, text = variable["var"], self._shown(self._copy(variable["val"]))
            if texts.get(name) != text:
                parts.append(Part(name, texts.get(name), text))
            texts[name] = text
        if "exception" in record:
            parts.append(Part("", None, f"!! {self._told(record['exception'])}", "error"))
        self._look_again()
        place = f"{self._file(record['file'])}:{record['line']}" if {"file", "line"} <= record.keys() else ""
        code = f"{record['function']}: {one_line(record['instruction'])}"
        depth = record["depth"] if type(record.get("depth")) is int else 0
        spent = int(record["execution_time"] * 1e6)
        head, used = self._layout.statement(spent, (place, code), lambda: Place(place, "", code), depth, False)
        return f"{head}{self._layout.parts(parts, used)}\n"


class _Statement:
    """What the lines of a statement have in common, and how often and how long it was executed."""

    __slots__ = ("bound", "code", "count", "ends", "indent", "key", "time", "where")

    def __init__(
        self, key: tuple[int, int], statement: Statement, function: Function, file: str, left: int, ends: bool
    ) -> None:
        self.key = key
        self.code = one_line(statement.instruction)
        self.indent = " " * (statement.column - left)
        self.where = f"{file}:{statement.line}"
        self.bound = statement.bound
        self.ends = ends or (function.name == "<lambda>" and statement.result)
        self.count = 0
        self.time = 0

    def place(self) -> Place:
        """Where it stands, for the layout."""
        return Place(self.where, self.indent, self.code)
