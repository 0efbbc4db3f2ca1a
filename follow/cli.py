"""The command line."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import importlib
import inspect
import os
import sys
import textwrap
from collections.abc import Sequence
from types import FunctionType, ModuleType
from typing import Any

from .children import Program
from .config import FollowConfig
from .errors import FollowError
from .explore import cli as explore
from .explore.target import NotFound
from .export.command import add_parser as add_export
from .generated import generated_source
from .looplimit import read_loop_limit
from .members import class_functions, inner_functions
from .recorder import Recorder
from .run import run_module, run_script
from .settings import split_names
from .trace.combine import combine
from .view.command import add_command as add_view

_COMBINED = """The exit code is 0; 1 if one of them is damaged or missing (the others are combined, and nothing is
deleted); 2 if the new one cannot be written."""


class UsageError(Exception):
    """What was asked for does not exist; the message says what."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Arguments:
        arguments: without the program's name; by default those of the process.

    Returns:
        The exit code: 0, 1 for what cannot be followed, 2 for what does not exist.
    """
    options = _parser().parse_args(arguments)
    sys.path.insert(0, os.getcwd())  # as python -m does
    if options.run is _run:  # its output is the program's own
        return _answer(options)
    try:
        code = _answer(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads the answer has enough
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return 1


def _answer(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options))
    except (UsageError, NotFound) as error:
        print(f"follow: {error}", file=sys.stderr)
        return 2
    except FollowError as error:
        print(f"follow: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="follow", description="Show what Python code did, statement by statement.")
    commands = parser.add_subparsers(title="commands", required=True)
    code = commands.add_parser("code", help="show the code that runs when a function is followed")
    code.add_argument("place", metavar="pkg.mod:qualname", help="a function, or pkg.mod for all of a module's")
    code.add_argument("--diff", action="store_true", help="show the difference from the original instead")
    code.set_defaults(run=_code)
    run = commands.add_parser(
        "run", help="run a program followed; readable text goes to stderr, with a summary at the end"
    )
    run.add_argument("--include", action="append", default=[], metavar="PATTERN", help="modules to follow, by name")
    run.add_argument("--exclude", action="append", default=[], metavar="PATTERN", help="modules to leave out")
    run.add_argument("-m", dest="module", action="store_true", help="the program is a module's name")
    run.add_argument("-o", dest="output", metavar="FILE", help="record a trace in FILE instead of writing text")
    run.add_argument(
        "--durability", choices=("buffer", "event"), default="buffer", help="with -o, write every 64 KiB or every event"
    )
    run.add_argument(
        "--detail", choices=("plain", "dataflow"), default="plain", help="with -o, record objects' attributes as well"
    )
    run.add_argument("--watch", action="append", default=[], metavar="EXPR", help="show what this gives, as a variable")
    run.add_argument(
        "--explode", action="append", default=[], metavar="NAME", help="show a variable's items or attributes, too"
    )
    run.add_argument("--include-vars", action="append", default=[], metavar="PATTERN", help="variables to show")
    run.add_argument("--exclude-vars", action="append", default=[], metavar="PATTERN", help="variables to leave out")
    run.add_argument(
        "--loop-limit", metavar="N", help="show each loop's first N iterations, or first=N,last=N,every=N of them"
    )
    run.add_argument("program", help="a script, or with -m a module")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="the program's own arguments")
    run.set_defaults(run=_run)
    text = "make one trace of those of several processes, in the order of time"
    merge = commands.add_parser("combine", help=text, description=f"{text[0].upper()}{text[1:]}. {_COMBINED}")
    merge.add_argument("files", metavar="FILE", nargs="+", help="the traces; they stay as they are")
    merge.add_argument("-o", dest="output", metavar="FILE", required=True, help="the new trace")
    merge.add_argument("--delete", action="store_true", help="delete the traces when all of them are in the new one")
    merge.set_defaults(run=_combine)
    explore.register(commands)
    add_export(commands)
    add_view(commands)
    return parser


def _run(options: argparse.Namespace) -> int:
    start = run_module if options.module else run_script
    if not options.module and not os.path.isfile(options.program):
        raise UsageError(f"there is no script {options.program}.")
    settings = _selected(options)
    levels = {"durability": options.durability, "detail": options.detail}
    with contextlib.ExitStack() as stack:
        recorder = None
        if options.output is not None and os.environ.get("FOLLOW_DISABLED") != "1":
            try:
                recorder = stack.enter_context(Recorder(options.output, **levels))
            except OSError as error:
                raise UsageError(f"the trace {options.output} cannot be written ({error}).") from error
        output = None if recorder is None else recorder.path
        program = Program(
            _patterns(options.include),
            _patterns(options.exclude),
            output=output,
            **levels,
            settings=settings,
        )
        return start(options.program, options.arguments, program, recorder)


def _patterns(options: list[str]) -> tuple[str, ...]:
    """What an option asks for that may be given again and again, or names several with commas."""
    return tuple(name for option in options for name in split_names(option))


def _selected(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of a ``FollowConfig`` that the options of ``run`` ask for."""
    try:
        chosen: dict[str, Any] = {
            "watch": tuple(options.watch),
            "explode": tuple(options.explode),
            "include": _patterns(options.include_vars),
            "exclude": _patterns(options.exclude_vars),
            "loop_limit": None if options.loop_limit is None else read_loop_limit(options.loop_limit),
        }
        chosen = {name: value for name, value in chosen.items() if value not in ((), None)}
        FollowConfig(**chosen)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
    return chosen


