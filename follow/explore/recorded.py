"""A recorded run in memory: its events, who called whom, and when each variable and container was written."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from ..copies import Tagged, identity
from ..errors import TraceError
from ..garbage import collected_seldom
from ..names import statement_binds
from ..state import MISSING
from ..trace.decode import Event
from ..trace.model import Statement
from ..trace.reader import Trace
from ..trace.stacks import Stacks
from .calls import Body, Call
from .forms import CONTAINERS, containers_in, is_cut, not_looked_at, same
from .static import Code, Node, analyse, may_write, takes


@dataclass(slots=True, eq=False)
class Seen:
    """What was seen of a container.

    Attributes:
        at: the indexes of the events that tell it.
        forms: its form as each of them tells it.
        nested: whether there were containers or objects in any of these.
    """

    at: list[int] = field(default_factory=list)
    forms: list[Any] = field(default_factory=list)
    nested: bool = False


MOST_EVENTS = 3_000_000
"""A run of more events is not held in memory."""


class Recorded:
    """All events of a trace, and what each of them has done.

    Arguments:
        trace: where they are read from.

    Raises:
        TraceError: an event makes no sense, or there are too many to hold them in memory.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.events: list[Event] = []
        self.calls: dict[int, Call] = {}
        self.of: list[Call] = []
        """The call of each event."""
        self.begins = bytearray()
        """Of each event 1 if a call begins with it, else 0."""
        self.holding = bytearray()
        """Of each event 1 if one of its variables is a container or an object, else 0."""
        self.nodes: list[Node | None] = []
        """The statement that each event is of; None where it tells that iterations were left out."""
        self.seen: dict[int, Seen] = {}
        """What was seen of each container, by its identity."""
        self.globals: dict[tuple[str, str], list[int]] = {}
        """By file and name, when a module's variable was written."""
        self.told: dict[tuple[str, str], list[int]] = {}
        """By file and name, when functions have told what a module's variable holds."""
        self.named: dict[tuple[str, str], list[Call]] = {}
        """By file and qualified name of a function its calls."""
        self.left_out: dict[int, list[int]] = {}
        """By the number of a call the indexes of the events that tell that iterations of its loops were left out."""
        self.resumers: dict[int, Call] = {}
        """By the index of an event with which a generator went on and was sent something, the call that sent it."""
        self.modules: dict[str, Call | None] = {}
        """By the names of modules the calls that have run their statements, once asked for."""
        self.packages: set[str] | None = None
        """The names of the recorded modules and of the packages that they are in, once asked for."""
        self.through: dict[tuple[int, str], str] = {}
        """By event and name of a module's variable, what the statement calls that which assigns it from elsewhere."""
        self.assignments: dict[str, list[int]] | None = None
        """By the names of attributes the events whose statements assign one, once asked for."""
        self._names: set[str] = set()
        """The variables that anything has written: others are the interpreter's, or what another module has."""
        self.shared: dict[tuple[str, str, str], list[int]] = {}
        """By file, qualified name of a function and name of a variable, when functions inside it wrote that."""
        self._arguments: dict[tuple[str, str, int], frozenset[str]] = {}
        self._codes: dict[str, Code] = {}
        self._nodes: dict[int, Node | None] = {}
        """By the identity of a recorded statement, which all its events share, that of the source."""
        self._outside: dict[Node, dict[str, str]] = {}
        """By statement the variables of other scopes that it writes, and of which scopes."""
        self._bodies: dict[int, Body] = {}
        """By the identity of a function, which all its events share."""
        self._deciding: dict[Node, tuple[Node, ...]] = {}
        self._stacks = Stacks(trace)
        with collected_seldom():
            self._take_all()

    def _take_all(self) -> None:
        for event in self.trace.events:
            if event.kind != "record" and event.call:
                self._take(event)
            if len(self.events) > MOST_EVENTS:
                raise TraceError(
                    f"{self.trace.path} holds more than {MOST_EVENTS:,} events, which is too much for this question. "
                    f"Record less of the program (--include, a ring), or ask follow var."
                )

    def _take(self, event: Event) -> None:
        index = len(self.events)
        self.events.append(event)
        self.begins.append(event.kind == "call")
        self.holding.append(bool(event.globals) or not CONTAINERS.isdisjoint(map(type, event.forms.values())))
        _, frame = self._stacks.take(event)
        call = self.calls.get(event.call)
        if call is None:
            call = self._begin(event, index, 0 if frame is None else frame.caller)
        if call.function is None and event.function is not None:
            call.function, call.file = event.function, event.piece.filename if event.piece else ""
            call.body = self._bodies.setdefault(id(event.function), call.body)
        self.of.append(call)
        node = None if event.left_out is not None else self._node_of(event)
        self.nodes.append(node)
        if frame is not None and frame.suspends and takes(node):
            below = self._stacks.below(frame)
            if below is not None and below.number in self.calls:
                self.resumers[index] = self.calls[below.number]
        if event.kind == "leave":
            call.left = event.exception or ""
        if event.kind in ("statement", "raise"):
            call.events.append(index)
            if event.left_out is not None:
                self.left_out.setdefault(call.number, []).append(index)
            if node is not None:
                self._ran(node, call, index)
        if event.forms:
            self._take_forms(event, call, index)
        for name, form in event.globals.items() if event.globals else ():
            self._names.add(name)
            self.told.setdefault((call.file, name), []).append(index)
            self._see(index, form)
        if event.has_result:
            self._see(index, event.result_form)

    def _take_forms(self, event: Event, call: Call, index: int) -> None:
        """Note the variables that an event tells."""
        function, statement = call.function, event.statement
        slots = () if function is None else function.slots
        of_module = function is not None and function.module
        parameters = self._parameters(call) if event.kind == "call" and function is not None else None
        for key, form in event.forms.items():
            name = slots[key] if type(key) is int and slots else key
            if parameters is not None and name not in parameters:
                continue  # of the closure: it was written elsewhere
            told_late = name in event.changed or (of_module and self._was_written_inside(event, name, call))
            if not told_late and (statement is None or self._binds(event, statement, name, form, call)):
                writes = call.writes.get(name)
                if writes is None:
                    writes = call.writes[name] = []
                    self._names.add(name)
                writes.append(index)
                if of_module:
                    self.globals.setdefault((call.file, name), []).append(index)
            if type(form) in CONTAINERS:
                self._see(index, form)

    def _was_written_inside(self, event: Event, name: str, call: Call) -> bool:
        """Whether a module's variable was written by a function that the statement of an event has called."""
        if event.statement is None or name in event.statement.bound:
            return False
        index = len(self.events) - 1
        known = self.globals.get((call.file, name))
        return known is not None and known[-1] > call.before(index) and self.of[known[-1]] is not call

    def _ran(self, node: Node, call: Call, index: int) -> None:
        """Note that a statement ran, and the variables of other scopes that it writes."""
        times = call.times.get(node)
        if times is None:
            call.times[node] = [index]
            call.body.nodes[node] = None
        else:
            times.append(index)
        if node in self._outside:
            self._write_outside(self._outside[node], call, index)

    def _parameters(self, call: Call) -> frozenset[str]:
        """The names of a function's parameters."""
        function = call.function
        assert function is not None
        key = call.file, function.name, function.line
        known = self._arguments.get(key)
        if known is None:
            known, arguments = frozenset(function.entered), self.arguments_of(call)
            if arguments is not None:
                every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
                every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
                known = frozenset(one.arg for one in every)
            self._arguments[key] = known
        return known

    def arguments_of(self, call: Call) -> ast.arguments | None:
        """What the source says of a function's parameters; None where it does not say."""
        function, found = call.function, None
        for (line, name), node in self.code(call.file).functions.items() if function is not None else ():
            if name == function.name and line <= function.line <= (getattr(node, "end_lineno", 0) or 0):  # type: ignore[union-attr]
                found = node.args  # type: ignore[attr-defined]
        return found

    def _write_outside(self, names: dict[str, str], call: Call, index: int) -> None:
        for name, kind in names.items():
            if kind == "global":
                self.globals.setdefault((call.file, name), []).append(index)
            self._names.add(name)
            outer = call.function.qualname if call.function is not None else ""
            while kind == "nonlocal" and ".<locals>." in outer:
                outer = outer.rpartition(".<locals>.")[0]
                self.shared.setdefault((call.file, outer, name), []).append(index)

    def _binds(self, event: Event, statement: Statement, name: str, form: Any, call: Call) -> bool:
        """Whether an event that tells a variable has bound it; else its container may have changed."""
        loop = None if event.left_out is None else self.loop_left_out(len(self.events) - 1)
        if loop is not None and may_write(loop, name):
            return True
        computed = not name.isidentifier()  # such as ``len(x)``, which every event tells
        node = self.nodes[-1]
        told_anyway = statement.kind in ("except", "case") and (node is None or name not in statement_binds(node))
        if event.kind == "raise" or statement.changes or loop is not None or computed or told_anyway:
            last = call.writes.get(name)
            return not same(self.form_of(last[-1], name), form) if last else form is not MISSING
        return name in statement.bound

    def _begin(self, event: Event, index: int, caller: int) -> Call:
        parent = self.calls.get(caller)
        file = event.piece.filename if event.piece is not None else ""
        body = Body() if event.function is None else self._bodies.setdefault(id(event.function), Body())
        call = Call(event.call, event.function, file, index if event.kind == "call" else -1, parent, body)
        self.calls[event.call] = call
        if event.function is not None:
            self.named.setdefault((file, event.function.qualname), []).append(call)
        if parent is not None:
            parent.made.append(call)
            parent.begins.append(call.begin)
            if event.function is not None and event.function.suspends:
                parent.suspending.append(call)
        return call

    def _see(self, index: int, form: Any) -> None:
        """Note the containers in a form."""
        if type(form) not in CONTAINERS:
            return
        pending, seen, known = [form], 0, self.seen
        while pending and seen < 1_000:
            seen += 1
            form = pending.pop()
            number = form.number if type(form) is Tagged else identity(form)
            inner = containers_in(form) if type(form) is not Tagged or not is_cut(form.content) else ()
            if number is not None and not (type(form) is Tagged and not_looked_at(form)):
                seen_of = known.get(number)
                if seen_of is None:
                    seen_of = known[number] = Seen()
                seen_of.at.append(index)
                seen_of.forms.append(form)
                if inner:
                    seen_of.nested = True
            pending += inner

    def form_of(self, index: int, name: str) -> Any:
        """What an event tells of a variable."""
        event = self.events[index]
        if name in event.told:
            return event.told[name]
        function = self.of[index].function
        slots = () if function is None else function.slots
        for key, form in event.forms.items():
            if type(key) is int and slots and slots[key] == name:
                return form
        return event.told.get(self.through.get((index, name), ""), MISSING)

    def code(self, file: str) -> Code:
        """What the source of a file says."""
        known = self._codes.get(file)
        if known is None:
            source = self.trace.sources.get(file)
            known = self._codes[file] = analyse("" if source is None else source.text)
            self._outside |= known.outside
        return known

    def loop_left_out(self, index: int) -> ast.stmt | None:
        """The loop of which an event tells that iterations were left out."""
        event = self.events[index]
        found = None if event.left_out is None else self._node_of(event)
        return found if isinstance(found, ast.stmt) else None

    def lambda_of(self, index: int) -> ast.Lambda | None:
        """The lambda of which an event tells what it gave."""
        event = self.events[index]
        statement, piece = event.statement, event.piece
        if statement is None or piece is None or statement.kind != "lambda":
            return None
        return self.code(piece.filename).lambdas.get((statement.line, statement.column))

    def _node_of(self, event: Event) -> Node | None:
        statement, piece = event.statement, event.piece
        if statement is None or piece is None:
            return None
        key = id(statement)
        if key not in self._nodes:
            self._nodes[key] = self.code(piece.filename).node(statement.line, statement.column, statement.kind)
        return self._nodes[key]
