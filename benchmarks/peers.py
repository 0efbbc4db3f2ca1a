"""Peers from PyPI, each in its own way of following a function; each is imported when it is asked for."""

from __future__ import annotations

import atexit
import inspect
import os
import shutil
import tempfile
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

from .streams import Nowhere, discard

Function = Callable[..., Any]


def pysnooper(function: Function) -> Function:
    """PySnooper's decorator; its text is made and not written."""
    import pysnooper

    return pysnooper.snoop(discard)(function)  # type: ignore[no-any-return]


def snoop(function: Function) -> Function:
    """Snoop's decorator; its text is made and not written."""
    import snoop

    return snoop.Config(out=discard, color=False).snoop(function)  # type: ignore[no-any-return]


def hunter_locals(function: Function) -> Function:
    """Hunter with an action of its own that copies the locals of each event."""
    return _hunted(function, lambda event: event.locals.copy())


def hunter_code(function: Function) -> Function:
    """Hunter's CodePrinter."""
    import hunter

    return _hunted(function, hunter.CodePrinter(stream=Nowhere()))


def hunter_variables(function: Function) -> Function:
    """Hunter's VarsSnooper."""
    import hunter

    return _hunted(function, hunter.VarsSnooper(stream=Nowhere()))


def _hunted(function: Function, action: Callable[[Any], object]) -> Function:
    import hunter

    def hunted(*arguments: Any) -> Any:
        with hunter.trace(function=function.__name__, action=action):
            return function(*arguments)

    return hunted


def viztracer(function: Function) -> Function:
    """VizTracer with ``--log_var '.*'``: its own rewriting of the source, its buffer written over and over."""
    from viztracer import VizTracer
    from viztracer.code_monkey import CodeMonkey

    path = inspect.getsourcefile(function)
    assert path is not None
    monkey = CodeMonkey(path)
    monkey.add_instrument("log_var", {"varnames": [".*"]})
    namespace: dict[str, Any] = {"__name__": function.__module__}
    tracer = VizTracer(verbose=0, tracer_entries=50_000)
    exec(monkey.compile(inspect.getsource(function), path, "exec"), {**function.__globals__}, namespace)

    def logged(*arguments: Any) -> Any:
        tracer.start()
        try:
            return namespace[function.__name__](*arguments)
        finally:
            tracer.stop()

    return logged


def birdseye(function: Function) -> Function:
    """Birdseye's decorator; its SQLite file is removed at the end."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["BIRDSEYE_DB"] = f"sqlite:///{folder}/birdseye.db"
    from birdseye import eye

    return eye(function)  # type: ignore[no-any-return]


def dowhen(function: Any) -> Function:
    """Dowhen with a callback at each line that copies the locals."""
    import dowhen

    twin = FunctionType(function.__code__.replace(), function.__globals__, function.__name__)

    def line(_frame: FrameType) -> None:
        dict(_frame.f_locals)

    dowhen.when(twin).do(line)
    return twin