def _combine(options: argparse.Namespace) -> int:
    problems: list[str] = []
    try:
        combine(options.files, options.output, problems.append)
    except OSError as error:
        raise UsageError(f"{options.output} cannot be written ({error}).") from error
    finally:
        for problem in problems:
            print(f"follow: {problem}", file=sys.stderr)
    if options.delete and not problems:
        for path in options.files:
            for file in (path, f"{path}.index"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(file)
    return 1 if problems else 0


def _code(options: argparse.Namespace) -> int:
    for function in _functions(options.place):
        generated = generated_source(function)
        if options.diff:
            original = textwrap.dedent(inspect.getsource(function)).splitlines(keepends=True)
            name = f"{function.__module__}.{function.__qualname__}"
            lines = difflib.unified_diff(original, generated.splitlines(keepends=True), name, f"{name} (followed)")
            _show("".join(lines), "diff")
        else:
            _show(generated, "python")
    return 0


def _functions(place: str) -> list[FunctionType]:
    name, _, qualname = place.partition(":")
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise UsageError(f"{name} cannot be imported: {error}.") from error
    if not qualname:
        return _functions_of(module)
    found: Any = module
    for part in qualname.split("."):
        found = inspect.getattr_static(found, part, None)
        if found is None:
            raise UsageError(f"{name} has no {qualname}; there is no {part!r} there.")
    functions = list(class_functions(found) if isinstance(found, type) else inner_functions(found))
    if not functions:
        raise UsageError(f"{place} is not a Python function but a {type(found).__name__}.")
    return functions


def _functions_of(module: ModuleType) -> list[FunctionType]:
    """The functions that the module itself defines, those of its classes too, in the order of the file."""
    found: list[FunctionType] = []
    for thing in list(vars(module).values()):
        if isinstance(thing, type):
            found += class_functions(thing) if thing.__module__ == module.__name__ else ()
        else:
            found += inner_functions(thing)
    file = getattr(module, "__file__", None)
    found = [function for function in dict.fromkeys(found) if function.__code__.co_filename == file]
    if not found:
        raise UsageError(f"{module.__name__} defines no Python functions.")
    return sorted(found, key=lambda function: function.__code__.co_firstlineno)


def _show(text: str, language: str) -> None:
    """Print code; in colour on a terminal."""
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import get_lexer_by_name

        text = highlight(text, get_lexer_by_name(language), TerminalFormatter())
    print(text, end="" if text.endswith("\n") else "\n")
