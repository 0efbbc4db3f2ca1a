"""The viewer's page: places and source, nothing taken for markup, and the command that writes it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import follow as package
from follow import FollowConfig, follow, load
from follow.cli import main
from follow.view.page import write_view

from .support import define
from .viewfile import INERT, View
from .viewprogram import PROGRAM, assert_same, recorded, view_of, whole_program

VIEW = Path(__file__).parent.parent / "follow" / "view"


def test_loops_are_told_by_where_they_are_entered(tmp_path: Path) -> None:
    view = view_of(recorded(tmp_path, whole_program))
    places = view.tables["places"]
    outer = {int(loop): other for loop, other in view.tables["loops"].items()}
    inner = {places[place[7]][3] for place in places if place[3] in ("row.append(i * j)", "elif j > 3:", "continue")}
    assert inner == {"for j in range(n):"}
    loop_of = {place[3]: place[7] for place in places if place[1] == "statement"}
    assert places[outer[loop_of["row.append(i * j)"]]][3] == "for i in range(n):"
    assert outer[loop_of["row = []"]] == -1
    assert places[loop_of["k += 1"]][3] == "while k < 3:"
    assert loop_of["k = 0"] == loop_of["rows = []"] == -1
    # an event of the loop's end belongs to the loop, and is not the place at which it is entered
    headers = [number for number, place in enumerate(places) if place[3] == "for j in range(n):"]
    assert len(headers) == 2 and {places[number][7] for number in headers} == {loop_of["row.append(i * j)"]}


def test_functions_stand_at_their_def(tmp_path: Path) -> None:
    view = view_of(recorded(tmp_path, whole_program))
    lines = PROGRAM.split("\n")
    for _, name, _, line, _, _ in view.tables["functions"]:
        assert lines[line - 1].startswith(f"def {name}(")


def test_what_is_not_executed_is_told_from_what_is_not_recorded(tmp_path: Path) -> None:
    function = define("def f(n):\n    for i in range(2):\n        print(i)\n    j = n\n    if n:\n        k = 1\n")
    config = FollowConfig(follow_for_loops=False)
    view = view_of(recorded(tmp_path, lambda recorder: follow(function, recorder, config=config)(0)))
    assert dict(view.tables["names"][0]) == {"n": 1, "i": 0, "j": 1, "k": 1}  # the loop is not recorded, and binds i
    lines = {place[4] for place in view.tables["places"]}
    assert lines == {1, 4, 5, 6}  # not the loop, not the print
    executed = {view.tables["places"][number][4] for number in view.columns["place"]}
    assert executed == {1, 4, 5}


def test_nothing_is_taken_for_markup(tmp_path: Path) -> None:
    trace = recorded(tmp_path, whole_program, "<b>&amp;<script>.follow")
    answers = {"why": [{"sequence": 1, "name": "</script><script>alert(3)</script><!--", "steps": []}]}
    view = View(write_view(load(trace), tmp_path / "out.html", answers))
    page = view.page
    assert set(page.tags) == {"html", "head", "meta", "title", "style", "body", "div", "script"}
    assert page.title == "<b>&amp;<script>.follow · follow"
    running = [text for attributes, text in page.scripts if attributes.get("type") not in INERT]
    assert len(running) == 1 and "alert" not in running[0]
    assert view.answers == answers
    assert all("alert" not in text for attributes, text in page.scripts if attributes.get("id") != "answers")
    lines = "\n".join(line for source in view.sources.values() for line in source)
    assert "<script" not in lines and "&lt;script&gt;alert(1)&lt;/script&gt;" in lines


def test_source_has_the_lines_of_the_file(tmp_path: Path) -> None:
    source = "def f():\r\n    s = '''a\r\n\x0c\u2028 <b>\r\n'''\r\n    return s\r\n\r\n"
    function = define(source)
    view = view_of(recorded(tmp_path, lambda recorder: follow(function, recorder)()))
    (lines,) = view.sources.values()
    text = load(tmp_path / "run.follow")
    assert list(text.events)
    assert len(lines) == 5 and lines[1].endswith("</span>") and "return" in lines[4]


def test_source_of_another_python_is_shown_without_loops(tmp_path: Path) -> None:
    from follow.view.source import Layout, lines_of

    layout = Layout("def f(:\n    for x in y: pass\n")
    assert layout.around(2, 4) is None and layout.outer == {} and layout.line_of("f", 2) == 2
    assert len(lines_of("def f(:\n    for <b> in y: pass\n")) == 2
    assert lines_of("<b>" * 1_000_000) == ["&lt;b&gt;" * 1_000_000]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = recorded(tmp_path, whole_program)
    assert main(["view", str(trace)]) == 0
    assert capsys.readouterr().out == f"{trace}.html\n"
    assert_same(View(Path(f"{trace}.html")), trace)
    assert main(["view", str(trace), "-o", str(tmp_path / "out.html")]) == 0
    assert (tmp_path / "out.html").read_bytes() == Path(f"{trace}.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "run.follow", "run.follow.html"]


def test_answers_that_were_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, sign in (("one", "+"), ("two", "*")):
        function = define(f"def f(n):\n    m = n {sign} 3\n    if m > 6:\n        m = 0\n    return m\n")
        recorded(tmp_path, lambda recorder, function=function: follow(function, recorder)(4), name)
    one, two, output = (str(tmp_path / name) for name in ("one", "two", "out.html"))
    assert main(["view", one, "--why", "m", "--why", "return", "--diff", two, "-o", output]) == 0
    view = View(Path(output))
    events = {event.sequence: event for event in load(one).events}
    why, returned = view.answers["why"]
    assert (why["name"], returned["name"]) == ("m", "")
    assert why["steps"][0]["text"] == "m = 0" and why["steps"][0]["sequence"] == why["sequence"]
    assert "if m > 6:" in [step["text"] for step in why["steps"]]
    for step in (*why["steps"], *returned["steps"]):  # what is outside of the recording has no event
        assert step["sequence"] is None or events[step["sequence"]].kind in ("call", "statement")
    assert returned["steps"][0]["value"] == "→ 0"
    (step, *_) = view.answers["diff"]["steps"]
    assert view.answers["diff"]["other"] == "two"
    assert (step["text"], step["value"]) == ("m = n + 3", "m = 7") and "m = n * 3" in step["other"]
    assert main(["view", one, "--why", "nothing", "-o", output]) == 2
    assert "nothing was never written" in capsys.readouterr().err
    assert main(["view", one, "--diff", str(tmp_path / "three")]) == 2
    assert "three cannot be read" in capsys.readouterr().err


def test_what_cannot_be_viewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing, other = tmp_path / "missing", tmp_path / "other"
    other.write_text("no trace")
    assert main(["view", str(missing)]) == 2
    assert capsys.readouterr().err.startswith(f"follow: {missing} cannot be read (")
    assert main(["view", str(other)]) == 1
    assert str(other) in capsys.readouterr().err
    trace = recorded(tmp_path, whole_program)
    before = trace.read_bytes()
    assert main(["view", str(trace), "-o", str(tmp_path / "nowhere" / "out.html")]) == 2
    assert "out.html cannot be written (" in capsys.readouterr().err
    assert main(["view", str(trace), "-o", str(trace)]) == 2
    assert trace.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run.follow"]


def test_a_trace_that_makes_no_sense_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = recorded(tmp_path, whole_program)

    def fail(self: object, events: object) -> None:
        raise package.TraceError("It makes no sense.")

    monkeypatch.setattr("follow.view.encode.Encoder.take", fail)
    assert main(["view", str(trace)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run.follow"]


def test_the_built_files_are_those_of_the_sources() -> None:
    sources = VIEW / "src"
    scripts = sorted(sources.glob("*.js"), key=lambda path: path.name.encode())
    digest = hashlib.sha256()
    for path in (*scripts, sources / "style.css", sources / "package.json", sources / "package-lock.json"):
        digest.update(path.read_bytes())
    assert (VIEW / "built" / "SOURCES.sha256").read_text().strip() == digest.hexdigest(), "run follow/view/build"
