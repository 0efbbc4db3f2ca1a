"""A sample of the gauntlet: modules of the standard library, every function followed, under CPython's own tests.

``python -m tests.gauntlet`` runs all of it.
"""

from __future__ import annotations

import importlib.util

import pytest

from .gauntlet.suites import LANGUAGE, LIBRARY, Suite, run

SAMPLE = [LIBRARY["textwrap"], LIBRARY["shlex"], LANGUAGE["test_super"], LANGUAGE["test_with"]]


@pytest.mark.parametrize("suite", SAMPLE, ids=lambda suite: suite.name)
def test_the_outcomes_are_the_same(suite: Suite) -> None:
    if importlib.util.find_spec(f"test.{suite.test}") is None:
        pytest.skip("this Python comes without its tests")
    plain, followed = run(suite, follow=False), run(suite, follow=True)
    assert followed.outcomes == plain.outcomes
    assert followed.skipped == {} and followed.records > 100
    assert "passed" in plain.outcomes.values()
