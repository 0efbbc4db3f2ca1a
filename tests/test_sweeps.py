"""Long: CPython's whole library rewritten and compiled, and random programs run plain and followed.

``python -m pytest -m sweep``; ``FOLLOW_EXAMPLES`` is the number of random programs.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from follow import FollowConfig
from follow.decorator import new_channel
from follow.importhook import follow_source

from .sweep import sweep

EXAMPLES = int(os.environ.get("FOLLOW_EXAMPLES", "1000"))
SECONDS = 2


class TooLong(BaseException):
    pass


@contextlib.contextmanager
def limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run(code: Any) -> dict[str, Any]:
    """What a program does: what it prints, raises, and leaves in its namespace."""
    namespace: dict[str, Any] = {"__name__": "program"}
    out, ending = io.StringIO(), None
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(code, namespace)
        except BaseException as error:
            if isinstance(error, TooLong):
                raise
            ending = (type(error), str(error), error.__traceback__.tb_next and error.__traceback__.tb_next.tb_lineno)
    namespace.pop("__builtins__")
    namespace.get("__warningregistry__", {}).pop("version", None)  # how often filters have changed up to now
    shown = {
        name: repr(value) if type(value).__module__ == "builtins" else type(value) for name, value in namespace.items()
    }
    shown = {name: "function" if " at 0x" in str(value) else value for name, value in shown.items()}
    return {"out": out.getvalue(), "ending": ending, "names": shown, "warned": [str(w.message) for w in caught]}


def compare(text: str) -> None:
    filename = "<program>"
    text = io.IncrementalNewlineDecoder(None, translate=True).decode(text)  # as an import does
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            plain = compile(text, filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
    config = FollowConfig(follow_prints=True, follow_return=True)
    followed = follow_source(text, filename, config, new_channel(config, (lambda record: None,), filename))
    try:
        with limited():
            expected = run(plain)
        with limited():
            found = run(followed)
    except TooLong:
        return
    assert found == expected


@pytest.mark.sweep
def test_every_file_of_the_library() -> None:
    files, _, failures = sweep(Path(sysconfig.get_path("stdlib")))
    assert files > 500 and failures == []


@pytest.mark.sweep
@pytest.mark.parametrize("kind", ["grammar", "node"])
def test_random_programs(kind: str) -> None:
    import hypothesmith  # in the extra "gauntlet"

    strategy = hypothesmith.from_grammar() if kind == "grammar" else hypothesmith.from_node()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def check(text: str) -> None:
        compare(text)

    check()
