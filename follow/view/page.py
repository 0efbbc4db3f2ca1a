"""One HTML file out of a trace: the data as inert text, the program that shows it, and nothing from elsewhere."""

from __future__ import annotations

import json
import os
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

from ..private import private
from ..trace.ends import Ends
from ..trace.reader import Trace
from .columns import Sink, compressed
from .encode import Encoder
from .loops import loops_of
from .source import Layout, lines_of
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
        with open(unfinished, "w", encoding="utf-8", newline="\n", opener=private) as file:
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
    encoder = Encoder(part, Ends(trace))
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
    for piece, function in tables.called():
        for statement in trace.statements_of(piece, function):
            tables.add_statement(piece, statement)
    texts = [trace.sources.get(name) for name in tables.files]
    of_files = [Layout("" if text is None else text.text) for text in texts]
    lines = [of_files[one.file].line_of(one.name, one.line) for one in tables.functions]
    loops, outer = loops_of(tables, of_files)
    return {
        "files": list(tables.files),
        "functions": [
            [one.file, one.name, one.qualname, line, int(one.suspends), int(one.module)]
            for one, line in zip(tables.functions, lines)
        ],
        "names": [
            [[name, int(name in tables.recorded(number))] for name in one.names]
            for number, one in enumerate(tables.functions)
        ],
        "places": [_place(one, lines, loop) for one, loop in zip(tables.places, loops)],
        "loops": outer,
        "variables": [list(one) for one in tables.variables],
    }


def _place(place: Place, lines: list[int], loop: int) -> list[Any]:
    line, end_line = place.line, place.end_line
    if place.number < 0 and line:  # of the function itself
        line = end_line = lines[place.function]
    return [place.function, place.event, place.kind, place.text, line, place.column, end_line, loop]
