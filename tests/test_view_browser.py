"""The viewer in a real Chromium: what is shown.

Run with ``python -m pytest -m browser`` after ``pip install '.[test,browser]'``; Chromium is ``$FOLLOW_CHROMIUM``, or the
first of ``chromium-headless-shell`` and ``chromium`` on the PATH. Without one these tests fail.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from .viewfile import View
from .viewtab import Tab, at

pytestmark = pytest.mark.browser


def test_source_has_hits_and_values(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    tab.jump(at(happenings, "rows = []"))
    tab.eventually(lambda: tab.rows("source"))
    tab.jump(at(happenings, "row.append(i * j)", 1))
    rows = {re.sub(r"^[\d,·]+ (\d+).*", r"\1", row): row for row in tab.rows("source")}
    line = next(one.line for one in happenings if one.instruction == "row.append(i * j)")
    hits = sum(one.line == line for one in happenings)
    value = happenings[tab.position].variables["row"][1]
    assert rows[str(line)] == f"{hits} {line} ▶ row.append(i * j) row = {value}"
    source = tab.page.locator("#source .row", has_text="def table(n):")
    assert "n = 4" in source.inner_text()
    never = tab.page.locator("#source .row", has_text="continue").locator(".hits")
    assert never.inner_text() == "0" and never.get_attribute("title") == "not executed"
    tab.jump(at(happenings, "if n < 2:"))
    comment = tab.page.locator("#source .row", has_text="import threading").locator(".hits")
    assert comment.inner_text() == "·" and comment.get_attribute("title").startswith("not recorded")


def test_click_on_a_line_goes_to_its_next_run(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    tab.jump(at(happenings, "rows = []"))
    tab.page.locator("#source .row", has_text="row.append(i * j)").click()
    assert tab.position == at(happenings, "row.append(i * j)")
    tab.press("ArrowRight")  # the keys step on after a click
    assert tab.position == at(happenings, "row.append(i * j)") + 1


def test_inspector_has_old_and_new(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    tab.jump(at(happenings, "rows.append(row)", 1))
    tab.press("]", "]")
    assert tab.page.evaluate("followView.variable.value") == "rows"
    now = happenings[tab.position].variables["rows"][1]
    before = happenings[at(happenings, "rows.append(row)")].variables["rows"][1]
    assert tab.text("#inspected") == f"old {before} new {now}"
    assert tab.page.locator("#inspected .after mark").inner_text() == now.removeprefix(before[:-1]).removesuffix("]")
    history = tab.rows("history")
    assert len(history) >= 3 and history[0].endswith("[]")
    tab.page.locator("#history .row").first.click()
    assert tab.position == at(happenings, "rows = []")
    tab.press("[")
    assert tab.page.evaluate("followView.variable.value") == "n"


def test_iterations_are_picked_and_searched(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    tab.jump(at(happenings, "row.append(i * j)", 3))
    tab.press("p")
    tab.focused("filter")
    levels = [re.sub(r"\s+", " ", text) for text in tab.page.locator(".levels button").all_inner_texts()]
    assert levels == ["for i in range(n): 2 of 4", "for j in range(n): 3 of 4"]
    assert tab.rows("iterations") == ["#1 j = 0", "#2 j = 1", "#3 j = 2", "#4 j = 3"]
    tab.press("Escape", "{")
    assert tab.rows("iterations") == ["#1 i = 0", "#2 i = 1", "#3 i = 2", "#4 i = 3"]
    tab.page.locator("#filter").fill("i = 2")
    tab.eventually(lambda: tab.rows("iterations") == ["#3 i = 2"])
    tab.press("Enter")
    tab.eventually(lambda: happenings[tab.position].instruction == "for i in range(n):")
    told = happenings[tab.position]
    assert told.function == "table" and told.variables["i"] == ("int", "2")


def test_iterations_of_a_while_loop_tell_its_condition(tab: Tab, program: View) -> None:
    tab.jump(at(program.happenings(), "k += 1", 1))
    tab.press("p")
    tab.eventually(lambda: tab.rows("iterations"))
    assert tab.rows("iterations") == ["#1 k = 0", "#2 k = 1", "#3 k = 2"]


def test_call_tree_opens_around_the_position(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    position = next(i for i, one in enumerate(happenings) if one.function == "fib" and one.variables["n"][1] == "2")
    tab.jump(position)
    tab.press("t")
    tab.focused("calls")
    current = tab.page.locator("#calls .row.current").inner_text()
    assert re.sub(r"\s+", "", current).startswith("▸fib(n=2)→1")
    rows = tab.rows("calls")
    assert [re.sub(r"^\W+|\).*", "", row) for row in rows[:5]] == [
        "f (",
        "fib (n=4",
        "fib (n=3",
        "fib (n=2",
        "fib (n=1",
    ]
    tab.press("ArrowRight")
    tab.eventually(lambda: tab.rows("calls")[3].startswith("▾ fib (n=2)"))
    assert [row[:9] for row in tab.rows("calls")[4:6]] == ["fib (n=1)", "fib (n=0)"]
    tab.press("ArrowDown", "Enter")
    assert happenings[tab.position].kind == "call" and happenings[tab.position].variables["n"] == ("int", "1")
    tab.press("End")
    tab.eventually(lambda: tab.rows("calls")[-1].startswith("▸ work ()"))  # of a thread, which has no caller


def test_search_finds_functions_statements_and_values(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    tab.press("/")
    tab.focused("query")
    tab.page.keyboard.type("table")
    tab.press("Enter")
    tab.eventually(lambda: happenings[tab.position].function == "table")
    assert happenings[tab.position].kind == "call"
    assert tab.rows("results")[0].startswith("function table")
    tab.press("/")
    tab.page.locator("#query").fill("row=[0, 2")
    count = sum(
        one.variables.get("row", ("", ""))[1].startswith("[0, 2") and one.instruction.startswith("row.append")
        for one in happenings
    )
    tab.eventually(lambda: tab.text(".total") == f"{count} found")
    rows = tab.rows("results")
    assert rows and all(re.fullmatch(r"\d+ :\d+ row = \[0, 2.*\]", row) for row in rows)
    tab.page.locator("#results .row").first.click()
    assert happenings[tab.position].variables["row"] == ("list", "[0, 2]")
    tab.page.locator("#query").fill("nothing of the kind")
    tab.eventually(lambda: tab.text(".total") == "0 found")
    tab.press("Escape", "ArrowRight")
    assert tab.position > 0


def test_exceptions_are_listed(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    raising = [one for one in happenings if one.exception]
    tab.press("x")
    tab.focused("exceptions")
    assert len(tab.rows("exceptions")) == len(raising)
    for row, one in zip(tab.rows("exceptions"), raising):
        assert row.startswith(f"{one.sequence} {one.function}") and row.endswith(one.exception)
    tab.press("Home", "ArrowDown", "Enter")
    assert happenings[tab.position] == raising[1]
    assert tab.page.locator("#source .row.raising").count() == 1
    assert raising[1].exception in tab.text(".variables .told.raised")


def test_slider_goes_where_it_is_pressed(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    box = tab.page.locator("#slider").bounding_box()
    tab.press("m")
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    assert abs(tab.position - len(happenings) / 2) < 2
    tab.press("m")
    tab.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    middle = (happenings[0].time + happenings[-1].time) / 2
    assert abs(happenings[tab.position].time - middle) <= max(
        later.time - earlier.time for earlier, later in pairwise(happenings)
    )
    drawn = tab.page.evaluate(
        "Array.from(document.querySelector('canvas').getContext('2d').getImageData(0, 0, 1300, 46).data).some(Boolean)"
    )
    assert drawn


def test_values_and_source_are_no_markup(tab: Tab, program: View) -> None:
    tab.jump(at(program.happenings(), "raise ValueError(text) from error"))
    tab.eventually(lambda: tab.rows("source"))
    assert "<b>&amp;</b></script><script>alert(2)</script>" in tab.text("#variables")
    assert tab.page.locator("#app script").count() == 0
    assert "<script>alert(1)</script><!--" in tab.text("#source")


def test_light_and_dark(browser: Any, program: View) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 28)"
    for scheme, own in (("light", light), ("dark", dark)):
        tab = Tab(browser, program.path, color_scheme=scheme)
        assert tab.page.evaluate(ground) == own
        found = []
        for _ in range(3):
            tab.press("l")
            found.append(tab.page.evaluate(ground))
        assert found == [light, dark, own]
        tab.close()


def test_help_lists_every_key(tab: Tab) -> None:
    tab.press("?")
    assert tab.page.locator("#help dt").count() == 33
    tab.press("Escape")
    assert tab.page.locator("#help").count() == 0
