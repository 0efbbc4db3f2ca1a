"""Where text goes: what the place can show, and how a line gets there at once."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

from ..private import private

_WIDTH = 120
"""Columns where nothing else is known: in files and pipes."""
_PATIENCE = 1.0
"""So long (s) a descriptor that does not block is waited for."""

Write = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Ability:
    """What the place can show.

    Attributes:
        colours: rich's name of the terminal's colours, or None: none.
        width: in columns.
        unicode: whether it takes box-drawing characters and arrows.
        terminal: whether it is one, whose width may change.
    """

    colours: str | None
    width: int
    unicode: bool
    terminal: bool


class Screen:
    """Writes text to a stream, a file or a function.

    A stream that is a file, pipe or terminal of the operating system is written to directly, after what the
    program has written to it: so text is there at once, and nothing is left in the program's own buffer
    should the other end be closed.

    Arguments:
        output: a text stream, a path to append to, a callable that takes a string, or None: ``sys.stderr``,
            as it is when something is written.
        color, width: what the user wants instead of what the place says.
    """

    def __init__(self, output: TextIO | str | Write | None, color: bool | None, width: int | None) -> None:
        self._output = output
        self._color = color
        self._width = width
        self._call: Write | None = None if isinstance(output, str) or not callable(output) else output
        self._stream: Any = None
        self._descriptor = -1
        self._encoding = "utf-8"
        self._ability: Ability | None = None
        self._measured = 0

    def ability(self) -> Ability:
        """What the place can show now."""
        stream = self._target()
        if self._ability is None or stream is not self._stream:
            self._look_at(stream)
        elif self._ability.terminal:
            width = self._columns(stream, terminal=True)
            if width != self._ability.width:
                known = self._ability
                self._ability = Ability(known.colours, width, known.unicode, known.terminal)
        assert self._ability is not None
        return self._ability

    def write(self, text: str) -> None:
        """Write a text at once.

        Raises:
            Exception: whatever the stream or function raises.
        """
        if self._call is not None:
            self._call(text)
            return
        stream = self._target()
        if stream is not self._stream or self._ability is None:
            self._look_at(stream)
        if stream is None:
            return
        if self._descriptor >= 0 and self._descriptor == stream.fileno():
            stream.flush()
            self._write_bytes(text.encode(self._encoding, "backslashreplace"))
        else:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                encoding = self._encoding
                stream.write(text.encode(encoding, "backslashreplace").decode(encoding))

    @property
    def is_stderr(self) -> bool:
        """Whether it writes to where warnings go."""
        return self._stream is sys.stderr

    def close(self) -> None:
        """Close a file that was opened here."""
        if isinstance(self._output, str) and self._stream is not None:
            self._stream.close()
            self._stream = self._ability = None

    def in_child_process(self) -> None:
        """After a fork: a path is the parent's, so this process writes beside it."""
        if isinstance(self._output, str):
            import platform

            self.close()
            self._output = f"{self._output}.{platform.node()}.{os.getpid()}"

    def _target(self) -> Any:
        output = self._output
        if output is None:
            return sys.stderr
        if isinstance(output, str):
            return self._stream or open(output, "a", encoding="utf-8", errors="backslashreplace", opener=private)
        return output

    def _look_at(self, stream: Any) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._descriptor = _descriptor(stream)
        terminal = _is_terminal(stream)
        try:
            "│┌└→⇒…µ".encode(self._encoding)
            unicode = True
        except (UnicodeEncodeError, LookupError):
            unicode = False
        colours = self._colours(stream, terminal)
        self._ability = Ability(colours, self._columns(stream, terminal), unicode, terminal)

    def _colours(self, stream: Any, terminal: bool) -> str | None:
        if self._color is False or stream is None:
            return None
        forced = bool(os.environ.get("FORCE_COLOR"))
        if self._color is None and (os.environ.get("NO_COLOR") or not (terminal or forced)):
            return None
        from rich.console import Console  # only where there are colours: it takes long to import

        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        console = Console(file=io.StringIO(), force_terminal=True, _environ=environment)
        if self._color:
            return console.color_system or "standard"
        return None if console.legacy_windows else console.color_system

    def _columns(self, stream: Any, terminal: bool) -> int:
        if self._width is not None:
            return self._width
        wanted = os.environ.get("COLUMNS", "")
        if wanted.isdigit() and int(wanted) > 0:
            return int(wanted)
        if terminal:
            try:
                return os.get_terminal_size(stream.fileno()).columns or _WIDTH
            except (OSError, ValueError, AttributeError):
                pass
        return _WIDTH

    def _write_bytes(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                if not select.select([], [self._descriptor], [], _PATIENCE)[1]:
                    raise


def _descriptor(stream: Any) -> int:
    """The descriptor to write to directly, or -1: in place of a stream that does anything else of its own."""
    if os.name != "posix" or type(stream) is not io.TextIOWrapper or type(stream.buffer) is not io.BufferedWriter:
        return -1
    if (stream.encoding or "").lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32")):  # these begin with a mark
        return -1
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return -1


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False
