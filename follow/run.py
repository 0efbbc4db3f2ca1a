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

from .channel import Channel
from .config import FollowConfig
from .decorator import new_channel
from .errors import FollowError, FollowWarning
from .followers.text import text
from .importhook import ImportHook, follow_source
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
    config, channel = install_for_program(selection, settings, path, recorder, summary=True)
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
    install_for_program(selection, settings, name, recorder, summary=True)
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        runpy._run_module_as_main(name)  # type: ignore[attr-defined]
    except Exception as error:
        _show(error)
        return 1
    return 0


def install_for_program(
    selection: Selection, settings: Settings, name: str, recorder: Recorder | None = None, *, summary: bool = False
) -> tuple[FollowConfig, Channel]:
    """Install the import hook for a whole program, its records written as text or recorded.

    Arguments:
        selection: which modules are followed.
        settings: how, and where the text goes.
        name: how messages call it.
        recorder: what takes the events instead.
        summary: whether the text ends in a summary, when the program ends.

    Returns:
        What the hook goes by, to follow the program's main file in the same way.
    """
    config = settings.config
    path = os.environ.get("FOLLOW_OUTPUT") or settings.output
    follower = recorder or text(None if path is None else _own_path(path), summary=summary)
    channel = new_channel(config, (follower,), name)
    sys.meta_path.insert(0, ImportHook(selection, config, channel))
    return config, channel


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
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__") == __name__:
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    sys.excepthook(type(error), error, traceback)
