"""Text in, text out: ``tests/transform/CASE/before.py`` becomes ``after.py``.

``FOLLOW_REGENERATE=1`` writes the ``after.py`` files anew, to be read as a diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from follow import generated_source

from .support import define

CASES = sorted(path for path in (Path(__file__).parent / "transform").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_before_becomes_after(case: Path) -> None:
    before = (case / "before.py").read_text()
    after = generated_source(define(before))
    if os.environ.get("FOLLOW_REGENERATE") == "1":
        (case / "after.py").write_text(after)
    assert after == (case / "after.py").read_text()
