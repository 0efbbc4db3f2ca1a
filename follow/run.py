"""Run a whole program followed: ``follow run script.py args…``, ``follow run -m pkg args…``."""

from __future__ import annotations

import os
import runpy
import sys
import types
from collections.abc import Sequence
from dataclasses import replace

from .children import Program, changed_settings, child_recorder, follow_scripts
from .config import FollowConfig
from .decorator import new_channel
from .followers import as_followers
from .followers.text import text
from .importhook import ImportHook
from .processes import path_of_process
from .recorder import Recorder
from .script import ScriptLoader, exit_code, run_main, script_code
from .settings import Settings, read_settings


def run_script(path: str, arguments: Sequence[str], program: Program, recorder: Recorder | None) -> int:
    """Run a script as ``python path arguments…`` would, its child processes followed as well.

    Arguments:
        path: the script.
        arguments: its own.
        program: what the command line says of what is followed.
        recorder: what takes the events; None writes text.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        FollowError: a setting in pyproject.toml is of no use.
        OSError: the script cannot be read.
        SystemExit: the script asked for it.
    """
    sys.argv[:] = [path, *arguments]
    path = os.path.abspath(path)
    folder = os.path.dirname(path)
    hook = _start(replace(program, folder=folder, script=path), path, recorder)
    sys.path[0] = folder
    code = ScriptLoader("__main__", path).get_code if _disabled() else lambda: script_code(path, hook)
    return run_main(path, code, types.ModuleType("__main__"))


def run_module(name: str, arguments: Sequence[str], program: Program, recorder: Recorder | None) -> int:
    """Run a module as ``python -m name arguments…`` would, its child processes followed as well.

    Arguments:
        name: the module.
        arguments: its own.
        program: what the command line says of what is followed.
        recorder: what takes the events; None writes text.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        FollowError: a setting in pyproject.toml is of no use.
        SystemExit: the module asked for it, or there is no such module.
    """
    sys.argv[:] = [name, *arguments]
    _start(replace(program, package=name.partition(".")[0]), name, recorder)
    sys.modules["__main__"] = types.ModuleType("__main__")
    return exit_code(lambda: runpy._run_module_as_main(name))  # type: ignore[attr-defined]


def _disabled() -> bool:
    return os.environ.get("FOLLOW_DISABLED") == "1"


def _start(program: Program, name: str, recorder: Recorder | None) -> ImportHook:
    """Install the hook for a program that begins, as the command line and the project's settings say."""
    settings = read_settings(os.getcwd())
    program = replace(
        program,
        include=program.include or settings.include,
        exclude=program.exclude or settings.exclude,
        settings={**changed_settings(settings.config), **program.settings},
    )
    hook = install(program, name, recorder or _text(settings, summary=True))
    if not _disabled():
        program.hand_down()
        if settings.output:
            os.environ.setdefault("FOLLOW_OUTPUT", settings.output)
    return hook


def install(program: Program, name: str, follower: object) -> ImportHook:
    """Install the import hook for a whole program.

    Arguments:
        program: which modules are followed, and how.
        name: how messages call it.
        follower: what gets the records or events.

    Returns:
        The hook, to follow the program's main file in the same way.
    """
    config = _with_places(program.config)
    hook = ImportHook(program.selection, config, new_channel(config, as_followers(follower), name))
    sys.meta_path.insert(0, hook)
    return hook


def start_child(handed: str) -> None:
    """In a child process of ``follow run``: follow what its parent does.

    Arguments:
        handed: what the parent has handed down.

    Raises:
        FollowError: it makes no sense.
    """
    program = Program.handed_down(handed)
    hook = install(program, "a child process", child_recorder(program) or _text(Settings()))
    follow_scripts(hook, program)


def install_from_environment(program: Program, settings: Settings) -> None:
    """Install the hook that ``FOLLOW="pkg,…"`` asks for, in any process."""
    install(replace(program, settings=changed_settings(settings.config)), "FOLLOW", _text(settings))


def _with_places(config: FollowConfig) -> FollowConfig:
    return replace(config, fields=tuple(dict.fromkeys((*config.fields, "file", "line"))))


def _text(settings: Settings, *, summary: bool = False) -> object:
    """What writes readable text."""
    path = os.environ.get("FOLLOW_OUTPUT") or settings.output
    return text(None if path is None else _own_path(path), summary=summary)


def _own_path(path: str) -> str:
    """The path for this process: a child process writes beside the file of the one that began."""
    first = os.environ.setdefault("FOLLOW_OUTPUT_PROCESS", str(os.getpid()))
    return path if first == str(os.getpid()) else path_of_process(path)
