"""The frames of a trace file: each has its length, its checksum and compressed msgpack. See FORMAT.md."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from ..errors import TraceError
from .values import pack, unpack, without_cycles

VERSION = 3
MARK = b"follow trace "
"""A file starts with this, its version in decimal, and a line feed."""
MOST_UNPACKED = 16 << 20
"""No frame unpacks to more bytes than this."""
_MOST_PACKED = MOST_UNPACKED + (1 << 20)
"""What cannot be compressed gets a little longer."""

_FRAME = struct.Struct("<II")


def frame(kind: str, content: Any) -> bytes:
    """One frame of a file.

    Raises:
        ValueError: it would unpack to too much.
    """
    try:
        packed = pack([kind, content])
    except (ValueError, RecursionError):
        packed = pack([kind, without_cycles(content)])
    return framed(packed)


def framed(packed: bytes, level: int = 1) -> bytes:
    """The frame of what was packed already.

    Arguments:
        packed: a kind and its content as msgpack.
        level: how hard zlib is to try.

    Raises:
        ValueError: it is too much.
    """
    if len(packed) > MOST_UNPACKED:
        raise ValueError("too much for one frame")
    data = zlib.compress(packed, level)
    return _FRAME.pack(len(data), zlib.crc32(data)) + data


class FrameWriter:
    """Appends frames to a new file that only its owner may read.

    Arguments:
        path: the file; what was there is replaced.
        first: the first frames, written in one step with the file's mark: a process that is killed right then
            leaves all of them or an empty file.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, path: str, *first: bytes) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0), 0o600)
        self._make_private()
        self.size = 0
        self._append(b"".join((MARK + b"%d\n" % VERSION, *first)))

    def _make_private(self) -> None:
        """A file that was there before may be one that others can read."""
        try:
            if stat.S_ISREG(os.fstat(self._file).st_mode):
                os.fchmod(self._file, 0o600)
        except (AttributeError, OSError):  # Windows, or a file system without such rights
            pass

    def write(self, *frames: bytes) -> None:
        """Append frames; if that fails, the file ends after the last whole frame.

        Raises:
            OSError: it cannot be written.
        """
        self._append(b"".join(frames))

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except BaseException:  # a signal's handler may raise, too
            os.ftruncate(self._file, self.size)
            os.lseek(self._file, self.size, os.SEEK_SET)
            raise
        self.size += len(data)

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class FrameReader:
    """Reads the frames of a file.

    Arguments:
        file: an open binary file.
        name: how messages call it.

    Raises:
        TraceError: it is no trace, or one of a newer version.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self.name = name
        self.problem: str | None = None
        """What is wrong with the file after the last frame that could be read; None if nothing."""
        line = file.read(len(MARK) + 8).split(b"\n")[0]
        version = line[len(MARK) :]
        if not line.startswith(MARK) or not version.isdigit():
            raise TraceError(f"{name} is not a trace of follow.")
        if int(version) < 1:
            raise TraceError(f"{name} is not a trace of follow: there is no version {int(version)} of the format.")
        if int(version) > VERSION:
            raise TraceError(
                f"{name} has version {int(version)} of the trace format, and this follow reads up to version "
                f"{VERSION}. Install a newer python-follow to read it."
            )
        self.start = len(line) + 1

    def frames(self, offset: int | None = None) -> Iterator[tuple[int, str, Any]]:
        """The frames from an offset (by default all): where each starts, its kind and its content.

        What follows a damaged frame cannot be read; ``problem`` then says so.
        """
        at = self.start if offset is None else offset
        while True:
            self._file.seek(at)
            head = self._file.read(_FRAME.size)
            if not head:
                return
            found = self._content(head, at)
            if found is None:
                return
            yield at, *found[:2]
            at += _FRAME.size + found[2]

    def _content(self, head: bytes, at: int) -> tuple[str, Any, int] | None:
        if len(head) < _FRAME.size:
            self._torn(at)
            return None
        length, checksum = _FRAME.unpack(head)
        if length > _MOST_PACKED:
            self._damaged(at)
            return None
        data = self._file.read(length)
        if len(data) < length:
            self._torn(at)
            return None
        if zlib.crc32(data) != checksum:
            self._damaged(at)
            return None
        try:
            found = unpack(_decompressed(data))
            if type(found) is not list or len(found) != 2 or type(found[0]) is not str:
                raise ValueError("it is not a kind of frame and its content")
        except (ValueError, zlib.error) as error:
            self.problem = f"{self.name} holds a frame at byte {at:,} that cannot be read: {error}."
            return None
        return found[0], found[1], length

    def _damaged(self, at: int) -> None:
        self.problem = f"{self.name} is damaged at byte {at:,}: what follows cannot be read."

    def _torn(self, at: int) -> None:
        self.problem = f"{self.name} ends in the middle of a frame, at byte {at:,}: what came last is lost."


def _decompressed(data: bytes) -> bytes:
    inflating = zlib.decompressobj()
    result = inflating.decompress(data, MOST_UNPACKED)
    if inflating.unconsumed_tail or not inflating.eof:
        raise ValueError(f"it unpacks to more than {MOST_UNPACKED >> 20} MiB, or is not whole")
    return result
