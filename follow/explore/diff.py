"""``diff``: where two runs part, by aligning their events.

An event's key says which execution of which statement it is: its statement, how many times that was executed before
under the same condition (or in the same call), and the key of that condition or call. Events with equal keys are the
same step of the two runs (execution indexing; Xin, Sumner, Zhang: Efficient program execution indexing, PLDI 2008).
"""

from __future__ import annotations

import difflib
import itertools
import os
from dataclasses import dataclass, replace
from typing import Any

from ..bounded import Shortened
from ..copies import Instance, Tagged
from ..described import Described
from ..state import MISSING
from ..trace.decode import Event
from .callers import Callers
from .calls import Call
from .forms import items_of
from .reads import Reader
from .run import Run
from .why import Slicer

_STEPS = 200
"""So many causes are looked at for a statement that the other run's text does not have."""
_LONGEST = 120
"""So many characters are shown of a value,"""
_BEFORE = 40
"""and of a long one so many before the first difference."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first place where two runs part.

    Attributes:
        kind: ``value`` (the same step gave another value), ``argument`` (a call got another one), ``predicate`` (a
            condition came out differently), ``missing`` or ``extra`` (a statement that only the right or only the
            left text has), ``exception`` (one of them raised), ``end`` (one run goes on).
        left, right: the indexes of the events in the two runs, or -1.
        text: what is different.
        changed: the index in the left run of the statement to which it goes back and which is another one in the
            other text; or -1.
    """

    kind: str
    left: int
    right: int
    text: str
    changed: int = -1


class _Aligned:
    """The events of a run by their keys.

    Arguments:
        run: the run.
        lines: by file and line, what a line is called in both runs.
    """

    def __init__(self, run: Run, lines: dict[tuple[str, int], object]) -> None:
        self.run = run
        self._lines = lines
        self.keys: list[int] = []
        counts: dict[tuple[int, object], int] = {}
        for index in range(len(run.events)):
            parent, where = self._parent(index), self.where(index)
            count = counts[parent, where] = counts.get((parent, where), 0) + 1
            self.keys.append(hash((parent, where, count)))
        self.places = {key: index for index, key in reversed(list(enumerate(self.keys)))}

    def where(self, index: int) -> object:
        """What an event's statement or function is called in both runs."""
        event, call = self.run.events[index], self.run.of[index]
        if event.statement is not None:
            return self.line(call, event.statement.line), event.statement.kind if event.statement.kind == "case" else ""
        return event.kind, "" if call.function is None else call.function.qualname

    def line(self, call: Call, line: int) -> object:
        """What a line is called in both runs."""
        return self._lines.get((call.file, line), (call.file, line))

    def _parent(self, index: int) -> int:
        """The key of the condition that decided an event, or of what called; 0 where there is none."""
        run = self.run
        call = run.of[index]
        if run.events[index].kind == "call":
            if call.parent is None:
                return 0
            before = max(call.parent.before(index), call.parent.begin)
        else:
            decided = run.control_parent(index)
            before = decided if decided >= 0 else call.begin
        return self.keys[before] if 0 <= before < index else 0


def diff(left: Run, right: Run) -> Divergence | None:
    """The first divergence of two runs; None if there is none.

    Arguments:
        left, right: the runs; their texts may be two versions of the same files.
    """
    one, other = _Aligned(left, {}), _Aligned(right, _same_lines(right, left))
    found = _earliest(one, other)
    return None if found is None else replace(found, changed=_changed(one, other, found))


def _first_of_its_own(one: _Aligned, other: _Aligned) -> int | None:
    """The first event of a run that the other has not."""
    return next((index for index, key in enumerate(one.keys) if key not in other.places), None)


def _differing(one: _Aligned, other: _Aligned) -> tuple[int, int, tuple[str, str, str]] | None:
    """The first event that both have and that did something else: in either run, and how it differs."""
    for index, key in enumerate(one.keys):
        its = other.places.get(key)
        if its is not None:
            found = _difference(one.run, index, other.run, its)
            if found is not None:
                return index, its, found
    return None


