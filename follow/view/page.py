"""One HTML file out of a trace: the data as inert text, the program that shows it, and nothing from elsewhere."""

from __future__ import annotations

import json
import os
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from ..trace.reader import Trace
from .columns import Sink, compressed
from .encode import Encoder
from .source import Loops, lines_of
from .tables import Place, Tables

FORMAT = 1
"""The number of the form in which the data stands in the file."""

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:; style-src 'unsafe-inline'; img-src data:"
)


def write_view(trace: Trace, output: str | os.PathLike[str], answers: dict[str, Any] | None = None) -> Path:
    """Write the viewer of a trace.

    Arguments:
        trace: the trace; it is read once.
        output: the HTML file; it appears when it is complete.
        answers: what has been worked out beforehand, under ``"why"`` and ``"diff"``; FORMAT.md beside this file has
            the form. What is not there is shown as not computed.

    Returns:
        The written file.

    Raises:
        TraceError: an event makes no sense.
        OSError: the trace cannot be read, or the file cannot be written.
    """
    path = Path(output)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(unfinished, "w", encoding="utf-8", newline="\n") as file:
            _write(trace, file, answers or {})
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _write(trace: Trace, file: TextIO, answers: dict[str, Any]) -> None:
    def part(column: str, items: int, data: str) -> None:
        file.write(f'<script type="application/x-follow" data-column="{column}" data-items="{items}">{data}</script>\n')

    file.write(
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(trace.path.name)} · follow</title>\n'
        f"<style>\n{_asset('style.css')}</style>\n</head>\n<body>\n<div id=app>Unpacking the recording …</div>\n"
    )
    encoder = Encoder(part)
    for _, events in trace.chunks():
        encoder.take(events)
    encoder.close(trace.ended)
    _sources(trace, encoder.tables, part)
    _json(file, "tables", {**_tables(trace, encoder.tables), "types": encoder.values.types}, packed=True)
    _json(file, "meta", _meta(trace, encoder))
    _json(file, "answers", answers)
    file.write(f'<script type="text/plain" id="worker">{_asset("worker.js")}</script>\n')
    file.write(f"<script>{_asset('viewer.js')}</script>\n</body>\n</html>\n")


def _asset(name: str) -> str:
    """A built file; none of them holds the end of an element of HTML (``build.py`` sees to it)."""
    return (files(__package__) / "built" / name).read_text(encoding="utf-8")


def _json(file: TextIO, name: str, content: object, packed: bool = False) -> None:
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    if packed:
        file.write(f'<script type="application/x-follow" id="{name}">{compressed(text.encode("ascii"))}</script>\n')
    else:
        file.write(f'<script type="application/json" id="{name}">{text.replace("<", chr(92) + "u003c")}</script>\n')


def _meta(trace: Trace, encoder: Encoder) -> dict[str, Any]:
    header = trace.header
    return {
        "format": FORMAT,
        "name": trace.path.name,
        "arguments": [str(one) for one in header.get("arguments", ())],
        "process": header.get("process"),
        "host": header.get("host"),
        "python": header.get("python"),
        "wall": header.get("wall", 0),
        "monotonic": header.get("monotonic", 0),
        "events": encoder.events,
        "start": encoder.start,
        "jumps": encoder.jumps,
        "gaps": encoder.gaps,
        "dropped": trace.dropped,
        "ended": trace.ended,
        "problem": trace.problem,
        "threads": [str(one) for one in encoder.calls.thread_names],
    }


def _sources(trace: Trace, tables: Tables, part: Sink) -> None:
    for name, number in tables.files.items():
        source = trace.sources.get(name)
        if source is not None:
            lines = lines_of(source.text)
            part(f"source{number}", len(lines), compressed(json.dumps(lines, separators=(",", ":")).encode("ascii")))


def _tables(trace: Trace, tables: Tables) -> dict[str, Any]:
    for (base, _), statement in trace.statements.items():
        tables.add_statement(base, statement)
    loops, outer = _loops(trace, tables)
    return {
        "files": list(tables.files),
        "functions": [
            [one.file, one.name, one.qualname, one.line, int(one.suspends), int(one.module)] for one in tables.functions
        ],
        "names": [list(one.names) for one in tables.functions],
        "places": [
            [one.function, one.event, one.kind, one.text, one.line, one.column, one.end_line, loop]
            for one, loop in zip(tables.places, loops)
        ],
        "loops": outer,
        "variables": [list(one) for one in tables.variables],
    }


def _loops(trace: Trace, tables: Tables) -> tuple[list[int], dict[int, int]]:
    """Of each place that of the innermost loop around it, where its body is entered, or -1; and of such a place the next."""
    texts = [trace.sources.get(name) for name in tables.files]
    found = {number: Loops(text.text) for number, text in enumerate(texts) if text is not None}
    entered: dict[tuple[int, int, int], int] = {}
    for number, place in enumerate(tables.places):
        if place.kind in ("for", "while") and place.event == "statement":
            key = place.function, place.line, place.column
            known = entered.get(key)
            if known is None or tables.places[known].number > place.number:
                entered[key] = number

    def entry(place: Place, position: tuple[int, int] | None) -> int:
        return -1 if position is None else entered.get((place.function, *position), -1)

    loops: list[int] = []
    outer: dict[int, int] = {}
    for place in tables.places:
        known_loops = found.get(tables.functions[place.function].file)
        position = None if known_loops is None else known_loops.around(place.line, place.column)
        loops.append(entry(place, position))
        if known_loops is not None and position is not None:
            outer[loops[-1]] = entry(place, known_loops.outer[position])
    outer.pop(-1, None)
    return loops, outer
