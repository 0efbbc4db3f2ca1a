"""A script that is run as ``__main__``, followed, as ``python script.py`` would run it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any

from .importhook import FollowLoader, ImportHook


class ScriptLoader(importlib.machinery.SourceFileLoader):
    """Loads a script: its plain code is compiled each time, as Python does it."""

    def get_code(self, fullname: str | None = None) -> CodeType:
        """The plain code."""
        code: CodeType = compile(self.get_data(self.path), self.path, "exec", dont_inherit=True)
        return code

    def get_data(self, path: str | bytes) -> bytes:  # type: ignore[override]
        """What the file holds."""
        with io.open_code(str(path)) as file:
            return file.read()

    def get_source(self, fullname: str | None = None) -> str:
        """Its text."""
        return importlib.util.decode_source(self.get_data(self.path))


def script_code(path: str, hook: ImportHook) -> CodeType:
    """The script's followed code, or with one warning its plain code where it cannot be rewritten.

    Raises:
        OSError: it cannot be read.
        SyntaxError, ValueError: it is not Python.
    """
    code = FollowLoader(ScriptLoader("__main__", path), hook.rewriting).get_code("__main__")
    assert code is not None
    return code


def run_main(path: str, get_code: Callable[[], CodeType], main: ModuleType, *, file: str | None = None) -> int:
    """Run a script's code in a module that becomes ``__main__``.

    Arguments:
        path: the script, absolute.
        get_code: gives its code.
        main: the module.
        file: what its ``__file__`` is; by default the path.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        SystemExit: the script asked for it.
    """
    main.__dict__.update(__file__=file or path, __builtins__=__builtins__, __annotations__={}, __cached__=None)
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    main.__spec__ = None
    main.__package__ = None
    sys.modules["__main__"] = main
    return exit_code(lambda: exec(get_code(), main.__dict__))


def exit_code(run: Callable[[], object]) -> int:
    """Run a program: its exit code is 0, or 1 after an exception, whose traceback is shown as its own."""
    try:
        run()
    except Exception as error:
        show(error)
        return 1
    except KeyboardInterrupt:
        show_without_follow()
        raise
    return 0


def show(error: Exception) -> None:
    """Show a traceback without the frames of follow itself, and of runpy above them."""
    error.__traceback__ = _of_the_program(error.__traceback__)
    sys.excepthook(type(error), error, error.__traceback__)


def show_without_follow() -> None:
    """The interpreter, which ends as an interrupt wants it, will show the traceback without the frames of follow."""
    before = sys.excepthook

    def show_the_programs(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        error.__traceback__ = _of_the_program(traceback)
        before(kind, error, error.__traceback__)

    sys.excepthook = show_the_programs


def _of_the_program(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback from below the last frame that runs the program."""
    found, entry = traceback, traceback
    while entry is not None:
        if entry.tb_frame.f_globals.get("__name__") in _RUNNING:
            found = entry.tb_next
        entry = entry.tb_next
    return found


_RUNNING = (__name__, "follow.run", "follow.children")
