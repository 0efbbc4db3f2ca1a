"""Who wrote what an event has read."""

from __future__ import annotations

import ast
from bisect import bisect_left
from typing import Any

from ..copies import identity
from .calls import Call, last_before
from .expressions import targets_of
from .forms import item_at
from .frontier import COSTS, Frontier
from .omissions import Omissions, Reading
from .plan import Read
from .reads import Reader
from .run import WHOLE, Run
from .static import Node, following, yields
from .steps import EXACT, MAY, NOT_RECORDED
from .taken import Taken
from .writes import Writes

_MOST_GIVEN = 20
"""So much of what a generator gave to one statement is told."""

Change = tuple[int, bool, bool]
"""As ``Writes.writer`` tells it."""


class Origins:
    """Offers to a frontier who wrote what events have read.

    Arguments:
        run: the recorded run.
        frontier: takes in the causes.
        reader, writes, omissions: tell of the run what they tell.

    Attributes:
        deciding: the index of the event that decided that the one in question happens, or negative.
    """

    def __init__(self, run: Run, frontier: Frontier, reader: Reader, writes: Writes, omissions: Omissions) -> None:
        self.deciding = -1
        self._run = run
        self._frontier = frontier
        self._offer = frontier.offer
        self._reader = reader
        self._writes = writes
        self._omissions = omissions
        self._by_names = not run.tells_objects
        self._taken = Taken(run)

    def offer(self, index: int, call: Call, read: Read, value: str = "value", as_of: int = -1) -> None:
        """Offer who wrote what an event has read.

        Arguments:
            index: the event.
            call: its call.
            read: what it has read.
            value: the relation of what gave a value.
            as_of: the event before which it was read, if that was earlier.
        """
        moment = as_of if as_of >= 0 else index
        relation, _, name, container, _, returned, unknown, whole, sure_of_read, module, event = read
        if event >= 0:
            self._offer(event, value if relation == "value" else relation, MAY, read.what, index)
            return
        call = module or call
        if container is not None:
            self._item_written(index, call, read, moment)
            return
        if returned is not None:
            if value == "argument" and returned.function is not None and returned.function.suspends:
                # A generator is given as such: what it gives comes later.
                self._offer(returned.begin, "argument", EXACT if sure_of_read else MAY, returned.name, index)
            else:
                self._returns(index, returned, sure=sure_of_read)
            return
        if unknown:
            self._offer(-1, value if relation == "value" else relation, NOT_RECORDED, unknown, index)
            return
        run = self._run
        found = run.write_before(call, name, moment)
        if found is None:
            return  # a built-in, or what another module has
        at, sure = found
        sure = sure and sure_of_read
        changed = None
        number = identity(run.form_of(at, name)) if run.holding[at] else None
        if number is not None:
            changed = self._writes.writer(number, WHOLE, moment)
        # A parameter is what was given; what that holds is read inside.
        whole = whole and (value != "argument" or relation == "element")
        later = changed is not None and whole and changed[0] != at and not changed[1]
        own = relation != "index" and run.of[at] is call and module is None
        if not own and relation != "index" and name not in run.events[index].forms:
            sure = sure and not self._was_other(index, read, run.form_of(at, name))
        if relation == "value":
            relation = "created" if later else value
        step = self._offer(at, relation, EXACT if sure else MAY, name, index)
        if own:
            if step is not None and not later and self._omissions.is_noted(at, index, call):
                step.reading = Reading(name, None, number is not None and (changed is None or changed[1]))
            self.not_taken(at, index, call, name)
        if number is not None and whole:
            self._contents_written(index, call, read, number, at, moment, changed)

    def _contents_written(
        self, index: int, call: Call, read: Read, number: int, at: int, moment: int, changed: Change | None
    ) -> None:
        """Offer who changed the container or object of a variable that was written ``at``, and what that holds."""
        what = f"what {read.name} holds"
        if changed is not None:
            perhaps = self._reader.unrecorded.variable(call, read.name, changed[0], moment) if self._by_names else []
            for other in perhaps:
                self._offer(other, "element", MAY, what, index)
            if changed[0] != at and not changed[1]:
                certainty = EXACT if changed[2] and not perhaps else MAY
                self._offer(changed[0], "element", certainty, what, index)
                self._items_written(index, number, moment, what, certainty)
        if _takes_items_as_they_are(self._run.nodes[index]):
            return
        start = -1 if self._run.begins[at] else at  # of a parameter the caller has not read what it holds
        for farther, (inside, certain) in enumerate(self._writes.changed_inside(number, start, moment)):
            self._offer(inside, "element", EXACT if certain else MAY, what, index, farther)

    def _items_written(self, index: int, number: int, moment: int, what: str, certainty: str) -> None:
        """Offer who wrote the items of a container of which all was read, before its last change."""
        earlier, more = self._writes.of_items(number, moment)
        for farther, (at, sure) in enumerate(earlier, start=1):
            self._offer(at, "element", certainty if sure else MAY, what, index, farther)
        if more:
            text = f"{what}: further items were written before that"
            self._offer(-1, "element", MAY, text, index, len(earlier) + 1)

    def _was_other(self, index: int, read: Read, form: Any) -> bool:
        """Whether an event has read another value than what is known to have been written; then that is told."""
        other = self._taken.is_other(index, read, form)
        if other:
            self._offer(-1, read.relation, NOT_RECORDED, f"what has written {read.what} is not recorded", index)
        return other

    def not_taken(self, at: int, index: int, call: Call, name: str) -> None:
        """The conditions between a variable's write and its read that kept another write from happening."""
        conditions = self._omissions.conditions(call, name)
        if not conditions or (self._frontier.lossy and self._run.is_left_out(call, at + 1, index)):
            return
        deciding = self._run.nodes[self.deciding] if self.deciding >= 0 else None
        farthest = self._frontier.distance + COSTS["not taken"]
        for node, suite in conditions:
            if node is deciding or _is_endless(node):  # which is nearer as what decided
                continue
            one = last_before(call.times.get(node, ()), index)
            if one <= at or self._frontier.near[one] <= farthest:
                continue
            if not self._omissions.ran(node, suite, call, at, one, index):
                self._offer(one, "not taken", MAY, f"else {name} might have been written", index)

    def _item_written(self, index: int, call: Call, read: Read, moment: int) -> None:
        """Who wrote an item of a container, and who changed what that item is."""
        assert read.container is not None
        run = self._run
        known = self._writes.writer(read.container, read.key, moment)
        if known is None:
            self._offer(-1, read.relation, NOT_RECORDED, f"{read.what} was not seen before", index)
            return
        at, _, sure = known
        if self._by_names:
            for other in self._reader.unrecorded.variable(call, read.name, at, moment):
                self._offer(other, read.relation, MAY, read.what, index)
                sure = False
        told = last_before(run.seen[read.container].at, moment) if read.key is not WHOLE else -1
        if told >= at and self._was_other(index, read, run.latest(read.container, moment)):
            sure = False
        step = self._offer(at, read.relation, EXACT if sure else MAY, read.what, index)
        if step is not None:
            step.reading = Reading(read.what, read.container)
        if read.name and self._run.of[at] is call:
            self.not_taken(at, index, call, read.name)
        if not read.whole or not self._run.seen[read.container].nested:
            return
        number = identity(item_at(self._run.latest(read.container, moment), read.key))
        changed = None if number is None else self._writes.writer(number, WHOLE, moment)
        if changed is not None and changed[0] != at and not changed[1]:
            self._offer(changed[0], "element", EXACT if changed[2] else MAY, f"what {read.what} holds", index)

    def _returns(self, index: int, called: Call, *, sure: bool) -> None:
        """What a call gave back: its return, or what a generator yielded (told when it goes on)."""
        run, function = self._run, called.function
        certainty = EXACT if sure else MAY
        if function is not None and function.suspends:
            at = called.after(index)
            if at >= 0 and yields(run.nodes[at]):
                self._offer(at, "return", certainty, called.name, index)
                return
            last = called.before(index)
            node = self._yield_after(last) if at < 0 and last >= 0 and run.events[last].kind == "statement" else None
            if node is not None:  # if it was that yield that gave this, it never went on, which would have told it
                self._offer(last, "return", MAY, called.name, index)
                for read in self._reader.reads_of(node, last):
                    self.offer(last, called, read, as_of=last + 1)
                certainty = MAY
            given = self._given_meanwhile(index, called) if at < 0 else []
            sure = sure and not isinstance(_first_target(run.nodes[index]), (ast.Tuple, ast.List))
            for farther, at in enumerate(given):
                self._offer(at, "return", EXACT if sure else MAY, called.name, index, farther)
            if given:
                return
        made = function is not None and function.name == "__init__"
        for at in reversed(called.events):
            event = run.events[at]
            if at < index and (made or event.has_result or event.kind == "raise" or yields(run.nodes[at])):
                self._offer(at, "return", certainty, called.name, index)
                return
        self._offer(called.begin, "return", MAY, f"{called.name} gave nothing back that is recorded", index)

    def _given_meanwhile(self, index: int, called: Call) -> list[int]:
        """The events of what a generator gave while the statement of an event ran, which came to its end; the last one
        first."""
        run = self._run
        start = max(run.of[index].before(index), run.of[index].begin)
        first, last = bisect_left(called.events, start + 1), bisect_left(called.events, index)
        told = [at for at in called.events[first:last] if yields(run.nodes[at])]
        given = told[1:] if first else told  # what the first tells was given before, if it had begun
        return given[: -_MOST_GIVEN - 1 : -1]

    def _yield_after(self, index: int) -> Node | None:
        """The statement after that of a generator's event if that may be a ``yield``, of which no event tells."""
        run = self._run
        node = run.nodes[index]
        owner = None if node is None else run.code(run.of[index].file).function.get(node)
        after = () if node is None or owner is None else following(owner, node)
        return next(filter(yields, after), None)


def _is_endless(node: Node) -> bool:
    """Whether it is a loop whose condition decides nothing."""
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant)


def _first_target(node: Node | None) -> ast.expr | None:
    return next(iter(targets_of(node)), None)


def _takes_items_as_they_are(node: Node | None) -> bool:
    """Whether it is a loop whose variable is an item, of which nothing is looked at."""
    return isinstance(node, (ast.For, ast.AsyncFor)) and isinstance(node.target, ast.Name)
