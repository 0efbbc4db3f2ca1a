"""The answer to why: its causes as the command line prints them, one by one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from .absent import Reason, why_not
from .run import Run
from .steps import Step, distinct
from .target import NotFound, target
from .text import Lines, shown
from .why import Slicer

_NO_OBJECTS = "# attributes of objects are not recorded; follow run --detail dataflow records them"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause, or one reason why a line did not run.

    Attributes:
        text: the line that ``follow why`` prints.
        fields: what ``follow why --json`` says of it: ``relation`` (how it bears on what it explains), ``certainty``
            (``exact``, ``may`` or ``not recorded``), ``about``, ``notes``, ``cause_of`` (the number of the event that
            it explains, or None for the question itself) and ``event`` (the event's own fields, or None). Of a
            reason ``event``, ``text`` and ``values``.
    """

    text: str
    fields: dict[str, Any]

    def __str__(self) -> str:
        return self.text


class Answer(Sequence[Cause]):
    """The answer to a question: its causes, nearest first. Its text is what ``follow why`` prints.

    Each cause is put into words when it is asked for: there may be very many.

    Attributes:
        question: what was asked.
        note: what to know about the recording, or "".
    """

    def __init__(self, question: str, known: Sequence[Any], tell: Callable[[Any], Cause], note: str = "") -> None:
        self.question = question
        self.note = note
        self._known = known
        self._tell = tell

    @overload
    def __getitem__(self, index: int) -> Cause: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Cause]: ...

    def __getitem__(self, index: int | slice) -> Cause | Sequence[Cause]:
        if isinstance(index, slice):
            return tuple(map(self._tell, self._known[index]))
        return self._tell(self._known[index])

    def __len__(self) -> int:
        return len(self._known)

    def __str__(self) -> str:
        return "\n".join([*map(str, self), *filter(None, [self.note])])

    def __repr__(self) -> str:
        return f"<why {self.question}: {len(self)} causes>"


def answer(run: Run, question: str, *, full: bool = False, absent: bool = False) -> Answer:
    """The answer to a question.

    Arguments:
        run: the recorded run.
        question: ``NAME``, ``NAME@EVENT``, an attribute or item, ``return`` or ``exception``; with ``absent``
            ``FILE:LINE``.
        full: all causes, not only the nearest of each statement.
        absent: why that line did not run.

    Raises:
        NotFound: nothing in the trace answers to that.
    """
    if not run.events:
        raise NotFound(f"{run.trace.path} holds no events.")
    lines = Lines(run)
    if absent:
        return Answer(question, why_not(run, question), functools.partial(_reason, lines))
    index, name = target(run, question)
    steps = list(Slicer(run).why(index, name or None))
    told = steps if full else list(distinct(run, steps))
    more = len(steps) - len(told)
    notes = [] if run.tells_objects else [_NO_OBJECTS]
    notes += [f"# {more:,} more of the same statements: --full"] if more else []
    return Answer(question, told, functools.partial(_cause, run, lines), "\n".join(notes))


def _reason(lines: Lines, reason: Reason) -> Cause:
    event = None if reason.index < 0 else lines.fields(reason.index)
    where = "" if event is None else lines.line_of(event) + "\t"
    values = {name: shown(value) for name, value in reason.values}
    last = ", ".join(f"{name}={value}" for name, value in values.items())
    text = f"{where}{reason.text}" + (f" (last with {last})" if last else "")
    return Cause(text, {"event": event, "text": reason.text, "values": values})


def _cause(run: Run, lines: Lines, step: Step) -> Cause:
    of = f" of @{run.events[step.cause_of].sequence}" if step.cause_of >= 0 else ""
    about = f"{step.relation}{of}" + ("" if step.certainty == "exact" else f", {step.certainty}")
    notes = "".join(f"\t({note})" for note in step.notes)
    event = lines.fields(step.index) if step.index >= 0 else None
    where = step.what if event is None else lines.line_of(event)
    known: dict[str, Any] = {
        "relation": step.relation,
        "certainty": step.certainty,
        "about": step.what,
        "notes": step.notes,
    }
    known["cause_of"] = run.events[step.cause_of].sequence if step.cause_of >= 0 else None
    known["event"] = event
    return Cause(f"{about}\t{where}{notes}", known)
