"""``python -m benchmarks.capabilities``: what its table says of follow is so."""

from __future__ import annotations

import json

import pytest

from benchmarks import capabilities


@pytest.mark.parametrize("debugged", [False, True])
def test_follow_can_do_what_the_table_says(debugged: bool) -> None:
    (path,) = capabilities.RESULTS.glob("capabilities-*.json")
    row = next(row for row in json.loads(path.read_text())["rows"] if row["tool"] == "follow")
    found = capabilities.in_a_process("follow", *(["--debugged"] if debugged else []))
    assert found == {name: row[name] for name in found}


def test_a_tool_that_has_none_of_it_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(capabilities.TOOLS, "nothing", (lambda: (capabilities.subject.work, str), "", ""))
    for kept in (capabilities.witness.things, capabilities.witness.hooks):
        kept.clear()
    found = capabilities.check("nothing", debugged=False)
    missing = {name for name, can in found.items() if not can}
    assert missing - {"hooks_free"} == {"as_then", "exception", "callee", "thread"}  # coverage may use a hook
