"""The viewer in a real Chromium: where each key leads.

Run with ``python -m pytest -m browser`` after ``pip install '.[test,browser]'``; Chromium is ``$FOLLOW_CHROMIUM``, or the
first of ``chromium-headless-shell`` and ``chromium`` on the PATH. Without one these tests fail.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from .viewfile import View
from .viewtab import Tab, at

pytestmark = pytest.mark.browser

PRESS = """key => {
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    return followView.position.value;
}"""


FROM_EVERYWHERE = """key => Array.from({length: followView.store.value.count}, (_, at) => {
    followView.position.value = at;
    document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
    return followView.position.value;
})"""


class Expected:
    """Where each key must lead, found by looking through all events."""

    def __init__(self, view: View) -> None:
        self.all = view.happenings()
        self.callers = view.callers()
        self.calls = [one.call for one in self.all]

    def first(self, wanted: Callable[[int], bool], after: int) -> int:
        return next((i for i in range(after + 1, len(self.all)) if wanted(i)), -1)

    def last(self, wanted: Callable[[int], bool], before: int) -> int:
        return next((i for i in range(before - 1, -1, -1) if wanted(i)), -1)

    def out(self, i: int, search: Callable[[Callable[[int], bool], int], int]) -> int:
        caller = self.callers[self.calls[i]]
        while caller is not None:
            found = search(lambda j: self.calls[j] == caller, i)
            if found >= 0:
                return found
            caller = self.callers[caller]
        return -1

    def over(self, i: int) -> int:
        found = self.first(lambda j: self.calls[j] == self.calls[i], i)
        return self.out(i, self.first) if found < 0 else found

    def over_back(self, i: int) -> int:
        found = self.last(lambda j: self.calls[j] == self.calls[i], i)
        return self.out(i, self.last) if found < 0 else found

    def enters(self, j: int, i: int) -> bool:
        return self.all[j].kind == "call" and self.callers[self.calls[j]] == self.calls[i]

    def into(self, i: int) -> int:
        entered = self.first(lambda j: self.enters(j, i), i)
        own = self.first(lambda j: self.calls[j] == self.calls[i], i)
        return entered if entered >= 0 and (own < 0 or entered < own) else self.over(i)

    def into_back(self, i: int) -> int:
        entered = self.last(lambda j: self.enters(j, i), i)
        own = self.last(lambda j: self.calls[j] == self.calls[i], i)
        if entered <= own:
            return self.over_back(i)
        return self.last(lambda j: self.calls[j] == self.calls[entered], len(self.all))

    def same_line(self, i: int) -> Callable[[int], bool]:
        return lambda j: self.all[j].line == self.all[i].line and self.all[j].kind != "call"

    def raising(self, j: int) -> bool:
        return self.all[j].exception is not None

    def of(self, key: str, i: int) -> int:
        found = {
            "ArrowRight": lambda: self.first(lambda j: True, i),
            "ArrowLeft": lambda: self.last(lambda j: True, i),
            "ArrowDown": lambda: self.over(i),
            "ArrowUp": lambda: self.over_back(i),
            "i": lambda: self.into(i),
            "I": lambda: self.into_back(i),
            "o": lambda: self.out(i, self.first),
            "O": lambda: self.out(i, self.last),
            "n": lambda: self.first(self.same_line(i), i),
            "N": lambda: self.last(self.same_line(i), i),
            "e": lambda: self.first(self.raising, i),
            "E": lambda: self.last(self.raising, i),
            "Home": lambda: 0,
            "End": lambda: len(self.all) - 1,
        }[key]()
        return i if found < 0 else found


KEYS = ("ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp", "i", "I", "o", "O", "n", "N", "e", "E", "Home", "End")


@pytest.mark.parametrize("key", KEYS)
def test_where_each_key_leads_from_everywhere(tab: Tab, program: View, key: str) -> None:
    expected = Expected(program)
    found = tab.page.evaluate(FROM_EVERYWHERE, key)
    wanted = [expected.of(key, i) for i in range(len(expected.all))]
    assert found == wanted
    assert sum(to != i for i, to in enumerate(found)) > 10


def test_changes_of_a_variable(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    start = at(happenings, "rows = []")
    call = happenings[start].call
    own = [i for i, one in enumerate(happenings) if one.call == call]
    values = [happenings[i].variables.get("row") for i in own]
    changes = [i for i, (before, now) in zip(own[1:], pairwise(values)) if before != now]
    assert len(changes) > 8
    tab.jump(start)
    tab.page.evaluate("followView.variable.value = 'row'")
    for change in changes:
        assert tab.page.evaluate(PRESS, "v") == change
    assert tab.page.evaluate(PRESS, "v") == changes[-1]
    assert "no later change of row" in tab.text("footer .notice")
    for change in changes[-2::-1]:
        assert tab.page.evaluate(PRESS, "V") == change


def test_what_is_shown_after_each_step(tab: Tab, program: View) -> None:
    happenings = program.happenings()
    start = at(happenings, "rows = []")
    tab.jump(start - 1)
    for i in range(start, start + 12):
        tab.press("ArrowRight")
        told = happenings[i]
        assert tab.position == i
        assert tab.text("#position").startswith(f"{told.sequence} of {len(happenings)} ·")
        assert tab.page.locator("#source .row.here").first.get_attribute("data-row") == str(told.line - 1)
        assert tab.text("footer code") == told.instruction
        shown = {row.split()[0]: row for row in tab.rows("variables")}
        for name, (kind, value) in told.variables.items():
            assert shown[name].startswith(f"{name} {kind}") and shown[name].endswith(value)
        for name in set(shown) - set(told.variables):
            assert shown[name] == f"{name} not bound"


def test_the_hash_has_the_position(tab: Tab, program: View) -> None:
    tab.press("ArrowRight", "ArrowRight", "]", "x")
    sequence = program.happenings()[2].sequence
    tab.eventually(lambda: tab.page.evaluate("location.hash").startswith(f"#e={sequence}&"))
    tab.eventually(lambda: tab.page.evaluate("location.hash").endswith("&t=exceptions"))
    tab.page.evaluate("location.hash = '#e=9&v=n&t=calls'")
    tab.eventually(lambda: tab.position == 8)
    assert tab.page.evaluate("[followView.variable.value, followView.tab.value].join()") == "n,calls"


def test_a_link_opens_at_its_position(browser: Any, program: View) -> None:
    tab = Tab(browser, program.path, "#e=12&v=n&t=loops")
    assert tab.position == 11
    assert tab.page.locator("[role=tab][aria-selected=true]").inner_text() == "Iterations"
    tab.press("g")
    tab.focused("goto")
    tab.page.keyboard.type("E000020")
    tab.press("Enter")
    assert tab.position == 19
    tab.close()
