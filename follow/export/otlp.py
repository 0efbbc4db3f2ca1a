"""OpenTelemetry: a span a call, with its caller as parent; needs the extra ``otel``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TextIO

from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from ..errors import FollowError
from ..trace.decode import Event
from ..trace.reader import Trace
from ..trace.stacks import Frame, walk
from ..version import __version__
from .brief import brief_variables

_BATCH = 512
"""So many spans are handed to an exporter at once."""

_MOST_RAISED = 16
"""So many exceptions are told of one call."""

_MOST_TEXT = 1_000
"""Characters kept of what an exception says."""


def export(trace: Trace, stream: TextIO) -> int:
    """Write a trace as OTLP JSON: lines, each a request with some hundred spans, as OpenTelemetry's collector reads.

    Arguments:
        trace: the trace.
        stream: where to.

    Returns:
        How many events of the trace there were.

    Raises:
        TraceError: an event makes no sense; what was read by then is written.
    """
    return export_spans(trace, _Lines(stream))


def export_spans(trace: Trace, exporter: SpanExporter) -> int:
    """Hand the calls of a trace to one of OpenTelemetry's exporters, as spans.

    Arguments:
        trace: the trace.
        exporter: any exporter of the SDK's; it is not shut down.

    Returns:
        How many events of the trace there were.

    Raises:
        FollowError: the exporter failed, or OpenTelemetry is switched off.
        TraceError: an event makes no sense; what was read by then is handed over.
    """
    batches = _Batches(exporter)
    spans = _Spans(trace, batches)

    def seen(event: Event, frame: Frame | None) -> None:
        if frame is not None:
            spans.event(event, frame)

    try:
        return walk(trace, seen, spans.end)
    finally:
        batches.flush()


class _Spans:
    """Begins and ends spans as calls do."""

    def __init__(self, trace: Trace, processor: SpanProcessor) -> None:
        header = trace.header
        self._wall = header["wall"] - header["monotonic"]
        self._ids = _Ids(f"{header['host']} {header['process']} {header['wall']}")
        resource = Resource.create(
            {
                "service.name": " ".join(map(str, header["arguments"][:1])) or "python",
                "process.pid": header["process"],
                "process.command_args": list(map(str, header["arguments"])),
                "process.runtime.name": str(header["implementation"]),
                "process.runtime.version": str(header["python"]),
                "host.name": str(header["host"]),
            }
        )
        provider = TracerProvider(resource=resource, sampler=ALWAYS_ON, id_generator=self._ids, shutdown_on_exit=False)
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("follow", __version__)

    def event(self, event: Event, frame: Frame) -> None:
        """Take in an event of a call."""
        span: Span | None = frame.note
        if span is None:
            span = frame.note = self._begin(frame)
        if event.exception is None or len(span.events) >= _MOST_RAISED:
            return
        kind, _, text = event.exception.partition(": ")
        if event.kind == "raise":
            attributes: dict[str, str | int] = {"exception.type": kind, "exception.message": text[:_MOST_TEXT]}
            if event.statement is not None:
                attributes |= {
                    "follow.statement": event.statement.instruction,
                    "code.line.number": event.statement.line,
                }
            span.add_event("exception", attributes, event.time + self._wall)

    def _begin(self, frame: Frame) -> Span:
        self._ids.next = frame.key
        trace = self._ids.generate_trace_id()
        parent = SpanContext(trace, frame.caller, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
        context = set_span_in_context(NonRecordingSpan(parent))
        name = "?" if frame.function is None else frame.function.qualname
        span = self._tracer.start_span(name, context, start_time=frame.begun + self._wall)
        if not isinstance(span, Span):
            raise FollowError("No spans can be made, for OpenTelemetry is switched off; unset OTEL_SDK_DISABLED.")
        return span

    def end(self, frame: Frame) -> None:
        """A call has ended."""
        span: Span | None = frame.note
        if span is None:
            return
        if frame.function is not None and frame.piece is not None:
            span.update_name(frame.function.qualname)
            span.set_attribute("code.function.name", frame.function.qualname)
            span.set_attribute("code.file.path", frame.piece.filename)
            span.set_attribute("code.line.number", frame.function.line)
        span.set_attribute("thread.id", frame.thread)
        span.set_attribute("follow.call", frame.number)
        for name, text in brief_variables(frame.entered).items():
            span.set_attribute(f"follow.argument.{name}", text)
        if frame.exception is not None and frame.exception != "GeneratorExit":  # that is how a generator is closed
            span.set_status(Status(StatusCode.ERROR, frame.exception[:_MOST_TEXT]))
        if not frame.ended:
            span.set_attribute("follow.end", "not recorded")
        span.end(max(frame.last, frame.begun) + self._wall)


class _Ids(IdGenerator):
    """One trace for the recording; of spans the keys of the calls, so that the same file gives the same spans.

    Arguments:
        recording: what tells the recording from others.
    """

    def __init__(self, recording: str) -> None:
        self._trace = int.from_bytes(hashlib.sha256(recording.encode()).digest()[:16], "big") or 1
        self.next = 0

    def generate_trace_id(self) -> int:
        """The recording's."""
        return self._trace

    def generate_span_id(self) -> int:
        """What was set last."""
        return self.next


class _Batches(SpanProcessor):
    """Hands spans that have ended to an exporter, many at once and in this thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span that has ended."""
        self._spans.append(span)
        if len(self._spans) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand over what there is."""
        spans, self._spans = self._spans, []
        if spans and self._exporter.export(spans) is not SpanExportResult.SUCCESS:
            raise FollowError(f"{type(self._exporter).__name__} could not export {len(spans):,} spans.")


class _Lines(SpanExporter):
    """Writes spans as lines of OTLP JSON; errors of the stream come out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write some spans."""
        self._stream.write(json.dumps(encode_spans(spans).to_dict(), separators=(",", ":")) + "\n")
        return SpanExportResult.SUCCESS
