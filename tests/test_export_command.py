"""``follow export``, as a user calls it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import follow
from follow.cli import main
from follow.export import jsonl

from .chrome import ChromeTrace
from .support import define

SOURCE = "def f(n):\n    for i in range(n):\n        text = '–' * i\n    return inner(n)\ndef inner(n):\n    return n\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "run.follow"
    with follow.Recorder(path) as recorder:
        follow.follow(define(SOURCE), follower=recorder)(40)
        recorder.flush()
        follow.follow(define(SOURCE, "inner"), follower=recorder)(1)
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_each_format_goes_to_a_file(trace: Path, tmp_path: Path) -> None:
    for name in ("jsonl", "perfetto", "text", "otlp"):
        out = tmp_path / f"out.{name}"
        out.write_text("what was there before")
        assert main(["export", str(trace), "--format", name, "-o", str(out)]) == 0
        assert "what was there before" not in out.read_text()
    assert files(tmp_path) == ["out.jsonl", "out.otlp", "out.perfetto", "out.text", "run.follow"]
    assert list(jsonl.read(tmp_path / "out.jsonl")) == list(follow.load(trace).records())
    assert ChromeTrace((tmp_path / "out.perfetto").read_text()).calls("thread") == [[("f", []), ("inner", [])]]
    assert "text = '' → '–'" in (tmp_path / "out.text").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out.otlp").read_text())["resourceSpans"]
    assert (tmp_path / "out.text").stat().st_mode & 0o777 == 0o600, "as private as the trace"


def test_standard_output_may_be_anything(trace: Path) -> None:
    """Also one that cannot encode all characters, and one whose reader goes away."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "follow", "export", str(trace), "--format"]
    done = subprocess.run([*command, "text"], capture_output=True, text=True, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, "") and "\\u2013" in done.stdout
    process = subprocess.Popen([*command, "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.wait(60) == 0 and process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("name", ["jsonl", "perfetto", "text", "otlp"])
def test_of_a_damaged_trace_what_can_be_read_is_exported(
    name: str, trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged, out = tmp_path / "damaged.follow", tmp_path / "out"
    data = trace.read_bytes()
    damaged.write_bytes(data[:-60] + bytes(20) + data[-40:])
    assert main(["export", str(damaged), "--format", name, "-o", str(out)]) == 1
    told = capsys.readouterr().err
    assert "damaged" in told and "What could be read before has been exported." in told and told.count("\n") == 1
    if name == "perfetto":
        assert ChromeTrace(out.read_text()).calls("thread")[0][0] == ("f", [])
    elif name == "jsonl":
        records = list(jsonl.read(out))
        assert records and records == list(follow.load(trace).records())[: len(records)]
    else:
        assert len(out.read_text()) > 100


def test_a_frame_that_makes_no_sense_ends_the_export(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from follow.trace.file import frame

    with open(trace, "ab") as file:
        file.write(frame("events", [999_999, 1, 2]))
    assert main(["export", str(trace), "--format", "perfetto"]) == 1
    captured = capsys.readouterr()
    assert "makes no sense" in captured.err and "has been exported" in captured.err
    assert ChromeTrace(captured.out).calls("thread") == [[("f", []), ("inner", [])]]


def test_what_cannot_be_read_or_written(trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.py"
    other.write_text("no trace")
    for arguments, code, words in (
        ([str(tmp_path / "none")], 2, "cannot be read"),
        ([str(other)], 1, "is not a trace"),
        ([str(trace), "-o", str(trace)], 2, "is the trace itself"),
        ([str(trace), "-o", str(tmp_path / "no" / "folder")], 2, "cannot be written"),
        ([str(trace), "-o", "/dev/full"], 2, "cannot be written"),
    ):
        assert main(["export", *arguments, "--format", "text"]) == code
        told = capsys.readouterr().err
        assert words in told and told.count("\n") == 1
    assert files(tmp_path) == ["other.py", "run.follow"]
    with pytest.raises(SystemExit):
        main(["export", str(trace), "--format", "nonsense"])


def test_nothing_is_left_of_what_breaks_off(trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.txt"
    out.write_text("before")

    def interrupted(records: object, stream: io.TextIOBase) -> int:
        stream.write("half")
        raise KeyboardInterrupt

    monkeypatch.setattr("follow.export.text.export", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main(["export", str(trace), "--format", "text", "-o", str(out)])
    assert files(tmp_path) == ["out.txt", "run.follow"] and out.read_text() == "before"


def test_without_opentelemetry_the_extra_is_named(
    trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "follow.export.otlp", raising=False)
    monkeypatch.delattr("follow.export.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.json.common.trace_encoder", None)
    assert main(["export", str(trace), "--format", "otlp", "-o", str(tmp_path / "out")]) == 1
    assert "pip install 'python-follow[otel]'" in capsys.readouterr().err
    assert files(tmp_path) == ["run.follow"]
