"""Run a whole program followed: ``follow run script.py args…``, ``follow run -m pkg args…``."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import os
import platform
import runpy
import sys
import types
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .channel import Channel
from .config import FollowConfig
from .decorator import new_channel
from .errors import FollowError, FollowWarning
from .followers import as_followers
from .importhook import ImportHook, follow_source
from .model import Record
from .recorder import Recorder
from .selection import Selection
from .settings import Settings, read_settings


def run_script(
    path: str, arguments: Sequence[str], *, include: Sequence[str], exclude: Sequence[str], recorder: Recorder | None
) -> int:
    """Run a script as ``python path arguments…`` would.

    Arguments:
        path: the script.
        arguments: its own.
        include, exclude: patterns of modules.
        recorder: what takes the events; None writes text.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        FollowError: a setting in pyproject.toml is of no use.
        OSError: the script cannot be read.
        SystemExit: the script asked for it.
    """
    with io.open_code(path) as file:
        data = file.read()
    sys.argv[:] = [path, *arguments]
    path = os.path.abspath(path)
    folder = os.path.dirname(path)
    settings = read_settings(os.getcwd())
    selection = Selection(include or settings.include, exclude or settings.exclude, folder)
    config, channel = install_for_program(selection, settings, path, recorder)
    sys.path[0] = folder
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=path, __builtins__=__builtins__, __annotations__={})
    module.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    try:
        exec(_code(data, path, config, channel), module.__dict__)
    except Exception as error:
        _show(error)
        return 1
    except KeyboardInterrupt:
        _show_without_follow()
        raise
    return 0


def run_module(
    name: str, arguments: Sequence[str], *, include: Sequence[str], exclude: Sequence[str], recorder: Recorder | None
) -> int:
    """Run a module as ``python -m name arguments…`` would.

    Arguments:
        name: the module.
        arguments: its own.
        include, exclude: patterns of modules.
        recorder: what takes the events; None writes text.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        FollowError: a setting in pyproject.toml is of no use.
        SystemExit: the module asked for it, or there is no such module.
    """
    sys.argv[:] = [name, *arguments]
    settings = read_settings(os.getcwd())
    package = name.partition(".")[0]
    selection = Selection(include or settings.include, exclude or settings.exclude, package=package)
    install_for_program(selection, settings, name, recorder)
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        runpy._run_module_as_main(name)  # type: ignore[attr-defined]
    except Exception as error:
        _show(error)
        return 1
    except KeyboardInterrupt:
        _show_without_follow()
        raise
    return 0


def install_for_program(
    selection: Selection, settings: Settings, name: str, recorder: Recorder | None = None
) -> tuple[FollowConfig, Channel]:
    """Install the import hook for a whole program, its records written as text or recorded.

    Arguments:
        selection: which modules are followed.
        settings: how, and where the text goes.
        name: how messages call it.
        recorder: what takes the events instead.

    Returns:
        What the hook goes by, to follow the program's main file in the same way.
    """
    wanted = dict.fromkeys((*settings.config.fields, "file", "line"))
    config = replace(settings.config, fields=tuple(wanted))
    path = os.environ.get("FOLLOW_OUTPUT") or settings.output
    follower = recorder or (_own_path(path) if path is not None else sys.stderr or _discard)
    channel = new_channel(config, as_followers(follower), name)
    sys.meta_path.insert(0, ImportHook(selection, config, channel))
    return config, channel


def _discard(record: Record) -> None:
    """There is no stderr."""


def _own_path(path: str) -> str:
    """The path for this process: a child process writes beside the file of the one that began."""
    first = os.environ.setdefault("FOLLOW_OUTPUT_PROCESS", str(os.getpid()))
    return path if first == str(os.getpid()) else f"{path}.{platform.node()}.{os.getpid()}"


def _code(data: bytes, path: str, config: FollowConfig, channel: Channel) -> types.CodeType:
    """The script's followed code, or its plain code where it cannot be rewritten or does not compile."""
    plain: types.CodeType = compile(data, path, "exec", dont_inherit=True)
    if os.environ.get("FOLLOW_DISABLED") == "1":
        return plain
    try:
        return follow_source(importlib.util.decode_source(data), path, config, channel)
    except FollowError as error:
        warnings.warn(f"{path} is not followed: {error}", FollowWarning, stacklevel=2)
        return plain


def _show(error: Exception) -> None:
    """Show a traceback without the frames of follow itself."""
    error.__traceback__ = _of_the_program(error.__traceback__)
    sys.excepthook(type(error), error, error.__traceback__)


def _show_without_follow() -> None:
    """The interpreter, which ends as an interrupt wants it, will show the traceback without the frames of follow."""
    show = sys.excepthook

    def show_the_programs(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
        error.__traceback__ = _of_the_program(traceback)
        show(kind, error, error.__traceback__)

    sys.excepthook = show_the_programs


def _of_the_program(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """A traceback from below the last frame of this file."""
    found, entry = traceback, traceback
    while entry is not None:
        if entry.tb_frame.f_globals.get("__name__") == __name__:
            found = entry.tb_next
        entry = entry.tb_next
    return found
