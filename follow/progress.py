"""One line on stderr when rewriting takes long, so that nobody wonders why an import does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

_LONG = 1.0
"""Rewriting that takes more than this in all (s) is worth a line."""
_LINES_PER_SECOND = 4_000
"""About how fast files are rewritten; decides only whether the line comes before a long file or after it."""


class Progress:
    """The time spent on rewriting modules, and the line that tells of it, once."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._files = 0
        self.told = False
        """Whether the line has been written, or shall not be."""

    @contextmanager
    def rewriting(self, name: str, text: str) -> Iterator[None]:
        """Count what is done inside as the rewriting of one module.

        Arguments:
            name: the module's name.
            text: its source.
        """
        lines = text.count("\n") + 1
        self._files += 1
        if self._spent + lines / _LINES_PER_SECOND > _LONG:
            self._tell(name, lines)
        start = perf_counter()
        try:
            yield
        finally:
            self._spent += perf_counter() - start

    def _tell(self, name: str, lines: int) -> None:
        if self.told or sys.stderr is None:
            return
        self.told = True
        kept = "not kept, as bytecode is not written" if sys.dont_write_bytecode else "kept for the next time"
        print(f"follow: rewriting {name} ({lines:,} lines; module {self._files} so far; {kept}) …", file=sys.stderr)
