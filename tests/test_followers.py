"""What may receive records, and how a function is given to follow."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, FollowError, capture, follow, install_import_hook

from .support import brief, define

SOURCE = "def f(n=1):\n    a = n\n    return a\n"


def test_every_way_to_give_a_function() -> None:
    records: list[dict[str, Any]] = []

    def run(decorated: Any) -> list[str]:
        records.clear()
        assert decorated() == 1
        return [record["instruction"] for record in records]

    assert run(follow(define(SOURCE), records.append)) == ["a = n", "return a"]
    assert run(follow(follower=records.append)(define(SOURCE))) == ["a = n", "return a"]
    assert run(follow(FollowConfig(), records.append)(define(SOURCE))) == ["a = n", "return a"]
    off = FollowConfig(follow_variable_set=False)
    assert run(follow(config=off, follower=records.append)(define(SOURCE))) == ["return a"]
    assert run(follow(off, records.append)(define(SOURCE))) == ["return a"]


@pytest.mark.parametrize("decorate", [follow, follow()])
def test_bare_decorators_print(decorate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    decorate(define(SOURCE))()
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_logger_attributes_the_record_to_the_followed_line(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("audit")
    function = follow(define(SOURCE), logger)
    with caplog.at_level(logging.INFO, logger="audit"):
        function()
    assert [entry.name for entry in caplog.records] == ["audit", "audit"]
    first = caplog.records[0]
    assert "'instruction': 'a = n'" in first.getMessage()
    assert first.follow["function"] == "f"  # type: ignore[attr-defined]
    assert (first.funcName, first.lineno) == ("f", 2)


@pytest.mark.parametrize("helped", [True, False])
def test_so_it_does_with_others_and_at_a_modules_own_statements(
    helped: bool, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not helped:
        monkeypatch.setattr(capture, "native", None)
    (tmp_path / "logged.py").write_text("a = 1\ndef f(n):\n    yield n\n    b = [n]\n\nb, *_ = f(a)\nc = b\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    logger, records = logging.getLogger("audit"), []
    config = FollowConfig(fields=("line",), when=lambda record: True)
    with caplog.at_level(logging.INFO, logger="audit"):
        with install_import_hook("logged", follower=[records.append, logger], config=config):
            __import__("logged")
            sys.modules.pop("logged")
    assert [entry.lineno for entry in caplog.records] == [record["line"] for record in records]
    assert len(records) > 4 and {Path(entry.pathname).name for entry in caplog.records} == {"logged.py"}


def test_several_followers_at_once() -> None:
    one: list[dict[str, Any]] = []
    two: list[dict[str, Any]] = []
    follow(define(SOURCE), [one.append, two.append])()
    assert brief(one) == brief(two) != []


def test_a_twin_followed_again_gets_a_further_follower() -> None:
    one: list[dict[str, Any]] = []
    two: list[dict[str, Any]] = []
    twin = follow(define(SOURCE), one.append)
    again = follow(twin, two.append)
    assert again is twin
    assert follow(twin, two.append) is twin
    twin()
    assert len(one) == len(two) == 2
    with pytest.raises(FollowError):
        follow(twin, print, config=FollowConfig(follow_return=True))


def test_a_function_decorated_at_each_call_is_rewritten_once() -> None:
    records: list[dict[str, Any]] = []
    make = define("def make(n):\n    def f():\n        return n\n    return f\n", "make")
    twins = [follow(make(n), records.append) for n in range(5)]
    assert [twin() for twin in twins] == [0, 1, 2, 3, 4]
    assert len({id(twin.__code__) for twin in twins}) == 1
    assert len(records) == 5


def test_followers_of_functions_made_again_and_again_are_let_go() -> None:
    make = define("def make(n):\n    def f():\n        return n\n    return f\n", "make")
    alive: list[weakref.ref[Any]] = []

    class Collector:
        def __call__(self, record: object) -> None:
            pass

    for n in range(50):
        collector = Collector()
        alive.append(weakref.ref(collector))
        assert follow(make(n), collector)() == n
    del collector
    gc.collect()
    assert sum(reference() is not None for reference in alive) < 10


def test_disabled_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLLOW_DISABLED", "1")
    function = define(SOURCE)
    assert follow(function) is function
    assert follow()(function) is function


@pytest.mark.dicts
def test_followed_code_run_by_a_follower_makes_no_records() -> None:
    records: list[dict[str, Any]] = []

    def follower(record: dict[str, Any]) -> None:
        records.append(record)
        helper(5)

    helper = follow(define("def helper(n):\n    return n\n", "helper"), lambda record: records.append(record))
    follow(define(SOURCE), follower)()
    assert [record["function"] for record in records] == ["f", "f"]


def test_a_thread_started_by_a_followed_call_is_followed() -> None:
    records: list[dict[str, Any]] = []
    source = (
        "import threading\ndef worker(n):\n    m = n + 1\ndef other():\n    x = 0\n"
        "def f():\n    t = threading.Thread(target=worker, args=(1,))\n    t.start()\n    t.join()\n"
    )
    f = define(source)
    before = (threading.Thread.__init__, threading.Thread.start, threading.Thread.run)
    follow(f, records.append)()
    assert ("worker", "m = n + 1") in [(r["function"], r["instruction"]) for r in records]
    assert (threading.Thread.__init__, threading.Thread.start, threading.Thread.run) == before
    count = len(records)
    thread = threading.Thread(target=f.__globals__["other"])
    thread.start()
    thread.join()
    follow(f, records.append, config=FollowConfig(follow_threads=False))()
    assert "worker" not in {r["function"] for r in records[count:]}
