"""Readable text: ``follow.text``.

The text follower takes events, as a recorder does, and not dicts: so it knows when calls begin and with which
arguments, what they return, and which call a statement belongs to; and a statement costs a tuple instead of a dict
with all variables. It does not gather them, as a recorder does: each line is written when its statement has been
executed. To gather lines would save little, for to make them takes the time; and who follows a program that hangs,
is killed or is stepped through in a debugger wants the last line most. So there is nothing to flush, nothing is lost
at ``os._exit``, and memory stays flat. The time that this takes is left out of the times shown.
"""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, TextIO
from weakref import WeakValueDictionary

from ..config import FollowConfig
from ..errors import FollowerWarning, warn
from ..events import RECORD, SILENCE
from ..model import Lookup, Record
from ..sink import EventSink
from ..stack import program_level
from ..trace.decode import Decoder
from .render import Renderer
from .screen import Screen, Write

_PATIENCE = 1.0
"""Seconds that closing waits for a thread that is writing a line."""


class Text(EventSink):
    """Writes a line for each statement as it is executed; made by ``follow.text``.

    Arguments:
        screen: where lines go.
        renderer: makes them.
        summary: whether ``close`` writes a summary.
    """

    def __init__(self, screen: Screen, renderer: Renderer, summary: bool) -> None:
        super().__init__()
        self._screen = screen
        self._renderer = renderer
        self._decoder = Decoder(self._catalogue)
        self._summary = summary
        self._raises = False
        self._off = False
        self._warned = False
        self._busy = False
        self._writing = threading.RLock()
        self._lost: dict[int, int] = {}
        self._limit.value = 1
        self._offer(self._taking(), lambda: None, late=self._taking(late=True))

    def register(self, tables: Lookup, config: FollowConfig) -> int:
        """Take in a rewritten piece of source, as a recorder does."""
        self._raises = self._raises or config.on_follower_error == "raise"
        base = super().register(tables, config)
        self._renderer.sources[base] = tables
        return base

    def __call__(self, record: Record) -> None:
        """Write the line of a record that is made for other followers, too."""
        self.constants["extend"]((RECORD, record, self.now()))

    def summary(self) -> str:
        """What has been shown so far in a few lines: calls, the statements that took longest and came most often,
        exceptions.

        Returns:
            The text, as wide as the place where the lines go.
        """
        return self._renderer.summary(self._screen.ability())

    def close(self) -> None:
        """Write the summary, if one is wanted, and close the file that was given as a path.

        The end of the program does it as well. What is followed after that is not written.
        """
        if self._off:
            return
        self._off = True
        held = self._writing.acquire(timeout=_PATIENCE)  # another thread's line is written to its end
        try:
            if self._summary and self._renderer.any:
                self._screen.write(self.summary())
            self._screen.close()
        except Exception as error:
            self._fail(error)
        finally:
            if held:
                self._writing.release()

    def __enter__(self) -> Text:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def after_fork(self) -> None:
        """In a child process: locks are free, and a path is the parent's."""
        self._writing = threading.RLock()
        self._busy = False
        self._renderer.in_child_process()
        self._screen.in_child_process()

    def _taking(self, *, late: bool = False) -> Callable[[tuple[Any, ...]], None]:
        """What the followed code calls with each event. What it needs most is at hand: it is called all the time.

        Arguments:
            late: whether the events have been held back: what they took does not count from their times on.
        """
        ident, now, lost = threading.get_ident, self.now, self._lost
        batches: dict[int, tuple[int, int]] = {}  # of what was held back: what was lost since, and before all of it
        quick, write = self._renderer.quick, self._screen.write

        def take(items: tuple[Any, ...]) -> None:
            if self._off:
                return
            try:
                with self._writing:  # unlike a call of acquire(), it cannot be left locked by a signal's exception
                    if self._busy:  # the stream itself, or a finalizer or signal handler within, runs followed code
                        self.dropped += 1
                        return
                    if self._off:  # since this thread asked
                        return
                    try:
                        self._busy = True
                        thread = ident()
                        before = lost.get(thread, 0)
                        start, since = items[-1], before
                        if late:
                            start, (after, since) = now(), batches.get(thread, (-1, 0))
                            since = since if after == before else before
                        text = quick(items, thread, since)
                        if text is None:
                            text = self._slowly(items, thread, since)
                        if text:
                            write(text)
                        lost[thread] = after = before + now() - start
                        if late:
                            batches[thread] = after, since
                    finally:
                        self._busy = False
            except (RecursionError, MemoryError):
                self.dropped += 1
            except Exception as error:
                self._fail(error)

        return take

    def _slowly(self, items: tuple[Any, ...], thread: int, lost: int) -> str:
        if items[0] == RECORD:
            return self._renderer.record(items[1], thread)
        if items[0] == SILENCE:
            self._renderer.silence(items[1])
        event = self._decoder.event(items)
        return "" if event is None else self._renderer.text(event, items, thread, lost)

    def _fail(self, error: Exception) -> None:
        """Something has failed: never let that out unasked, but for what is the program's own."""
        origin = _origin(error)
        if origin == "program" or (origin == "output" and self._raises):
            raise error
        if origin == "follow":
            self.dropped += 1
            message = f"A line of follow.text() was lost to a defect of follow: {error!r}. Please report it."
        else:
            self._off = True
            message = (
                f"follow.text() cannot write its lines ({type(error).__name__}: {error}). It is switched off; "
                f"FollowConfig(on_follower_error='raise') lets its exceptions through."
            )
        if self._warned or (isinstance(error, OSError) and self._screen.is_stderr):
            return  # what is written to a stderr that is closed would change the exit code
        self._warned = True
        warn(message, FollowerWarning, stacklevel=program_level())


