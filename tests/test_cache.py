"""Rewritten modules on disk: used again without libcst, made anew when anything has changed, never half written."""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, original
from follow import cache as cache_module
from follow.accelerate import native
from follow.build import build_module
from follow.cache import Cache
from follow.linking import take_apart
from follow.packed import Packed, pack, unpack
from follow.source import Source
from follow.transform import rewrite_module

SHOP = "import json\n\ndef total(prices):\n    result = 0\n    for price in prices:\n        result += price\n    return result\n\nSUM = total([1, 2])\n"
CHILD = """
import json, sys
import follow
records = []
config = follow.FollowConfig(fields=("line", "file"), **json.loads(sys.argv[1]))
follow.install_import_hook("shop", follower=records.append, config=config)
import shop
try:
    shop.total(None)
except TypeError:
    pass
out = [{name: value for name, value in record.items() if name != "execution_time"} for record in records]
print(json.dumps({"records": out, "libcst": "libcst" in sys.modules}, default=lambda value: type(value).__name__))
"""


def run(
    folder: Path, *, config: str = "{}", path: Path | None = None, before: str = "", **environment: str
) -> dict[str, Any]:
    """Import ``shop`` followed, in a process of its own, which runs something ``before``."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    root = Path(__file__).parent.parent
    settings = {**inherited, "PYTHONPATH": f"{path or folder}{os.pathsep}{root}", "XDG_CACHE_HOME": str(folder / "xdg")}
    command = [sys.executable, "-c", before + CHILD, config]
    done = subprocess.run(command, env={**settings, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.follow-*"))


def test_the_second_import_gives_the_same_records_without_libcst(folder: Path) -> None:
    first, second = run(folder), run(folder)
    assert first["libcst"] and not second["libcst"]
    assert first["records"] == second["records"] and len(second["records"]) > 8
    assert "exception" in second["records"][-1]
    assert [path.parent for path in kept(folder)] == [folder / "__pycache__"]


def test_another_text_is_rewritten(folder: Path) -> None:
    run(folder)
    stamp = (folder / "shop.py").stat()
    (folder / "shop.py").write_text(SHOP.replace("[1, 2]", "[1, 3]"))
    os.utime(folder / "shop.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    for cached in (folder / "__pycache__").glob("*.pyc"):
        cached.unlink()  # a plain import would believe the time stamp
    assert run(folder)["libcst"]
    assert len(kept(folder)) == 1, "the new file has replaced the old one"


def test_another_configuration_has_a_file_of_its_own(folder: Path) -> None:
    loops, none = '{"follow_for_loops": true}', '{"follow_for_loops": false}'
    assert len(run(folder, config=loops)["records"]) > len(run(folder, config=none)["records"])
    assert not run(folder, config=loops)["libcst"] and not run(folder, config=none)["libcst"]
    assert len(kept(folder)) == 2
    assert not run(folder, config='{"max_items": 3}')["libcst"], "limits do not change the code"


@pytest.mark.parametrize("damage", [b"", b"follow", None], ids=["empty", "short", "flipped"])
def test_a_damaged_file_is_made_anew(folder: Path, damage: bytes | None) -> None:
    good = run(folder)
    (path,) = kept(folder)
    data = bytearray(path.read_bytes())
    data[-7] ^= 0xFF
    path.write_bytes(bytes(data) if damage is None else damage)
    again = run(folder)
    assert again["libcst"] and again["records"] == good["records"]
    assert not run(folder)["libcst"], "and it is whole again"


def test_what_cannot_lie_beside_its_source_is_kept_in_the_users_folder(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "shop.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("shop.py", SHOP)
    (folder / "shop.py").unlink()
    assert run(folder, path=archive)["libcst"]
    assert not run(folder, path=archive)["libcst"]
    if sys.platform == "linux":
        assert all((folder / "xdg") in path.parents for path in kept(folder)) and kept(folder)


def test_nothing_is_written_where_bytecode_is_not(folder: Path) -> None:
    run(folder, PYTHONDONTWRITEBYTECODE="1")
    assert kept(folder) == [] and run(folder)["libcst"]


def test_processes_may_write_at_the_same_time(folder: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    inherited["PYTHONPATH"] = f"{folder}{os.pathsep}{Path(__file__).parent.parent}"
    command = [sys.executable, "-c", CHILD, "{}"]
    children = [subprocess.Popen(command, env=inherited, stdout=subprocess.PIPE) for _ in range(4)]
    outputs = [json.loads(child.communicate()[0])["records"] for child in children]
    assert all(output == outputs[0] for output in outputs)
    assert len(kept(folder)) == 1, "no temporary file is left"
    assert not run(folder)["libcst"]


@pytest.mark.parametrize("module", [ast, argparse, textwrap, tempfile], ids=lambda module: module.__name__)
def test_unpacked_tables_tell_the_same(module: Any) -> None:
    source = Source(module.__file__, Path(module.__file__).read_text(), 0)
    rewritten = rewrite_module(source, FollowConfig())
    tables = rewritten.tables
    stored, found = unpack(pack(take_apart(build_module(source, rewritten)), tables), source.filename)
    assert stored.found.codes[-1][0].co_name == "<module>" and found.filename == tables.filename
    for number, site in enumerate(tables.sites):
        assert found.site(number) == site
    for number, scope in enumerate(tables.scopes):
        assert found.scope(number) == scope
        assert found.raising(number) == tables.raising(number)
    for number, guard in enumerate(tables.guards):
        assert found.guard(number) == guard


def test_threads_that_unpack_a_scope_at_once_go_on_with_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(textwrap.__file__, Path(textwrap.__file__).read_text(), 0)
    rewritten = rewrite_module(source, FollowConfig())
    _, found = unpack(pack(take_apart(build_module(source, rewritten)), rewritten.tables), source.filename)
    decompress, others = zlib.decompress, []

    def as_another_thread_does_it(data: bytes) -> bytes:
        monkeypatch.setattr(zlib, "decompress", decompress)
        others.append(found._part(1))
        return decompress(data)

    monkeypatch.setattr(zlib, "decompress", as_another_thread_does_it)
    assert found._part(1) is others[0] is found._part(1)


def test_one_line_tells_of_long_rewriting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from follow.progress import Progress

    progress = Progress()
    with progress.rewriting("short", "pass\n"):
        pass
    assert capsys.readouterr().err == ""
    for _ in range(2):
        with progress.rewriting("long", "pass\n" * 10_000):
            pass
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "long" in err and "10,001 lines" in err


class Unread(SourceFileLoader):
    """Gives no source: a cached module whose file has not changed needs none."""

    def get_data(self, path: str) -> bytes:
        raise AssertionError(f"{path} was read")


@pytest.fixture
def shop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Cache]:
    """A file that was changed long ago, and a cache of it."""
    path = folder / "shop.py"
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(original, "_SETTLED", -(10**18))
    cache = Cache(FollowConfig())
    source = Source(str(path), SHOP, 0)
    rewritten = rewrite_module(source, FollowConfig())
    cache.store(of(path), pack(take_apart(build_module(source, rewritten)), rewritten.tables))
    return path, cache


def of(path: Path) -> original.Original:
    return original.Original(SourceFileLoader("shop", str(path)), str(path))


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SourceFileLoader, "get_data", Unread.get_data)


on_posix = pytest.mark.skipif(os.name != "posix", reason="files have no such stamps")


@on_posix
def test_a_file_that_has_not_changed_is_not_read(shop: tuple[Path, Cache], unread: None) -> None:
    path, cache = shop
    assert cache.load(of(path)) is not None


@on_posix
def test_a_change_is_seen_whatever_the_time_and_the_size(shop: tuple[Path, Cache]) -> None:
    path, cache = shop
    status = path.stat()
    path.write_text(SHOP.replace("[1, 2]", "[1, 3]"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size and cache.load(of(path)) is None
    other = path.with_name("other.py")
    other.write_text(SHOP.replace("[1, 2]", "[1, 4]"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(path)
    assert cache.load(of(path)) is None


@on_posix
def test_a_file_that_was_touched_is_read_once(shop: tuple[Path, Cache], monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = shop
    os.utime(path)
    assert cache.load(of(path)) is not None
    monkeypatch.setattr(SourceFileLoader, "get_data", Unread.get_data)
    assert cache.load(of(path)) is not None


@on_posix
def test_the_stamp_of_a_file_that_was_just_written_tells_nothing(
    shop: tuple[Path, Cache], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = shop
    monkeypatch.setattr(original, "_SETTLED", 10**18)
    assert of(path).stamp == original.UNKNOWN and cache.load(of(path)) is not None
    monkeypatch.setattr(SourceFileLoader, "get_data", Unread.get_data)
    with pytest.raises(AssertionError, match="was read"):
        cache.load(of(path))


class Giving:
    """A loader that gives something of its own."""

    def __init__(self, data: object) -> None:
        self._data = data

    def get_data(self, path: str) -> object:
        return self._data


@pytest.mark.parametrize("loader", [None, object(), Unread("shop", "there.py"), Giving(b"1")])
def test_only_pythons_own_loader_has_what_is_in_the_file(loader: object, folder: Path) -> None:
    assert original.Original(loader, str(folder / "shop.py")).stamp == original.UNKNOWN


@pytest.mark.parametrize("loader", [None, object(), Giving(None), Giving("text")])
def test_what_a_loader_does_not_tell_is_not_kept(loader: object, shop: tuple[Path, Cache]) -> None:
    path, cache = shop
    untold = original.Original(loader, str(path))
    assert untold.hash() == b"" and cache.load(untold) is None
    (file,) = kept(path.parent)
    before = file.read_bytes()
    cache.store(untold, Packed(b"", b""))
    assert file.read_bytes() == before
    assert original.Original(Giving(b"1"), str(path)).hash()


def test_a_program_may_have_a_clock_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_clock() -> int:
        raise OSError("no clock")

    monkeypatch.setattr(time, "time_ns", no_clock)
    assert of(folder / "shop.py").stamp == original.UNKNOWN, "it was just written"


def test_a_text_that_is_saved_while_the_one_before_is_rewritten(folder: Path) -> None:
    saving = (
        "import follow.importhook as hook, pathlib\nrewritten = hook._rewritten\n"
        "def save(text, filename, *rest, **more):\n"
        "    pathlib.Path(filename).write_text(text.replace('[1, 2]', '[5, 6, 7]'))\n"
        "    return rewritten(text, filename, *rest, **more)\n"
        "hook._rewritten = save\n"
    )
    first = run(folder, before=saving)
    assert "[5, 6, 7]" in (folder / "shop.py").read_text() and "[1, 2]" in repr(first)
    for _ in range(2):
        assert "[5, 6, 7]" in repr(run(folder))


@pytest.mark.skipif(native is None, reason="the compiled helper is not built")
@pytest.mark.parametrize("helped", [True, False])
def test_a_cache_is_for_processes_with_and_without_the_helper(
    helped: bool, shop: tuple[Path, Cache], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = shop
    with monkeypatch.context() as patch:
        patch.setattr(cache_module, "native", native if helped else None)
        source = Source(str(path), SHOP, 0)
        rewritten = rewrite_module(source, FollowConfig())
        cache.store(of(path), pack(take_apart(build_module(source, rewritten)), rewritten.tables))
    for there in (native, None):
        monkeypatch.setattr(cache_module, "native", there)
        assert cache.load(of(path)) is not None
        (file,) = kept(path.parent)
        good = file.read_bytes()
        file.write_bytes(good[:-9] + bytes((good[-9] ^ 1,)) + good[-8:])
        assert cache.load(of(path)) is None
        file.write_bytes(good)


def test_a_file_that_does_not_fit_into_the_room(shop: tuple[Path, Cache], monkeypatch: pytest.MonkeyPatch) -> None:
    path, cache = shop
    room = bytearray(128)
    monkeypatch.setattr(cache_module, "_ROOMS", [room])
    for _ in range(2):
        found = cache.load(of(path))
        assert found is not None and len(found[0].parts) and found[0].found.codes[-1][0].co_name == "<module>"
    assert cache_module._ROOMS == [room]


def test_a_size_that_is_damaged_is_noticed(shop: tuple[Path, Cache]) -> None:
    path, cache = shop
    (file,) = kept(path.parent)
    good = file.read_bytes()
    for at in range(cache_module._HEADER.size):
        for bit in (1, 128):
            file.write_bytes(good[:at] + bytes((good[at] ^ bit,)) + good[at + 1 :])
            found = cache.load(of(path))
            assert found is None or found[0].found.codes[-1][0].co_name == "<module>"
    for size in (0, 10, cache_module._HEADER.size, len(good) - 1):
        file.write_bytes(good[:size])
        assert cache.load(of(path)) is None
    file.write_bytes(good + b"more")
    assert cache.load(of(path)) is None


def test_threads_may_read_at_once(shop: tuple[Path, Cache]) -> None:
    path, cache = shop
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: cache.load(of(path)), range(200)))
    assert all(one is not None and one[0].found.codes[-1][0].co_name == "<module>" for one in found)
    assert len(cache_module._ROOMS) <= 9
