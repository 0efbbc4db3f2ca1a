"""``FollowConfig.loop_limit``: which iterations of loops give records, and what is told of the others."""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import Any

import pytest

from follow import FollowConfig, LoopLimit, Recorder, follow, generated_source, text

from .support import brief, define, lines_of, outcome

FORMS = {
    "nested": """
def f(n):
    total = 0
    for i in range(n):
        for j in range(i):
            total += j
            late = j
        if total % 7 == 3:
            continue
        if total > 60:
            break
    return total
""",
    "while with else": """
def f(n):
    seen = []
    while n > 1:
        n = 3 * n + 1 if n % 2 else n // 2
        seen.append(n)
    else:
        done = True
    return seen
""",
    "raised and caught": """
def f(n):
    x = 0
    try:
        for i in range(n):
            x = i
            try:
                if i % 3 == 2:
                    raise ValueError(i)
            except ValueError as e:
                y = str(e)
            finally:
                z = i
            if i == 7:
                x = 99
                1 / 0
    except ZeroDivisionError:
        w = x
    return w
""",
    "raised": """
def f(n):
    for i in range(n):
        for j in range(i):
            if j == 5:
                raise KeyError(j)
""",
    "return": """
def f(n):
    while True:
        n += 1
        for m in range(n):
            if m == 19:
                try:
                    return m
                finally:
                    n = 0
""",
    "generators": """
def f(n):
    def g(k):
        for i in range(k):
            x = yield i
            y = x
        return y
    out = []
    for v in g(n):
        out.append(v)
        if v == 8:
            break
    return sum(out)
""",
    "closures": """
def f(n):
    acc = 0
    def add(k):
        nonlocal acc
        for q in range(k):
            acc += q
    for i in range(n):
        add(i)
    def h(): return i
    return acc
""",
    "no hidden local": """
def f(n):
    for i in range(n):
        a = i
        if i > 4:
            b = a
            del a
    d = sorted(locals())
    e = eval("i")
    return d
""",
    "one line": """
def f(n):
    for i in range(n): a = i; b = [x for x in range(a)]
    while n: n -= 1
    return a, b
""",
    "with and match": """
import contextlib
def f(n):
    for i in range(n):
        with contextlib.suppress(ValueError):
            match i % 4:
                case 0: found = "none"
                case 1 | 2 as found: pass
                case _: raise ValueError
        del found
        found = i
    return found
""",
    "async": """
import asyncio
def f(n):
    async def numbers(k):
        for i in range(k):
            yield i
            await asyncio.sleep(0)
    async def main():
        total = 0
        async for i in numbers(n):
            total += i
        return total
    return asyncio.run(main())
""",
}
LIMITS: list[dict[str, Any]] = [
    {"loop_limit": 0},
    {"loop_limit": 2},
    {"loop_limit": {"every": 3}},
    {"loop_limit": {"first": 1, "every": 4}},
    {"loop_limit": {"last": 1}},
    {"loop_limit": {"first": 1, "last": 2}},
    {"loop_limit": LoopLimit(first=1, last=2, every=4), "watch": ("n * 2",), "explode": ("*",)},
    {"loop_limit": 2, "follow_exceptions": False},
    {"loop_limit": 2, "follow_for_loops": False, "follow_while_loops": False, "follow_return": True},
    {"loop_limit": {"last": 2}, "follow_for_loops": False, "follow_variable_set": False},
]


