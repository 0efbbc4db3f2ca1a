"""``why``: the dynamic backward slice of a value, nearest and likeliest causes first."""

from __future__ import annotations

import ast
import heapq
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..copies import identity
from .forms import item_at
from .reads import Read, Reader
from .run import LOST, WHOLE, Call, Run, last_before
from .static import Node, inside, may_write, yields
from .writes import Writes

EXACT, MAY, NOT_RECORDED = "exact", "may", "not recorded"

_COSTS = {
    "value": 2,
    "argument": 2,
    "return": 1,
    "exception": 1,
    "element": 2,
    "index": 6,
    "decided": 2,
    "not taken": 3,
    "created": 7,
    "called": 8,
}
"""How far a cause is from its effect, by their relation: producers of the value come before what chose them."""


_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_CONDITIONS = (ast.If, *_LOOPS)


@dataclass(slots=True)
class Step:
    """One cause.

    Attributes:
        index: the index of the event in the run, or -1 where it is not recorded.
        relation: how it bears on the step before: ``value``, ``argument``, ``return``, ``exception``,
            ``element`` (of a container, or an attribute), ``index`` (which item was taken), ``decided`` (a
            condition), ``created`` (a container that was changed later), ``not taken`` (a condition because of
            which something was not written), ``called``.
        certainty: ``exact``, ``may`` or ``not recorded``.
        what: the variable, item or condition that it is about.
        cause_of: the index of the event that it explains, or -1 for the question itself.
        notes: what did not happen, where that matters.
    """

    index: int
    relation: str
    certainty: str
    what: str
    cause_of: int
    notes: list[str] = field(default_factory=list)


