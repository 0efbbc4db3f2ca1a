"""Child processes that end as they should not."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def forked(work: Callable[[], None]) -> int:
    """Run ``work`` in a forked child.

    Returns:
        How it ended: its exit code (0 when ``work`` has returned, 99 when it has raised), or minus a signal's number.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: threads of other tests
        child = os.fork()
    if child == 0:
        code = 99
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def told(work: Callable[[], str]) -> str:
    """What ``work`` gives in a forked child."""
    read, write = os.pipe()

    def tell() -> None:
        os.write(write, work().encode())

    ended = forked(tell)
    os.close(write)
    with open(read, encoding="utf-8") as pipe:
        answer = pipe.read()
    assert ended == 0, f"the child ended with {ended} and told {answer!r}"
    return answer


@contextlib.contextmanager
def started(folder: Path, *command: str, **environment: str):  # type: ignore[no-untyped-def]
    """A Python process in a folder, with this follow."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOLLOW")}
    inherited["PYTHONPATH"] = str(ROOT)
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={**inherited, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(folder: Path, *commands: list[str], **environment: str) -> list[tuple[int, str, str]]:
    """Run Python processes side by side: the exit code, the output and the errors of each."""
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(started(folder, *command, **environment)) for command in commands]
        ended = []
        for process in processes:
            output, errors = process.communicate(timeout=60)
            ended.append((process.returncode, output, errors))
    return ended
