"""Selection on whatever there is: hard forms and random functions behave as plain ones, for dicts and recorders alike."""

from __future__ import annotations

import contextlib
import io
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from follow import FollowConfig, LoopLimit, Recorder, follow

from .programs import functions
from .support import define, outcome
from .test_hard_cases import CASES

EXAMPLES = int(os.environ.get("FOLLOW_EXAMPLES", "25"))
CONFIGS = [
    FollowConfig(loop_limit=1, exclude=("a", "x"), watch=("a", "b + 1", "len(items)"), explode=("items", "nested")),
    FollowConfig(loop_limit={"first": 1, "last": 1}, include=("[a-i]*",), follow_return=True),
    FollowConfig(loop_limit={"every": 2, "last": 2}, follow_for_loops=False, follow_prints=True),
    FollowConfig(loop_limit=0, follow_exceptions=False, watch=("i * 2",)),
]


def same(source: str, config: FollowConfig, *arguments: Any) -> None:
    """Plain, and followed by both kinds of followers: one outcome, one output, the same records."""
    outcomes, outputs, records, recorder = [], [], [], Recorder()
    for follower in (None, records.append, recorder):
        function, given_ = define(source), [list(one) if type(one) is list else one for one in arguments]
        with contextlib.redirect_stdout(io.StringIO()) as out:
            outcomes.append(
                repr(outcome(function if follower is None else follow(function, follower, config=config), *given_))
            )
        outputs.append((out.getvalue(), repr(given_)))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert outputs[0] == outputs[1] == outputs[2]
    assert [told(record) for record in recorder.records()] == [told(record) for record in records]


def told(record: dict[str, Any]) -> tuple[Any, ...]:
    plain = ("int", "str", "list", "dict", "tuple", "NoneType", "bool", "float", "raised")
    variables = [
        (one["var"], repr(one["val"]))
        for one in record["local_vars"]
        if one["type"] in plain and "<" not in repr(one["val"])
    ]
    return record["function"], record["instruction"], variables, record.get("exception"), record.get("left_out")


CYCLIC = "a list that is stored where it stands already"
"""With dataflow a list in itself is told as one that stands too deep."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.dicts] if name == CYCLIC else [])
        for name in sorted(set(CASES) - {"a list changed under other names"})  # shows objects
    ],
)
def test_hard_cases(name: str) -> None:
    same(CASES[name], CONFIGS[sorted(CASES).index(name) % len(CONFIGS)])


LIMITS = some.builds(LoopLimit, first=some.integers(0, 3), last=some.integers(0, 3), every=some.integers(0, 4))


@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(functions(), LIMITS, some.booleans(), some.booleans())
def test_random_functions(source: str, limit: LoopLimit, exceptions: bool, watch: bool) -> None:
    watched = ("a + b", "items[0]", "c") if watch else ()
    config = FollowConfig(
        loop_limit=limit,
        follow_exceptions=exceptions,
        watch=watched,
        explode=("items",) if watch else (),
        exclude=("c",),
    )
    same(source, config, 3, 2, [1, 2, 5])