class Slicer:
    """Answers why.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reader = Reader(run)
        self._writes = Writes(run)
        self._writing: dict[tuple[ast.stmt, str], bool] = {}

    def why(self, index: int, name: str | None = None) -> Iterator[Step]:
        """The causes of what an event did, nearest first; each event once.

        Arguments:
            index: the event: it wrote the variable, returned or raised.
            name: the variable; None for all that it did.
        """
        certainty = EXACT if self._run.events[index].left_out is None else NOT_RECORDED
        first = Step(index, "value", certainty, name or "", -1)
        queue: list[tuple[int, int, int, Step]] = [(0, -index, 0, first)]
        done: set[tuple[int, str]] = set()
        number = 0
        while queue:
            cost, _, _, step = heapq.heappop(queue)
            if step.index < 0 or self._key(step) not in done:
                done.add(self._key(step))
                yield step
                if step.index >= 0:
                    for cause in map(self._recorded, self._causes(step)):
                        if cause.index < 0 or self._key(cause) not in done:
                            number += 1
                            far = cost + _COSTS[cause.relation]
                            heapq.heappush(queue, (far, -cause.index, number, cause))

    def _recorded(self, step: Step) -> Step:
        """A cause; one that lies in iterations that were left out is not recorded."""
        if step.index < 0 or self._run.events[step.index].left_out is None:
            return step
        event = self._run.events[step.index]
        what = f"{step.what}: as of event {event.sequence}, after iterations that were left out (loop_limit)"
        return Step(-1, step.relation, NOT_RECORDED, what, step.cause_of, step.notes)

    def _key(self, step: Step) -> tuple[int, str]:
        """What is told once: an event, or of a call's begin one parameter."""
        return step.index, step.what if self._run.events[step.index].kind == "call" else ""

    # -- what an event depends on --------------------------------------------------------------------

    def _causes(self, step: Step) -> Iterator[Step]:
        index, run = step.index, self._run
        event, call = run.events[index], run.of[index]
        if event.left_out is not None:
            return
        if event.kind == "call":
            yield from self._argument(index, call, step.what)
            return
        if event.kind == "leave":
            yield from self._last_raise(index, call)
            return
        node = run.node(index)
        if isinstance(node, ast.ExceptHandler):
            yield from self._last_raise(index, call)
        # The statement that made a call ends later: what came back to it is no cause.
        calling = step.relation in ("argument", "called") and step.index > step.cause_of >= 0
        for read in self._reader.reads(index, step.what) if not calling else ():
            # What was looked up is why it was not found.
            sought = event.kind == "raise" and read.relation == "index" and read.whole
            yield from self._writers(index, call, replace(read, relation="value") if sought else read)
        decided = run.control_parent(index)
        if decided == LOST:
            yield Step(-1, "decided", NOT_RECORDED, "the iteration in which that happened was left out", index)
        elif decided >= 0:
            yield Step(decided, "decided", EXACT, run.events[decided].statement.instruction, index)  # type: ignore[union-attr]
        elif call.begin >= 0 and call.parent is not None:
            caller = call.parent.after(call.begin)
            if caller >= 0:
                yield Step(caller, "called", EXACT, call.name, index)

    def _argument(self, index: int, call: Call, name: str) -> Iterator[Step]:
        """What the caller gave for a parameter."""
        caller = call.parent.after(call.begin) if call.parent is not None else -1
        if call.parent is None or caller < 0:
            yield Step(-1, "argument", NOT_RECORDED, f"{name} was given by a caller that is not recorded", index)
            return
        found = False
        for read in self._reader.argument(caller, call, name):
            found = True
            for step in self._writers(caller, call.parent, read):
                step.relation = "argument" if step.relation == "value" else step.relation
                yield step
        yield Step(caller, "argument", EXACT if found else MAY, name, index)
        if not found and call.function is not None:
            defined = self._run.write_before(call.parent, call.function.name, caller)
            if defined is not None:  # nobody gave it: a default
                yield Step(defined[0], "value", MAY, f"the default of {name}", index)

    def _last_raise(self, index: int, call: Call) -> Iterator[Step]:
        """The event of the statement that raised what has come here: the innermost one that is recorded."""
        run = self._run
        start = bisect_left(call.events, index)
        for earlier in reversed(call.events[max(start - 3, 0) : start]):
            if run.events[earlier].kind == "raise":
                yield Step(earlier, "exception", EXACT, run.events[earlier].exception or "", index)
                return
        yield Step(-1, "exception", NOT_RECORDED, "the statement that raised is not recorded", index)

    def _writers(self, index: int, call: Call, read: Read) -> Iterator[Step]:
        """Who wrote what an event has read."""
        run = self._run
        if read.returned is not None:
            yield from self._returns(index, read.returned)
            return
        if read.container is not None:
            yield from self._item_writers(index, read)
            return
        if read.unknown:
            yield Step(-1, read.relation, NOT_RECORDED, read.unknown, index)
            return
        found = self._run.write_before(call, read.name, index)
        if found is None:
            return  # a built-in, or what another module has
        at, sure = found
        step = Step(at, read.relation, EXACT if sure else MAY, read.name, index)
        number = identity(run.form_of(at, read.name))
        changed = None if number is None else self._writes.writer(number, WHOLE, index)
        later = changed is not None and read.whole and changed[0] != at and not changed[1]
        if later and read.relation == "value":
            step.relation = "created"
        yield step
        if run.of[at] is call and read.relation != "index":
            yield from self._not_taken(at, index, call, read.name)
        if changed is not None and later:
            yield Step(changed[0], "element", EXACT if changed[2] else MAY, f"what {read.name} holds", index)
        elif run.of[at] is call and run.events[at].kind == "statement" and read.relation != "index":
            never = changed is None or changed[1]
            step.notes += self._omissions(at, index, call, read.name, changing=number is not None and never)

    def _not_taken(self, at: int, index: int, call: Call, name: str) -> Iterator[Step]:
        """The conditions between a write and a read that kept another write from happening."""
        if self._run.is_left_out(call, at + 1, index):
            return
        for node, times in call.times.items():
            one = last_before(times, index)
            if one <= at or not isinstance(node, _CONDITIONS) or not self._may_write(node, name):
                continue
            suite = inside(node)
            if isinstance(node, ast.If):
                ran = self._next_node(call, one) in suite
            elif isinstance(node, ast.While):
                ran = any(last_before(call.times.get(other, ()), index) > at for other in suite)
            else:  # that a loop has come to its end is nothing remarkable
                ran = any(other in call.times for other in suite)
            if not ran:
                yield Step(one, "not taken", MAY, f"else {name} might have been written", index)

    def _unchanged_by(self, at: int, index: int, call: Call, read: Read) -> list[str]:
        """The calls after a write that were given the container and have not changed that item."""
        notes: list[str] = []
        for made in self._run.children.get(call.number, ()):
            if at < made.begin < index:
                given = self._run.events[made.begin].forms.values()
                if any(identity(form) == read.container for form in given):
                    notes.append(f"{made.name} was given it after that and ended without changing {read.what}")
        return notes[:3]

    def _may_write(self, node: ast.stmt, name: str) -> bool:
        key = node, name
        if key not in self._writing:
            self._writing[key] = may_write(node, name)
        return self._writing[key]

    def _next_node(self, call: Call, index: int) -> Node | None:
        after = call.after(index)
        return None if after < 0 else self._run.node(after)

    def _item_writers(self, index: int, read: Read) -> Iterator[Step]:
        """Who wrote an item of a container, and who changed what that item is."""
        assert read.container is not None
        known = self._writes.writer(read.container, read.key, index)
        if known is None:
            yield Step(-1, read.relation, NOT_RECORDED, f"{read.what} was not seen before", index)
            return
        step = Step(known[0], read.relation, EXACT if known[2] else MAY, read.what, index)
        call = self._run.of[index]
        step.notes += self._unchanged_by(known[0], index, call, read)
        yield step
        if self._run.of[known[0]] is call and read.name:
            yield from self._not_taken(known[0], index, call, read.name)
        number = identity(item_at(self._run.latest(read.container, index), read.key))
        changed = None if number is None else self._writes.writer(number, WHOLE, index)
        if changed is not None and changed[0] != known[0] and not changed[1]:
            yield Step(changed[0], "element", EXACT if changed[2] else MAY, f"what {read.what} holds", index)

    def _returns(self, index: int, called: Call) -> Iterator[Step]:
        """What a call gave back: its return, or what a generator yielded (told when it goes on)."""
        run = self._run
        if called.function is not None and called.function.suspends:
            at = called.after(index)
            if at >= 0 and yields(run.node(at)):
                yield Step(at, "return", EXACT, called.name, index)
                return
        made = called.function is not None and called.function.name == "__init__"
        for at in reversed(called.events):
            event = run.events[at]
            if at < index and (made or event.has_result or event.kind == "raise" or yields(run.node(at))):
                yield Step(at, "return", EXACT, called.name, index)
                return
        yield Step(called.begin, "return", MAY, f"{called.name} gave nothing back that is recorded", index)

    def _omissions(self, at: int, index: int, call: Call, name: str, *, changing: bool) -> list[str]:
        """The loops that ran after a variable's only write and before it was read: they might have written as well."""
        run = self._run
        if run.is_left_out(call, at + 1, index):
            return []
        counts: dict[int, int] = {}
        for node, times in call.times.items():
            if isinstance(node, _LOOPS):
                count = bisect_left(times, index) - bisect_left(times, at + 1)
                counts[node.lineno] = count
        reader = run.node(index)
        around = () if reader is None else (reader, *run.code(call.file).loops.get(reader, ()))
        lines = {getattr(node, "lineno", 0) for node in around}
        what = f"changing what {name} holds" if changing else f"writing {name}"
        return [
            f"the loop at line {line} ran {count - 1} times after that without {what}"
            for line, count in counts.items()
            if line not in lines and count > 1
        ]


def distinct(run: Run, steps: Iterator[Step], *, all_of_them: bool = False) -> Iterator[Step]:
    """Of each statement the nearest step, or all.

    Arguments:
        run: the recorded run.
        steps: the steps, nearest first.
        all_of_them: whether to give all.
    """
    seen: set[object] = set()
    for step in steps:
        statement = run.events[step.index].statement if step.index >= 0 else None
        key: object = step.what if step.index < 0 else (run.of[step.index].file, statement or run.of[step.index].name)
        if all_of_them or key not in seen or step.notes:
            seen.add(key)
            yield step
