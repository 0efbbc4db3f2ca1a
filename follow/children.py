"""Child processes: those of ``follow run`` follow what it follows, and each writes a trace of its own.

What is to be done is in the environment variable ``FOLLOW``, as JSON. A ``.pth`` file that is installed beside the
package starts it in every Python that has the variable.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import runpy
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import CodeType, ModuleType
from typing import Any

from .config import FollowConfig
from .errors import FollowError
from .importhook import ImportHook
from .processes import flush_before_answers, path_of_process
from .recorder import Recorder
from .script import ScriptLoader, run_main, script_code
from .selection import Selection


@dataclass(frozen=True, slots=True)
class Program:
    """What a whole program and its child processes are followed for.

    Attributes:
        include, exclude: patterns of module names.
        folder, package: what is followed without ``include``; see ``Selection``.
        script: what is followed wherever it lies, absolute.
        output: the trace, absolute; None writes text.
        durability, detail: as those of a ``Recorder``.
        settings: the configuration's fields that are not the default; ``LoopLimit`` as a mapping.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    folder: str | None = None
    package: str | None = None
    script: str | None = None
    output: str | None = None
    durability: str = "buffer"
    detail: str = "plain"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def selection(self) -> Selection:
        """Which modules are followed."""
        return Selection(self.include, self.exclude, self.folder, self.package)

    def takes_script(self, path: str) -> bool:
        """Whether a script is followed that a process runs."""
        return self.script == os.path.abspath(path) or self.selection.takes_script(path)

    @property
    def config(self) -> FollowConfig:
        """How they are followed."""
        return FollowConfig(**_tupled(self.settings))

    def hand_down(self) -> None:
        """Have the child processes that are started from now on followed as well."""
        os.environ["FOLLOW"] = json.dumps({name: value for name, value in asdict(self).items() if value})

    @classmethod
    def handed_down(cls, text: str) -> Program:
        """What the environment says.

        Raises:
            FollowError: it makes no sense.
        """
        try:
            return cls(**_tupled(json.loads(text)))
        except (ValueError, TypeError, AttributeError) as error:
            raise FollowError(f"FOLLOW={text[:80]} is not what follow run hands down ({error}).") from error


def _tupled(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def changed_settings(config: FollowConfig) -> dict[str, Any]:
    """The fields of a configuration that are not the default."""
    default = asdict(FollowConfig())
    return {name: value for name, value in asdict(config).items() if value != default[name]}


class ChildRecorder(Recorder):
    """Records in a child process; its file is opened when something that is followed is there.

    Arguments:
        path: the trace of the process that began.
        durability, detail: as those of a ``Recorder``.
    """

    _opens_at_once = False

    def __init__(self, path: str, *, durability: str, detail: str) -> None:
        super().__init__(path, durability=durability, detail=detail)
        self.path = path_of_process(path)

    def _open(self) -> None:
        super()._open()
        flush_before_answers(self)


def child_recorder(program: Program) -> Recorder | None:
    """What a child process records with: its file is opened when something that is followed is imported."""
    if program.output is None:
        return None
    return ChildRecorder(program.output, durability=program.durability, detail=program.detail)


def follow_scripts(hook: ImportHook, program: Program) -> None:
    """Follow the script that this process runs, and the main module of a process that was spawned.

    The interpreter asks ``sys.path_hooks`` whether its script is a folder or an archive; there the script is
    taken over. A spawned process reads its parent's script by ``runpy``.
    """

    def take_script(path: str) -> Any:
        if sys._getframe().f_back is None and program.takes_script(path):  # the interpreter itself asks
            return _Finder(path, hook)
        raise ImportError(path)

    hook.rewriting.progress.told = True  # its parent has told, or it would come from each child
    sys.path_hooks.insert(0, take_script)
    plain: Callable[..., Any] = runpy._get_code_from_file  # type: ignore[attr-defined]

    def get_code_from_file(*arguments: Any) -> Any:
        found = plain(*arguments)
        path = os.path.abspath(os.fsdecode(arguments[-1]))
        if sys.modules.get("multiprocessing.spawn") is None or not program.takes_script(path):
            return found
        code = script_code(path, hook)
        return (code, *found[1:]) if type(found) is tuple else code

    runpy._get_code_from_file = get_code_from_file  # type: ignore[attr-defined]


class _Finder:
    """Stands for a script in ``sys.path``, where the interpreter looks for its ``__main__``."""

    def __init__(self, path: str, hook: ImportHook) -> None:
        self._path = path
        self._hook = hook
        self._main: ModuleType = sys.modules["__main__"]

    def find_spec(self, fullname: str, target: object = None) -> Any:
        """The script, when it is asked for."""
        if fullname != "__main__":
            return None
        return importlib.machinery.ModuleSpec(fullname, _TakeOver(self._path, self._hook, self._main))


class _TakeOver(ScriptLoader):
    """Runs the script when its code is asked for, and then ends the process: nothing of runpy is left in it."""

    def __init__(self, path: str, hook: ImportHook, main: ModuleType) -> None:
        super().__init__("__main__", path)
        self._hook = hook
        self._main = main

    def get_code(self, fullname: str | None = None) -> CodeType:
        """Run the script.

        Raises:
            SystemExit: always.
        """
        given, path = self.path, os.path.abspath(self.path)
        sys.path_importer_cache.pop(given, None)
        if sys.path and sys.path[0] == given:
            del sys.path[0]
        if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
            sys.path.insert(0, os.path.dirname(path))
        raise SystemExit(run_main(path, lambda: script_code(path, self._hook), self._main, file=given))
