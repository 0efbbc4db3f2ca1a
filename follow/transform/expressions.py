"""Inside expressions: lambdas, calls that show the locals or are stepped into, walruses, new threads."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..names import children, own_expressions
from . import probes
from .shape import FUNCTIONS, is_locals_call

if TYPE_CHECKING:
    from .scan import Scan
    from .statements import StatementScan

_SPAWNING = {"Thread", "Timer", "to_thread", "run_in_executor", "run_sync", "to_thread_run_sync", "start_new_thread"}
"""The names of what may hand a function to a thread."""
_SPAWNING_METHODS = {
    *("start", "submit", "map"),
    *("apply", "apply_async", "map_async", "imap", "imap_unordered", "starmap", "starmap_async"),
}
"""Those that only methods have."""
_INTERESTING = re.compile(
    rf"\blambda\b|:=|\b(?:locals|vars|dir|{'|'.join(_SPAWNING)})\b|\.\s*(?:{'|'.join(_SPAWNING_METHODS)})\b"
)
_CALL = re.compile(rf"\(|{_INTERESTING.pattern}")
_LOOK_AT_THE_CALLER = {"super", "locals", "vars", "dir", "eval", "exec", "globals"}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _has_own_frame(node: ast.AST) -> bool:
    """Whether an expression runs in a frame of its own: comprehensions do before 3.12 (PEP 709)."""
    return isinstance(node, ast.GeneratorExp) or (isinstance(node, _COMPREHENSIONS) and sys.version_info < (3, 12))


@dataclass(slots=True)
class ExpressionScan:
    """The walk over the expressions of one statement; it counts as the rewriter will.

    ``owner`` is the function in whose frame the expressions run, or None in a class body; ``only``
    limits what is scanned to one lambda, the rest is only counted.
    """

    scan: Scan
    statement: ast.AST
    class_name: str | None
    qualname: str
    owner: StatementScan | None
    only: ast.Lambda | None = None
    counts: dict[str, int] = field(default_factory=lambda: {"lambda": 0, "call": 0, "walrus": 0})

    def run(self) -> None:
        """Walk every expression that belongs to the statement itself."""
        for expression in own_expressions(self.statement):
            self._walk(expression, self.owner, self.qualname)

    def _count(self, what: str) -> int:
        index = self.counts[what]
        self.counts[what] = index + 1
        return index

    def _wrap(self, what: str, index: int, before: str, after: str) -> None:
        self.scan.plan.wraps.setdefault(self.statement, []).append(probes.Wrap(what, index, before, after))

    def _walk(self, node: ast.AST, owner: StatementScan | None, qualname: str) -> None:
        if isinstance(node, ast.Lambda):
            self._lambda(node, owner, qualname)
            return
        if isinstance(node, ast.Call):
            index = self._count("call")
            if self.only is None:
                self._call(node, index, owner)
        elif isinstance(node, ast.NamedExpr):
            index = self._count("walrus")
            if owner is not None:
                assert isinstance(node.target, ast.Name)
                owner.walruses.append((self.statement, index, node.target.id))
        inside = None if _has_own_frame(node) else owner
        first = node.generators[0].iter if isinstance(node, _COMPREHENSIONS) else None
        for child in children(node):
            if isinstance(child, ast.comprehension):
                for part in children(child):
                    self._walk(part, owner if part is first else inside, qualname)
            else:
                self._walk(child, inside, qualname)

    def _lambda(self, node: ast.Lambda, owner: StatementScan | None, qualname: str) -> None:
        index = self._count("lambda")
        inner = f"{qualname}.<lambda>"
        only = self.only
        if only is None or only is node:
            self.only = None
            self._follow_lambda(node, index, inner)
        for child in children(node):
            if child is not node.body:
                self._walk(child, owner, qualname)
        self._walk(node.body, None, f"{inner}.<locals>")
        self.only = only

    def _follow_lambda(self, node: ast.Lambda, index: int, inner: str) -> None:
        if self.scan.function(node, self.class_name, inner) >= 0:
            before, after = self.scan.plan.lambdas[node]
            self._wrap("lambda", index, before, after)

    def _call(self, node: ast.Call, index: int, owner: StatementScan | None) -> None:
        prefix = self.scan.plan.prefix
        if owner is not None and owner.hidden and is_locals_call(node):
            owner.shows_locals = True
            self._wrap("call", index, f"{prefix}_{probes.LOCALS}({prefix}, ", ")")
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
        spawns = name in _SPAWNING or (name in _SPAWNING_METHODS and isinstance(node.func, ast.Attribute))
        if spawns and self.scan.config.follow_threads:
            self._wrap("callee", index, f"{prefix}_{probes.SPAWN}(", ")")
        elif self.scan.config.follow_function_calls and name not in _LOOK_AT_THE_CALLER:
            self._wrap("callee", index, f"{prefix}_{probes.INTO}(", ")")


def scan_expressions(
    scan: Scan, statement: ast.AST, class_name: str | None, qualname: str, owner: StatementScan | None
) -> None:
    """Look into the expressions of one statement where its text says that there may be something."""
    if isinstance(statement, ast.match_case):
        first, last = statement.pattern.lineno, statement.body[0].lineno
    else:
        first, last = statement.lineno, statement.end_lineno or statement.lineno  # type: ignore[attr-defined]
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)) and statement.decorator_list:
            first = statement.decorator_list[0].lineno
        body = getattr(statement, "body", None)
        if body:
            last = body[0].lineno
    interesting = _CALL if scan.config.follow_function_calls else _INTERESTING
    if any(interesting.search(line) for line in scan.text.lines[first - 1 : last]):
        ExpressionScan(scan, statement, class_name, qualname, owner).run()