def _earliest(one: _Aligned, other: _Aligned) -> Divergence | None:
    """The earliest divergence: what only one run did counts as happening where they last agreed."""
    first_left, first_right = _first_of_its_own(one, other), _first_of_its_own(other, one)
    differing = _differing(one, other)
    found: list[tuple[int, int, Divergence]] = []
    if differing is not None:
        index, its, (kind, name, text) = differing
        found.append((index, 1, Divergence(kind, *_blamed(one, other, index, its, name), text)))
    if first_left is not None:
        found.append((first_left, 0, _only_one(one, other, first_left, mine=True)))
    if first_right is not None:
        before = first_right - 1
        while before >= 0 and other.keys[before] not in one.places:
            before -= 1
        at = one.places[other.keys[before]] + 1 if before >= 0 else 0
        found.append((at, 0, _only_one(other, one, first_right, mine=False)))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _blamed(one: _Aligned, other: _Aligned, index: int, its: int, name: str) -> tuple[int, int]:
    """For an argument of that name the statements that made the call, for all else the events themselves."""
    if one.run.events[index].kind != "call":
        return index, its
    places = []
    for run, at in ((one.run, index), (other.run, its)):
        call = run.of[at]
        caller = Callers(run).of(call)
        if caller is not None and Reader(run).argument(caller, call, name) is None:
            return index, its  # a default: nobody gave it
        places.append(at if caller is None or not caller.told else caller.at)
    return places[0], places[1]


def _only_one(one: _Aligned, other: _Aligned, index: int, *, mine: bool) -> Divergence:
    """What it means that only one run has an event; ``mine`` says that it is the left one."""
    run, event = one.run, one.run.events[index]
    places = {other.where(at) for at in range(len(other.run.events))}
    text = event.statement.instruction if event.statement is not None else f"{run.of[index].name} was called"
    line = event.statement.line if event.statement is not None else 0
    known = any(other.line(call, n) == one.line(run.of[index], line) for call, n in _lines_of(other.run))
    if event.statement is not None and one.where(index) not in places and not known:
        kind = "extra" if mine else "missing"
        return Divergence(kind, *((index, -1) if mine else (-1, index)), f"only the {_side(mine)} text has {text!r}")
    decided = run.control_parent(index)
    if decided >= 0 and one.keys[decided] in other.places:
        at = other.places[one.keys[decided]]
        pair = (decided, at) if mine else (at, decided)
        header = run.events[decided].statement
        assert header is not None
        return Divergence("predicate", *pair, f"{header.instruction!r} led to {text!r} only in the {_side(mine)} run")
    return Divergence("end", *((index, -1) if mine else (-1, index)), f"only the {_side(mine)} run came to {text!r}")


def _side(mine: bool) -> str:
    return "left" if mine else "right"


def _lines_of(run: Run) -> list[tuple[Call, int]]:
    """The lines of the files of a run at which statements begin, each with some call of the file."""
    files = {call.file: call for call in run.calls.values()}
    return [(call, line) for file, call in files.items() for line, _ in run.code(file).nodes]


def _difference(left: Run, index: int, right: Run, at: int) -> tuple[str, str, str] | None:
    """What an event did differently: the kind, the variable or nothing, and the text."""
    mine, its = left.events[index], right.events[at]
    if mine.kind != its.kind or mine.exception != its.exception:
        return "exception", "", f"{mine.exception or 'no exception'} instead of {its.exception or 'no exception'}"
    for name in dict.fromkeys((*mine.told, *its.told)):
        forms = _told(left, index, name, its), _told(right, at, name, mine)
        if any(form is MISSING for form in forms):
            continue
        one, other = map(normal, forms)
        if repr(one) != repr(other):
            kind = "argument" if mine.kind == "call" else "value"
            return kind, str(name), f"{name} is {_contrast(one, other)}"
    one, other = normal(mine.result_form), normal(its.result_form)
    if repr(one) != repr(other):
        return "value", "", f"the result is {_contrast(one, other)}"
    return None


def _told(run: Run, index: int, name: str, like: Event) -> Any:
    """The form of a variable that an event tells; of an object that it does not, the one that was told before.

    An object that is as it was is not told. What else only one of two events tells was only looked at: ``MISSING``.
    """
    found = run.events[index].told.get(name, MISSING)
    if found is MISSING and is_object(like.told.get(name)):
        found = run.value_before(index, name)
    return found


