"""Export recordings and compare what Perfetto's trace processor makes of them with what is written there.

    python -m tests.traceprocessor [TRACE …]

Without traces it records the programs of ``tests/exported.py``. It needs ``pip install '.[gauntlet]'``, node and npm.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import follow
from follow.export import perfetto
from follow.trace.reader import Trace

from ..chrome import ChromeTrace, Slice
from ..exported import PROGRAM, TASKS, record
from .processor import TraceProcessor

_SLICES = """
    select slice.ts, slice.dur, slice.depth, slice.name, slice.category, thread.name as track
    from slice join thread_track on slice.track_id = thread_track.id join thread using (utid)
    where slice.category in ('call', 'statement') order by track, slice.ts, slice.depth
"""
_ERRORS = "select name, value from stats where value > 0 and severity in ('error', 'data_loss')"
_COUNTERS = "select track.name as name, value from counter join counter_track track on track.id = track_id order by ts"


def flat(slices: list[Slice], depth: int = 0) -> list[tuple[int, int, int, str, str]]:
    """Slices with those within them, as rows."""
    rows = []
    for one in slices:
        rows.append((one.begun, one.end - one.begun, depth, one.name, one.kind))
        rows += flat(one.inner, depth + 1)
    return rows


def compare(trace: Trace) -> str:
    """Compare one trace; what was compared."""
    out = io.StringIO()
    perfetto.export(trace, out)
    written = ChromeTrace(out.getvalue())
    with TraceProcessor(out.getvalue().encode()) as processor:
        assert not (errors := processor.query(_ERRORS)), [(one.name, one.value) for one in errors]
        rows = defaultdict(list)
        for row in processor.query(_SLICES):
            rows[row.track].append((row.ts, row.dur, row.depth, row.name, row.category))
        counters = defaultdict(list)
        for row in processor.query(_COUNTERS):
            counters[row.name.removesuffix(" value")].append(row.value)
    assert set(rows) == set(written.tracks)
    for name, slices in written.tracks.items():
        expected = flat(slices)
        assert len(expected) == len(rows[name]), name
        for mine, theirs in zip(expected, rows[name]):
            assert mine[2:] == theirs[2:], (name, mine, theirs)
            assert abs(mine[0] - theirs[0]) <= 1 and abs(mine[1] - theirs[1]) <= 1, (name, mine, theirs)
    assert {name: sorted(values) for name, values in counters.items()} == {
        name: sorted(values) for name, values in written.counters.items()
    }
    count = sum(map(len, rows.values()))
    return f"{count:,} slices on {len(rows)} tracks and {len(counters)} counters are as they were written"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        programs = {"program": PROGRAM, "tasks": TASKS}
        paths = [Path(path) for path in sys.argv[1:]] or [
            record(Path(folder) / f"{name}.follow", source).path for name, source in programs.items()
        ]
        for path in paths:
            print(f"{path.name}: {compare(follow.load(path))}")


if __name__ == "__main__":
    main()
