"""What exporters make of recordings of real programs, format by format."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import follow
from follow.export import jsonl, otlp, perfetto
from follow.export.formats import FORMATS
from follow.trace import replay

from .chrome import ChromeTrace
from .exported import PROGRAM, TASKS, record
from .support import define


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return record(tmp_path_factory.mktemp("export") / "run.follow")


def chrome(trace: Any) -> ChromeTrace:
    out = io.StringIO()
    assert perfetto.export(trace, out) == sum(1 for _ in trace.events)
    return ChromeTrace(out.getvalue())


FIB_2 = ("fib", [("fib", []), ("fib", [])])
RUN = [
    ("run", [
        ("safe", [("inverse", [])]),
        ("safe", [("inverse", [])]),
        ("zipped", []),
        ("fib", []),
        ("fib", []),
        ("in_threads", []),
        ("fib", [FIB_2, ("fib", [])]),
    ])
]  # fmt: skip


def test_perfetto_shows_each_thread_and_task_as_a_track_of_nested_calls(trace: Any) -> None:
    shown = chrome(trace)
    threads = shown.calls("thread")
    assert threads[0] == RUN
    assert [call for calls in threads[1:] for call in calls] == [FIB_2, FIB_2]
    assert sorted(shown.calls("task")) == [[("main", [])], [("worker", [("wait", [])])], [("worker", [("wait", [])])]]
    assert [call for calls in shown.calls("generator") for call in calls] == [("count", []), ("count", [])]


def test_perfetto_has_a_slice_for_each_statement_and_counters_and_exceptions(trace: Any) -> None:
    shown = chrome(trace)
    statements = [one["name"] for one in shown.events if one.get("cat") == "statement"]
    assert sorted(statements) == sorted(record["instruction"] for record in trace.records())
    assert sorted(set(shown.counters["count.i"])) == [0, 1]
    assert shown.counters["inverse.x"][:1] == [0] and shown.counters["worker.m"] == [1, 1]
    raised = {name for kind, name in shown.instants if kind == "exception"}
    assert raised == {"ZeroDivisionError: division by zero", "GeneratorExit"}  # zip has left one generator suspended
    (run,) = shown.tracks["thread 1 (" + str(next(iter(trace.events)).thread) + ")"]
    failed = run.inner[0].inner[0]
    assert failed.name == "safe" and failed.args["arguments"] == {"x": "0"}
    (inverse,) = failed.inner[1].inner
    assert inverse.args["exception"] == "ZeroDivisionError: division by zero"


def test_calls_from_code_that_is_not_recorded_do_not_nest(tmp_path: Path) -> None:
    """Of a call's end a trace says nothing: that it is over follows from the source alone."""
    path = tmp_path / "top.follow"
    program = define(PROGRAM, "run").__globals__
    with follow.Recorder(path) as recorder:
        steps: list[Callable[[int], object]] = []
        for name in ("fib", "falls", "inverse", "safe", "count"):
            steps.append(follow.follow(program[name], follower=recorder))
        for _ in range(2):
            for step in steps:
                try:
                    list(step(1)) if step.__name__ == "count" else step(0)  # type: ignore[call-overload]
                except ZeroDivisionError:
                    pass
    shown = chrome(follow.load(path))
    assert shown.calls("thread") == [2 * [("fib", []), ("falls", []), ("inverse", []), ("safe", [])]]
    assert shown.calls("generator") == [[("count", []), ("count", [])]]


def spans_of(trace: Any) -> Any:
    exporter = InMemorySpanExporter()
    otlp.export_spans(trace, exporter)
    return exporter.get_finished_spans()


def test_spans_have_their_callers_as_parents(trace: Any) -> None:
    spans = spans_of(trace)
    known = {span.context.span_id: span for span in spans}
    assert len(known) == len(spans) == sum(event.kind == "call" for event in trace.events)
    pairs = [(known[span.parent.span_id].name if span.parent else None, span.name) for span in spans]
    expected = {"worker": "main", "wait": "worker", "main": "run", "inverse": "safe", "count": "zipped", "safe": "run"}
    for caller, name in pairs:
        assert name not in expected or caller == expected[name]
    assert sorted(name for caller, name in pairs if caller is None) == ["fib", "fib", "run"]
    for span in spans:
        assert trace.header["wall"] <= span.start_time <= span.end_time
        parent = known[span.parent.span_id] if span.parent else span
        assert parent.start_time <= span.start_time
        if span.name != "count":
            assert span.end_time <= parent.end_time
    assert len({span.context.trace_id for span in spans}) == 1


