"""The causes that are known and not yet told, by their distance from the question."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from operator import attrgetter

from .run import Run
from .steps import NOT_RECORDED, Step

COSTS = {
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
"""How far a cause is from its effect, by their relation: producers of the value come before what chose them. None is
0: whatever is found while the causes at some distance are told is farther away than they are."""

_FARTHEST = sys.maxsize


class Frontier:
    """Takes in causes, and gives them nearest first.

    Arguments:
        run: the recorded run.

    Attributes:
        near: how near the nearest cause is that is known of each event, but for those that a call begins with.
        waiting: the steps that have not been told, by their distance.
        distance: that of the step that was told last.
        lossy: whether iterations of loops were left out.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.near = [_FARTHEST] * len(run.events)
        self.waiting: defaultdict[int, list[Step]] = defaultdict(list)
        self.distance = 0
        self.lossy = bool(run.left_out)
        self._near_arguments: dict[tuple[int, str], int] = {}
        """How near those are with which a call begins, where each parameter counts, and those of what generators gave
        when they stopped: the event that tells it is the one with which they went on."""
        self._missing: set[tuple[str, str]] = set()
        """What is not recorded and has been told, and how it bears on the question."""

    def nearest_first(self, first: Step) -> Iterator[Step]:
        """The causes, nearest first; of those that are as near the latest first. More may be offered meanwhile.

        Arguments:
            first: the question itself.
        """
        waiting, near, arguments, begins = self.waiting, self.near, self._near_arguments, self._run.begins
        waiting[0].append(first)
        if begins[first.index]:
            arguments[first.index, first.what] = 0
        else:
            near[first.index] = 0
        latest_first = attrgetter("index")
        while waiting:
            distance = self.distance = min(waiting)
            found = waiting.pop(distance)
            if len(found) > 1:
                found.sort(key=latest_first, reverse=True)
            for step in found:
                index = step.index
                apart = begins[index] or (step.relation == "return" and self._run.takes_what_is_sent(index))
                if index < 0 or (arguments.get((index, step.what)) if apart else near[index]) == distance:
                    yield step
                # else a nearer one has been told

    def offer(self, at: int, relation: str, certainty: str, what: str, cause_of: int, farther: int = 0) -> Step | None:
        """Take in a cause, unless its event is known to be as near: then None.

        Arguments:
            at, relation, certainty, what, cause_of: those of the ``Step``.
            farther: how much farther it is than others of its relation.
        """
        distance = self.distance + COSTS[relation] + farther
        if at < 0:
            if (relation, what) in self._missing:
                return None
            self._missing.add((relation, what))
        if self.lossy and at >= 0 and self._run.events[at].left_out is not None:
            event = self._run.events[at].sequence
            what = f"{what}: as of event {event}, after iterations that were left out (loop_limit)"
            at, certainty = -1, NOT_RECORDED
        if at >= 0 and (self._run.begins[at] or (relation == "return" and self._run.takes_what_is_sent(at))):
            if self._near_arguments.get((at, what), _FARTHEST) <= distance:
                return None
            self._near_arguments[at, what] = distance
        elif at >= 0:
            if self.near[at] <= distance:
                return None
            self.near[at] = distance
        step = Step(at, relation, certainty, what, cause_of, distance)
        self.waiting[distance].append(step)
        return step
