"""``%%follow``, ``%follow`` and ``%unfollow``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.display import display

from ..config import FollowConfig
from ..decorator import follow, new_channel
from ..errors import FollowError
from ..followers.text import text
from ..instrument import instrument
from ..recorder import Recorder
from .cell import run_cell
from .options import config_of, parser


@magics_class
class FollowMagics(Magics):
    """The magics of one shell."""

    shell: Any

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._restore: dict[str, Callable[[], None]] = {}

    @line_cell_magic
    def follow(self, line: str, cell: str | None = None) -> None:
        """Follow a cell while it runs, or functions from now on.

        ``%%follow [--into NAME] [--text] [--follow-return] [--no-follow-for-loops] [--max-items N] …`` runs the cell
        and shows a table of what was executed: its own statements and the functions that it defines. Every field of
        ``FollowConfig`` is an option.

        ``%follow NAME… [options]`` follows functions, classes or modules by their names; one line a statement is
        printed when they are called. ``%unfollow NAME…`` puts them back.
        """
        __tracebackhide__ = True
        if cell is not None:
            self._follow_cell(line, cell)
            return
        options = parser("%follow", names=True).parse_argstring(line)
        if not options.names:
            raise UsageError("%follow needs the name of a function, a class or a module; %%follow follows a cell.")
        for name in options.names:
            self._follow_name(name, config_of(options))

    @line_magic
    def unfollow(self, line: str) -> None:
        """Put back what ``%follow`` follows: ``%unfollow NAME…``, or all of it without a name."""
        for name in line.split():
            if name not in self._restore:
                raise UsageError(f"{name} is not followed by %follow.")
        for name in line.split() or list(self._restore):
            self._restore.pop(name)()

    def restore_all(self) -> None:
        """Put back everything that is followed."""
        for name in list(self._restore):
            self._restore.pop(name)()

    def _follow_cell(self, line: str, cell: str) -> None:
        __tracebackhide__ = True
        options = parser("%%follow", names=False).parse_argstring(line)
        if options.into is not None and not options.into.isidentifier():
            raise UsageError(f"--into {options.into} is no name of a variable.")
        if options.text and options.into:
            raise UsageError("--text prints and keeps nothing; leave it out, or --into.")
        recorder = Recorder()
        follower = _print if options.text else recorder
        channel = new_channel(config_of(options), (follower,), "the cell")
        try:
            run_cell(self.shell, cell, channel)
        except UsageError:
            recorder.clear()
            raise
        finally:
            channel.close()
            failed = sys.exc_info()[0] is not None
            recorder.shows_last = failed
            if options.into is not None:
                self.shell.user_ns[options.into] = recorder
            if not options.text and any(True for _ in recorder.events()):
                display(recorder)  # type: ignore[no-untyped-call]

    def _follow_name(self, name: str, config: FollowConfig) -> None:
        names = self.shell.user_ns
        if not all(part.isidentifier() for part in name.split(".")):
            raise UsageError(f"%follow takes names, with dots in them or without, not {name!r}.")
        target = self._target(name)
        if name in self._restore:
            self._restore.pop(name)()
            target = self._target(name)
        try:
            if isinstance(target, FunctionType) and name in names:
                names[name] = twin = follow(target, _print, config=config)
                self._restore[name] = lambda: self._put_back(name, twin, target)
            else:
                self._restore[name] = instrument(target, config=config, follower=_print).uninstall
        except (FollowError, TypeError) as error:
            raise UsageError(str(error)) from error

    def _target(self, name: str) -> Any:
        first, *rest = name.split(".")
        if first not in self.shell.user_ns:
            raise UsageError(f"%follow: there is no {first}.")
        target = self.shell.user_ns[first]
        for part in rest:
            if not hasattr(target, part):
                raise UsageError(f"%follow: {name} is not there: nothing is called {part}.")
            target = getattr(target, part)
        return target

    def _put_back(self, name: str, twin: object, original: object) -> None:
        """Put the original back, unless the name means something else by now."""
        if self.shell.user_ns.get(name) is twin:
            self.shell.user_ns[name] = original


_print = text(lambda line: print(line, end=""), width=120)
"""Writes lines where the cell's own output goes."""
