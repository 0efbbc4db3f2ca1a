"""Reads the data out of a viewer's file again, by follow/view/FORMAT.md alone."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import Any

INERT = ("application/x-follow", "application/json", "text/plain")


class Page(HTMLParser):
    """The elements of a page as a browser meets them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.title = ""
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._in = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        elif self._in == "title":
            self.title += data


def inflate(text: str) -> bytes:
    return zlib.decompress(b64decode(text))


@dataclass
class Happening:
    """An event of the view: where, when, and what is known after it."""

    sequence: int
    kind: str
    call: int
    time: int
    function: str
    instruction: str
    line: int
    variables: dict[str, tuple[str, str]]
    result: tuple[str, str] | None
    exception: str | None
    parent: int
    thread: str


class View:
    """The data of a viewer's file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.page = Page(path.read_text(encoding="utf-8"))
        self.columns: dict[str, list[int]] = {}
        self.sources: dict[int, list[str]] = {}
        self.text = b""
        named: dict[str | None, str] = {}
        for attributes, content in self.page.scripts:
            if "data-column" in attributes:
                self._part(attributes["data-column"] or "", int(attributes["data-items"] or 0), inflate(content))
            elif "id" in attributes:
                named[attributes["id"]] = content
        self.tables: dict[str, Any] = json.loads(inflate(named["tables"]))
        self.meta: dict[str, Any] = json.loads(named["meta"])
        self.answers: dict[str, Any] = json.loads(named["answers"])

    def _part(self, column: str, items: int, data: bytes) -> None:
        if column == "text":
            assert len(data) == items
            self.text += data
        elif column.startswith("source"):
            self.sources[int(column.removeprefix("source"))] = json.loads(data)
        else:
            assert len(data) == 4 * items
            numbers = [int.from_bytes(data[place::items], "little") for place in range(items)]
            self.columns.setdefault(column, []).extend(numbers)

    def values(self) -> list[tuple[str, str]]:
        """The values as (type, text)."""
        ends = list(accumulate(self.columns.get("valueLength", [])))
        texts = [self.text[start:end].decode() for start, end in zip([0, *ends], ends)]
        return [(self.tables["types"][kind], text) for kind, text in zip(self.columns.get("valueType", []), texts)]

    def happenings(self) -> list[Happening]:
        """The events, each with what is known after it."""
        columns, meta, tables = self.columns, self.meta, self.tables
        values = self.values()
        steps = [-(step + 1) // 2 if step & 1 else step // 2 for step in columns["time"]]
        for at, step in meta["jumps"]:
            steps[at] += step
        times = list(accumulate(steps, initial=meta["start"]))[1:]
        gaps = dict(map(tuple, meta["gaps"]))
        known: dict[int, dict[str, tuple[str, str]]] = {}
        found, sequence, write, seen = [], 0, 0, 0
        for at, (number, call) in enumerate(zip(columns["place"], columns["call"])):
            sequence = gaps.get(at, sequence + 1)
            place = tables["places"][number]
            variables = known.setdefault(call, {})
            told: dict[int, tuple[str, str]] = {}
            for _ in range(columns["writes"][at]):
                code = columns["value"][write]
                seen += code == 0
                value = seen if code == 0 else seen + 1 - code
                _, name, role = tables["variables"][columns["variable"][write]]
                write += 1
                if role:
                    told[role] = values[value - 1]
                elif value:
                    variables[name] = values[value - 1]
                else:
                    variables.pop(name, None)
            happening = Happening(
                sequence,
                place[1],
                columns["callNumber"][call],
                times[at],
                tables["functions"][columns["callFunction"][call]][2],
                place[3],
                place[4],
                dict(variables),
                told.get(1),
                told[2][1] if 2 in told else None,
                columns["callParent"][call] - 1,
                meta["threads"][columns["callThread"][call]],
            )
            found.append(happening)
        return found

    def callers(self) -> dict[int, int | None]:
        """By the trace's number of a call that of its caller."""
        numbers = self.columns["callNumber"]
        parents = self.columns["callParent"]
        return {number: numbers[parent - 1] if parent else None for number, parent in zip(numbers, parents)}
