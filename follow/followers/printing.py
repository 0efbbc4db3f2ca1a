"""Records printed as dicts, whatever the texts of the values in them do."""

from __future__ import annotations

from typing import Any

from ..model import Record


def to_print(record: Record) -> None:
    """The default follower: prints the record as ``print`` would, whatever the texts of the values in it do."""
    print(Printed(record))


class Printed:
    """A record whose text is that of the dict; a value whose ``__repr__`` raises says so, instead of all of it.

    An object that is still being made, as ``self`` in ``__init__`` is, often has no text yet.
    """

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    def __repr__(self) -> str:
        try:
            return repr(self._record)
        except (RecursionError, MemoryError):
            raise
        except Exception:
            variables = [{**one, "val": _Text(_text(one["val"]))} for one in self._record["local_vars"]]
            return repr({**self._record, "local_vars": variables})


class _Text:
    """Shown as it is."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _text(value: Any) -> str:
    try:
        return repr(value)
    except Exception as error:
        return f"<repr raised {type(error).__name__}>"
