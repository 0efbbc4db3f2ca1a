"""Functions whose code is completed when they are first called: nothing that the program can see tells them apart."""

from __future__ import annotations

import argparse
import ast
import asyncio
import copy
import difflib
import gc
import inspect
import marshal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from follow import FollowConfig, Recorder
from follow.accelerate import native
from follow.build import build_module
from follow.decorator import new_channel
from follow.followers import as_followers
from follow.graft import SENTINEL
from follow.importhook import follow_source
from follow.linking import meanings_of, put_together, take_apart
from follow.packed import pack, unpack
from follow.quiet import compile_tree
from follow.registry import has_probes
from follow.source import Source, walk_codes
from follow.transform import rewrite_module

from .support import bear_the_interpreters_checks

if native is None:
    pytest.skip("the compiled helper is not built", allow_module_level=True)

RECORDS, EVENTS = "records", "events"

FORMS = '''
"""The module's."""
import asyncio

def plain(first, /, second=2, *rest, third=3, **more):
    """What it does."""
    text = "no name"
    numbers = (1.5, 2.5, 1 << 70, b"bytes")
    return first, second, rest, third, more, text, numbers

def same_text():
    return "no name"

def same_tuple():
    return (1.5, 2.5, 1 << 70, b"bytes"), "another text, which is met here and there"

def held(value="default text"):
    return [value, ("a tuple", ("within", "another text, which is met here and there"))]

def generates(count):
    for number in range(count):
        got = yield number, "yielded text"
        if got:
            return f"{got} was sent"

async def awaits():
    await asyncio.sleep(0)
    return "awaited text"

async def agenerates():
    for number in range(3):
        await asyncio.sleep(0)
        yield number, "a text of it"

def closes(start):
    total = start

    def add(more, unit="of a unit"):
        nonlocal total
        total += more
        return total, unit, lambda: (total, "in a lambda")

    return add

def raises(value):
    try:
        return 10 / value
    except ZeroDivisionError as error:
        raise ValueError("the text of it") from error

def recurses(depth):
    return 0 if not depth else recurses(depth - 1) + 1

class Base:
    """The class's."""

    table = {"a key": "a value"}

    def __init__(self, value):
        self.value = value
        self.__mangled = "a private text"

    def method(self):
        """The method's."""
        return __class__, self.__mangled

    @staticmethod
    def static(value="text of the static one"):
        return value

    @classmethod
    def made(cls):
        return cls("made by a class")

    @property
    def prop(self):
        return "text of the property", self.value

    class Inner:
        def deep(self):
            return "deep text"

class Derived(Base):
    def method(self):
        return super().method() + ("derived text",)

doubled = lambda value: (value * 2, "text of a lambda")
'''


def exercised(module: dict[str, Any]) -> list[object]:
    """What all of the functions give."""
    found: list[object] = [module["plain"](1), module["plain"](1, 2, 3, third=4, other=5), module["held"]()]
    generator = module["generates"](4)
    found += [next(generator), generator.send(None)]
    try:
        generator.send("text")
    except StopIteration as end:
        found.append(end.value)

    async def collected() -> list[object]:
        return [await module["awaits"](), [one async for one in module["agenerates"]()]]

    found += asyncio.run(collected())
    add = module["closes"](3)
    found += [add(4)[:2], add(5, "given")[2](), module["raises"](2), module["recurses"](20)]
    try:
        module["raises"](0)
    except ValueError as error:
        found += [str(error), type(error.__cause__).__name__]
    derived = module["Derived"].made()
    found += [derived.method()[1:], derived.static(), derived.prop, module["Base"].Inner().deep()]
    found += [module["doubled"](4), module["same_text"](), module["same_tuple"]()]
    return found


def followed(text: str, how: str, filename: str = "later.py") -> dict[str, Any]:
    follower: Any = Recorder() if how == EVENTS else (lambda record: None)
    config = FollowConfig()
    code = follow_source(text, filename, config, new_channel(config, as_followers(follower), "later"))
    namespace: dict[str, Any] = {"__name__": "later"}
    exec(code, namespace)
    return namespace


def plain(text: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "later"}
    exec(compile(text, "later.py", "exec", dont_inherit=True), namespace)
    return namespace


