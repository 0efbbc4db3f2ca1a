"""The viewer in a real Chromium: traces of other kinds.

Run with ``python -m pytest -m browser`` after ``pip install '.[test,browser]'``; Chromium is ``$FOLLOW_CHROMIUM``, or the
first of ``chromium-headless-shell`` and ``chromium`` on the PATH. Without one these tests fail.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, Recorder, follow

from .support import define, outcome
from .viewtab import Tab, view_in

pytestmark = pytest.mark.browser


def test_not_recorded_is_not_the_same_as_not_bound(browser: Any, tmp_path: Path) -> None:
    function = define("def f(n):\n    for i in range(2):\n        print(i)\n    j = n\n    if n:\n        k = ''\n")
    config = FollowConfig(follow_for_loops=False)
    tab = view_in(browser, tmp_path, lambda recorder: follow(function, recorder, config=config)(1))
    tab.press("ArrowRight")
    assert tab.rows("variables") == ["n int 1", "j int not bound → 1", "k not bound", "i not recorded"]
    tab.press("End")
    assert tab.rows("variables") == ["n int 1", "j int 1", "k str not bound → ''", "i not recorded"]
    tab.close()


def test_a_call_whose_begin_is_lost(browser: Any, tmp_path: Path) -> None:
    function = define("def f(n):\n    for i in range(n):\n        j = i\n    return 1 // 0\n")
    tab = view_in(
        browser,
        tmp_path,
        lambda recorder: outcome(follow(function, recorder), 20),
        ring=6,
        on_exception="dump",
    )
    assert "n not recorded" in tab.rows("variables")
    assert "begin not recorded" in tab.text("#calls")
    tab.close()


def test_why_and_diff_are_not_computed(tab: Tab) -> None:
    for key, told in (("w", "follow view run.follow --why @1"), ("d", "follow view run.follow --diff OTHER")):
        tab.press(key)
        tab.eventually(lambda told=told: told in tab.text(".panel .body"))


def test_why_and_diff_that_were_computed(browser: Any, tmp_path: Path) -> None:
    function = define("def f(n):\n    m = n + 1\n    return m\n")
    answers = {
        "why": [
            {
                "sequence": 2,
                "name": "m",
                "steps": [
                    {"sequence": 2, "place": "t.py:2", "text": "m = n + 1", "value": "m = 2", "certainty": "exact"},
                    {"sequence": 1, "place": "t.py:1", "text": "def f(n):", "value": "n = 1", "certainty": "may"},
                ],
            }
        ],
        "diff": {
            "other": "good.follow",
            "summary": "The runs part at <2>",
            "steps": [{"sequence": 2, "text": "m = n + 1", "value": "m = 2", "other": "m = 3"}],
        },
    }
    tab = view_in(browser, tmp_path, lambda recorder: follow(function, recorder)(1), answers)
    tab.press("End", "w")
    tab.focused("why-all")
    assert tab.rows("why-all") == ["2 m"]
    tab.press("Home", "Enter")
    tab.eventually(lambda: len(tab.rows("why")) == 2)
    assert tab.rows("why") == ["2 t.py:2 m = n + 1 m = 2 exact", "1 t.py:1 def f(n): n = 1 may"]
    tab.page.locator("#why .row").nth(1).click()
    assert tab.position == 0
    tab.press("Escape", "d")
    tab.focused("diff")
    assert "The runs part at <2>" in tab.text(".panel .body")
    assert "m = 3" in tab.rows("diff")[0]
    tab.press("Home", "Enter")
    assert tab.position == 1
    tab.close()


def test_an_empty_recording_says_so(browser: Any, tmp_path: Path) -> None:
    tab = view_in(browser, tmp_path, lambda recorder: None)
    assert tab.text("#app") == "This recording holds no events."
    tab.press("ArrowRight", "n", "/")
    tab.close()


def test_many_calls_and_iterations_stay_a_few_rows(browser: Any, tmp_path: Path) -> None:
    inner = define("def g(n):\n    return n\n", "g")
    outer = define("def f(n):\n    for i in range(n):\n        g(i)\n")

    def run(recorder: Recorder) -> None:
        outer.__globals__["g"] = follow(inner, recorder)
        follow(outer, recorder)(5_000)

    tab = view_in(browser, tmp_path, run)
    for key, name in (("t", "calls"), ("p", "iterations")):
        tab.press("Escape", key)
        tab.eventually(lambda name=name: tab.rows(name))
        tab.press("Escape", "End")
        assert len(tab.rows(name)) < 60
    tab.jump(tab.page.evaluate("followView.store.value.count >> 1"))
    tab.press("t")
    assert tab.page.locator("#calls .row.current").count() == 1
    assert tab.page.locator("*").count() < 1_500
    tab.close()


def test_deep_recursion_stays_in_sight(browser: Any, tmp_path: Path) -> None:
    function = define("def f(n):\n    return f(n - 1) + 1 if n else 0\n")

    def run(recorder: Recorder) -> None:
        function.__globals__["f"] = followed = follow(function, recorder)
        followed(200)

    tab = view_in(browser, tmp_path, run)
    tab.jump(200)
    assert tab.text("#calls .row.current").startswith("200 f (n=0)")
    name, side = tab.page.locator("#calls .row.current b"), tab.page.locator("#calls")
    assert name.bounding_box()["x"] + 20 < side.bounding_box()["x"] + side.bounding_box()["width"]
    assert "196 calls" in tab.text("nav.path")
    tab.close()


def test_records_of_other_followers_are_shown(browser: Any, tmp_path: Path) -> None:
    function = define("def f(n):\n    m = [n]\n    return 1 // n\n")
    seen: list[object] = []
    tab = view_in(browser, tmp_path, lambda recorder: outcome(follow(function, [recorder, seen.append]), 0))
    assert tab.text("footer code") == "m = [n]" and tab.rows("variables") == [
        "n int not bound → 0",
        "m list not bound → [0]",
    ]
    assert tab.text(".source header").startswith("source not recorded")
    tab.press("ArrowRight", "n", "N", "p", "Escape", "]", "v", "V", "t", "Escape", "End")
    assert "ZeroDivisionError" in tab.text(".variables .told.raised")
    tab.close()


def test_without_a_source_its_statements_are_shown(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("follow.trace.reader.Trace.sources", property(lambda trace: {}))
    function = define("def f(n):\n    m = [n]\n\n    return m\n")
    tab = view_in(browser, tmp_path, lambda recorder: follow(function, recorder)(1))
    assert "is not recorded; these are its statements" in tab.text(".source header")
    tab.press("End")
    assert [row for row in tab.rows("source") if "=" in row] == ["1 1 n = 1", "1 2 m = [n] m = [1]"]
    assert tab.page.locator("#source .row.here").get_attribute("data-row") == "3"
    tab.close()
