"""The index of a trace: what it finds is what reading everything finds."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import follow
from follow import FollowConfig, Recorder
from follow.copies import plain
from follow.state import MISSING
from follow.trace import index


def program(recorder):
    config = FollowConfig(follow_for_loops=False)

    @follow.follow(follower=recorder)
    def fill(rows):
        total = 0
        for row in rows:
            row.append(total)
            total += len(row)
            if total % 2 == 0:
                extra = [row]
                extra[0] = total
        return total

    @follow.follow(config=config, follower=recorder)
    def guarded(values):
        for value in values:
            try:
                found = 1 // value
            except ZeroDivisionError as error:
                kept = str(error)
        return [found := found + value for value in values]

    @follow.follow(follower=recorder)
    def generate(n):
        while n:
            n -= 1
            yield n

    @follow.follow(follower=recorder)
    async def wait(n):
        await asyncio.sleep(0)
        n += 1
        return n

    for number in range(300):
        fill([[number], [], [1, 2]])
        guarded([1, 0, 2])
        list(generate(4))
        with pytest.raises(TypeError):
            guarded([None])

    async def both():
        return await asyncio.gather(wait(1), wait(2))

    asyncio.run(both())


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "run.follow"
    with Recorder(path) as recorder:
        program(recorder)
    return path


@pytest.fixture(params=["built", "kept"])
def trace(path, request, monkeypatch):
    monkeypatch.setattr(index, "_WORTH_KEEPING", 0)
    if request.param == "kept":
        assert follow.load(path).at(1).sequence == 1
        monkeypatch.setattr("follow.trace.access.Builder", None)  # must not be built again
    else:
        (path.parent / (path.name + ".index")).unlink(missing_ok=True)
    return follow.load(path)


def shown(event):
    return event.sequence, event.kind, event.call, event.time, event.statement, event.values, event.result


def test_every_event_is_found_by_its_number(trace):
    events = list(trace.events)
    assert len(events) > 5_000
    for number in (1, 2, 777, len(events) // 2, len(events)):
        assert shown(trace.at(number)) == shown(events[number - 1])
    assert [shown(event) for event in trace.between(1_000, 3_000)] == [shown(event) for event in events[999:3_000]]
    with pytest.raises(LookupError, match="has no event"):
        trace.at(len(events) + 1)


@pytest.mark.parametrize("name", ["total", "row", "rows", "extra", "found", "kept", "n", "value", "error", "nothing"])
def test_history_of_a_variable(trace, name):
    wanted = []
    owners = {}
    for event in trace.events:
        if event.function is not None:
            owners[event.call] = event.function
        for key, form in event.forms.items():
            told = owners[event.call].slots[key] if type(key) is int else key
            if told == name:
                wanted.append((event.sequence, plain(form)))
    history = trace.history(name)
    found = [(change.event.sequence, change.value) for change in history]
    assert found == wanted
    assert [(change.event.sequence, change.value) for change in reversed(history)] == wanted[::-1]
    assert history.count == len(wanted)
    assert (name == "nothing") == (not wanted)


def test_history_within_a_function_and_a_call(trace):
    assert {change.event.function.name for change in trace.history("n", function="generate")} == {"generate"}
    first = next(iter(trace.history("n", function="generate")))
    in_call = [change.value for change in trace.history("n", function="generate", call=first.event.call)]
    assert in_call == [4, 3, 2, 1, 0]
    assert not list(trace.history("n", function="fill"))


def test_a_trace_that_has_grown_gets_another_index(tmp_path, monkeypatch):
    monkeypatch.setattr(index, "_WORTH_KEEPING", 0)
    recorder = Recorder(tmp_path / "run.follow")

    @follow.follow(follower=recorder)
    def double(n):
        n *= 2
        return n

    with recorder:
        double(1)
        recorder.flush()
        assert follow.load(recorder.path).history("n").count == 2
        double(2)
        recorder.flush()
        assert [change.value for change in follow.load(recorder.path).history("n")] == [1, 2, 2, 4]


def test_nothing_counts_of_what_was_uninstalled(tmp_path):
    import textwrap

    with Recorder(tmp_path / "run.follow") as recorder:
        with follow.instrument(textwrap.dedent, follower=recorder):
            textwrap.dedent("  a")
        textwrap.dedent("  b")
    trace = follow.load(recorder.path)
    assert trace.history("text").count == len(list(trace.history("text"))) > 0
    assert MISSING not in [change.value for change in trace.history("text")]