def functions(namespace: dict[str, Any]) -> Iterator[FunctionType]:
    for value in namespace.values():
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, type) and value.__module__ == "later":
            yield from functions(dict(vars(value)))
        elif isinstance(value, (staticmethod, classmethod)):
            yield value.__func__
        elif isinstance(value, property) and isinstance(value.fget, FunctionType):
            yield value.fget


def many_constants(value: str) -> str:
    """A function with a statement for each of 60 numbers ``n``, which gives the value of the last one."""
    lines = "".join(f"    x = {value.format(n=number)}\n" for number in range(60))
    return f"def calls(value):\n{lines}    return x\n"


def is_later(code: CodeType) -> bool:
    return any(type(constant) is native.Later for constant in code.co_consts)


each = pytest.mark.parametrize("how", [RECORDS, EVENTS])


@each
def test_functions_give_what_they_give_plain(how: str) -> None:
    module = followed(FORMS, how)
    waiting = [function for function in functions(module) if is_later(function.__code__)]
    assert len(waiting) > 15
    assert exercised(module) == exercised(plain(FORMS)) == exercised(module)
    assert not [function for function in waiting if is_later(function.__code__)]


@each
def test_nothing_but_constants_is_missing_before_the_first_call(how: str) -> None:
    module, expected = followed(FORMS, how), plain(FORMS)
    for waiting, other in zip(functions(module), functions(expected), strict=True):
        assert waiting.__doc__ == other.__doc__ and inspect.signature(waiting) == inspect.signature(other)
        for name in ("name", "argcount", "flags", "firstlineno", "freevars", "cellvars", "filename"):
            assert getattr(waiting.__code__, f"co_{name}") == getattr(other.__code__, f"co_{name}"), (waiting, name)
        assert has_probes(waiting.__code__) or not is_later(waiting.__code__)


@each
def test_constants_of_several_functions_are_one_object(how: str) -> None:
    module = followed(FORMS, how)
    text, numbers = module["plain"](1)[-2:]
    assert module["same_text"]() is text
    tuples, another = module["same_tuple"]()
    assert tuples is numbers and module["held"]()[1][1][1] is another


@each
def test_what_is_completed_later_is_what_is_completed_at_once(how: str) -> None:
    called = followed(FORMS, how)
    exercised(called)
    source = Source("later.py", FORMS, 0)
    events = "native" if how == EVENTS else ""
    rewritten = rewrite_module(source, FollowConfig())
    code = build_module(source, rewritten, events=events)
    whole = put_together(take_apart(code, filename="later.py"), "later.py", lambda names: [_nothing for _ in names])
    at_once = {(one.co_name, one.co_firstlineno): one for one in walk_codes(whole)}
    for function in functions(called):
        known = at_once[function.__code__.co_name, function.__code__.co_firstlineno]
        for one, two in zip(walk_codes(function.__code__), walk_codes(known), strict=True):
            assert (
                one.co_code == two.co_code and one.co_names == two.co_names and len(one.co_consts) == len(two.co_consts)
            )
            for here, there in zip(one.co_consts, two.co_consts):
                if there is _nothing:
                    assert here is not None
                elif type(there) is CodeType:
                    assert type(here) is CodeType
                elif not isinstance(there, str) or not there.startswith(SENTINEL):
                    assert (type(here), here) == (type(there), there)


def _nothing(*values: object) -> None:
    pass


@pytest.mark.parametrize("events", ["", "native", "native dataflow"])
@pytest.mark.parametrize("module", [argparse, difflib], ids=lambda module: module.__name__)
def test_parts_are_put_back_where_they_were(module: Any, events: str) -> None:
    """What happens where the helper cannot complete code, and of a file that was moved."""
    text = Path(module.__file__).read_text() + "TABLE = [" + ", ".join(f"{n}.5" for n in range(300)) + "]\n"
    source = Source("there.py", text, 0)
    rewritten = rewrite_module(source, FollowConfig())
    meanings = meanings_of(rewritten.tables, events=events)

    def resolve(names: tuple[str, ...]) -> list[object]:
        return [1000 if name == "few_id_0" else f"<{name}>" for name in names]

    def pieces() -> Any:
        return take_apart(build_module(source, rewritten, events=events), meanings, filename="there.py")

    expected = put_together(pieces(), "here.py", resolve)
    stored, _ = unpack(pack(pieces(), rewritten.tables), "there.py")
    assert stored.parts and len(stored.found.codes) < len(pieces()[1])
    moved = stored.code("here.py", resolve, {})
    for one, two in zip(walk_codes(moved), walk_codes(expected), strict=True):
        assert one.co_filename == "here.py" and one.co_code == two.co_code and one.co_name == two.co_name
        mine, theirs = (
            [(type(item), item) for item in code.co_consts if type(item) is not CodeType] for code in (one, two)
        )
        assert mine == theirs


