"""``why``: the dynamic backward slice of a value, nearest and likeliest causes first."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator

from .callers import Callers
from .calls import Call
from .expressions import is_alias_of_name
from .frontier import COSTS, Frontier
from .generators import Generators, sent_by
from .omissions import Omissions, Reading
from .origins import Origins
from .reads import Reader
from .routine import Routine, Routines
from .run import LOST, Run
from .steps import EXACT, MAY, NOT_RECORDED, Step
from .writes import Writes


class Slicer:
    """Answers why.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reader = Reader(run)
        self._writes = Writes(run)
        self._omissions = Omissions(run)
        self._callers = Callers(run)
        self._routines = Routines(run, self._reader, self._omissions)

    def why(self, index: int, name: str | None = None) -> Iterator[Step]:
        """The causes of what an event did, nearest first; each event once.

        Arguments:
            index: the event: it wrote the variable, returned or raised.
            name: the variable; None for all that it did.
        """
        certainty = EXACT if self._run.events[index].left_out is None else NOT_RECORDED
        search = _Search(self._run, self._reader, self._writes, self._omissions, self._callers, self._routines)
        return search.steps(Step(index, "value", certainty, name or "", -1))


class _Search:
    """The answer to one question: causes of causes, by their distance from the question."""

    def __init__(
        self,
        run: Run,
        reader: Reader,
        writes: Writes,
        omissions: Omissions,
        callers: Callers,
        routines: Routines,
    ) -> None:
        self._run = run
        self._reader = reader
        self._omissions = omissions
        self._callers = callers
        self._routines = routines
        self._generators = Generators(run)
        self._frontier = Frontier(run)
        self._offer = self._frontier.offer
        self._whose_caller: set[int] = set()
        """The calls of which it has been told what made them."""
        self._origins = Origins(run, self._frontier, reader, writes, omissions)

    def steps(self, first: Step) -> Iterator[Step]:
        """The causes, nearest first."""
        for step in self._frontier.nearest_first(first):
            if step.index >= 0 and step.reading is not None:
                step.notes = self._omissions.notes(step.index, step.cause_of, step.reading)
            yield step
            if step.index >= 0:
                self._explain(step)

    # -- what an event depends on --------------------------------------------------------------------

    def _explain(self, step: Step) -> None:
        """Offer the causes of a step."""
        index, run = step.index, self._run
        event, call = run.events[index], run.of[index]
        if event.left_out is not None:
            return
        if event.kind == "statement" and step.relation not in ("argument", "called"):
            routine = self._routines.of(index)
            if routine is not None:
                self._explain_routine(routine, index, call)
                return
        if event.kind == "call":
            self._argument(index, call, step.what)
            return
        if event.kind == "leave":
            self._last_raise(index, call)
            return
        if isinstance(run.nodes[index], ast.ExceptHandler):
            self._last_raise(index, call)
        # The statement that made a call ends later: what came back to it is no cause.
        calling = step.relation in ("argument", "called") and index > step.cause_of >= 0
        decided = self._origins.deciding = run.control_parent(index)
        if not calling:
            self._reads(step, index, call)
        node = run.nodes[index]
        if isinstance(node, ast.match_case):
            for case in run.code(call.file).guarded.get(node, ()):
                text = f"whether line {case.pattern.lineno} matched and only its guard failed is not recorded"
                self._offer(-1, "decided", NOT_RECORDED, text, index)
        if decided == LOST:
            self._offer(-1, "decided", NOT_RECORDED, "the iteration in which that happened was left out", index)
        elif decided >= 0:
            self._offer(decided, "decided", EXACT, run.events[decided].statement.instruction, index)  # type: ignore[union-attr]
        elif call.begin >= 0 and call.parent is not None:
            self._called(index, call)

    def _reads(self, step: Step, index: int, call: Call) -> None:
        """Offer who wrote what the event of a step has read."""
        run = self._run
        raised = run.events[index].kind == "raise"
        takes_what_is_sent = step.relation != "return" and not raised and run.takes_what_is_sent(index)
        if takes_what_is_sent:
            self._sent(index)
        # What an alias holds is another name's, too: who reads it will ask for that.
        is_alias = step.cause_of >= 0 and is_alias_of_name(run.nodes[index])
        for read in self._reader.reads(index, step.what):
            # What was looked up is why it was not found; what a generator gave is not what it was sent.
            sought = raised and read.relation == "index" and read.whole
            given = takes_what_is_sent and read.relation == "value"
            other = "value" if sought else "index" if given else read.relation
            self._origins.offer(index, call, read._replace(relation=other, whole=read.whole and not is_alias))

    def _explain_routine(self, routine: Routine, index: int, call: Call) -> None:
        """The same where nothing can be but what the general way takes into account for variables that were last
        written in the same call and hold no container."""
        run, frontier, times = self._run, self._frontier, call.times
        begins, holding, near = run.begins, run.holding, frontier.near
        decided = -1
        for one in routine.deciding:
            if one in times and (place := bisect_left(times[one], index)) and times[one][place - 1] > decided:
                decided = times[one][place - 1]
        self._origins.deciding = decided
        for read, cost, is_value, kept in routine.reads:
            name = read.name
            writes = call.writes.get(name)
            place = 0 if writes is None else bisect_left(writes, index)
            at = -1 if writes is None or not place else writes[place - 1]
            if at < 0 or holding[at]:
                self._origins.offer(index, call, read)
                continue
            distance = frontier.distance + cost
            if begins[at]:
                self._offer(at, read.relation, EXACT, name, index)
            elif near[at] > distance:
                near[at] = distance
                step = Step(at, read.relation, EXACT, name, index, distance)
                if is_value and routine.noted and run.events[at].kind == "statement":
                    step.reading = Reading(name)
                frontier.waiting[distance].append(step)
            if kept:
                self._origins.not_taken(at, index, call, name)
        if decided >= 0:
            distance = frontier.distance + COSTS["decided"]
            if near[decided] > distance:
                near[decided] = distance
                what = run.events[decided].statement.instruction  # type: ignore[union-attr]
                frontier.waiting[distance].append(Step(decided, "decided", EXACT, what, index, distance))
        elif call.begin >= 0 and call.parent is not None:
            self._called(index, call)

    def _called(self, index: int, call: Call) -> None:
        """The statement that made the call in which an event happened; where it is not recorded, what led to it."""
        while call.number not in self._whose_caller:  # for what comes later it is no nearer
            self._whose_caller.add(call.number)
            caller = self._callers.of(call)
            if caller is None:
                return
            if caller.told or caller.node is None or call.parent is None:
                self._offer(caller.at, "called", EXACT if caller.sure else MAY, call.name, index)
                return
            text = f"{call.name} was called by a statement that is not recorded: {caller.text}"
            self._offer(-1, "called", NOT_RECORDED, text, index)
            decided = self._run.decided(caller.node, call.parent, call.begin)
            if decided >= 0:
                self._offer(decided, "decided", EXACT, self._run.events[decided].text, index)
            if decided != -1:
                return
            call = call.parent

    def _argument(self, index: int, call: Call, name: str) -> None:
        """What the caller gave for a parameter."""
        caller = self._callers.of(call)
        if call.parent is None or caller is None:
            self._offer(-1, "argument", NOT_RECORDED, f"{name} was given by a caller that is not recorded", index)
            return
        self._origins.deciding = -1
        reads = self._reader.argument(caller, call, name)
        for read in reads or ():
            self._origins.offer(caller.at if caller.at >= 0 else index, call.parent, read, "argument", caller.as_of)
        if not caller.told:
            text = f"{name} was given by a statement that is not recorded: {caller.text}"
            self._offer(-1, "argument", NOT_RECORDED, text, index)
        else:
            sure = reads is not None and caller.sure
            self._offer(caller.at, "argument", EXACT if sure else MAY, name, index)
        if reads is None and call.function is not None and _has_default(self._run.arguments_of(call), name):
            defined = self._run.write_before(call.parent, call.function.name, index)
            if defined is not None:  # nobody gave it: a default
                self._offer(defined[0], "value", MAY, f"the default of {name}", index)

    def _sent(self, index: int) -> None:
        """What a generator was sent when it went on with an event."""
        resumer = self._generators.resumer(index)
        if resumer < 0:
            self._offer(-1, "argument", NOT_RECORDED, "what was sent to the generator is not recorded", index)
            return
        for read in self._reader.sent(resumer):
            self._origins.offer(resumer, self._run.of[resumer], read, "argument")
        sends = sent_by(self._run.nodes[resumer]) is not None
        self._offer(resumer, "argument", EXACT if sends else MAY, "what was sent", index)

    def _last_raise(self, index: int, call: Call) -> None:
        """The event of the statement that raised what has come here: the innermost one that is recorded."""
        run = self._run
        start = bisect_left(call.events, index)
        for earlier in reversed(call.events[max(start - 3, 0) : start]):
            if run.events[earlier].kind == "raise":
                self._offer(earlier, "exception", EXACT, run.events[earlier].exception or "", index)
                return
        self._offer(-1, "exception", NOT_RECORDED, "the statement that raised is not recorded", index)


def _has_default(arguments: ast.arguments | None, name: str) -> bool:
    """Whether a parameter has a default; it may have one where the source does not say."""
    if arguments is None:
        return True
    positional = [*arguments.posonlyargs, *arguments.args]
    having = positional[len(positional) - len(arguments.defaults) :]
    having += [one for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default is not None]
    return any(one.arg == name for one in having)
