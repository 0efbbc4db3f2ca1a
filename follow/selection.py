"""Which modules are meant: by the patterns of their names, or by where they lie."""

from __future__ import annotations

import functools
import os
import site
import sysconfig
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

_NEVER = ("follow", "libcst", "importlib", "warnings")
"""What follow itself stands on is never followed."""


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a dotted name matches: ``pkg`` means the package and all in it, ``pkg.*`` what is in it."""
    if name.partition(".")[0] in _NEVER:
        return False
    for pattern in patterns:
        if name == pattern or name.startswith(f"{pattern}.") or (_is_wild(pattern) and fnmatchcase(name, pattern)):
            return True
    return False


def _is_wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern or "[" in pattern


@functools.lru_cache(maxsize=4096)
def is_installed(path: str) -> bool:
    """Whether a file belongs to the standard library or to an installed package.

    This is asked while the program runs, maybe in an event loop: so links are followed only where nothing else tells.
    """
    return path.startswith(_INSTALLED) or os.path.realpath(path).startswith(_INSTALLED)


def _installed_folders() -> tuple[str, ...]:
    """They and what they are without links, each with a separator at its end."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [*map(sysconfig.get_path, names), *site.getsitepackages(), site.getusersitepackages()]
    folders = [path for path in found if path]
    return tuple(folder + os.sep for folder in (*folders, *map(os.path.realpath, folders)))


_INSTALLED = _installed_folders()


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

    def takes_script(self, path: str) -> bool:
        """Whether a script is followed: as modules are, by where it lies, or where it is named."""
        if not path.endswith(".py") or not os.path.isfile(path):
            return False
        name = os.path.basename(path).removesuffix(".py")
        if self._exclude and (matches(name, self._exclude) or matches("__main__", self._exclude)):
            return False
        if self._include:
            return matches(name, self._include) or matches("__main__", self._include)
        return self._below(path)

    def _below(self, origin: str | None) -> bool:
        if origin is None or self._folder is None:
            return False
        return os.path.realpath(origin).startswith(self._folder + os.sep) and not is_installed(origin)