@each
def test_copies_of_code_are_completed_too(how: str) -> None:
    module = followed(FORMS, how)
    original = module["held"]
    renamed = original.__code__.replace(co_name="renamed")
    extended = original.__code__.replace(co_consts=(*original.__code__.co_consts, "one more"))
    for code in (renamed, extended, copy.copy(original.__code__)):
        assert FunctionType(code, module, "again", ("other",))() == plain(FORMS)["held"]("other")
    assert original() == plain(FORMS)["held"]()


@each
def test_a_function_that_is_first_called_at_the_end_of_the_stack(how: str) -> None:
    text = """
def deeper(depth):
    try:
        return deeper(depth + 1)
    except RecursionError:
        return first_called_here(depth)

def first_called_here(depth):
    return min(depth, 50), "a text of it"
"""
    for _ in range(3):
        module = followed(text, how)
        assert module["deeper"](0) == (50, "a text of it") == module["first_called_here"](70)


@each
def test_threads_that_call_a_function_at_once(how: str) -> None:
    text = many_constants("value, 'text number {n}'")
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(40):
            shared, found = followed(text, how)["calls"], []
            barrier = threading.Barrier(4)

            def call(shared: Callable[[int], object] = shared, found: list[object] = found) -> None:
                barrier.wait()
                found.append(shared(3))

            threads = [threading.Thread(target=call) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert found == [(3, "text number 59")] * 4
    finally:
        sys.setswitchinterval(interval)


@each
def test_a_finalizer_may_call_the_function_that_is_being_completed(how: str) -> None:
    """Unpacking may wake the collector, which may run any code."""
    module = followed(many_constants("[value, 'text {n}', {{}}]"), how)
    found: list[object] = []

    class Cycle:
        def __del__(self) -> None:
            found.append(module["calls"](1))

    threshold = gc.get_threshold()
    gc.collect()
    cycle = Cycle()
    cycle.itself = cycle  # type: ignore[attr-defined]
    del cycle
    gc.set_threshold(1)
    try:
        assert module["calls"](2) == [2, "text 59", {}]
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    assert found == [[1, "text 59", {}]]


def test_only_its_own_code_can_call_it() -> None:
    code = followed(FORMS, RECORDS)["held"].__code__
    (later,) = (constant for constant in code.co_consts if type(constant) is native.Later)
    with pytest.raises(TypeError, match="order of its constants"):
        later()
    with pytest.raises(TypeError):
        type(later)()


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"nonsense",
        marshal.dumps(3),
        marshal.dumps((1, 2, 3)),
        marshal.dumps((b"\1", (1,), ("unknown",), b"", b"", b"", 0, b"", b"", b"", (), 0)),
        marshal.dumps((b"\1", (1, 2), ("known",), b"", b"", b"", 0, b"", b"", b"", (), 0)),
        marshal.dumps((b"\1", (1,), ("known",), b"\1", b"\7", b"", 0, b"", b"", b"", (), 0)),
        marshal.dumps((b"\1", (1,), ("known",), b"", b"", b"", "x", b"", b"", b"", (), 0)),
        marshal.dumps((b"\1", (1,), ("known",), b"", b"", b"", 0, b"", b"", b"", (7,), 0)),
        marshal.dumps((b"\1", (1,), ("known",), b"", b"", b"", 0, b"", b"", b"", (), 9)),
        marshal.dumps((b"\1", (1,), ("known",), b"", b"", b"", 0, b"", b"", b"", (), None)),
    ],
    ids=range(11),
)
def test_a_part_that_is_none_is_refused(part: bytes) -> None:
    tree = ast.parse("def f():\n    'text'()\n    return 3, [], 4.5\n")
    (code,) = (constant for constant in compile_tree(tree).co_consts if type(constant) is CodeType)
    places = [number for number, constant in enumerate(code.co_consts) if constant == "text"]
    code = code.replace(co_consts=tuple(None for _ in code.co_consts))
    outer = compile("3", "f.py", "exec").replace(co_consts=tuple([None] * 2))
    codes = (
        (code, places[0], 0, len(part), b"", b""),
        (outer, b"", b"", b"", 0, b"", b"\0", b"\0"),
    )
    made = native.completed(codes, [], 0, part, {"known": _nothing}, {})
    with pytest.raises((EOFError, TypeError, ValueError)):
        FunctionType(made.co_consts[0], {})()


