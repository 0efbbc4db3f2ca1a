"""``follow.load``: a recording, to be read and to be asked."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

from .trace.reader import Trace

if TYPE_CHECKING:
    from .explore.answer import Answer
    from .explore.run import Run


class Recording(Trace):
    """A trace that also answers why. All of its events are read when it is first asked."""

    def why(self, question: str, *, full: bool = False, not_: bool = False) -> Answer:
        """Where a value came from, or why a line did not run: what ``follow why`` prints.

        Arguments:
            question: ``NAME`` (the last time), ``NAME@EVENT`` (as of that event), an attribute or item such as
                ``order.lines[0]``, ``return`` or ``exception``; with ``not_`` a line as ``FILE:LINE``, the file by
                the end of its path.
            full: all causes, not only the nearest of each statement.
            not_: why that line did not run.

        Returns:
            The causes, nearest first: a sequence whose items have the ``text`` of a line and its ``fields``;
            ``print`` shows it as the command line does.

        Raises:
            NotFound: nothing in the trace answers to that (a ``FollowError``).
            TraceError: an event makes no sense, or there are too many.
        """
        from .explore.answer import answer

        return answer(self._run, question, full=full, absent=not_)

    @functools.cached_property
    def _run(self) -> Run:
        from .explore.run import Run

        return Run(self)


def load(path: str | os.PathLike[str]) -> Recording:
    """Open a trace file.

    Arguments:
        path: what a ``Recorder`` has written.

    Returns:
        The trace: ``trace.records()`` gives the dicts, ``trace.events`` what happened one by one, and
        ``trace.why("NAME")`` tells where a value came from.

    Raises:
        TraceError: it is no trace, one of a newer version, or its start is damaged.
        OSError: it cannot be read.
    """
    return Recording(path)
