"""What the compiled helper does while followed modules are imported: the same as the Python code."""

from __future__ import annotations

import argparse
import gc
import sys
from collections import OrderedDict, defaultdict, deque
from enum import Enum
from pathlib import Path
from types import CellType

import pytest

from follow import FollowConfig, accelerate, capture, linking
from follow.bounded import Shortened
from follow.capture import Capture
from follow.graft import SENTINEL
from follow.linking import put_together, take_apart
from follow.source import walk_codes

from .support import bear_the_interpreters_checks

native = accelerate.native
built = pytest.mark.skipif(native is None, reason="the compiled helper is not here")


class Meta(type):
    def __getattribute__(cls, name):
        raise AssertionError("the program's code must not run")


class Odd(metaclass=Meta):
    pass


class Colour(Enum):
    RED = 1


class Text(str):
    pass


VALUES = {
    "function": lambda: None,
    "kind": int,
    "odd": Odd,
    "of_odd": object.__new__(Odd),
    "colour": Colour,
    "red": Colour.RED,
    "module": sys,
    "builtin": len,
    "text": "short",
    "long_text": "x" * 5000,
    "of_text": Text("a"),
    "raw": b"abc" * 2000,
    "small": 3,
    "word": -(2**63),
    "large": 2**64,
    "huge": 1 << 5000,
    "truth": True,
    "nothing": None,
    "fraction": 0.1,
    "items": [1, [2, {"a": (3, [4])}]],
    "pairs": OrderedDict(a=[1]),
    "queue": deque([1]),
    "shortened": Shortened("str", 9, "abc"),
    "names": ["a", "bc", "def", "ghi"],
    "atoms": (1, None, True, 0.5, "text"),
    "table": {"a": 1, 2: "b", None: 0.5, True: False},
    "nested_tuple": (1, 2, 3, 4, [5]),
    "nested_table": {"a": 1, "b": {"c": []}, 3: 4, 5: 6},
    "long_item": ["a", "b", "c", "x" * 5000],
    "large_item": [1, 2, 3, 2**40, -(2**63), 1 << 5000],
    "edge": [1073741823, -1073741823, 1073741824, -1073741824, 0],
    "raw_items": [b"a", b"b", b"c", b"d"],
    "many": list(range(3000)),
    "many_more": dict.fromkeys(range(3000)),
    "empty": [],
    "empty_tuple": (),
    "empty_table": {},
    "default": defaultdict(list, a=[1]),
    "set": {1},
    "of_tuple": Colour.__members__.items(),
    "cycle": [1, 2, 3],
    "kinds": [int, Odd, len, sys],
    "by_kind": {int: [1], len: {"a": [2]}, sys: ({3},), None: []},
    "by_object": {object(): [1]},
    "many_by_kind": {type(str(number), (), {}): [number] for number in range(200)},
    "many_in_set": set(range(300)),
    "frozen": frozenset({(1, 2), "a"}),
    "deep": [[[[[[]]]]]],
    "long_keys": {f"{number}" + "x" * 1_500: [number] for number in range(200)},
}
VALUES["shared"] = [VALUES["items"], VALUES["items"], (VALUES["items"],), {"again": VALUES["items"]}]
VALUES["wide"] = [[number, [number]] for number in range(90)]
VALUES["cycle"].append(VALUES["cycle"])
NAMES = [*VALUES, "not there"]


@built
@pytest.mark.parametrize(
    "config",
    [
        FollowConfig(),
        FollowConfig(max_string=3, max_items=1, max_depth=1),
        FollowConfig(max_bits=63),
        FollowConfig(max_bits=64),
        FollowConfig(values="live"),
        FollowConfig(max_items=3),
        FollowConfig(max_nodes=2),
    ],
)
def test_the_entries_of_a_modules_variables(monkeypatch, config):
    helped = Capture(config).namespace(VALUES, NAMES)
    monkeypatch.setattr(capture, "native", None)
    plain = Capture(config).namespace(VALUES, NAMES)

    def seen(entries):
        return [(list(one), one["var"], type(one["val"]), one["type"]) for one in entries]

    def kept(entries):
        return [one["var"] for one in entries if one["val"] is VALUES[one["var"]]]

    assert seen(helped) == seen(plain) and len(helped) == len(VALUES)
    assert kept(helped) == kept(plain)
    copied = [name for name in VALUES if name not in kept(plain)]
    assert [repr(one["val"]) for one in helped if one["var"] in copied] == [
        repr(one["val"]) for one in plain if one["var"] in copied
    ]
    assert len(set(map(id, helped))) == len(helped), "each is a dict of its own"
    again = Capture(config).namespace(VALUES, ["names", "names"])
    assert again[0]["val"] is not again[1]["val"] or config.values == "live"