@pytest.mark.parametrize("piece", [(0, 0, 9), (0, 5, 2), (99, 0, 0), (-1, 0, 0), (0, -1, 0), ("x", 0, 0)])
def test_a_place_that_is_none_is_refused(piece: tuple[Any, ...]) -> None:
    code = compile("3", "f.py", "exec").replace(co_consts=tuple(None for _ in "1"))
    with pytest.raises((TypeError, ValueError)):
        native.completed(((code, *piece, b"", b""),), [], 0, b"data", {}, {})


def test_many_first_calls_bear_the_interpreters_checks() -> None:
    bear_the_interpreters_checks(
        "import gc, importlib, sys, follow\n"
        "gc.set_threshold(1)\n"
        "hook = follow.install_import_hook('colorsys', 'textwrap', follower=lambda record: None,"
        " already_imported='ignore')\n"
        "for _ in range(10):\n"
        "    for name in ('colorsys', 'textwrap'):\n"
        "        sys.modules.pop(name, None)\n"
        "    import colorsys, textwrap\n"
        "    for _ in range(2):\n"
        "        colorsys.rgb_to_hls(0.1, 0.2, 0.3), colorsys.hsv_to_rgb(0.1, 0.2, 0.3)\n"
        "        textwrap.wrap('some text that is longer than twenty letters', 20), textwrap.dedent(' a')\n"
    )


@each
def test_code_is_found_again_where_it_was_kept(how: str) -> None:
    module = followed(FORMS, how)
    codes = [function.__code__ for function in functions(module) if is_later(function.__code__)]
    kept, hashes = {code: number for number, code in enumerate(codes)}, list(map(hash, codes))
    copies = [code.replace(co_name="other") for code in codes]
    exercised(module)
    assert not any(map(is_later, codes))
    assert [kept[code] for code in codes] == list(range(len(codes))) and list(map(hash, codes)) == hashes
    assert all(isinstance(code.co_consts, tuple) and code != copied for code, copied in zip(codes, copies))


@each
def test_what_is_one_object_stays_one(how: str) -> None:
    values = [
        "-100",
        "-5",
        "256",
        "257",
        "'→'",
        "'é'",
        "'a text'",
        "b'x'",
        "b'xy'",
        "-0.0",
        "1j",
        "('→', -100)",
        "2**70",
    ]
    text = "".join(f"def a{n}(): return {value}\ndef b{n}(): return {value}\n" for n, value in enumerate(values))

    def which(module: dict[str, Any]) -> list[bool]:
        return [module[f"a{number}"]() is module[f"b{number}"]() for number in range(len(values))]

    assert which(followed(text, how)) == which(plain(text))
    assert sum(which(plain(text))) > 10


@each
def test_a_tracer_may_call_the_function_and_a_copy_between_any_two_instructions(how: str) -> None:
    for moment in range(1, 12):
        module = followed(FORMS, how)
        code = module["held"].__code__
        other = FunctionType(code.replace(co_consts=(*code.co_consts, "more")), module, "held", (1,))
        count = 0

        def tracer(frame: Any, event: str, argument: object) -> Any:
            nonlocal count
            frame.f_trace_opcodes = True
            count += event == "opcode" and frame.f_code is code
            if count == moment:
                count += 1
                sys.settrace(None)
                module["held"](9), other(9)
                sys.settrace(tracer)
            return tracer

        sys._getframe().f_trace_opcodes = True  # 3.12 looks at this when tracing begins
        sys.settrace(tracer)
        try:
            found = module["held"](1)
        finally:
            sys.settrace(None)
        assert found == plain(FORMS)["held"](1) and count > moment


def test_only_its_own_code_can_call_it_afterwards_too() -> None:
    function = followed(FORMS, RECORDS)["held"]
    (later,) = (constant for constant in function.__code__.co_consts if type(constant) is native.Later)
    function()
    with pytest.raises(TypeError):
        later()
