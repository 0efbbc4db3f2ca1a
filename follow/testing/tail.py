"""A recorder that writes everything to a file and keeps the last events in memory as well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..memory import Ring
from ..recorder import Recorder


class TailRecorder(Recorder):
    """Records to a file; ``events()`` gives the last of them since ``clear()``, which forgets nothing of the file.

    Arguments:
        path: the trace file, which is replaced.
        tail: how many events are kept.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: str, tail: int) -> None:
        super().__init__(path)
        self._memory = Ring(tail, self._catalogue)

    def _write(self, chunks: Iterable[list[Any]]) -> None:
        kept = list(chunks)
        for items in kept:
            self._memory.keep(items[:])
        super()._write(kept)

    def clear(self) -> None:
        """Forget what is in memory; all of it is in the file."""
        self.flush()
        with self._lock:
            self._memory.clear()
