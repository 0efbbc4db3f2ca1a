"""pytest's rewriting of ``assert`` statements in code that is followed: the probes come first, then the asserts.

pytest compiles test modules from a tree in which it has replaced each ``assert``. The same function of pytest's
does it here with the tree that holds the probes, so a followed test fails with the same explanation.
"""

from __future__ import annotations

import ast
import copy
import functools
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from . import quiet
from .errors import FollowError
from .graft import SENTINEL

_MODULE = "_pytest.assertion.rewrite"
_TRANSPARENT = (f"{SENTINEL}spawn", f"{SENTINEL}into")
"""Probes round the callee of a call: an explanation shows the callee."""


def installed_hook() -> Any:
    """pytest's import hook, or None."""
    rewrite = sys.modules.get(_MODULE)
    kind = getattr(rewrite, "AssertionRewritingHook", ())
    return next((finder for finder in sys.meta_path if isinstance(finder, kind)), None)


def is_hook(loader: object) -> bool:
    """Whether a loader is pytest's import hook."""
    return isinstance(loader, getattr(sys.modules.get(_MODULE), "AssertionRewritingHook", ()))


def rewrites(code: CodeType) -> bool:
    """Whether pytest has rewritten asserts in a function, or in one inside it."""
    names = (*code.co_varnames, *code.co_names)
    if any("@py_" in name or "@pytest_" in name for name in names):
        return True
    return any(rewrites(constant) for constant in code.co_consts if isinstance(constant, CodeType))


def rewritten_by() -> str:
    """What tells one rewriting of asserts from another: pytest's version and the setting that it depends on."""
    import pytest

    return f"pytest-{pytest.__version__}{'-pass' * _tells_of_passing(installed_hook())}"


def _tells_of_passing(hook: Any) -> bool:
    try:
        return bool(hook.config.getini("enable_assertion_pass_hook"))
    except (AttributeError, ValueError):
        return False


def rewrite_asserts(tree: ast.Module, text: str, filename: str = quiet.FILENAME) -> None:
    """Rewrite the asserts in a tree as pytest does.

    Arguments:
        tree: a module, which is changed; asserts in it may be shared with others, which stay as they are.
        text: its source.
        filename: the file that pytest's warnings name.

    Raises:
        FollowError: pytest is of a version that does it in another way.
    """
    _unshare(tree)
    hook = installed_hook()
    try:
        _rewriter()(filename, getattr(hook, "config", None), text.encode()).run(tree)
    except (AttributeError, TypeError, ImportError) as error:
        raise FollowError(
            f"{filename} cannot be followed: this version of pytest rewrites assert statements in another way "
            f"({error}). Run pytest with --assert=plain."
        ) from error


def _unshare(tree: ast.Module) -> None:
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        for _, value in ast.iter_fields(node):
            if not isinstance(value, list):
                continue
            for index, child in enumerate(value):
                if isinstance(child, ast.Assert):
                    value[index] = copy.deepcopy(child)
                elif isinstance(child, ast.AST) and not isinstance(child, ast.expr):
                    pending.append(child)


@functools.cache
def _rewriter() -> Any:
    from _pytest.assertion.rewrite import AssertionRewriter

    class Rewriter(AssertionRewriter):
        """Looks through the probes round a callee."""

        def visit_Call(self, call: ast.Call) -> Any:
            """A probe's explanation is that of what it wraps."""
            if not _is_transparent(call.func):
                return super().visit_Call(call)
            callee, explanation = self.visit(call.args[0])
            return ast.copy_location(ast.Call(call.func, [callee, *call.args[1:]], []), call), explanation

    return Rewriter


def _is_transparent(callee: ast.expr) -> bool:
    chosen = callee.body if isinstance(callee, ast.IfExp) else None
    return isinstance(chosen, ast.Constant) and chosen.value in _TRANSPARENT


class AssertLoader(SourceFileLoader):
    """What pytest's import hook loads, as a loader that gives source and code.

    Arguments:
        hook: pytest's.
        fullname, path: the module and its file.
    """

    def __init__(self, hook: Any, fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._hook = hook

    def get_code(self, fullname: str) -> CodeType:
        """The code that pytest's hook would run."""
        path = self.get_filename(fullname)
        data = self.get_data(path)
        tree = ast.parse(data, path)
        rewrite_asserts(tree, self.get_source(fullname) or "", path)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: Any) -> None:
        """Run the module by pytest's hook itself."""
        self._hook.exec_module(module)

    def note(self, fullname: str) -> None:
        """Tell pytest that the module's asserts are rewritten: it warns of modules that were imported before."""
        getattr(self._hook, "_rewritten_names", {})[fullname] = Path(self.path)
