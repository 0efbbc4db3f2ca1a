"""Answers as tables: some rows are shown, and the last line is the command for the rest."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator
from itertools import islice
from typing import Any

_ROWS = 40


def add_command(commands: Any, name: str, text: str, run: Any, *arguments: tuple[str, str]) -> argparse.ArgumentParser:
    """Add a command whose answer is a table.

    Arguments:
        commands: those of the command line.
        name, text: its name and what it does.
        run: is given the options.
        arguments: the name and meaning of what is asked, behind the trace.
    """
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    parser.add_argument("file", metavar="FILE", help="a trace")
    for argument, about in arguments:
        parser.add_argument(argument, metavar=argument.upper(), help=about)
    parser.add_argument("--rows", type=_count, default=_ROWS, help=f"how many rows are shown ({_ROWS})")
    parser.add_argument(
        "--from", dest="start", type=_count, default=1, metavar="ROW", help="the first row that is shown"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run, command=name, argument=arguments[0][0] if arguments else None)
    return parser


def _count(text: str) -> int:
    """A number of rows from the command line."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text} is no number of rows")
    return int(text)


class Table:
    """Rows of an answer, of which some are shown; the footer says how many there are, and how to get the next."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._first = max(options.start, 1)
        self._json: list[Any] = []

    def show(
        self,
        rows: Iterator[tuple[str, Any]],
        total: int | None = None,
        *,
        at_most: bool = False,
        about: dict[str, Any] | None = None,
    ) -> int:
        """Show the rows that are asked for; the exit code is 1 if there are none at all.

        Arguments:
            rows: text and JSON of each.
            total: how many they are; None to count them.
            at_most: whether they may be fewer.
            about: what the JSON says besides.
        """
        options = self._options
        skipped = sum(1 for _ in islice(rows, self._first - 1))
        count = 0
        for text, found in islice(rows, options.rows):
            count += 1
            if options.json:
                self._json.append(found)
            else:
                print(text)
        rest = sum(1 for _ in rows) if total is None else max(total - skipped - count, 0)
        if options.json:
            print(json.dumps({**(about or {}), "rows": self._json, "total": skipped + count + rest}, indent=1))
        else:
            self._footer(skipped, count, rest, at_most=at_most and rest > 0)
        return 0 if skipped + count + rest else 1

    def _footer(self, skipped: int, count: int, rest: int, *, at_most: bool) -> None:
        options, total = self._options, skipped + count + rest
        print(f"# {count:,} of {'at most ' * at_most}{total:,} rows" if total else "# nothing found")
        if rest:
            words = ["follow", options.command, options.file]
            words += [getattr(options, options.argument)] if options.argument else []
            for name in ("condition", "call"):
                if getattr(options, name, None):
                    words += ["--if" if name == "condition" else "--in", getattr(options, name)]
            words += ["--rows", str(options.rows)] if options.rows != _ROWS else []
            words += [flag for flag in ("--full",) if getattr(options, "full", False)]
            print(f"# more: {shlex.join([*words, '--from', str(skipped + count + 1)])}")
