"""The benchmarks measure what they say: no time is asserted here."""

from __future__ import annotations

import json
import os
import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import events, files, plot, report, scaling, unfollowed, ways
from benchmarks.fresh import MeasurementFailed, in_fresh_process
from benchmarks.loop import FLOOR, FLOORS, loop
from benchmarks.report import Options, Ratio
from follow import Recorder

SVG = "{http://www.w3.org/2000/svg}"


def told(name: str) -> dict[str, Any]:
    return {"value": os.environ[name], "process": os.getpid()}


def fails() -> None:
    raise ValueError("nothing\nto be had")


@pytest.mark.parametrize("name", FLOORS)
def test_loops_with_probes_by_hand_return_what_the_loop_returns(name: str) -> None:
    assert FLOORS[name](50) == loop(50)


@pytest.mark.parametrize("name", [name for name, way in ways.WAYS.items() if way.group == "follow"])
def test_followed_loops_return_what_the_loop_returns(name: str) -> None:
    assert ways.WAYS[name].make(loop)(50) == loop(50)


def test_settrace_callback_sees_each_line_and_puts_back_what_was_traced_before() -> None:
    lines = []

    def note(frame: Any, event: str, arg: object) -> Any:
        lines.append(event)
        return note

    def other(frame: Any, event: str, arg: object) -> None:
        return None

    before = sys.gettrace()
    sys.settrace(other)
    try:
        result, after = ways.traced(loop, note)(3), sys.gettrace()
    finally:
        sys.settrace(before)
    assert result == loop(3)
    assert after is other
    assert lines.count("line") == 1 + 3 * 3 + 2  # total = 0; the loop; its end and the return


def test_fresh_process_is_another_one_and_gets_the_environment() -> None:
    found = in_fresh_process(told, "OF_THE_TEST", environment={"OF_THE_TEST": "a value"})
    assert found["value"] == "a value"
    assert found["process"] != os.getpid()


def test_failure_in_a_fresh_process_is_one_line() -> None:
    with pytest.raises(MeasurementFailed, match=r"^to be had$"):
        in_fresh_process(fails)


def test_a_way_is_measured_against_native_and_the_floor() -> None:
    found = in_fresh_process(events.measure, ways.RECORDER, 1)
    assert {"times_native", "floors", "floor_ns", "native_ns", "version"} == set(found)


def test_a_peer_that_is_not_here_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = {
        "absent": ways.Way("peer", lambda function: function, "no-such-package"),
        "later": ways.Way("peer", lambda function: function, since=(99, 0)),
    }
    reasons = {name: way.missing() for name, way in absent.items()}
    assert reasons == {
        "absent": "not installed: pip install '.[benchmarks]'",
        "later": "needs Python 99.0 (sys.monitoring)",
    }
    monkeypatch.setattr(events, "WAYS", absent)
    monkeypatch.setattr(events, "FLOORS", {})
    monkeypatch.setattr(events, "in_fresh_process", lambda function, *arguments: function(*arguments))
    rows = list(events.rows(Options(quick=True)))
    assert rows == [{"row": name, "group": "peer", "reason": reasons[name]} for name in absent]


def test_ratios_say_whether_they_are_reached() -> None:
    figures = {"one": 3.0, "other": 2.0}
    most, least, neither = (
        Ratio("a", "one", "other", **wanted).row(figures) for wanted in ({"most": 1.2}, {"least": 1.2}, {})
    )
    assert most == {"ratio": "a", "value": 1.5, "to_reach": "<= 1.2", "reached": False}
    assert least is not None and (least["to_reach"], least["reached"]) == (">= 1.2", True)
    assert neither is not None and neither["reached"] is None
    assert Ratio("a", "one", "a third").row(figures) is None


@pytest.mark.parametrize("name", unfollowed.CASES)
def test_what_is_not_followed_returns_the_same(name: str) -> None:
    native, run = unfollowed.CASES[name]()
    assert native(100) == run(100)


def test_statements_switched_off_give_no_events() -> None:
    recorder = Recorder()
    unfollowed.switched_off(recorder)(50)
    assert [event.kind for event in recorder.events()] == ["call", "statement"]  # the return


def test_events_of_a_file_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files.SUBJECTS, "small", (loop, 100))
    found = files.measure("small")
    assert found["events"] == 3 * 100 + 4  # the call, total = 0, the loop's end, the return
    assert found["bytes_an_event"] == pytest.approx(found["file_mb"] * 1e6 / found["events"])


@pytest.mark.parametrize("kind", scaling.CASES)
@pytest.mark.parametrize("way", ["recorder", "settrace"])
def test_programs_of_each_size_can_be_run(kind: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "N", 20)
    native, run, count = scaling.CASES[kind][1](10, way)
    assert native() == run()
    assert count in (3 * 20, 3 * 20 // 10 * 10)


def test_the_picture_has_a_bar_a_measured_row_longer_the_dearer_it_is() -> None:
    rows = [
        {"row": FLOOR, "group": "floor", "ns_an_event": 100.0, "version": ""},
        {"row": "dear", "group": "peer", "ns_an_event": 20_000.0, "version": "1.0"},
        {"row": ways.RECORDER, "group": "follow", "ns_an_event": 200.0, "version": ""},
        {"row": "absent", "group": "peer", "reason": "not installed"},
    ]
    root = ElementTree.fromstring(plot.svg({"python": "3.11.7", "title": "cost", "rows": rows}))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    bars = [rect for rect in root.iter(f"{SVG}rect") if rect.get("height") == str(plot.BAR)]
    assert [bar.get("class") for bar in bars] == ["floor", "follow", "peer"]
    lengths = [float(bar.get("width", 0)) for bar in bars]
    assert lengths == sorted(lengths) and lengths[0] < lengths[2]
    ends = [
        float(text.get("x", 0)) + 7 * len(text.text or "")
        for text in root.iter(f"{SVG}text")
        if text.get("text-anchor") == "start"
    ]
    assert max(ends) < float(root.get("width", 0))
    assert "dear (1.0)" in texts and "20,000 · 100 × recorder" in texts


def test_a_picture_of_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        plot.svg({"python": "3.11.7", "title": "cost", "rows": [{"row": "absent", "reason": "not installed"}]})


@pytest.mark.parametrize("path", sorted(report.RESULTS.glob("*.json")), ids=lambda path: path.stem)
def test_kept_results_say_what_the_machine_was_doing(path: Any) -> None:
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["rows"] and found["python"].startswith(path.stem.rpartition("-")[2])
    assert len(found["load_average_at_start"]) == 3
