"""Lines of records: of dicts that are made for other followers, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..config import FollowConfig
from ..describe import Describer
from ..described import ATOM_IDS
from ..model import Record
from ..trace.decode import left_out
from .layout import BODY, Layout, Part
from .shown import one_line

_MOST = 1_000
"""So much is remembered of functions, and of statements."""
_LOOKS_EVERY = 256
"""What the place can show is looked at again after so many records: they do not tell when a call begins."""


class Records:
    """Makes the line of a record, which tells no calls, and no places unless its ``fields`` do.

    Arguments:
        file: gives the short name of a file.
        shown: gives the text of a value as a recorder keeps it.
        told: gives the text of an exception.
    """

    def __init__(
        self, file: Callable[[str], str], shown: Callable[[Any], str], told: Callable[[str | None], str]
    ) -> None:
        self._file, self._shown, self._told = file, shown, told
        self._texts: dict[object, dict[str, str]] = {}
        self._heads: dict[object, tuple[str, int]] = {}
        self._layout: Layout | None = None
        self._copy = Describer(FollowConfig()).copy
        self._left = 0

    @property
    def next_is_due(self) -> bool:
        """Whether it is time to look at what the place can show."""
        self._left -= 1
        if self._left < 0:
            self._left = _LOOKS_EVERY
            return True
        return False

    def line(self, record: Record, thread: int, layout: Layout) -> str:
        """The line.

        Arguments:
            record: the record.
            thread: where it was made.
            layout: how lines look.
        """
        parts = self._parts(record, self._known(record, thread))
        if "exception" in record:
            parts.append(Part("", None, f"!! {self._told(record['exception'])}", "error"))
        if layout is not self._layout or len(self._heads) > _MOST:
            self._layout = layout
            self._heads.clear()
        depth = record.get("depth", 0)
        key = record["function"], record["instruction"], record.get("left_out"), record.get("line"), depth
        head = self._heads.get(key)
        if head is None:
            place = f"{self._file(record['file'])}:{record['line']}" if "file" in record and "line" in record else ""
            told = left_out(record["left_out"]) if "left_out" in record else record["instruction"]
            code = f"{record['function']}: {one_line(told)}"
            head = self._heads[key] = layout.head(place, depth if type(depth) is int else 0, BODY, "", code)
        time = layout.duration(int(record["execution_time"] * 1e6)) if layout.times else ""
        return f"{time}{head[0]}{layout.parts(parts, head[1])}\n"

    def _known(self, record: Record, thread: int) -> dict[str, str]:
        """What was shown of the variables of the record's call, or for lack of that of its function in its thread."""
        key = record.get("call_id", (thread, record["function"]))
        if key not in self._texts and len(self._texts) >= _MOST:
            del self._texts[next(iter(self._texts))]
        return self._texts.setdefault(key, {})

    def _parts(self, record: Record, texts: dict[str, str]) -> list[Part]:
        parts: list[Part] = []
        for variable in record["local_vars"]:
            name, value = variable["var"], variable["val"]
            text = self._shown(value if id(type(value)) in ATOM_IDS else self._copy(value))
            old = texts.get(name)
            if old != text:
                texts[name] = text
                parts.append(Part(name, old, text))
        return parts
