"""``follow export``."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TextIO

from ..errors import TraceError
from ..trace.reader import Trace, load
from .formats import FORMATS
from .output import standard, written

_HELP = """\
Write a trace in the format of other tools:

  jsonl     one JSON object a record, for scripts (follow/export/JSONL.md)
  perfetto  Chrome trace-event JSON, for ui.perfetto.dev and chrome://tracing
  text      one readable line a record
  otlp      OTLP JSON, a span a call; needs: pip install 'python-follow[otel]'

The exit code is 0; 1 if the trace is damaged (what can be read has been
exported) or is no trace; 2 if a file cannot be read or written."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of the command line."""
    parser = commands.add_parser(
        "export",
        help="write a trace as JSON lines, for Perfetto, for OpenTelemetry, or as text",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="what follow run -o or a Recorder has written")
    parser.add_argument("--format", required=True, choices=tuple(FORMATS), help="the format to write")
    parser.add_argument("-o", dest="output", metavar="OUT", help="write to OUT instead of standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Export a trace.

    Arguments:
        options: ``file``, ``format`` and ``output``.

    Returns:
        The exit code.

    Raises:
        FollowError: the file is no trace, or a library is missing.
    """
    try:
        trace = load(options.file)
    except OSError as error:
        return _refuse(f"{options.file} cannot be read ({error}).")
    if options.output is not None and _is_same(options.file, options.output):
        return _refuse(f"{options.output} is the trace itself; choose another name for what is exported.")
    damage = None
    try:
        with standard() if options.output is None else written(options.output) as stream:
            damage = _write(trace, options.format, stream)
    except OSError as error:
        return _refuse(f"{options.output or 'standard output'} cannot be written ({error}).")
    if damage is not None:
        print(f"follow: {damage} What could be read before has been exported.", file=sys.stderr)
    if trace.dropped:
        print(f"follow: {trace.dropped:,} events had been lost when {options.file} was recorded.", file=sys.stderr)
    return 0 if damage is None else 1


def _write(trace: Trace, name: str, stream: TextIO) -> str | None:
    """Write a trace; what is wrong with it, if anything is."""
    try:
        FORMATS[name](trace, stream)
    except TraceError as error:
        return str(error)
    return trace.problem


def _refuse(message: str) -> int:
    print(f"follow: {message}", file=sys.stderr)
    return 2


def _is_same(one: str, other: str) -> bool:
    return os.path.exists(other) and os.path.samefile(one, other)
