"""Random functions: the same records as the reference, the same behaviour and debugger events as without follow."""

from __future__ import annotations

import contextlib
import copy
import io
import os
from types import FunctionType
from typing import Any

from hypothesis import HealthCheck, given, settings

from follow import FollowConfig, follow

from .programs import functions
from .reference import reference
from .support import define, lines_of, outcome

CONFIG = {"follow_threads": False, "follow_prints": True}
WIDE = FollowConfig(follow_threads=False, follow_prints=True, max_depth=50, max_nodes=100_000)
MANY = settings(
    max_examples=int(os.environ.get("FOLLOW_EXAMPLES", "150")),
    derandomize="FOLLOW_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
"""``FOLLOW_EXAMPLES=2000`` is the long run, of other programs each time; it takes some minutes."""


def _arguments() -> tuple[int, int, list[int]]:
    return 3, 2, [1, 2, 5]


def _reference_records(function: FunctionType) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    module = reference()
    followed = module.follow(
        config=module.FollowConfig(**CONFIG), follower=lambda record: records.append(copy.deepcopy(record))
    )(function)
    outcome(followed, *_arguments())
    return records


def _entered_only(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the ``except`` headers that the reference lists though they did not match."""
    kept = []
    for index, record in enumerate(records):
        following = records[index + 1]["instruction"] if index + 1 < len(records) else ""
        if record["instruction"] == "except KeyError:" and following.startswith("except"):
            continue
        kept.append(record)
    return kept


def _comparable(record: dict[str, Any]) -> tuple[Any, ...]:
    # The reference lists variables in the order in which they were first bound, the specification otherwise.
    # The name bound by ``except … as`` is gone when the reference looks, one line later.
    shown = [(v["var"], repr(v["val"]), v["type"]) for v in record["local_vars"] if v["var"] != "error"]
    return record["function"], record["instruction"], sorted(shown)


def _equal(ours: list[Any], theirs: list[Any], source: str) -> bool:
    """Equal, but for what CPython repeats: the line of a suite's last statement when it cleans up after it.

    That happens at the end of ``except … as …`` and where an exception leaves a ``finally``.
    """
    if ours == theirs or not ("except" in source or "finally" in source):
        return ours == theirs
    rest = iter(theirs)
    return len(theirs) - len(ours) < 8 and all(record in rest for record in ours)


def _in_order(record: dict[str, Any], function: FunctionType) -> bool:
    places = [function.__code__.co_varnames.index(variable["var"]) for variable in record["local_vars"]]
    return places == sorted(places)


@MANY
@given(functions())
def test_records_equal_the_references(source: str) -> None:
    function = define(source)
    with contextlib.redirect_stdout(io.StringIO()):
        expected = _entered_only(_reference_records(function))
        found: list[dict[str, Any]] = []
        ended, _ = outcome(follow(function, found.append, config=WIDE), *_arguments())
    assert all(_in_order(record, function) for record in found)
    if ended == "raised":  # the reference loses the last statement of a call that an exception leaves
        ours, theirs = [_comparable(r) for r in found[:-1]], [_comparable(r) for r in expected]
        assert _equal(ours, theirs, source)
        return
    last = found[-1]
    assert expected[-1]["local_vars"] == []
    ours = [_comparable(r) for r in found[:-1]]
    if len(expected) > len(found):  # one of CPython's repeated line events came last
        assert _equal(ours, [_comparable(r) for r in expected[:-1]], source)
    else:
        assert ours == [_comparable(r) for r in expected[:-1]]
        assert last["instruction"] == expected[-1]["instruction"]
    # The reference drops the variables of every last statement; follow only of a return or a loop that ends.
    if last["instruction"].startswith(("return", "for ", "while ")):
        assert last["local_vars"] == [] or "finally" in source
    else:
        assert last["local_vars"] != []


@MANY
@given(functions())
def test_behaviour_is_that_of_the_plain_function(source: str) -> None:
    function = define(source)
    twin = follow(function, lambda record: None, config=FollowConfig(follow_prints=True, follow_return=True))
    plain_items, followed_items = [1, 2, 5], [1, 2, 5]
    plain_out, followed_out = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(plain_out):
        plain = outcome(function, 3, 2, plain_items)
    with contextlib.redirect_stdout(followed_out):
        followed = outcome(twin, 3, 2, followed_items)
    assert repr(followed) == repr(plain)
    assert repr(followed_items) == repr(plain_items)
    assert followed_out.getvalue() == plain_out.getvalue()


@MANY
@given(functions())
def test_debuggers_see_the_lines_of_the_plain_function(source: str) -> None:
    function = define(source)
    twin = follow(function, lambda record: None, config=FollowConfig(follow_prints=True, follow_exceptions=False))
    with contextlib.redirect_stdout(io.StringIO()):
        expected = lines_of(function, *_arguments())
        found = lines_of(twin, *_arguments())
    # Where an exception leaves a finally, CPython itself repeats or leaves out line events.
    if not any(event == "exception" for event, _, _ in expected):
        assert found == expected