def is_object(form: Any) -> bool:
    """Whether a form is that of an object with its attributes."""
    return type(form) is Tagged and type(form.content) is Instance and form.content.attributes is not None


def _contrast(one: object, other: object) -> str:
    """Two values, of long ones what is round the first difference."""
    texts = repr(one), repr(other)
    first = next((at for at, (mine, its) in enumerate(zip(*texts)) if mine != its), min(map(len, texts)))
    start = max(first - _BEFORE, 0) if max(map(len, texts)) > _LONGEST else 0
    return " instead of ".join(_part(text, start) for text in texts)


def _part(text: str, start: int) -> str:
    """So much of a text from there on as is shown."""
    end = start + _LONGEST - 1
    return f"{'…' * (start > 0)}{text[start:end]}{'…' * (end < len(text))}"


def normal(form: Any, depth: int = 0) -> Any:
    """A value without what differs from run to run: identities, and the order of sets."""
    if type(form) is Tagged:
        return normal(form.content, depth)
    if type(form) is Instance:
        items = (
            {} if form.attributes is None else {name: normal(one, depth + 1) for name, one in form.attributes.items()}
        )
        return f"<{form.type} {items}>" if items else Described(form.type)
    if depth > 20:
        return type(form).__name__
    if type(form) is Shortened:
        shown = {key: normal(item, depth + 1) for key, item in items_of(form).items()}
        return Shortened(form.type, form.length, shown if isinstance(form.shown, dict) else list(shown.values()))
    if isinstance(form, (set, frozenset)):
        return type(form).__name__, sorted(map(repr, form))
    if isinstance(form, (list, dict, tuple)):
        return (
            {key: normal(item, depth + 1) for key, item in items_of(form).items()}
            if isinstance(form, dict)
            else [normal(item, depth + 1) for item in items_of(form).values()]
        )
    return form


def _changed(one: _Aligned, other: _Aligned, found: Divergence) -> int:
    """The nearest cause of a divergence whose statement is another one in the other text."""
    if found.left < 0:
        return -1
    texts = _texts(other)
    for step in itertools.islice(Slicer(one.run).why(found.left), _STEPS):
        event = one.run.events[step.index] if step.index >= 0 else None
        if event is not None and event.statement is not None and _text(one, step.index) not in texts:
            return step.index
    return -1


def _texts(aligned: _Aligned) -> set[object]:
    return {_text(aligned, index) for index in range(len(aligned.run.events))}


def _text(aligned: _Aligned, index: int) -> object:
    """An event's line as both runs call it, and its source."""
    statement = aligned.run.events[index].statement
    return None if statement is None else (aligned.where(index), statement.instruction)


def _same_lines(right: Run, left: Run) -> dict[tuple[str, int], object]:
    """By file and line of the right run what a line is called in the left one: by a diff of the texts.

    A line that stands instead of another is called as that one; one that was added has a name of its own.
    """
    found: dict[tuple[str, int], object] = {}
    others = left.trace.sources
    pairs = _paired(list(right.trace.sources), list(others))
    for file, source in right.trace.sources.items():
        name = pairs.get(file, file)
        mine, its = source.text.splitlines(), others[name].text.splitlines() if name in others else []
        for kind, first, last, start, end in difflib.SequenceMatcher(None, its, mine, autojunk=False).get_opcodes():
            for offset in range(end - start):
                same = kind == "equal" or (kind == "replace" and offset < last - first)
                line = (name, first + offset + 1) if same else ("added", name, start + offset + 1)
                found[file, start + offset + 1] = line
    return found


def _paired(files: list[str], others: list[str]) -> dict[str, str]:
    """By file of one run the file that it is in the other: that whose path ends most alike, with the same name."""
    if len(files) == len(others) == 1:
        return {files[0]: others[0]}
    pairs: dict[str, str] = {}
    for file in files:
        named = [other for other in others if os.path.basename(other) == os.path.basename(file)]
        if named:
            pairs[file] = max(named, key=lambda other: _alike(file, other))
    return pairs


def _alike(one: str, other: str) -> int:
    """How many parts at the end of two paths are the same."""
    parts = zip(reversed(one.split(os.sep)), reversed(other.split(os.sep)))
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], parts))
