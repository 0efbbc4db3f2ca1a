"""Rewritten modules on disk: beside the .pyc, or in the user's cache folder where that cannot be written.

A file is valid for one text, one version of follow and of Python; what is not valid is written anew.
Files are replaced in one step, so processes may share them, and checked before they are used.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
import threading
import zlib
from dataclasses import fields
from pathlib import Path

from .config import FollowConfig
from .later import Stored
from .model import Lookup
from .packed import unpack

_MARK = b"follow-1"


class Cache:
    """The rewritten modules for one configuration.

    Arguments:
        config: what is followed; its limits do not matter here.
        events: how they make events for a recorder, as ``accelerate`` names it; empty where they make records.
        other: names who else rewrites the modules.
    """

    def __init__(self, config: FollowConfig, *, events: str = "", other: str = "") -> None:
        _fingerprint()  # now, rather than while the first module is imported
        wanted = [field.name for field in fields(config) if getattr(config, field.name) is True]
        wanted += [repr((config.include, config.exclude, config.watch, config.explode, config.loop_limit))]
        wanted += [events] * bool(events) + [other] * bool(other)
        wanted += [item if isinstance(item, str) else f"{item.pattern} {item.flags}" for item in config.redact]
        self._suffix = f".follow-{zlib.crc32(' '.join(wanted).encode()):08x}"

    def load(self, filename: str, source: bytes) -> tuple[Stored, Lookup] | None:
        """The rewritten code of a file and its tables; None if it is not there, or is that of another text.

        Arguments:
            filename: the file's name as its loader gives it; it need not exist (it may be in a zip file).
            source: what the file holds now.
        """
        header = _header(source)
        beside = self._beside(filename)
        found = None if beside is None else _read(beside, header, filename)
        if found is None and (elsewhere := self._path(filename)) != beside:
            found = _read(elsewhere, header, filename)
        return found

    def store(self, filename: str, source: bytes, body: bytes) -> None:
        """Keep the rewritten code of a file, as ``pack`` has packed it; where it cannot be written, it is not kept."""
        if sys.dont_write_bytecode:
            return
        path = self._path(filename)
        temporary = f"{path}.{os.getpid()}-{threading.get_ident()}"
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                with open(temporary, "xb") as file:
                    file.write(_header(source) + _checksum(body) + body)
                os.replace(temporary, path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
        except OSError:
            pass

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


def _read(path: str, header: bytes, filename: str) -> tuple[Stored, Lookup] | None:
    """What a cache file holds of a file; None if it is not there, or is of something else."""
    try:
        with open(path, "rb", buffering=0) as file:
            data = file.read()
    except OSError:
        return None
    start = len(header) + 4
    if data[: len(header)] != header or data[len(header) : start] != _checksum(memoryview(data)[start:]):
        return None
    try:
        return unpack(data, start, filename)
    except (EOFError, TypeError, ValueError):
        return None


@functools.cache
def _users_folder() -> str:
    import platformdirs

    return platformdirs.user_cache_dir("follow", appauthor=False)


def _header(source: bytes) -> bytes:
    return _fingerprint() + importlib.util.source_hash(source)


def _checksum(body: bytes | memoryview) -> bytes:
    return zlib.crc32(body).to_bytes(4, "little")


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
