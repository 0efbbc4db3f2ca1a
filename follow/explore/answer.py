"""The answer to why: its causes as the command line prints them, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from .absent import Reason, why_not
from .run import Run
from .target import NotFound, target
from .text import Lines, shown
from .why import Slicer, Step, distinct

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

    Attributes:
        question: what was asked.
        note: what to know about the recording, or "".
    """

    def __init__(self, question: str, causes: Sequence[Cause], note: str = "") -> None:
        self.question = question
        self.note = note
        self._causes = tuple(causes)

    @overload
    def __getitem__(self, index: int) -> Cause: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Cause]: ...

    def __getitem__(self, index: int | slice) -> Cause | Sequence[Cause]:
        return self._causes[index]

    def __len__(self) -> int:
        return len(self._causes)

    def __str__(self) -> str:
        return "\n".join([*map(str, self._causes), *filter(None, [self.note])])

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
        return Answer(question, [_reason(lines, reason) for reason in why_not(run, question)])
    index, name = target(run, question)
    steps: Iterator[Step] = distinct(run, Slicer(run).why(index, name or None), all_of_them=full)
    note = "" if run.tells_objects else _NO_OBJECTS
    return Answer(question, [_cause(run, lines, step) for step in steps], note)


def _reason(lines: Lines, reason: Reason) -> Cause:
    where = "" if reason.index < 0 else lines.line(reason.index) + "\t"
    values = {name: shown(value) for name, value in reason.values}
    last = ", ".join(f"{name}={value}" for name, value in values.items())
    event = None if reason.index < 0 else lines.fields(reason.index)
    text = f"{where}{reason.text}" + (f" (last with {last})" if last else "")
    return Cause(text, {"event": event, "text": reason.text, "values": values})


def _cause(run: Run, lines: Lines, step: Step) -> Cause:
    of = f" of @{run.events[step.cause_of].sequence}" if step.cause_of >= 0 else ""
    about = f"{step.relation}{of}" + ("" if step.certainty == "exact" else f", {step.certainty}")
    notes = "".join(f"\t({note})" for note in step.notes)
    where = lines.line(step.index) if step.index >= 0 else step.what
    known: dict[str, Any] = {
        "relation": step.relation,
        "certainty": step.certainty,
        "about": step.what,
        "notes": step.notes,
    }
    known["cause_of"] = run.events[step.cause_of].sequence if step.cause_of >= 0 else None
    known["event"] = lines.fields(step.index) if step.index >= 0 else None
    return Cause(f"{about}\t{where}{notes}", known)
