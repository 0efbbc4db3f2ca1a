"""Which modules of a project are followed while its tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from typing import Any

from ..selection import Selection, matches

_NO_PACKAGES = ("test", "tests", "testing", "docs", "doc", "examples", "benchmarks", "build", "dist")
_NO_MODULES = ("setup", "conftest", "noxfile", "tasks", "manage")
_TEST_FOLDERS = ("test", "tests", "testing")


def packages_of(folder: str) -> tuple[str, ...]:
    """The importable packages and modules of a project, without its tests: in its folder, or in ``src`` in it."""
    source = os.path.join(folder, "src")
    return tuple(dict.fromkeys([*_packages(folder), *_packages(source)]))


def _packages(folder: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        name, suffix = os.path.splitext(entry.name)
        if suffix == "" and name.isidentifier() and name not in _NO_PACKAGES:
            if os.path.isfile(os.path.join(entry.path, "__init__.py")):
                yield name
        elif suffix == ".py" and name.isidentifier() and name not in _NO_MODULES and not name.startswith("test_"):
            yield name


class TestSelection:
    """Modules of the project, and its test modules when they are wanted.

    Arguments:
        include: patterns of module names; without them the packages of the project are followed, and what else lies
            below its folder.
        exclude: patterns of module names that are left out.
        folder: the project's.
        test_files: patterns of the names of test files.
        tests: whether test modules, ``conftest.py`` and what lies in a folder of tests are followed.
    """

    __test__ = False

    def __init__(
        self, include: Sequence[str], exclude: Sequence[str], folder: str, test_files: Sequence[str], *, tests: bool
    ) -> None:
        self.include = tuple(include) or packages_of(folder)
        self._exclude = tuple(exclude)
        self._folder = os.path.realpath(folder)
        self._below = Selection((), exclude, folder)
        self._everything = not include
        self._named = tuple(include)
        self._test_files = tuple(test_files)
        self._tests = tests

    def __call__(self, name: str, spec: Any) -> bool:
        """Whether a module is followed; ``spec`` is None when only the name is known so far."""
        if not matches(name, ("*",)) or (self._exclude and matches(name, self._exclude)):
            return False
        if self._named and matches(name, self._named):
            return True
        if spec is None:
            return self._everything or self._tests
        if self._is_test(spec.origin):
            return self._tests and self._below(name, spec)
        return self._everything and (matches(name, self.include) or self._below(name, spec))

    def _is_test(self, origin: str | None) -> bool:
        if origin is None:
            return False
        path = os.path.realpath(origin)
        base = os.path.basename(path)
        if base == "conftest.py" or any(fnmatch(base, os.path.basename(pattern)) for pattern in self._test_files):
            return True
        if not path.startswith(self._folder + os.sep):
            return False
        return any(part in _TEST_FOLDERS for part in os.path.relpath(path, self._folder).split(os.sep)[:-1])
