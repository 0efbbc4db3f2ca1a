"""The values of a trace as text, each text once."""

from __future__ import annotations

from typing import Any

from ..config import FollowConfig
from ..copies import plain
from ..state import MISSING
from ..trace.replay import variable
from .columns import Column, Sink, Text

NOT_BOUND = 0
"""The number that stands for no value: the variable is not bound."""

MOST_CHARACTERS = 2_000
"""So much is shown of a value; what was longer says so."""
_FEW_CHARACTERS = 200
"""And so much once the values take more than ``_PLENTY`` bytes."""
_PLENTY = 256 << 20
_MOST_KNOWN = 1_000_000
"""So many values are remembered; one that comes again after it was forgotten is written a second time."""

_ATOMS = frozenset((int, str, bool, type(None), bytes))


class Values:
    """Numbers the texts of values, from 1, and writes them with their types.

    Arguments:
        sink: what takes the parts of the columns ``valueType``, ``valueLength`` and ``text``.

    Attributes:
        types: the names of types, by number.
        count: how many values there are.
    """

    def __init__(self, sink: Sink) -> None:
        self.types: list[str] = []
        self.count = 0
        self._type_numbers: dict[str, int] = {}
        self._atoms: dict[tuple[type, object], int] = {}
        self._known: dict[tuple[int, str], int] = {}
        self._type = Column("valueType", sink)
        self._length = Column("valueLength", sink)
        self._text = Text("text", sink)

    def number(self, form: Any) -> int:
        """The number of a value as the trace has it (see ``follow.copies``)."""
        return self.number_of(form if type(form) in _ATOMS else plain(form))

    def number_of(self, form: Any) -> int:
        """The number of a value as a record shows it."""
        kind = type(form)
        if kind in _ATOMS:
            known = self._atoms.get((kind, form))
            if known is not None:
                return known
            found = self._atoms[kind, form] = self._find(form)
            return found
        return NOT_BOUND if form is MISSING else self._find(form)

    def text(self, type_name: str, text: str) -> int:
        """The number of a text of some type."""
        type_number = self._type_numbers.get(type_name)
        if type_number is None:
            type_number = self._type_numbers[type_name] = len(self.types)
            self.types.append(type_name)
        key = type_number, text
        number = self._known.get(key)
        return self._add(key) if number is None else number

    def _find(self, form: Any) -> int:
        entry = variable("", form, FollowConfig().max_bits)
        return self.text(entry["type"], self._shown(entry["val"], entry["type"]))

    def _shown(self, value: object, type_name: str) -> str:
        try:
            text = repr(value)
        except (ValueError, RecursionError):  # an integer of more digits than Python prints; nested without end
            return f"<{type_name}>"
        most = MOST_CHARACTERS if self._text.size < _PLENTY else _FEW_CHARACTERS
        return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"

    def _add(self, key: tuple[int, str]) -> int:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
            self._atoms.clear()
        self.count += 1
        self._known[key] = self.count
        self._type.values.append(key[0])
        self._length.values.append(self._text.append(key[1]))
        self._type.spill()
        self._length.spill()
        return self.count

    def close(self) -> None:
        """Let everything leave."""
        for column in (self._type, self._length):
            column.spill(1)
        self._text.spill()
