"""CPython's own tests: of standard-library modules with the module followed, of the language with the test followed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CHILD = Path(__file__).parent / "child" / "unittest_run.py"
TIMEOUT = 1800
SMALL = {"max_depth": 2, "max_items": 10, "max_nodes": 30}
"""Small copies, for tests that keep thousands of items in the variables of their loops."""


@dataclass(frozen=True)
class Suite:
    """One test module of CPython's.

    ``modules`` are followed, or with ``itself`` the test module, with ``recorder`` by one instead of by
    a follower of dicts; ``left_out`` are the tests that cannot agree,
    each with its reason, or the classes of such tests; ``python`` is the first version that has it.
    """

    test: str
    modules: tuple[str, ...] = ()
    itself: bool = False
    recorder: bool = False
    config: dict[str, object] = field(default_factory=lambda: dict(SMALL))
    left_out: dict[str, str] = field(default_factory=dict)
    python: tuple[int, int] = (3, 10)

    @property
    def name(self) -> str:
        """How the command line calls it."""
        return "recorder:" * self.recorder + self.test if self.itself else self.modules[0]

    def leaves_out(self, test: str) -> bool:
        """Whether a test or its class is left out."""
        return test in self.left_out or test.rpartition(".")[0] in self.left_out


@dataclass(frozen=True)
class Outcome:
    """How the tests of one run ended, and how much was followed."""

    outcomes: dict[str, str]
    texts: dict[str, str]
    seconds: float
    records: int
    functions: int
    skipped: dict[str, str]


def run(suite: Suite, *, follow: bool) -> Outcome:
    """Run a suite in a process of its own, in an empty folder."""
    settings = {"test": suite.test, "modules": [], "itself": False, "recorder": suite.recorder, "config": suite.config}
    if follow:
        settings.update(modules=suite.modules, itself=suite.itself)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOLLOW")}
    environment.update(PYTHONPATH=str(ROOT), PYTHONHASHSEED="0", PYTHONDONTWRITEBYTECODE="1")
    command = [sys.executable, "-W", "ignore", str(CHILD), json.dumps(settings)]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=TIMEOUT, check=False,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background
        )  # fmt: skip
    if done.returncode != 0 or not done.stdout.strip():
        raise RuntimeError(f"{suite.test} ended with {done.returncode}: {done.stderr[-500:]}")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def library(name: str, *tests: str, **more: object) -> list[Suite]:
    """The suites of one module."""
    return [Suite(test, (name,), **more) for test in tests or (f"test_{name.rpartition('.')[2]}",)]  # type: ignore[arg-type]


_RECURSION = "counts frames up to the recursion limit, and a RecursionError comes one frame earlier"

LIBRARY = {
    suite.name: suite
    for suites in (
        library("argparse"),
        library("base64"),
        library("calendar"),
        library("cmd"),
        library("code", "test_code_module"),
        library("codeop"),
        library("colorsys"),
        library("configparser"),
        library("contextlib"),
        library("copy"),
        library("csv"),
        library("dataclasses"),
        library("difflib", config={"values": "live"}),  # millions of records with long lists
        library("filecmp"),
        library("fnmatch"),
        library("fractions"),
        library("getopt"),
        library("gettext"),
        library("glob"),
        library("graphlib"),
        library("heapq"),
        library("hmac"),
        library("html"),
        library("http.cookies", "test_http_cookies"),
        library("ipaddress"),
        library("json"),
        library("linecache"),
        library("mimetypes"),
        library("netrc"),
        library("optparse"),
        library("plistlib"),
        library("pprint"),
        library("quopri"),
        library("reprlib"),
        library("sched"),
        library("shelve"),
        library("shlex"),
        library("string"),
        library("tempfile"),
        library("textwrap"),
        library(
            "tomllib",
            python=(3, 11),
            left_out={
                "test.test_tomllib.test_misc.TestMiscellaneous.test_inline_table_recursion_limit": _RECURSION,
                "test.test_tomllib.test_misc.TestMiscellaneous.test_inline_array_recursion_limit": _RECURSION,
            },
        ),
        library("urllib.parse", "test_urlparse"),
        library("uuid"),
        library("zipapp"),
    )
    for suite in suites
}
"""Modules that are followed, all their functions, under their own tests."""

_STATE = "looks into a frame's variables from outside, where the state of the call stands as .f"
_LINE = "asks a frame that an exception has left for its line: that is its first statement's (tracebacks are right)"
_GARBAGE = "counts what the garbage collector sees, records and the copies in them among it"
_CODE = "reads bytecode or its constants"
_FRAMES = "meets the frame of a probe"


def _left_out(**tests: str) -> dict[str, dict[str, str]]:
    """For each test module its tests that cannot agree, with the reason: ``module__Class__test=reason``."""
    found: dict[str, dict[str, str]] = {}
    for place, reason in tests.items():
        module, cls, test = place.split("__")
        inner = {"test_inspect": "test_inspect.test_inspect"}.get(module, module)
        found.setdefault(module, {}).update({f"test.{name}.{cls}.{test}": reason for name in {module, inner}})
    return found


_LEFT_OUT = _left_out(
    test_descr__ClassPropertiesAndMethods__test_slots=_GARBAGE,
    test_exceptions__PEP626Tests__test_lineno_after_other_except=_LINE,
    test_exceptions__PEP626Tests__test_lineno_after_raise_in_except=_LINE,
    test_exceptions__PEP626Tests__test_lineno_after_with=_LINE,
    test_exceptions__PEP626Tests__test_lineno_in_finally_except=_LINE,
    test_exceptions__PEP626Tests__test_lineno_in_finally_normal=_LINE,
    test_exceptions__PEP626Tests__test_lineno_in_named_except=_LINE,
    test_exceptions__PEP626Tests__test_lineno_in_try=_LINE,
    test_frame__FrameAttrsTest__test_locals=_STATE,
    test_frame__ReprTest__test_repr=_LINE,
    test_frame__TestIncompleteFrameAreInvisible__test_sneaky_frame_object=_FRAMES,
    test_traceback__MiscTracebackCases__test_clear=_STATE,
    test_traceback__TestStack__test_format_locals=_STATE,
    test_traceback__TestTracebackException__test_comparison_params_variations=_STATE,
    test_traceback__TestTracebackException__test_from_exception=_STATE,
    test_traceback__TestTracebackException__test_print=_STATE,
    test_gc__GCTests__test_dict=_GARBAGE,
    test_gc__GCTests__test_get_count=_GARBAGE,
    test_gc__GCTests__test_list=_GARBAGE,
    test_gc__GCTests__test_saveall=_GARBAGE,
    test_gc__GCTests__test_tuple=_GARBAGE,
    test_gc__GCTogglingTests__test_bug1055820c=_GARBAGE,
    test_gc__GCTogglingTests__test_bug1055820d=_GARBAGE,
    test_patma__TestSourceLocations__test_jump_threading=_CODE,
    test_inspect__TestGetAsyncGenState__test_getasyncgenlocals=_STATE,
    test_inspect__TestGetAsyncGenState__test_getasyncgenlocals_empty=_STATE,
    test_inspect__TestGetCoroutineState__test_getcoroutinelocals=_STATE,
    test_inspect__TestGetGeneratorState__test_getgeneratorlocals=_STATE,
    test_inspect__TestGetGeneratorState__test_getgeneratorlocals_empty=_STATE,
    test_inspect__TestSignatureBind__test_signature_bind_implicit_arg=_CODE,
)

LANGUAGE = {
    test: Suite(test, itself=True, left_out=_LEFT_OUT.get(test, {}))
    for test in (
        "test_scope",
        "test_super",
        "test_patma",
        "test_except_star",
        "test_coroutines",
        "test_asyncgen",
        "test_generators",
        "test_yield_from",
        "test_with",
        "test_named_expressions",
        "test_listcomps",
        "test_descr",
        "test_exceptions",
        "test_frame",
        "test_traceback",
        "test_pdb",
        "test_warnings",
        "test_gc",
        "test_weakref",
        "test_typing",
        "test_dataclasses",
        "test_type_params",
        "test_inspect",
    )
}
"""Tests of the language, which are themselves followed."""

_BEGINS = "traces a function that mentions sys._getframe or the like: its calls begin with Python code"
_ONE_MORE = (
    "compares all events: after an exception there is one more line; functions that mention sys._getframe or the"
)
_ONE_MORE += " like begin with Python code; a generator that is given up tells another line"
_JUMP = "sets a frame's line, and jumps over the call's state or a variable that is noted"

RECORDED = {
    suite.name: suite
    for suite in (
        Suite("test_pdb", itself=True, recorder=True),
        Suite("test_bdb", itself=True, recorder=True),
        Suite("test_profile", itself=True, recorder=True),
        Suite("test_cprofile", itself=True, recorder=True),
        Suite("test_trace", itself=True, recorder=True),
        Suite(
            "test_sys_setprofile",
            itself=True,
            recorder=True,
            left_out={
                "test.test_sys_setprofile.ProfileHookTestCase.test_exception_propagation": _BEGINS,
                "test.test_sys_setprofile.ProfileHookTestCase.test_unfinished_generator": _ONE_MORE,
            },
        ),
        Suite(
            "test_sys_settrace",
            itself=True,
            recorder=True,
            left_out={
                **dict.fromkeys(
                    (
                        f"test.test_sys_settrace.{name}"
                        for name in (
                            "TraceTestCase",
                            "SkipLineEventsTraceTestCase",
                            "TraceOpcodesTestCase",
                            "TestLinesAfterTraceStarted",
                            "TestSetLocalTrace",
                        )
                    ),
                    _ONE_MORE,
                ),
                "test.test_sys_settrace.JumpTestCase": _JUMP,
            },
        ),
    )
}
"""Tests of debuggers, tracers and profilers, which are themselves followed by a recorder, whose probes are calls of C."""
