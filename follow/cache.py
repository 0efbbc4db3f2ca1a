"""Rewritten modules on disk: beside the .pyc, or in the user's cache folder where that cannot be written.

A file is valid for one text, one version of follow and of Python; what is not valid is written anew.
Files are replaced in one step, so processes may share them, and checked before they are used.

The text is known by its hash. A file also keeps the stamp of the text's file: while that is the same, so is the text.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import struct
import sys
import threading
import zlib
from dataclasses import fields
from io import FileIO
from pathlib import Path

from .accelerate import native
from .config import FollowConfig
from .later import Stored
from .model import Lookup
from .original import UNKNOWN, Original
from .packed import Packed, unpack

_MARK = b"follow-2"
_HEADER = struct.Struct(f"<20s{len(UNKNOWN)}s8sLQQQ")
"""What a file begins with: fingerprint, stamp and hash of the text, two checksums, and the sizes of what is packed."""
_ROOM = 1 << 19
"""More than most files need (bytes)."""
_ROOMS: list[bytearray] = []
"""What files are read into; it stays, for memory that is new takes longer than reading."""


class Cache:
    """The rewritten modules for one configuration.

    Arguments:
        config: what is followed; its limits do not matter here.
        events: how they make events for a recorder, as ``accelerate`` names it; empty where they make records.
        other: names who else rewrites the modules.
    """

    def __init__(self, config: FollowConfig, *, events: str = "", other: str = "") -> None:
        _fingerprint()  # now, rather than while the first module is imported
        if not _ROOMS:
            _ROOMS.append(bytearray(_ROOM))
        wanted = [field.name for field in fields(config) if getattr(config, field.name) is True]
        wanted += [repr((config.include, config.exclude, config.watch, config.explode, config.loop_limit))]
        wanted += [events] * bool(events) + [other] * bool(other)
        wanted += [item if isinstance(item, str) else f"{item.pattern} {item.flags}" for item in config.redact]
        self._suffix = f".follow-{zlib.crc32(' '.join(wanted).encode()):08x}"

    def load(self, original: Original) -> tuple[Stored, Lookup] | None:
        """The rewritten code of a file and its tables; None if it is not there, or is that of another text."""
        filename = original.filename
        beside = self._beside(filename)
        found = None if beside is None else _read(beside, original)
        if found is None and (elsewhere := self._path(filename)) != beside:
            found = _read(elsewhere, original)
        return found

    def store(self, original: Original, packed: Packed) -> None:
        """Keep the rewritten code of a file; where it cannot be written, it is not kept."""
        if original.hash():
            _write(self._path(original.filename), original, packed)

    def _path(self, filename: str) -> str:
        """Where the rewritten code of a file is written."""
        beside = self._beside(filename)
        if beside is None:
            return os.path.join(_users_folder(), os.path.abspath(filename).lstrip(os.sep) + self._suffix)
        folder = os.path.dirname(beside)
        while not os.path.exists(folder):
            folder = os.path.dirname(folder)
        if os.path.isdir(folder) and os.access(folder, os.W_OK):
            return beside
        return os.path.join(_users_folder(), beside.lstrip(os.sep))

    def _beside(self, filename: str) -> str | None:
        """The place beside the file's .pyc; None where the interpreter keeps no bytecode."""
        try:
            return importlib.util.cache_from_source(os.path.abspath(filename)).removesuffix(".pyc") + self._suffix
        except NotImplementedError:
            return None


def _read(path: str, original: Original) -> tuple[Stored, Lookup] | None:
    """What a cache file holds of a file; None if it is not there, or is of something else."""
    try:
        room = _ROOMS.pop()
    except IndexError:  # another thread has it
        room = bytearray(_ROOM)
    try:
        with FileIO(path) as file:
            found = _read_from(file, original, room)
        if found is None:
            return None
        stamp, packed = found
        if original.stamp not in (stamp, UNKNOWN):
            _write(path, original, packed)
        return unpack(packed, original.filename)
    except (OSError, EOFError, TypeError, ValueError):
        return None
    finally:
        _ROOMS.append(room)


def _read_from(file: FileIO, original: Original, room: bytearray) -> tuple[bytes, Packed] | None:
    """The stamp that a cache file has of a file, and the rewritten code; None if it is of something else."""
    data = memoryview(room)[: file.readinto(room)]
    if len(data) < _HEADER.size:
        return None
    fingerprint, stamp, text, *checksums, size, kept_size = _HEADER.unpack_from(data)
    if fingerprint != _fingerprint() or not (stamp == original.stamp != UNKNOWN or text == original.hash()):
        return None
    if len(data) == len(room):
        data = memoryview(b"".join((data, file.read() or b"")))
    end = _HEADER.size + size
    if len(data) != end + kept_size:
        return None
    packed = Packed(data[_HEADER.size : end], bytes(data[end:]))
    return (stamp, packed) if _is_whole(packed, *checksums) else None


def _write(path: str, original: Original, packed: Packed) -> None:
    if sys.dont_write_bytecode:
        return
    sizes = map(len, packed)
    header = _HEADER.pack(_fingerprint(), original.stamp, original.hash(), _crc(packed), _digest(packed), *sizes)
    temporary = f"{path}.{os.getpid()}-{threading.get_ident()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(temporary, "xb") as file:
                file.writelines((header, *packed))
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        pass


@functools.cache
def _users_folder() -> str:
    import platformdirs

    return platformdirs.user_cache_dir("follow", appauthor=False)


def _crc(packed: Packed) -> int:
    return zlib.crc32(packed.kept, zlib.crc32(packed.head))


def _digest(packed: Packed) -> int:
    """The compiled helper's checksum, which is told faster; 0 where there is none."""
    return 0 if native is None else native.digest(*packed)


def _is_whole(packed: Packed, crc: int, digest: int) -> bool:
    if digest and native is not None:
        return bool(_digest(packed) == digest)
    return _crc(packed) == crc


@functools.cache
def _fingerprint() -> bytes:
    """What tells this version of follow, Python and its options from others: 12 bytes and those of the mark."""
    here = os.path.dirname(os.path.abspath(__file__))
    files: list[str] = []
    for folder in (here, os.path.join(here, "transform")):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    files.append(f"{entry.name} {status.st_size} {status.st_mtime_ns}")
    told = " ".join([*sorted(files), sys.version, str("no_debug_ranges" in sys._xoptions)])
    return _MARK + importlib.util.MAGIC_NUMBER + importlib.util.source_hash(told.encode())
