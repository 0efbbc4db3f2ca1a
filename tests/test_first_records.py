"""What an import runs: statements that run a few times, modules' own statements, code put together from a cache."""

from __future__ import annotations

import argparse
import gc
import marshal
import sys
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from follow import FollowConfig, Recorder, capture, firstrecords, follow, install_import_hook
from follow.build import build_module
from follow.copies import Tagged, is_same
from follow.garbage import collected_seldom
from follow.graft import SENTINEL
from follow.linking import meanings_of, put_together, take_apart
from follow.source import Source, walk_codes
from follow.transform import rewrite_module

from .support import brief, define, outcome
from .test_hard_cases import CASES, EVERYTHING


def records_of(source: str, times: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The records of three calls, where a statement runs so often before code is compiled for its probe."""
    monkeypatch.setattr(firstrecords, "_TIMES", times)
    monkeypatch.setattr(capture, "native", None)  # the helper's probes stay
    records: list[dict[str, Any]] = []
    fields = ("kind", "line", "qualname", "depth")
    for config in (EVERYTHING, FollowConfig(fields=fields)):
        function = follow(define(source), records.append, config=config)
        for _ in range(3):
            outcome(function)
    return repr([{**record, "execution_time": isinstance(record["execution_time"], float)} for record in records])


@pytest.mark.parametrize("name", sorted(CASES))
def test_first_and_later_records_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    never, once, always = (records_of(CASES[name], times, monkeypatch) for times in (0, 1, sys.maxsize))
    if " object at 0x" not in always and "<function" not in always:
        assert always == never == once
    assert always.count("instruction") == never.count("instruction") == once.count("instruction") > 3


def test_the_compiled_probe_takes_over_and_the_clock_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firstrecords, "_TIMES", 5)
    monkeypatch.setattr(capture, "native", None)
    records: list[dict[str, Any]] = []

    def count(n: int) -> int:
        total = 0
        for i in range(n):
            total += i
        return total

    assert follow(count, records.append)(50) == 1225
    assert len(records) == 2 * 50 + 3
    assert [record["local_vars"][1]["val"] for record in records if record["instruction"] == "total += i"] == [
        sum(range(i + 1)) for i in range(50)
    ]
    assert all(0 <= record["execution_time"] < 1000 for record in records)


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a text as a module that is followed."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(text: str, follower: Any) -> Any:
        (tmp_path / "shop.py").write_text(text)
        sys.modules.pop("shop", None)
        with install_import_hook("shop", follower=follower):
            try:
                return __import__("shop")
            finally:
                sys.modules.pop("shop", None)

    return run


def test_a_module_that_holds_its_own_dict_is_recorded(imported: Any) -> None:
    recorder = Recorder()
    text = "names = ['a', 'b']\nown = globals()\npair = [own, [names]]\npair.append(pair)\nfor n in names:\n    len(n)\nnames.append(3)\n"
    assert imported(text, recorder).names == ["a", "b", 3]
    last = recorder.records()[-1]
    found = {variable["var"]: variable["val"] for variable in last["local_vars"]}
    assert last["instruction"] == "names.append(3)"
    assert found["names"] == ["a", "b", 3] and found["pair"][2] is found["pair"]


def test_what_a_module_has_not_changed_is_not_told_again(imported: Any) -> None:
    recorder = Recorder()
    text = "import json\ntable = {str(n): [n, [n]] for n in range(50)}\nclass A: pass\ndef f(): pass\n"
    imported(
        text + "\n".join(f"x{n} = len([{n}])\nprint(end='')" for n in range(20)) + "\ntable['7'][1].append(8)\n",
        recorder,
    )
    told = [sorted(event.forms) for event in recorder.events() if event.statement is not None]
    assert sum("table" in names for names in told) == 2, "when it was made, and when it was changed"
    assert sum("A" in names for names in told) == sum("f" in names for names in told) == 1
    found = {variable["var"]: variable["val"] for variable in recorder.records()[-1]["local_vars"]}
    assert found["table"]["7"] == [7, [7, 8]]


def test_forms_are_the_same_only_if_they_are_shown_the_same() -> None:
    cyclic: list[Any] = [1]
    cyclic.append(cyclic)
    other: list[Any] = [1]
    other.append(other)
    assert is_same(cyclic, other) and is_same([1, "a", (None, 2.5)], [1, "a", (None, 2.5)])
    assert is_same({"a": [1, 2]}, {"a": [1, 2]}) and is_same(Tagged(1, [b"x"]), Tagged(1, [b"x"]))
    assert is_same(Tagged(1, {1, (2, "a")}), Tagged(1, {(2, "a"), 1})) and is_same(bytearray(b"x"), bytearray(b"x"))
    for one, two in (
        ({1, 2}, {True, 2}),
        ({1}, {2}),
        (frozenset({1}), frozenset({1.0})),
        (bytearray(), bytearray(b"x")),
    ):
        assert not is_same(one, two)
    for one, two in ((1, True), (0.0, -0.0), ([1], [1.0]), ({"a": 1, "b": 2}, {"b": 2, "a": 1}), ((1,), (1, 2))):
        assert not is_same(one, two) and not is_same([one], [two])
    assert not is_same(Tagged(1, [1]), Tagged(2, [1])) and not is_same([3, 1], [4, 1])


def test_the_names_that_may_be_bound_come_in_the_order_of_the_text(imported: Any) -> None:
    records: list[dict[str, Any]] = []
    imported("if not []:\n    b = 1\nelse:\n    a = 2\nfor c in 'x':\n    d = 3\ndel b\na = 4\nb = 5\n", records.append)
    assert [list(variables) for instruction, variables in brief(records) if instruction not in ("for c in 'x':",)] == [
        *([], ["b"], ["b", "c", "d"], ["c", "d"], ["a", "c", "d"], ["b", "a", "c", "d"])
    ]


@pytest.mark.parametrize("made", [list, tuple, lambda items: dict.fromkeys(items, 1)], ids=["list", "tuple", "dict"])
def test_an_unchanged_container_is_a_copy_of_its_own_in_each_record(made: Any) -> None:
    records: list[dict[str, Any]] = []

    def run(items: Any) -> None:
        a = 1
        if type(items) is list:
            items[2] = "x"
        elif type(items) is dict:
            items["x"] = 3
        b = 2

    items = made("abcdef")
    before = made("abcdef")
    follow(run, records.append)(items)
    shown = [record["local_vars"][0]["val"] for record in records]
    assert shown[0] == shown[1] == before and shown[-1] == items and (shown[-1] != before or made is tuple)
    assert made is tuple or all(one is not two for one, two in pairwise(shown))
    if made is not tuple:
        shown[0].clear()
        assert shown[1] == before, "what a follower does to a record is in no other"


def test_an_equal_item_of_another_type_is_a_change() -> None:
    records: list[dict[str, Any]] = []

    def run(items: list[Any]) -> None:
        items[1] = True
        items[1] = 1.0
        items[1] = 1

    follow(run, records.append)([0, 1, 2, 3, 4])
    assert [repr(record["local_vars"][0]["val"][1]) for record in records] == ["True", "1.0", "1"]


@pytest.mark.parametrize("events", ["", "events", "native", "dataflow"])
def test_code_is_put_together_as_it_was(events: str) -> None:
    text = Path(argparse.__file__).read_text() + "\nTABLE = [" + ", ".join(f"{n}.5" for n in range(300)) + "]\n"
    text += "".join(f"def f{n}(): return {n}\n" for n in range(300))  # so many that their numbers are no bytes
    source = Source("argparse.py", text, 0)
    rewritten = rewrite_module(source, FollowConfig())
    code = build_module(source, rewritten, events=events)
    meanings = meanings_of(rewritten.tables, events=events)
    pieces = marshal.loads(marshal.dumps(take_apart(code, meanings)))

    def resolve(names: tuple[str, ...]) -> list[object]:
        return [1000 if name == "few_id_0" else f"<{name}>" for name in names]

    def expected(constant: object) -> object:
        if type(constant) is not str or not constant.startswith(SENTINEL):
            return constant
        meaning = meanings.get(constant.removeprefix(SENTINEL), constant.removeprefix(SENTINEL))
        return 1000 + meaning if type(meaning) is int else f"<{meaning}>"

    done = put_together(pieces, "elsewhere.py", resolve)
    there, here = list(walk_codes(done)), list(walk_codes(code))
    assert len(there) == len(here) > 400
    for new, old in zip(there, here):
        assert new.co_filename == "elsewhere.py" and new.co_code == old.co_code and new.co_name == old.co_name
        plain = [[item for item in one.co_consts if type(item) is not CodeType] for one in (new, old)]
        assert repr(plain[0]) == repr(list(map(expected, plain[1])))


def test_the_collector_is_asked_as_before_when_rewriting_is_done() -> None:
    before = gc.get_threshold()
    with collected_seldom():
        assert gc.get_threshold()[0] > before[0]
        with collected_seldom():
            pass
        assert gc.get_threshold()[0] > before[0]
    assert gc.get_threshold() == before
    try:
        with collected_seldom():
            gc.set_threshold(5, 6, 7)
        assert gc.get_threshold() == (5, 6, 7), "what the program has set stays"
        gc.set_threshold(0)
        with collected_seldom():
            assert gc.get_threshold()[0] == 0, "and so does that it wants no collector"
    finally:
        gc.set_threshold(*before)
