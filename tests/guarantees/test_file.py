"""Guarantees 14 and 16: the file, and whatever may be wrong with it."""

from __future__ import annotations

import ast
import os
import random
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import follow as package
from follow import FollowConfig, Recorder, TraceError, follow, jsonl, load
from follow.accelerate import native
from follow.cli import main
from follow.export.formats import FORMATS
from follow.trace import file as frames
from follow.trace import index
from follow.trace.file import _FRAME, MARK, MOST_UNPACKED, FrameReader
from follow.trace.values import MOST_NESTED, pack

from ..support import define
from .children import forked

SOURCE = (
    "def f(n):\n    x = [n]\n    for i in range(n):\n        x.append({'i': (i, {i}), 2: 1j})\n    try:\n        1 / 0\n"
    "    except ZeroDivisionError:\n        x = 'done'\n    return x\n"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trace, written in several frames of events."""
    path = tmp_path_factory.mktemp("traces") / "small.trace"
    with Recorder(path) as recorder:
        function = follow(define(SOURCE), recorder)
        for n in range(3):
            function(n)
            recorder.flush()
    return path


def read(path: Path) -> tuple[list[Any], str | None]:
    """What a damaged trace holds, and what is wrong with it."""
    try:
        trace = load(path)
        events = [repr((e.sequence, e.kind, e.call, e.time, e.values, e.result, e.exception)) for e in trace.events]
        assert trace.dropped == 0
        return events, trace.problem
    except TraceError as error:
        return [], str(error)


def frame(content: bytes) -> bytes:
    """A frame with a right checksum, whatever it holds."""
    data = zlib.compress(content, 1)
    return _FRAME.pack(len(data), zlib.crc32(data)) + data


def test_14_a_file_is_private_and_holds_frames_only(small: Path, tmp_path: Path) -> None:
    assert stat.S_IMODE(small.stat().st_mode) == 0o600
    public = tmp_path / "public.trace"
    public.write_text("an old file that others may read")
    public.chmod(0o644)
    Recorder(public).close()
    assert stat.S_IMODE(public.stat().st_mode) == 0o600
    data = small.read_bytes()
    assert data.startswith(b"follow trace 3\n")
    at = len(b"follow trace 3\n")
    kinds = []
    while at < len(data):
        length, checksum = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        assert zlib.crc32(data[at : at + length]) == checksum
        kinds.append(msgpack.unpackb(zlib.decompress(data[at : at + length]), strict_map_key=False)[0])
        at += length
    assert at == len(data)
    events = "events" if native is None else "columns"
    assert list(dict.fromkeys(kinds)) == ["header", "piece", "source", "functions", "statements", events, "end"]


def test_14_what_is_made_of_a_file_is_private_too(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rights(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    trace = tmp_path / "small.trace"
    trace.write_bytes(small.read_bytes())
    monkeypatch.setattr(index, "_WORTH_KEEPING", 0)
    list(load(trace).history("x"))
    assert rights(tmp_path / "small.trace.index") == 0o600
    for name in FORMATS:
        assert main(["export", str(trace), "--format", name, "-o", str(tmp_path / name)]) == 0
    assert main(["view", str(trace), "-o", str(tmp_path / "view.html")]) == 0
    assert main(["combine", str(trace), "-o", str(tmp_path / "all.trace")]) == 0
    function = define("def f():\n    x = 1\n")
    assert forked(lambda: follow(function, [tmp_path / "lines.txt", jsonl(tmp_path / "live.jsonl")])()) == 0
    for name in (*FORMATS, "view.html", "all.trace", "lines.txt", "live.jsonl"):
        assert rights(tmp_path / name) == 0o600, name


def test_14_nothing_is_pickled_or_evaluated() -> None:
    folder = Path(package.__file__).parent
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text())
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        assert not imported & {"pickle", "shelve", "dill", "socket", "http", "urllib", "urllib.request", "ssl"}, path
        if path.parent.name == "trace":
            called = {
                node.func.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert not imported & {"marshal"} and not called & {"eval", "exec", "compile", "__import__"}, path


def test_14_a_zip_bomb_is_refused(small: Path, tmp_path: Path, figure: Callable[[str], None]) -> None:
    import tracemalloc

    bomb = frame(b"\xc6" + (60 << 20).to_bytes(4, "big") + bytes(60 << 20))
    path = tmp_path / "bomb.trace"
    path.write_bytes(small.read_bytes() + bomb)
    tracemalloc.start()
    events, problem = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(events) > 20 and "unpacks to more than 16 MiB" in (problem or "")
    assert peak < 3 * MOST_UNPACKED
    figure(f"{len(bomb):,} bytes that unpack to 60 MiB: refused at 16")
    long = _FRAME.pack((1 << 32) - 1, 0) + bytes(100)
    path.write_bytes(small.read_bytes() + long)
    assert "is damaged" in (read(path)[1] or "")


def test_14_what_is_nested_without_end_is_refused(small: Path, tmp_path: Path) -> None:
    data = pack(1)
    for _ in range(5_000):
        data = msgpack.packb([msgpack.ExtType(1, data)])
    path = tmp_path / "nested.trace"
    path.write_bytes(small.read_bytes() + frame(msgpack.packb(["events", msgpack.ExtType(1, data)])))
    assert f"nested more than {MOST_NESTED} deep" in (read(path)[1] or "")
    path.write_bytes(small.read_bytes() + frame(b"\x92\xa6events" + b"\x91" * 100_000 + b"\xc0"))
    assert "cannot be read" in (read(path)[1] or "")
    with pytest.raises(ValueError, match="max_depth must be at most 50"):
        FollowConfig(max_depth=51)


def test_16_cut_at_every_byte_it_gives_a_prefix(small: Path, tmp_path: Path, figure: Callable[[str], None]) -> None:
    data = small.read_bytes()
    whole, problem = read(small)
    assert problem is None and len(whole) > 20
    with small.open("rb") as opened:
        borders = {len(data)} | {at for at, _, _ in FrameReader(opened, "small").frames()}
    path = tmp_path / "cut.trace"
    seen = set()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        events, problem = read(path)
        assert events == whole[: len(events)]
        assert (problem is None) == (size in borders and size > min(borders)), size
        if len(events) not in seen:
            assert len(list(load(path).records()) if events else ()) <= len(events)
        seen.add(len(events))
    assert len(seen) >= 4
    figure(f"{len(data):,} offsets: {len(seen)} prefixes")


def test_16_a_flipped_byte_is_detected(small: Path, tmp_path: Path, figure: Callable[[str], None]) -> None:
    data = bytearray(small.read_bytes())
    whole, _ = read(small)
    path = tmp_path / "flipped.trace"
    chance = random.Random(16)
    for at in range(len(data)):
        before = data[at]
        data[at] ^= chance.choice((0xFF, 1, 1 << chance.randrange(8)))
        path.write_bytes(data)
        events, problem = read(path)
        assert problem is not None and events == whole[: len(events)], at
        data[at] = before
    figure(f"{len(data):,} bytes flipped: {len(data):,} detected")


def test_16_list_says_what_is_wrong(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = small.read_bytes()
    path = tmp_path / "torn.trace"
    for size in range(0, len(data), 37):
        path.write_bytes(data[:size])
        code = main(["list", str(path)])
        shown = capsys.readouterr()
        assert code in (0, 1) and "Traceback" not in shown.err
        assert ("ends in the middle" in shown.out) or shown.err.startswith("follow: ") or "0 events" in shown.out
    path = tmp_path / "torn \udcff.trace"
    path.write_bytes(data[:-10])
    assert main(["list", str(path)]) == 0
    assert "torn \\udcff.trace ends in the middle of a frame" in capsys.readouterr().out


# -- the frame parser and what is behind it, with any content that has a right checksum --------------------

PLAIN = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text(max_size=5)
IDS = st.integers(0, 60)
VALUES = st.recursive(
    PLAIN | IDS | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(PLAIN | st.binary(max_size=3), inner, max_size=4)
        | st.builds(lambda code, value: msgpack.ExtType(code, pack(value)), st.integers(0, 20), inner)
        | st.builds(msgpack.ExtType, st.integers(0, 20), st.binary(max_size=6))
    ),
    max_leaves=25,
)
KINDS = st.sampled_from(
    ["header", "piece", "source", "functions", "statements", "events", "columns", "dropped", "end", "other"]
)
COLUMN = st.lists(IDS | VALUES, max_size=5)
CONTENTS = st.one_of(
    st.tuples(KINDS, VALUES),
    st.tuples(st.just("events"), st.lists(IDS | VALUES, max_size=12)),
    st.tuples(st.just("columns"), st.lists(st.lists(IDS, max_size=5) | COLUMN, min_size=3, max_size=5)),
    st.tuples(
        st.sampled_from(["piece", "functions", "statements"]),
        st.lists(st.integers(0, 20) | st.lists(st.text(max_size=3), max_size=2) | VALUES, min_size=7, max_size=9),
    ),
)
FUZZ = settings(
    max_examples=int(os.environ.get("FOLLOW_EXAMPLES", "80")),
    deadline=None,
    derandomize="FOLLOW_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _packed(content: Any) -> bytes:
    packed: bytes = msgpack.packb(content, unicode_errors="surrogatepass")
    return packed


@FUZZ
@given(st.lists(CONTENTS, min_size=1, max_size=4), st.integers(1, 9))
def test_16_whatever_frames_hold_only_a_trace_error_comes(
    small: Path, tmp_path: Path, contents: list[tuple[str, Any]], kept: int
) -> None:
    with small.open("rb") as opened:
        starts = [at for at, _, _ in FrameReader(opened, "small").frames()]
    path = tmp_path / "fuzz.trace"
    head = small.read_bytes()[: [*starts, small.stat().st_size][min(kept, len(starts))]]
    path.write_bytes(head + b"".join(frame(_packed(list(content))) for content in contents))
    try:
        trace = load(path)
        for event in trace.events:
            event.values
        list(trace.records())
    except TraceError:
        pass
    assert main(["list", str(path)]) in (0, 1)


@FUZZ
@given(st.binary(max_size=60), st.booleans())
def test_16_whatever_bytes_come_only_a_trace_error_comes(tmp_path: Path, data: bytes, framed: bool) -> None:
    path = tmp_path / "fuzz.trace"
    path.write_bytes(MARK + b"1\n" + (frame(data) if framed else data))
    with pytest.raises(TraceError):
        load(path)
    unpacked = frames._decompressed(zlib.compress(data))
    assert unpacked == data and len(unpacked) <= MOST_UNPACKED
