"""The steps of an answer to ``why``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .omissions import Reading
from .run import Run

EXACT, MAY, NOT_RECORDED = "exact", "may", "not recorded"
"""How certain a cause is."""


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
        distance: how far it is from the question.
        reading: what its notes are about, or None.
        notes: what did not happen, where that matters.
    """

    index: int
    relation: str
    certainty: str
    what: str
    cause_of: int
    distance: int = 0
    reading: Reading | None = None
    notes: Sequence[str] = ()


def distinct(run: Run, steps: Iterable[Step]) -> Iterator[Step]:
    """Of each statement the nearest step, and the nearest one at which it raised; of each function the nearest call.

    Arguments:
        run: the recorded run.
        steps: the steps, nearest first.
    """
    seen: set[object] = set()
    for step in steps:
        key: object = step.what
        if step.index >= 0:
            event, call = run.events[step.index], run.of[step.index]
            name = call.name if call.function is None else call.function.qualname
            key = call.file, event.statement or name, event.kind == "raise"
        if key not in seen or step.notes:
            seen.add(key)
            yield step
