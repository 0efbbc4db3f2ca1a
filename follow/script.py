"""A script that is run as ``__main__``, followed, as ``python script.py`` would run it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import sys
from collections.abc import Callable
from types import CodeType, ModuleType

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
    try:
        exec(get_code(), main.__dict__)
    except Exception as error:
        show(error)
        return 1
    return 0


def show(error: Exception) -> None:
    """Show a traceback without the frames of follow itself, and of runpy above them."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__", "").startswith("follow."):
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    sys.excepthook(type(error), error, traceback)
