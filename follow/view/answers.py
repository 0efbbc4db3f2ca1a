"""What the viewer shows of ``follow why`` and ``follow diff``, worked out when its file is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from typing import Any

from ..explore.diff import diff
from ..explore.run import Run
from ..explore.steps import Step, distinct
from ..explore.target import target
from ..explore.text import Lines
from ..explore.why import Slicer
from ..trace.reader import Trace

_MOST_STEPS = 200


def answers(trace: Trace, questions: Iterable[str], other: Trace | None) -> dict[str, Any]:
    """Answers for the viewer; FORMAT.md beside this file has their form.

    Arguments:
        trace: the trace that is viewed.
        questions: as ``follow why`` takes them: ``NAME``, ``NAME@SEQUENCE``, ``return``, ``exception``.
        other: the trace that it is compared with.

    Returns:
        What was asked for; of nothing an empty dict.

    Raises:
        NotFound: nothing in the trace answers to a question.
        TraceError: an event makes no sense, or there are too many.
    """
    asked = list(questions)
    if not asked and other is None:
        return {}
    run = Run(trace)
    lines = Lines(run)
    found: dict[str, Any] = {}
    if asked:
        found["why"] = [_why(run, lines, question) for question in asked]
    if other is not None:
        found["diff"] = _diff(run, lines, Run(other))
    return found


def _why(run: Run, lines: Lines, question: str) -> dict[str, Any]:
    index, name = target(run, question)
    steps = distinct(run, Slicer(run).why(index, name or None))
    told = [_cause(lines, step) for step in islice(steps, _MOST_STEPS)]
    return {"sequence": run.events[index].sequence, "name": name, "steps": told}


def _cause(lines: Lines, step: Step) -> dict[str, Any]:
    about = ", ".join([step.relation, *([] if step.certainty == "exact" else [step.certainty]), *step.notes])
    if step.index < 0:
        return {"sequence": None, "text": step.what, "certainty": about}
    return {**_event(lines, step.index), "certainty": about}


def _event(lines: Lines, index: int) -> dict[str, Any]:
    fields = lines.fields(index)
    values = [f"{name} = {value}" for name, value, _ in fields["wrote"]]
    values += [f"→ {fields['result']}"] if "result" in fields else []
    values += [f"✗ {fields['exception']}"] if "exception" in fields else []
    place = f"{os.path.basename(fields['file'])}:{fields['line']}"
    return {"sequence": fields["event"], "place": place, "text": fields["statement"], "value": ", ".join(values)}


def _diff(run: Run, lines: Lines, other: Run) -> dict[str, Any]:
    name = other.trace.path.name
    found = diff(run, other)
    if found is None:
        return {"other": name, "summary": "The two runs did the same.", "steps": []}
    there = _event(Lines(other), found.right) if found.right >= 0 else None
    told = None if there is None else f"{there['place']} {there['text']} {there['value']}".strip()
    here = _event(lines, found.left) if found.left >= 0 else {"sequence": None, "text": "nothing of the kind"}
    steps = [{**here, "other": told}]
    if found.changed >= 0 and found.changed != found.left:
        steps.insert(0, {**_event(lines, found.changed), "other": "another statement"})
    return {"other": name, "summary": f"{found.kind}: {found.text}", "steps": steps}
