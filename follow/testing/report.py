"""What a recorder holds, as a section of a test's report."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..recorder import Recorder
from ..trace.lines import Line, lines_of, text_of


def last_lines(recorder: Recorder, most: int) -> tuple[list[Line], bool]:
    """The last lines that a recorder holds, and whether there were more before them."""
    lines = deque(lines_of(recorder.events()), maxlen=most + 1)
    more = len(lines) > most
    return list(lines)[more:], more


def section(recorder: Recorder, most: int, folder: str) -> str:
    """The last statements as text.

    Arguments:
        recorder: what has recorded them.
        most: how many of them are shown.
        folder: paths below it are shown relative to it.
    """
    try:
        lines, more = last_lines(recorder, most)
        return _text(lines, more, folder)
    except Exception as error:  # no test's report may be lost to a defect of follow
        return f"The statements cannot be shown: {error!r}. Please report it."


def phases(recorder: Recorder, most: int, folder: str, starts: Sequence[tuple[str, int]]) -> list[tuple[str, str]]:
    """The last statements as text, phase by phase.

    Arguments:
        recorder, most, folder: as above.
        starts: the phases' names, and when they began on the recorder's clock.

    Returns:
        Of each phase in which there was any, its name and the text.
    """
    try:
        lines, more = last_lines(recorder, most)
    except Exception as error:
        return [(starts[-1][0], f"The statements cannot be shown: {error!r}. Please report it.")]
    found: list[tuple[str, str]] = []
    ends = [start for _, start in starts[1:]]
    for (name, start), end in zip(starts, [*ends, None]):
        chosen = [line for line in lines if line.time >= start and (end is None or line.time < end)]
        if chosen:
            found.append((name, _text(chosen, more and not found, folder)))
    return found


def _text(lines: list[Line], more: bool, folder: str) -> str:
    before = ["… (there were more before; --follow-last=N shows N)"] if more else []
    return "\n".join([*before, text_of(lines, folder)])
