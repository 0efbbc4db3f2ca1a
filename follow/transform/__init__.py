"""The only place that knows libcst: source in, rewritten source and its tables out.

libcst itself is imported by what writes (``rewriter``, ``wraps``, ``lines``), and these by the first rewrite
only: what finds its modules in the cache never needs it.
"""

from __future__ import annotations

import ast
from collections.abc import Set
from dataclasses import dataclass

from ..config import FollowConfig
from ..garbage import collected_seldom
from ..masking import given_secrets, masked, secret_literals
from ..model import Tables
from ..names import own_names
from ..redaction import redaction_of
from ..secretnames import secret_names
from ..source import FUNCTION_NODES, Located, Source
from .codenames import code_names
from .expressions import ExpressionScan
from .headers import Text
from .probes import Plan, choose_prefix
from .scan import ModuleScan, Scan

__all__ = ["Rewritten", "rewrite_function", "rewrite_module"]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A rewritten piece of source.

    ``text`` is the generated code; ``prefix`` starts the names in it; ``original`` is the node of the
    original tree that ``text`` replaces; ``wrapped`` are the statements (and ``except``, ``case``) in it
    whose own expressions were changed. Scope 0 is the function that was asked for.
    """

    text: str
    prefix: str
    original: ast.stmt | ast.Module
    wrapped: Set[ast.AST]
    tables: Tables


def rewrite_function(located: Located, config: FollowConfig, name: str, *, objects: bool = False) -> Rewritten:
    """Rewrite one function and those inside it.

    Arguments:
        located: the function in its source.
        config: what gets probes.
        name: how messages call the function.
        objects: whether it is recorded what objects hold.

    Raises:
        TransformError: libcst cannot parse the source.
    """
    source = located.source
    statement = _enclosing_statement(located)
    lines = source.lines()
    first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
    last = statement.end_lineno or statement.lineno
    piece = "\n".join(lines[first - 1 : last]) + "\n"
    plan = Plan(choose_prefix(piece))
    module = ast.Module(body=[_top(located)], type_ignores=[])
    codes, own = code_names(module, source.flags), own_names(source.tree)
    secrets, text = secret_names(config.redact), Text(lines)
    scan = Scan(text, config, plan, codes, ":=" in piece, own, secrets, _shown(text, source, config), objects)
    scan.given = _given(source, scan)
    _scan(scan, statement, located)
    written = _rewrite_piece(piece, first, statement, plan, name, source.filename)
    return Rewritten(written, plan.prefix, statement, plan.wraps.keys(), _tables(scan, source.filename))


def rewrite_module(source: Source, config: FollowConfig, *, objects: bool = False) -> Rewritten:
    """Rewrite a whole file: its own statements and every function in it.

    Arguments:
        source: the file.
        config: what gets probes.
        objects: whether it is recorded what objects hold.

    Raises:
        SyntaxError: the file is not Python.
        TransformError: libcst cannot parse it.
    """
    with collected_seldom():
        return _rewrite_module(source, config, objects=objects)


def _rewrite_module(source: Source, config: FollowConfig, *, objects: bool) -> Rewritten:
    tree = source.tree
    plan = Plan(choose_prefix(source.text))
    text = Text(source.lines())
    secrets, codes = secret_names(config.redact), code_names(tree, source.flags)
    shown = _shown(text, source, config)
    scan = Scan(text, config, plan, codes, ":=" in source.text, own_names(tree), secrets, shown, objects)
    scan.given = _given(source, scan)
    ModuleScan(scan, tree).run()
    written = _write(source.text, 1, tree, plan, source.filename, source.filename)
    return Rewritten(written, plan.prefix, tree, plan.wraps.keys(), _tables(scan, source.filename))


def _shown(text: Text, source: Source, config: FollowConfig) -> Text:
    """What instructions are taken from; the secrets that the source tells are known from now on."""
    if not config.redact:
        return text
    redaction = redaction_of(config.redact)
    for literal in secret_literals(source.tree, secret_names(config.redact)):
        redaction.learn([part.value for part in ast.walk(literal) if isinstance(part, ast.Constant)])
    return Text(masked(source.text, source.tree, config.redact).split("\n"))


def _given(source: Source, scan: Scan) -> frozenset[str]:
    """The names that are given a secret anywhere in a file, if that is asked for."""
    if not (scan.secrets and scan.objects):
        return frozenset()
    return frozenset(name for node in ast.walk(source.tree) for name in given_secrets(node, scan.secrets))


def _tables(scan: Scan, filename: str) -> Tables:
    sites = tuple(scan.sites[number] for number in sorted(scan.sites))
    return Tables(sites, tuple(scan.scopes), tuple(scan.guards), filename)


def _scan(scan: Scan, statement: ast.stmt, located: Located) -> None:
    node = located.node
    qualname = _qualname(located)
    if isinstance(node, ast.Lambda):
        outer = qualname.rpartition(".")[0]
        ExpressionScan(scan, _owner(statement, node), _class_name(located), outer, None, only=node).run()
    else:
        scan.function(node, _class_name(located), qualname)


def _rewrite_piece(piece: str, first: int, statement: ast.stmt, plan: Plan, name: str, filename: str) -> str:
    """Rewrite the lines of one statement, which may be indented."""
    indented = piece[:1] in (" ", "\t", "\f")
    if not indented:
        return _write(piece, first, ast.Module(body=[statement], type_ignores=[]), plan, name, filename)
    outer = ast.If(test=ast.Constant(value=1), body=[statement], orelse=[])
    tree = ast.Module(body=[outer], type_ignores=[])
    return _write("if 1:\n" + piece, first - 1, tree, plan, name, filename).removeprefix("if 1:\n")


def _write(text: str, first: int, tree: ast.Module, plan: Plan, name: str, filename: str) -> str:
    from .rewriter import parse_module, write

    return write(plan, tree, text, first, parse_module(text, tree, first, name, filename))


def _top(located: Located) -> ast.stmt:
    top = located.ancestors[1] if len(located.ancestors) > 1 else located.node
    assert isinstance(top, ast.stmt)
    return top


def _enclosing_statement(located: Located) -> ast.stmt:
    """The statement whose lines are rewritten: the ``def`` itself, or the statement round a lambda."""
    node: ast.AST = located.node
    if isinstance(node, ast.stmt):
        return node
    return _top(located)


def _class_name(located: Located) -> str | None:
    names = [node.name for node in located.ancestors if isinstance(node, ast.ClassDef)]
    return names[-1] if names else None


def _qualname(located: Located) -> str:
    parts: list[str] = []
    for node in (*located.ancestors, located.node):
        if isinstance(node, (ast.ClassDef, *FUNCTION_NODES)):
            parts.append("<lambda>" if isinstance(node, ast.Lambda) else node.name)
            if isinstance(node, FUNCTION_NODES) and node is not located.node:
                parts.append("<locals>")
    return ".".join(parts)


def _owner(top: ast.stmt, node: ast.Lambda) -> ast.AST:
    """The innermost statement, ``except`` or ``case`` that the lambda stands in."""
    owner: ast.AST = top
    found = True
    while found:
        found = False
        for child in ast.iter_child_nodes(owner):
            inside = isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case))
            if inside and any(below is node for below in ast.walk(child)):
                owner, found = child, True
    return owner