def test_spans_tell_place_arguments_and_errors(trace: Any) -> None:
    spans = spans_of(trace)
    failed, fine = [span for span in spans if span.name == "inverse"]
    assert failed.status.status_code is StatusCode.ERROR and fine.status.status_code is StatusCode.UNSET
    assert failed.status.description == "ZeroDivisionError: division by zero"
    (event,) = failed.events
    assert event.attributes["exception.type"] == "ZeroDivisionError"
    assert event.attributes["exception.message"] == "division by zero"
    assert failed.start_time < event.timestamp <= failed.end_time
    assert failed.attributes["follow.argument.x"] == "0"
    assert failed.attributes["code.function.name"] == "inverse"
    assert failed.attributes["code.file.path"].startswith("<test ")
    assert all(span.status.status_code is StatusCode.UNSET for span in spans if span.name == "count")
    caught = next(span for span in spans if span.name == "safe")
    assert caught.status.status_code is StatusCode.UNSET and caught.events[0].attributes["follow.statement"]


def test_otlp_lines_hold_the_same_spans(trace: Any) -> None:
    out = io.StringIO()
    FORMATS["otlp"](trace, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    found = [span for line in lines for scope in line["resourceSpans"][0]["scopeSpans"] for span in scope["spans"]]
    spans = spans_of(trace)
    assert [one["spanId"] for one in found] == [f"{span.context.span_id:016x}" for span in spans]
    assert [int(one["endTimeUnixNano"]) for one in found] == [span.end_time for span in spans]
    assert {one["traceId"] for one in found} == {f"{spans[0].context.trace_id:032x}"}


def test_json_lines_read_back_are_the_records(trace: Any) -> None:
    out = io.StringIO()
    FORMATS["jsonl"](trace, out)
    header = json.loads(out.getvalue().splitlines()[0])
    assert (header["schema"], header["version"]) == ("follow.records", 2)
    assert header["recording"]["process"] == trace.header["process"]
    assert list(jsonl.read(io.StringIO(out.getvalue()))) == list(trace.records())


def test_text_is_what_the_text_follower_writes(trace: Any) -> None:
    out, expected = io.StringIO(), io.StringIO()
    FORMATS["text"](trace, out)
    write = follow.followers.as_follower(expected)  # type: ignore[attr-defined]
    for one in trace.records():
        write(one)
    assert out.getvalue() == expected.getvalue() and "return 1 / x" in out.getvalue()


def test_records_are_the_same_whether_or_not_ended_calls_are_dropped(trace: Any) -> None:
    assert list(trace.records()) == list(replay.records(trace.events, trace.origin))


def test_tasks_that_interleave_never_cross_on_a_track(tmp_path: Path) -> None:
    trace = record(tmp_path / "tasks.follow", TASKS)
    shown = chrome(trace)
    assert shown.calls("thread") == [[("run", [])]]
    tasks = [call for calls in shown.calls("task") for call in calls]
    assert tasks.count(("uses", [("Slow.__aenter__", []), ("leaf", []), ("Slow.__aexit__", [])])) == 2
    calls = [one for one in shown.events if one.get("cat") == "call"]
    assert len({one["args"]["call"] for one in calls}) == sum(event.kind == "call" for event in trace.events)
    assert all(one["name"] == "leaf" for one in calls if "another track" in one["args"].get("end", ""))
    assert not [one for one in calls if one["args"].get("end") == "not recorded"]
    known = {span.context.span_id: span for span in spans_of(trace)}
    parents = {(span.name, known[span.parent.span_id].name) for span in known.values() if span.parent}
    assert {("uses", "main"), ("mistaken", "main"), ("leaf", "uses"), ("counting", "main")} <= parents
