"""The text of the probes: what the generated code says.

Every name starts with a prefix (``__follow``) that does not occur in the source. Before the code is
compiled the calls become calls of constants and the state becomes a hidden local, so none of these
names is ever looked up.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

RETURN, MATCH, LAMBDA, YIELD, KEEP = "return", "match", "lambda", "yield", "keep"
LOCALS, SPAWN, INTO = "locals", "spawn", "into"


@dataclass(frozen=True, slots=True)
class Wrap:
    """Put ``before`` and ``after`` round an expression: the ``index``-th of its kind in a statement.

    ``what`` is ``"lambda"`` (its body), ``"call"`` (the whole), ``"callee"`` (what is called),
    ``"walrus"`` (its value) or ``"value"`` (what a return, yield, match or elif evaluates; no index).
    """

    what: str
    index: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Opening:
    """What stands at the start of a function's body, and in a ``finally`` around it (or None)."""

    enter: str
    leave: str | None


@dataclass(slots=True)
class Plan:
    """What the rewriter puts where. Statements are the nodes of the original tree, suites their ids."""

    prefix: str
    before: dict[ast.AST, list[str]] = field(default_factory=dict)
    after: dict[ast.AST, list[str]] = field(default_factory=dict)
    enter: dict[ast.AST, list[str]] = field(default_factory=dict)
    end: dict[ast.AST, list[str]] = field(default_factory=dict)
    wraps: dict[ast.AST, list[Wrap]] = field(default_factory=dict)
    lambdas: dict[ast.AST, tuple[str, str]] = field(default_factory=dict)
    guards: dict[int, str] = field(default_factory=dict)
    closing: dict[int, list[str]] = field(default_factory=dict)
    openings: dict[int, Opening] = field(default_factory=dict)


def choose_prefix(text: str) -> str:
    """A prefix for names that does not occur in the source."""
    prefix = "__follow"
    while prefix in text:
        prefix += "_"
    return prefix


def call(prefix: str, name: object, arguments: Sequence[str]) -> str:
    """``__follow_NAME(arguments)``."""
    return f"{prefix}_{name}({', '.join(arguments)})"


def enter(prefix: str, scope: int, cells: Iterable[str]) -> str:
    """The call that starts a call's state; the cells are those of a lambda that is never called."""
    names = list(cells)
    if not names:
        return call(prefix, f"enter_{scope}", [])
    return call(prefix, f"enter_{scope}", [f"(lambda: ({', '.join(names)},))"])


def state(prefix: str, scope: int, *, hidden: bool) -> str:
    """How the generated code names the state of the running call."""
    return prefix if hidden else call(prefix, f"call_{scope}", [])


def raised(prefix: str, guard: int, state_text: str) -> str:
    """The probe of a guard's ``except``."""
    return call(prefix, f"raised_{guard}", [state_text])
