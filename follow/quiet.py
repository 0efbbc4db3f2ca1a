"""Compile a second time without a second warning.

The program's own import has already given the warnings that its source deserves. They are dropped
here by a filter that matches nothing but a made-up file name, so that no other thread misses a
warning; the list of filters is edited directly, because ``warnings.catch_warnings`` makes every
module forget which warnings it has already shown.
"""

from __future__ import annotations

import ast
import re
import warnings
from types import CodeType
from typing import Any

FILENAME = "<follow>"
_FILTER = ("ignore", None, Warning, re.compile(re.escape(FILENAME)), 0)


def parse(text: str, flags: int = 0) -> ast.Module:
    """Parse ``text`` with the given future flags.

    Raises:
        SyntaxError: the text is not Python.
    """
    tree = _compile(text, flags | ast.PyCF_ONLY_AST)
    assert isinstance(tree, ast.Module)
    return tree


def compile_tree(tree: ast.Module, flags: int = 0) -> CodeType:
    """Compile ``tree``; the code objects name no real file.

    Raises:
        SyntaxError: the tree is refused by the compiler.
    """
    code = _compile(tree, flags)
    assert isinstance(code, CodeType)
    return code


def _compile(source: Any, flags: int) -> object:
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    filters.insert(0, _FILTER)
    try:
        return compile(source, FILENAME, "exec", flags, dont_inherit=True)
    finally:
        filters.remove(_FILTER)
