"""The kind of each statement, and which kinds a configuration wants."""

from __future__ import annotations

import ast

from ..config import FollowConfig

_KINDS: dict[type, str] = {
    ast.For: "for",
    ast.AsyncFor: "for",
    ast.While: "while",
    ast.If: "if",
    ast.With: "with",
    ast.AsyncWith: "with",
    ast.Try: "try",
    ast.Match: "match",
    ast.match_case: "case",
    ast.ExceptHandler: "except",
    ast.FunctionDef: "def",
    ast.AsyncFunctionDef: "def",
    ast.ClassDef: "class",
    ast.Return: "return",
    ast.Raise: "raise",
    ast.Assign: "assignment",
    ast.AugAssign: "assignment",
    ast.Delete: "del",
    ast.Assert: "assert",
    ast.Import: "import",
    ast.ImportFrom: "import",
    ast.Pass: "pass",
    ast.Break: "break",
    ast.Continue: "continue",
}


def kind_of(node: ast.AST) -> str:
    """The tag of a statement: for, while, assignment, print, call, return, if, …"""
    if isinstance(node, ast.AnnAssign):
        return "assignment" if node.value is not None else "annotation"
    if not isinstance(node, ast.Expr):
        name = type(node).__name__
        return _KINDS.get(type(node)) or {"TryStar": "try", "TypeAlias": "type"}.get(name, name.lower())
    value = node.value
    if isinstance(value, ast.NamedExpr):
        return "assignment"
    if isinstance(value, ast.Call):
        return "print" if isinstance(value.func, ast.Name) and value.func.id == "print" else "call"
    if isinstance(value, (ast.Yield, ast.YieldFrom)):
        return "yield"
    return "await" if isinstance(value, ast.Await) else "expression"


def is_on(kind: str, config: FollowConfig) -> bool:
    """Whether the configuration wants records of this kind of statement."""
    switches = {
        "for": config.follow_for_loops,
        "while": config.follow_while_loops,
        "assignment": config.follow_variable_set,
        "print": config.follow_prints,
    }
    return switches.get(kind, True)
