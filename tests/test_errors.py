"""Bad input gets a sentence that names the function or file, what is wrong and what to do."""

from __future__ import annotations

import json
import linecache
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
from libcst import ParserSyntaxError

from follow import FollowConfig, FollowError, FollowerWarning, SourceUnavailable, TransformError, follow

from .support import define


def discard(record: object) -> None:
    pass


def sentence(error: BaseException) -> str:
    text = str(error)
    assert text[0].isupper() or "cannot be followed" in text or "must be" in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize(
    "function", [len, json.scanner.c_make_scanner if json.scanner.c_make_scanner else len, "".join, dict.get]
)
def test_built_in_functions(function: Any) -> None:
    with pytest.raises(FollowError) as caught:
        follow(function)
    assert "cannot be followed" in sentence(caught.value)


def test_a_function_without_source() -> None:
    for text in ("lambda x: x", "lambda: 0"):
        # From 3.13 on "<string>" has a source where Python was started with -c, as xdist's workers are.
        function = eval(compile(text, "<made by a test>", "eval"))
        with pytest.raises(SourceUnavailable) as caught:
            follow(function)
        assert "no source" in sentence(caught.value) and "<lambda>" in str(caught.value)


def test_a_file_that_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "changing.py"
    path.write_text("def f():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    import changing  # type: ignore[import-not-found]

    path.write_text("# a new first line\ndef f():\n    return 1\n")
    linecache.clearcache()
    with pytest.raises(SourceUnavailable) as caught:
        follow(changing.f)
    assert "changed" in sentence(caught.value) and "changing.f" in str(caught.value)
    path.write_text("def f(:\n")
    linecache.clearcache()
    with pytest.raises(SourceUnavailable):
        follow(changing.f)


def test_two_lambdas_on_one_line() -> None:
    pair = define("pair = (lambda n=1: n), (lambda n=2: n)\n", "pair")
    if sys.version_info >= (3, 11):  # told apart by their columns
        assert follow(pair[1], discard)() == 2
        return
    with pytest.raises(FollowError) as caught:
        follow(pair[1], discard)
    assert "told apart" in sentence(caught.value)


def test_what_is_not_a_function() -> None:
    for thing in (3, "f"):
        with pytest.raises(TypeError) as caught:
            follow(thing)  # type: ignore[call-overload]
        assert repr(thing) in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "field"),
    [
        ({"follow_return": 1}, TypeError, "follow_return"),
        ({"follow_prints": None}, TypeError, "follow_prints"),
        ({"values": "deep"}, ValueError, "values"),
        ({"on_follower_error": "ignore"}, ValueError, "on_follower_error"),
        ({"max_depth": 0}, ValueError, "max_depth"),
        ({"max_items": "10"}, TypeError, "max_items"),
        ({"fields": "kind"}, TypeError, "fields"),
        ({"fields": ("colour",)}, ValueError, "colour"),
    ],
)
def test_wrong_configuration(arguments: dict[str, Any], error: type[Exception], field: str) -> None:
    with pytest.raises(error) as caught:
        FollowConfig(**arguments)
    assert field in sentence(caught.value)


def test_followers_and_configurations_of_the_wrong_type() -> None:
    function = define("def f():\n    pass\n")
    for follower in (3, b"file", [], [print, 3]):
        with pytest.raises(TypeError) as caught:
            follow(function, follower)
        assert "follower" in sentence(caught.value)
    with pytest.raises(TypeError):
        follow(config=3)  # type: ignore[arg-type, call-overload]
    with pytest.raises(TypeError):
        follow(FollowConfig(), config=FollowConfig())


@pytest.mark.dicts
def test_a_follower_that_raises_is_switched_off_with_one_warning() -> None:
    calls = []

    def bad(record: object) -> None:
        calls.append(record)
        raise LookupError("no room")

    function = follow(define("def f():\n    a = 1\n    b = 2\n    return b\n"), bad)
    with pytest.warns(FollowerWarning) as caught:
        assert function() == 2
        assert function() == 2
    assert len(calls) == 1 and len(caught) == 1
    assert "no room" in sentence(caught[0].message) and "bad" in str(caught[0].message)  # type: ignore[arg-type]


def test_one_bad_follower_does_not_silence_the_others() -> None:
    records: list[object] = []

    def bad(record: object) -> None:
        raise LookupError("no room")

    function = follow(define("def f():\n    a = 1\n    b = 2\n"), [bad, records.append])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    assert len(records) == 2 and len(caught) == 1


def test_a_followers_exception_is_let_through_when_asked() -> None:
    def bad(record: object) -> None:
        raise LookupError("no room")

    function = follow(define("def f():\n    a = 1\n"), bad, config=FollowConfig(on_follower_error="raise"))
    with pytest.raises(LookupError, match="no room"):
        function()


@pytest.mark.dicts
def test_warnings_as_errors_do_not_reach_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    def bad(record: object) -> None:
        raise LookupError("no room")

    function = follow(define("def f():\n    a = 1\n    return a\n"), bad)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert function() == 1
    assert "no room" in capsys.readouterr().err


@pytest.mark.dicts
def test_keyboard_interrupt_in_a_follower_passes() -> None:
    def bad(record: object) -> None:
        raise KeyboardInterrupt

    function = follow(define("def f():\n    a = 1\n    return a\n"), bad)
    with pytest.raises(KeyboardInterrupt):
        function()
    with pytest.raises(KeyboardInterrupt):  # and the next call makes records again
        function()


def test_source_that_libcst_cannot_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> object:
        raise ParserSyntaxError("no", lines=text.split("\n"), raw_line=1, raw_column=0)

    monkeypatch.setattr("libcst.parse_module", refuse)
    function = define("def f(x):\n    return x\n")
    with pytest.raises(TransformError) as caught:
        follow(function)
    assert "libcst" in sentence(caught.value)


def test_source_nested_deeply() -> None:
    records: list[dict[str, Any]] = []
    levels = 500 if sys.version_info[:2] == (3, 12) else 900  # 3.12 has a limit for C that cannot be raised
    function = define(f"def f(n):\n    return {' + '.join(['n'] * levels)}\n")
    limit, size = sys.getrecursionlimit(), threading.stack_size()
    assert follow(function, records.append)(1) == levels and len(records) == 1
    assert (sys.getrecursionlimit(), threading.stack_size()) == (limit, size)


def test_source_nested_too_deeply(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> object:
        raise RecursionError

    monkeypatch.setattr("libcst.parse_module", refuse)
    function = define("def f(x):\n    return x\n")
    with pytest.raises(TransformError) as caught:
        follow(function)
    assert function(1) == 1 and "f cannot be followed" in sentence(caught.value)


def test_a_defect_of_follow_is_said_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise KeyError("gone")

    monkeypatch.setattr("follow.transform.scan.FunctionScan.run", fail)
    with pytest.raises(TransformError, match="defect of follow") as caught:
        follow(define("def f(x):\n    return x\n"))
    assert sentence(caught.value) and isinstance(caught.value.__cause__, KeyError)
