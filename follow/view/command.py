"""The command line's ``follow view``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..trace.reader import load
from .answers import answers
from .page import write_view


def add_command(commands: Any) -> None:
    """Add the command to those of a parser.

    Arguments:
        commands: what ``add_subparsers`` gave.
    """
    view = commands.add_parser("view", help="write a trace as one HTML file to step through in a browser")
    view.add_argument("file", metavar="FILE", help="what follow run -o or a Recorder has written")
    view.add_argument("-o", dest="output", metavar="OUT", help="the HTML file; by default FILE.html")
    view.add_argument(
        "--why", action="append", default=[], metavar="QUESTION", help="answer this in it, as follow why does"
    )
    view.add_argument("--diff", dest="other", metavar="FILE", help="tell in it where it parts from this other run")
    view.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file and print where it is.

    Returns:
        The exit code: 0, or 2 where a file cannot be read or written.

    Raises:
        TraceError: it is no trace.
        NotFound: nothing in it answers to a question.
    """
    name = options.file
    try:
        trace = load(name)
        name = options.other
        other = None if name is None else load(name)
    except OSError as error:
        return _refused(f"{name} cannot be read ({error}).")
    output = Path(options.output or f"{options.file}.html")
    if output.exists() and output.samefile(trace.path):
        return _refused(f"{output} is the trace itself; name another file with -o.")
    try:
        print(write_view(trace, output, answers(trace, options.why, other)))
    except OSError as error:
        return _refused(f"{output} cannot be written ({error}).")
    return 0


def _refused(message: str) -> int:
    print(f"follow: {message}", file=sys.stderr)
    return 2
