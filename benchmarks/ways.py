"""Every way of following a function: follow's own, bare hooks, and peers; what they gather is discarded."""

from __future__ import annotations

import atexit
import importlib
import importlib.metadata
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from types import FrameType, FunctionType
from typing import Any

from follow import FollowConfig, Recorder, follow
from tests.reference import VERSION, reference

from . import peers
from .loop import MOST_ITEMS
from .streams import Nowhere, discard

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of following.

    Arguments:
        group: ``follow``, ``hook`` or ``peer``.
        make: gives the followed form of a function, whose own code stays as it is.
        needs: the package of PyPI that it is from.
        since: the first Python that the package runs on.
    """

    group: str
    make: Callable[[Function], Function]
    needs: str | None = None
    since: tuple[int, int] = (3, 10)

    def missing(self) -> str | None:
        """Why it is not here, or None."""
        if sys.version_info < self.since:
            return f"needs Python {self.since[0]}.{self.since[1]} (sys.monitoring)"
        if self.needs is None:
            return None
        try:
            importlib.metadata.version(self.needs)
            importlib.import_module(self.needs.lower())
        except importlib.metadata.PackageNotFoundError:
            return "not installed: pip install '.[benchmarks]'"
        except Exception as error:
            return f"cannot be imported: {type(error).__name__}: {error}"
        return None

    def version(self) -> str:
        """The version of the package, or nothing."""
        return "" if self.needs is None else importlib.metadata.version(self.needs)


def settrace(function: Function) -> Function:
    """A bare settrace callback that copies the locals of each line and forgets the copy."""

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        dict(frame.f_locals)
        return trace

    return traced(function, trace)


def settrace_keeping(function: Function, filename: str | None = None) -> Function:
    """A bare settrace callback that keeps what a recording needs: of each line the time and a copy of the locals.

    Arguments:
        function: what runs under it.
        filename: the file whose code is followed; by default the function's.
    """
    buffer: list[Any] = []
    extend, now = buffer.extend, perf_counter_ns
    followed = filename or function.__code__.co_filename

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code.co_filename != followed:
            return None
        if event == "line":
            extend((frame.f_code, frame.f_lineno, now(), dict(frame.f_locals)))
            if len(buffer) > MOST_ITEMS:
                buffer.clear()
        return trace

    return traced(function, trace)


def traced(function: Function, trace: Callable[..., Any]) -> Function:
    """A function that runs under a callback of settrace; what was traced before is afterwards, too."""

    def run(*arguments: Any) -> Any:
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            return function(*arguments)
        finally:
            sys.settrace(before)

    return run


def monitoring(function: Any) -> Function:
    """A bare callback of sys.monitoring that copies the locals of each line."""
    lines = sys.monitoring.events.LINE  # type: ignore[attr-defined]
    twin = FunctionType(function.__code__.replace(), function.__globals__, function.__name__)

    def line(code: object, number: int) -> None:
        dict(sys._getframe(1).f_locals)

    sys.monitoring.use_tool_id(3, "benchmarks")  # type: ignore[attr-defined]
    sys.monitoring.register_callback(3, lines, line)  # type: ignore[attr-defined]
    sys.monitoring.set_local_events(3, twin.__code__, lines)  # type: ignore[attr-defined]
    return twin


def python_follow(function: Function) -> Function:
    """The reference, to a follower that does nothing."""
    module = reference()
    return module.follow(config=module.FollowConfig(follow_threads=False), follower=discard)(function)  # type: ignore[no-any-return]


def in_memory(function: Function) -> Function:
    """A recorder that keeps all of a run, and forgets it at its end."""
    recorder = Recorder()
    followed = follow(function, recorder)

    def run(*arguments: Any) -> Any:
        result = followed(*arguments)
        recorder.clear()
        return result

    return run


def to_file(function: Function) -> Function:
    """A recorder that writes to a file, which is removed at the end."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return follow(function, Recorder(os.path.join(folder, "loop.trace")))


def _followed(follower: Callable[[], object], **settings: Any) -> Callable[[Function], Function]:
    return lambda function: follow(function, follower(), config=FollowConfig(**settings))


RECORDER = "follow: recorder, ring of 10,000"
MEMORY = "follow: recorder, all in memory"
DICTS = "follow: the same dicts"
TEXT = "follow: text, no-op stream"
SETTRACE = "bare settrace callback, copies kept"
REFERENCE = f"python-follow {VERSION}"
VIZTRACER = "viztracer, log_var"
PYSNOOPER = "PySnooper, no-op writer"

WAYS: dict[str, Way] = {
    RECORDER: Way("follow", _followed(lambda: Recorder(ring=10_000))),
    MEMORY: Way("follow", in_memory),
    "follow: recorder, to a file": Way("follow", to_file),
    DICTS: Way("follow", _followed(lambda: discard)),
    "follow: values='live'": Way("follow", _followed(lambda: discard, values="live")),
    TEXT: Way("follow", _followed(Nowhere)),
    SETTRACE: Way("hook", settrace_keeping),
    "bare settrace callback, copies discarded": Way("hook", settrace),
    "bare sys.monitoring callback, copies discarded": Way("hook", monitoring, since=(3, 12)),
    REFERENCE: Way("peer", python_follow),
    VIZTRACER: Way("peer", peers.viztracer, "viztracer"),
    "hunter, own action copying locals": Way("peer", peers.hunter_locals, "hunter"),
    "hunter CodePrinter, no-op stream": Way("peer", peers.hunter_code, "hunter"),
    "hunter VarsSnooper, no-op stream": Way("peer", peers.hunter_variables, "hunter"),
    "dowhen, callback copying f_locals": Way("peer", peers.dowhen, "dowhen", since=(3, 12)),
    "birdseye, SQLite": Way("peer", peers.birdseye, "birdseye"),
    PYSNOOPER: Way("peer", peers.pysnooper, "PySnooper"),
    "snoop, no-op writer": Way("peer", peers.snoop, "snoop"),
}
