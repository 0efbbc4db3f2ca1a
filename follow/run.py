"""Run a whole program followed: ``follow run script.py args…``, ``follow run -m pkg args…``."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import os
import runpy
import site
import sys
import sysconfig
import types
import warnings
from collections.abc import Sequence
from typing import Any

from .channel import Channel
from .config import FollowConfig
from .decorator import new_channel
from .errors import FollowError, FollowWarning
from .followers import as_followers
from .importhook import ImportHook, follow_source, matches


class Selection:
    """Which modules of a program are followed: those named, else those under one folder or package.

    Arguments:
        include: patterns of module names; when given, nothing else is followed.
        exclude: patterns of module names that are left out.
        folder: without ``include``, modules whose file lies below it (but for installed packages).
        package: without ``include``, this package.
    """

    def __init__(
        self, include: Sequence[str], exclude: Sequence[str], folder: str | None = None, package: str | None = None
    ) -> None:
        self._include = tuple(include) or ((package,) if package else ())
        self._exclude = tuple(exclude)
        self._folder = None if self._include or folder is None else os.path.realpath(folder)

    def __call__(self, name: str, spec: Any) -> bool:
        """Whether a module is followed; ``spec`` is None when only the name is known so far."""
        if self._exclude and matches(name, self._exclude):
            return False
        if self._include:
            return matches(name, self._include)
        if not matches(name, ("*",)):
            return False
        return spec is None or self._below(spec.origin)

    def _below(self, origin: str | None) -> bool:
        if origin is None or self._folder is None:
            return False
        path = os.path.realpath(origin)
        return path.startswith(self._folder + os.sep) and not any(
            path.startswith(other + os.sep) for other in _installed()
        )


def _installed() -> list[str]:
    """The folders of the standard library and of installed packages."""
    found = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [*site.getsitepackages(), site.getusersitepackages()]
    return [os.path.realpath(path) for path in found if path]


def run_script(path: str, arguments: Sequence[str], *, include: Sequence[str], exclude: Sequence[str]) -> int:
    """Run a script as ``python path arguments…`` would.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        OSError: the script cannot be read.
        SystemExit: the script asked for it.
    """
    with io.open_code(path) as file:
        data = file.read()
    sys.argv[:] = [path, *arguments]
    path = os.path.abspath(path)
    folder = os.path.dirname(path)
    config, channel = _settings(path)
    sys.path[0] = folder
    hook = ImportHook(Selection(include, exclude, folder), config, channel)
    sys.meta_path.insert(0, hook)
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


def run_module(name: str, arguments: Sequence[str], *, include: Sequence[str], exclude: Sequence[str]) -> int:
    """Run a module as ``python -m name arguments…`` would.

    Returns:
        The exit code: 0, or 1 after an exception, whose traceback has been shown.

    Raises:
        SystemExit: the module asked for it, or there is no such module.
    """
    config, channel = _settings(name)
    sys.argv[:] = [name, *arguments]
    selection = Selection(include, exclude, package=name.partition(".")[0])
    sys.meta_path.insert(0, ImportHook(selection, config, channel))
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        runpy._run_module_as_main(name)  # type: ignore[attr-defined]
    except Exception as error:
        _show(error)
        return 1
    return 0


def _settings(name: str) -> tuple[FollowConfig, Channel]:
    config = FollowConfig(fields=("file", "line"))
    return config, new_channel(config, as_followers(sys.stderr), name)


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