def told(records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Records without what differs between followers and from run to run."""
    return [
        (
            record["function"],
            record["instruction"],
            [(one["var"], repr(one["val"])) for one in record["local_vars"] if one["type"] in _PLAIN],
            record.get("exception"),
            record.get("left_out"),
        )
        for record in records
    ]


_PLAIN = ("int", "str", "list", "NoneType", "tuple", "bool")


def dicts(source: str, n: int = 12, **settings: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    plain = outcome(define(source), n)
    assert outcome(follow(define(source), found.append, config=FollowConfig(**settings)), n) == plain
    return found


def is_part(some: list[Any], whole: list[Any]) -> bool:
    rest = iter(whole)
    return all(one in rest for one in some)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("settings", LIMITS, ids=str)
def test_a_recorder_tells_the_same_as_dicts_do(form: str, settings: dict[str, Any]) -> None:
    found, recorder = dicts(FORMS[form], **settings), Recorder()
    outcome(follow(define(FORMS[form]), recorder, config=FollowConfig(**settings)), 12)
    assert told(recorder.records()) == told(found)
    whole = dicts(FORMS[form], **{**settings, "loop_limit": None})
    shown = [one for one in told(found) if one[-1] is None]
    assert len(shown) < len(whole)
    if "last" not in str(settings) and not {"generators", "closures", "async"} & {form}:
        assert is_part(shown, told(whole))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("limit", [LoopLimit(first=2), LoopLimit(every=3), LoopLimit(2, 2, 5)], ids=str)
def test_what_was_left_out_and_what_was_not_is_all(form: str, limit: LoopLimit) -> None:
    """Of each loop: iterations that were recorded and those that are told to be left out, against all of them."""
    loops = [
        line.strip() for line in FORMS[form].split("\n") if line.strip().startswith(("for ", "while ", "async for"))
    ]
    whole, found = dicts(FORMS[form]), dicts(FORMS[form], loop_limit=limit)
    for header in loops if "raise" not in form and form not in ("nested", "return", "generators") else ():
        header = header.partition(":")[0] + ":"
        every = sum(record["instruction"] == header for record in whole)
        shown = sum(record["instruction"] == header and "left_out" not in record for record in found)
        left_out = sum(record.get("left_out", 0) for record in found if record["instruction"] == header)
        assert shown + left_out == every


def test_the_first_iterations_and_how_many_there_are_more() -> None:
    source = "def f(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n"
    found = dicts(source, 10, loop_limit=2)
    assert brief(found) == [
        ("total = 0", {"n": 10, "total": 0}),
        ("for i in range(n):", {"n": 10, "total": 0, "i": 0}),
        ("total += i", {"n": 10, "total": 0, "i": 0}),
        ("for i in range(n):", {"n": 10, "total": 0, "i": 1}),
        ("total += i", {"n": 10, "total": 1, "i": 1}),
        ("for i in range(n):", {"n": 10, "total": 45, "i": 9}),
        ("for i in range(n):", {"n": 10, "total": 45, "i": 9}),
        ("return total", {}),
    ]
    assert [record.get("left_out") for record in found] == [None] * 5 + [8, None, None]
    assert list(found[5]) == ["function", "instruction", "execution_time", "local_vars", "left_out"]
    assert "left_out" not in str(dicts(source, 2, loop_limit=2))


def test_every_nth_and_the_last() -> None:
    source = "def f(n):\n    for i in range(n):\n        x = i\n"
    for limit, shown, left_out in (
        ({"every": 4}, [3, 7], [3, 3, 2]),
        ({"first": 1, "every": 4}, [0, 3, 7], [2, 3, 2]),
        ({"last": 2}, [8, 9], [8]),
        ({"first": 2, "last": 1}, [0, 1, 9], [7]),
        ({"first": 1, "last": 2, "every": 4}, [0, 3, 7, 8, 9], [2, 3]),
        ({"last": 20}, list(range(10)), []),
    ):
        found = dicts(source, 10, loop_limit=limit)
        values = [dict(brief([record])[0][1]).get("x") for record in found if record["instruction"] == "x = i"]
        assert values == shown, limit
        assert [record["left_out"] for record in found if "left_out" in record] == left_out, limit


def test_a_loop_inside_one_that_is_left_out_is_left_out_too() -> None:
    source = "def f(n):\n    for i in range(n):\n        for j in range(3):\n            x = i, j\n"
    found = dicts(source, 5, loop_limit={"first": 1})
    assert [dict(values)["x"] for text, values in brief(found) if text.startswith("x")] == [(0, 0)]
    assert [(record["instruction"], record["left_out"]) for record in found if "left_out" in record] == [
        ("for j in range(3):", 2),
        ("for i in range(n):", 4),
    ]


def test_returns_exceptions_and_breaks_are_recorded_in_any_iteration() -> None:
    returned = dicts("def f(n):\n    for i in range(n):\n        if i == 7:\n            return i\n", loop_limit=1)
    assert [(r["instruction"], r.get("left_out")) for r in returned][-2:] == [
        ("for i in range(n):", 7),
        ("return i", None),
    ]
    raised = dicts("def f(n):\n    for i in range(n):\n        x = 5 // (7 - i)\n", loop_limit=1)
    assert raised[-1]["exception"] == "ZeroDivisionError: integer division or modulo by zero"
    assert raised[-2]["left_out"] == 6 and brief(raised)[-1][1] == {"n": 12, "i": 7, "x": 5}
    broken = dicts(
        "def f(n):\n    for i in range(n):\n        if i == 7:\n            break\n    x = i\n", loop_limit=1
    )
    assert [(r["instruction"], r.get("left_out")) for r in broken][-3:] == [
        ("for i in range(n):", 7),
        ("break", None),
        ("x = i", None),
    ]


def test_without_records_of_exceptions_the_except_tells_what_was_left_out() -> None:
    source = """
def f(n):
    for k in range(3):
        try:
            if k == 1:
                raise KeyError
            for i in range(n):
                x = 1 // (k + 5 - i)
        except KeyError:
            for j in range(4):
                y = j
        except ZeroDivisionError:
            y = i
    return y
"""
    for limit, left_out in (
        ({"first": 9}, []),
        ({"first": 2, "every": 1}, []),
        (2, [4, 2, 1]),
        ({"first": 2, "last": 9}, []),
    ):
        found = dicts(source, follow_exceptions=False, loop_limit=limit)
        assert [record["left_out"] for record in found if "left_out" in record] == (left_out if limit == 2 else []), (
            limit
        )


def test_a_loop_that_begins_again_is_counted_anew() -> None:
    source = "def f(n):\n    for i in range(n):\n        g(i)\ndef g(k):\n    for j in range(k):\n        x = j\n"
    found: list[dict[str, Any]] = []
    function = define(source)
    function.__globals__["g"] = follow(function.__globals__["g"], found.append, config=FollowConfig(loop_limit=1))
    function(4)
    assert [record["left_out"] for record in found if "left_out" in record] == [1, 2]


def test_calls_do_not_share_their_counts() -> None:
    source = "def f(n):\n    for i in range(n):\n        yield i\n"
    found: list[dict[str, Any]] = []
    made = follow(define(source), found.append, config=FollowConfig(loop_limit=1))
    assert list(itertools.chain.from_iterable(zip(made(3), made(3)))) == [0, 0, 1, 1, 2, 2]
    one, other = made(3), made(5)
    next(one), next(other)
    assert len(list(one)) == 2 and len(list(other)) == 4
    assert [record["left_out"] for record in found if "left_out" in record][-2:] == [2, 4]


@pytest.mark.dicts
def test_values_are_those_of_the_moment_even_when_records_are_held_back() -> None:
    source = "def f(n):\n    items = []\n    for i in range(n):\n        items.append(i)\n"
    found = dicts(source, 4, loop_limit={"last": 2})
    appended = [values["items"] for text, values in brief(found) if text.startswith("items.append")]
    assert appended == [[0, 1, 2], [0, 1, 2, 3]]
    assert all(record["execution_time"] >= 0 for record in found)


@pytest.mark.parametrize("limit", [1, {"last": 1}], ids=str)
def test_text_tells_what_was_left_out(limit: Any) -> None:
    source = (
        "import time\ndef f(n):\n    total = 0\n    for i in range(n):\n        time.sleep(0.002)\n        total += i\n"
    )
    lines: list[str] = []
    follower = text(lines.append, width=120, color=False)
    follow(define(source), follower, config=FollowConfig(loop_limit=limit))(5)
    shown = "".join(lines)
    assert "… 4 iterations left out" in shown and shown.count("total += i") == 1
    (left_out,) = [line for line in lines if "left out" in line]
    (slept,) = [line for line in lines if "sleep" in line]
    assert " ms " in left_out[:10] and " ms " in slept[:10]
    assert ("total = 0 → 10" if limit == 1 else "total = 0 → 6") in left_out
    normal: list[str] = []
    ascii_only = text(normal.append, width=120, normalize=True)
    follow(define(source), [ascii_only, lambda record: None], config=FollowConfig(loop_limit=limit))(5)
    assert sum("… 4 iterations left out" in line for line in normal) == 1


def test_tasks_keep_their_own_counts() -> None:
    source = (
        "import asyncio\nasync def f(n):\n    total = 0\n    for i in range(n):\n"
        "        await asyncio.sleep(0)\n        total += i\n    return total\n"
    )
    found: list[dict[str, Any]] = []
    work = follow(define(source), found.append, config=FollowConfig(loop_limit=1, fields=("call_id",)))

    async def main() -> list[int]:
        return list(await asyncio.gather(work(3), work(4), work(5)))

    assert asyncio.run(main()) == [3, 6, 10]
    calls = {record["call_id"]: record["left_out"] for record in found if "left_out" in record}
    assert sorted(calls.values()) == [2, 3, 4]


@pytest.mark.dicts
@pytest.mark.parametrize("form", [name for name in FORMS if name not in ("async", "no hidden local")])
@pytest.mark.parametrize("limit", [2, {"first": 1, "every": 3}, {"last": 2}], ids=str)
def test_a_debugger_sees_the_lines_that_it_sees_without_a_limit(
    form: str, limit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("follow.sink.native", None)  # with limits functions go without the compiled helper
    config = FollowConfig(loop_limit=limit)
    for follower in (lambda record: None, Recorder()):
        seen = lines_of(follow(define(FORMS[form]), follower, config=config), 12)
        expected = lines_of(follow(define(FORMS[form]), follower), 12)
        if sys.version_info[:2] == (3, 12):  # it shows some lines of recorded statements twice, limit or not
            seen, expected = ([one for one, _ in itertools.groupby(lines)] for lines in (seen, expected))
        assert seen == expected


def test_what_is_left_out_is_decided_in_the_generated_code() -> None:
    source = "def f(n):\n    i = 0\n    for i in range(n):\n        print(i)\n        x = i\n"
    config = FollowConfig(loop_limit=3, follow_exceptions=False)
    assert (
        generated_source(define(source), config=config)
        == """\
def f(n):
    __follow = __follow_enter_0()
    i = 0
    __follow_0(__follow, n, i)
    __follow[8] = __follow[9] = 0
    for i in range(n):
        __follow[8] += 1
        __follow[7] = __follow[8] <= 3
        if __follow[7]: __follow_2(__follow, n, i)
        print(i)
        x = i
        if __follow[7]: __follow_3(__follow, n, i, x)
        else: __follow[6] = x
    else:
        __follow_4(__follow, n, i)
        __follow_5(__follow)
"""
    )


def test_no_code_of_follow_runs_in_what_is_left_out() -> None:
    """But for the generated code itself: a profiler sees no call of a probe."""
    source = "def f(n):\n    for i in range(n):\n        x = i\n        if x: y = x\n"
    for follower in (lambda record: None, Recorder()):
        function = follow(define(source), follower, config=FollowConfig(loop_limit=1))
        function(10)  # makes the probes
        seen = []
        for n in (10, 1000):
            calls: list[str] = []
            sys.setprofile(lambda frame, event, arg: calls.append(event))
            try:
                function(n)
            finally:
                sys.setprofile(None)
            seen.append(len(calls))
        assert seen[0] == seen[1]


def test_a_module_s_own_loops(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from follow import install_import_hook

    (tmp_path / "loopy.py").write_text(
        "total = 0\nfor i in range(9):\n    total += i\n    last = i\nfor j in range(2): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    results = []
    for limit in (2, 2, {"last": 1}, None):  # the second time from the cache
        sys.modules.pop("loopy", None)
        found: list[dict[str, Any]] = []
        with install_import_hook("loopy", follower=found.append, config=FollowConfig(loop_limit=limit)):
            assert importlib.import_module("loopy").total == 36
        recorder = Recorder()
        sys.modules.pop("loopy")
        with install_import_hook("loopy", follower=recorder, config=FollowConfig(loop_limit=limit)):
            importlib.import_module("loopy")
        assert told(recorder.records()) == told(found)
        results.append(told(found))
    sys.modules.pop("loopy")
    assert results[0] == results[1]
    assert [[one[-1] for one in result if one[-1]] for result in results] == [[7], [7], [8, 1], []]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "FollowConfig.loop_limit must not be negative, and is -1"),
        ("3", "FollowConfig.loop_limit must be a number of iterations, a LoopLimit or a mapping"),
        (True, "FollowConfig.loop_limit must be a number of iterations"),
        ({"first": 1, "lust": 2}, "FollowConfig.loop_limit: 'lust' is none of first, last, every"),
        ({"every": -3}, "LoopLimit.every must not be negative, and is -3"),
        ({"last": 1.5}, "LoopLimit.last must be a number of iterations, not 1.5"),
    ],
)
def test_wrong_limits_are_named(value: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        FollowConfig(loop_limit=value)


def test_a_configuration_is_the_same_however_its_limit_is_written() -> None:
    assert FollowConfig(loop_limit=3) == FollowConfig(loop_limit={"first": 3}) == FollowConfig(loop_limit=LoopLimit(3))
    assert hash(FollowConfig(loop_limit={"first": 3, "last": 1})) == hash(FollowConfig(loop_limit=LoopLimit(3, 1)))