@built
def test_what_makes_an_entry_may_raise_or_change_the_module():
    class Refusing(Capture):
        def variable(self, name, value):
            VARIABLES.pop("last", None)
            if name == "bad":
                raise RuntimeError(name)
            return super().variable(name, value)

    VARIABLES = {"first": deque([1]), "last": deque([2]), "bad": deque([3])}
    assert [one["var"] for one in Refusing(FollowConfig()).namespace(VARIABLES, ["first", "last"])] == ["first"]
    with pytest.raises(RuntimeError, match="bad"):
        Refusing(FollowConfig()).namespace(VARIABLES, ["first", "bad"])
    with pytest.raises(TypeError):
        native.Entries()
    made = Capture(FollowConfig()).entries
    for wrong in ((), ({}, ()), ([], []), ({}, [], None)):
        with pytest.raises(TypeError):
            made.of_module(*wrong)
    state = [0.0, None, (CellType(1),), None, None, None, "slot"]
    for shown in (
        (("a", "value", 1),),
        (("a", "slot", 1),),
        (("a", "cell", 1),),
        (("a", "value", None),),
        (("a",),),
        ("a", "b"),
        (1,),
    ):
        with pytest.raises(TypeError):
            made.of_call(shown, state, (1,))
    for wrong in ((), ([], state, ()), ((), (), ()), ((), state, 1)):
        with pytest.raises(TypeError):
            made.of_call(*wrong)
    for wrong in ((), ("a",), ("a", 1, 2)):
        with pytest.raises(TypeError):
            made.one(*wrong)


GAP = SENTINEL.encode("unicode_escape").decode()
SOURCE = f"""
def f(a):
    'text'
    return ['{GAP}probes', a, '{GAP}other']
def g(a):
    return ['{GAP}probes', a, '{GAP}other']
class C:
    x = '{GAP}other'
"""


def pieces_of_code():
    return take_apart(compile(SOURCE, "gaps.py", "exec"))


@built
def test_code_is_completed_in_place(monkeypatch):
    things = {"probes": ["probes"], "other": {"other": 1}}

    def resolve(asked):
        return [things[name] for name in asked]

    def what_it_gives(code):
        namespace: dict[str, object] = {}
        exec(code, namespace)
        return [*namespace["f"](1), *namespace["g"](2), namespace["C"].x]

    pieces = pieces_of_code()
    helped = put_together(pieces, "gaps.py", resolve)
    assert helped is pieces[1][-1][0], "no copy"
    with pytest.raises(ValueError, match="no gap"):
        native.completed(pieces[1], [[], {}], 0, b"", {}, {})
    monkeypatch.setattr(linking, "native", None)
    plain = put_together(pieces_of_code(), "gaps.py", resolve)
    given = what_it_gives(helped)
    assert given == what_it_gives(plain) == [["probes"], 1, {"other": 1}, ["probes"], 2, {"other": 1}, {"other": 1}]
    assert given[0] is given[3] is things["probes"] and given[2] is given[6] is things["other"]
    assert put_together(pieces_of_code(), "moved.py", resolve).co_filename == "moved.py"


@built
def test_what_completes_code_is_let_go_with_it():
    class Thing:
        pass

    def alive():
        gc.collect()
        return sum(type(one) is Thing for one in gc.get_objects())

    before = alive()
    made = put_together(pieces_of_code(), "gaps.py", lambda asked: [Thing() for _ in asked])
    assert alive() > before
    del made
    assert alive() == before


@built
@pytest.mark.parametrize(
    "codes",
    [
        (),
        (1,),
        ((1, b"", b"", b"", 0, b"", b"", b""),),
        ((compile("1", "", "exec"), b"\0\1\2", b"\0", b"", 0, b"", b"", b""),),
        ((compile("1", "", "exec"), b"\x63", b"\0", b"", 0, b"", b"", b""),),
        ((compile("None", "", "exec"), b"", b"", b"", "x", b"", b"", b""),),
        ((compile("None", "", "exec"), [], [], b"", 0, b"", b"", b""),),
        ((compile("None", "", "exec"), b"", b"", b"", 0, b"", b"\0", b"\7"),),
    ],
)
def test_what_is_no_code_in_pieces_is_refused(codes):
    with pytest.raises((TypeError, ValueError)):
        native.completed(codes, [1], 0, b"", {}, {})


@built
def test_many_imports_bear_the_interpreters_checks():
    bear_the_interpreters_checks(
        "import gc, importlib, sys, follow\n"
        "gc.set_threshold(1)\n"
        "hook = follow.install_import_hook('colorsys', 'string', 'textwrap', follower=lambda record: None,"
        " already_imported='ignore')\n"
        "for _ in range(20):\n"
        "    for name in ('colorsys', 'string', 'textwrap'):\n"
        "        sys.modules.pop(name, None)\n"
        "        importlib.import_module(name)\n"
    )


@built
def test_where_an_instruction_stands():
    text = Path(argparse.__file__).read_text()
    for code in walk_codes(compile(text, "argparse.py", "exec")):
        known = [None] * len(code.co_code)
        if sys.version_info >= (3, 11):
            known[::2] = (
                None if None in found else (found[0], found[2], found[1], found[3]) for found in code.co_positions()
            )
        assert [native.position(code, offset) for offset in range(0, len(code.co_code), 2)] == known[::2]
