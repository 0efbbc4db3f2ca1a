"""``include``, ``exclude``, ``when``, ``max_records``, ``custom_repr``: which records there are, and what is in them."""

from __future__ import annotations

import pytest

from follow import FollowConfig, FollowerWarning, Recorder, follow

from .support import brief, define

SOURCE = "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    _tmp = total\n    return total\n"


def records(**settings):
    found = []
    value = follow(define(SOURCE), found.append, config=FollowConfig(**settings))(3)
    assert value == 3
    return found


def test_variables_are_included_and_excluded():
    plain = brief(records())
    assert brief(records(exclude=("_*", "i"))) == [
        (text, {name: value for name, value in values.items() if name not in ("_tmp", "i")}) for text, values in plain
    ]
    assert brief(records(include=("tot*",))) == [
        (text, {name: value for name, value in values.items() if name == "total"}) for text, values in plain
    ]


def test_a_predicate_chooses_records():
    found = records(when=lambda record: record["instruction"] == "total += i", fields=("line",))
    assert [record["line"] for record in found] == [4, 4, 4]


def test_so_many_records_and_no_more():
    plain = records()
    for most in (1, 4, len(plain), 100):
        assert [r["instruction"] for r in records(max_records=most)] == [r["instruction"] for r in plain[:most]]


def test_values_are_shown_in_another_way():
    found = brief(records(custom_repr=lambda value: f"<{value}>"))
    assert found[1] == ("for i in range(n):", {"n": "<3>", "total": "<0>", "i": "<0>"})


@pytest.mark.dicts
def test_a_function_that_raises_is_told_once_and_the_program_goes_on():
    with pytest.warns(FollowerWarning) as caught:
        found = records(when=lambda record: 1 // 0, custom_repr=lambda value: value.missing)
    assert sorted(str(one.message).split()[0] for one in caught) == ["FollowConfig.custom_repr", "FollowConfig.when"]
    plain = records()
    assert brief(found) == brief(plain)


def test_a_recorder_gets_what_is_chosen():
    recorder = Recorder()
    follow(define(SOURCE), recorder, config=FollowConfig(include=("total",), max_records=3))(3)
    assert brief(recorder.records()) == brief(records(include=("total",)))[:3]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"when": 1}, "FollowConfig.when must be a callable or None, not 1"),
        ({"max_records": 0}, "FollowConfig.max_records must be at least 1"),
        ({"include": "total"}, "FollowConfig.include must be a tuple of names"),
    ],
)
def test_wrong_values_are_named(settings, message):
    with pytest.raises((TypeError, ValueError), match=message):
        FollowConfig(**settings)
