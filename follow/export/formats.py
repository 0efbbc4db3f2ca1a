"""The formats by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from ..errors import MissingExtra
from ..trace.reader import Trace
from . import jsonl, perfetto, text

_RECORDING = ("python", "implementation", "arguments", "process", "host", "folder")


def _jsonl(trace: Trace, stream: TextIO) -> int:
    recording = {key: trace.header[key] for key in _RECORDING if key in trace.header}
    recording["time"] = trace.header["wall"] / 1e9
    return jsonl.export(trace.records(), stream, recording)


def _text(trace: Trace, stream: TextIO) -> int:
    return text.export(trace.records(), stream)


def _otlp(trace: Trace, stream: TextIO) -> int:
    try:
        from . import otlp
    except ImportError as error:
        raise MissingExtra(
            f"The format otlp needs OpenTelemetry's libraries ({error}); install them with: pip install "
            f"'python-follow[otel]'."
        ) from error
    return otlp.export(trace, stream)


FORMATS: dict[str, Callable[[Trace, TextIO], int]] = {
    "jsonl": _jsonl,
    "perfetto": perfetto.export,
    "text": _text,
    "otlp": _otlp,
}
"""What writes a trace to a text stream, and says how much there was."""