def text(
    output: TextIO | str | os.PathLike[str] | Write | None = None,
    *,
    color: bool | None = None,
    width: int | None = None,
    times: bool = True,
    normalize: bool = False,
    summary: bool = False,
) -> Text:
    """A follower that writes readable text: a line for each statement, as soon as it has been executed.

    A line tells the statement's time, its place, its source, and the variables that it has bound or changed, with
    what they were before. Lines are indented by the depth of calls; a call begins with a line that tells its
    arguments, a ``return`` tells the value and how long the call took, a statement that raises the exception. It is
    meant to be the only follower of what it follows; together with others it gets their dicts, and knows no calls.
    Values are shown in a bounded form, and objects by their types: none of the program's code runs for that.

    Arguments:
        output: a text stream, the path of a file to append to, a callable that takes a string, or None:
            ``sys.stderr``, as it is when a line is written.
        color: whether to use colours; by default on a terminal only, and not if ``NO_COLOR`` is set.
        width: in columns; by default those of the terminal, ``COLUMNS`` if that is set, 120 elsewhere.
        times: whether to show times: of each statement with what it called, of each call, and the time of the day
            when a call begins.
        normalize: leave out what differs from run to run: times, addresses, names of threads, folders.
        summary: write a summary when the follower is closed, at the latest when the program ends.

    Returns:
        The follower, to be given as ``follower``, to several functions if need be.

    Raises:
        TypeError: ``output`` is none of these.
        ValueError: the width is of no use.
    """
    if width is not None and (type(width) is not int or width < 1):
        raise ValueError(f"follow.text(): width must be a number of columns, not {width!r}.")
    if isinstance(output, (str, os.PathLike)):
        path = os.path.abspath(os.fspath(output))
        if not isinstance(path, str):
            raise TypeError(f"follow.text(): the path of the output must be text, not {output!r}.")
        output = path
    elif output is not None and not callable(output) and not callable(getattr(output, "write", None)):
        raise TypeError(
            f"follow.text(): output must be a text stream, a path, a callable that takes a string, or None for "
            f"stderr, not {output!r}."
        )
    screen = Screen(output, color, width)
    renderer = Renderer(screen.ability, times=times and not normalize, normalize=normalize)
    return Text(screen, renderer, summary)


def shared(output: TextIO | str | os.PathLike[str]) -> Text:
    """The text follower of a stream or path that was given as ``follower``: one, however often it is given."""
    key = id(output) if isinstance(output, io.TextIOBase) else os.path.abspath(os.fspath(output))  # type: ignore[arg-type]
    found = _shared.get(key)
    if found is None:
        found = _shared[key] = text(output)
    return found


_shared: WeakValueDictionary[object, Text] = WeakValueDictionary()
"""By a stream's ``id()``, which stays its own as long as the follower holds it, or by a path."""


def _origin(error: Exception) -> str:
    """Who has raised an error: ``"follow"``, the ``"output"``, or a signal handler of the ``"program"``."""
    handlers = [getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()]
    traceback, name, writes = error.__traceback__, "", False
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code in handlers:
            return "program"
        name = frame.f_globals.get("__name__", "")
        writes = writes or frame.f_code in _WRITES
        traceback = traceback.tb_next
    if writes:
        return "output"
    return "follow" if name.partition(".")[0] in ("follow", "rich", "pygments") else "program"


_WRITES = (Screen.write.__code__, Screen.ability.__code__, Screen.close.__code__)
