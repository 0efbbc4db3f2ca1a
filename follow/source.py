"""From a function to its source: the file's text, its syntax tree, and the function's own node in it."""

from __future__ import annotations
import __future__

import ast
import copy
import functools
import inspect
import linecache
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FunctionType

from . import asserts, quiet
from .errors import FollowError, SourceUnavailable

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTION_NODES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

FUTURE_FLAGS = functools.reduce(
    int.__or__, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)


_TREES = threading.RLock()
_PATIENCE = 10.0
"""Seconds; two threads that wait for each other's imports go on without it."""


@contextmanager
def undisturbed() -> Iterator[None]:
    """Meanwhile no other thread reads or marks the syntax trees, which are kept and shared: whoever changes one puts it
    back, but until then it is another one."""
    held = _TREES.acquire(timeout=_PATIENCE)
    try:
        yield
    finally:
        if held:
            _TREES.release()


def _after_fork() -> None:
    """Another thread of the parent may have been at a tree: there is none in the child that would put it back."""
    global _TREES
    _TREES = threading.RLock()
    for kept in (_parse, _functions):
        kept.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file (or notebook cell) and the future statements it is compiled with.

    ``asserts`` tells that pytest rewrites its assert statements.
    """

    filename: str
    text: str
    flags: int
    asserts: bool = False

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; shared, so whoever changes it puts it back."""
        return _parse(self.text, self.flags)

    def lines(self) -> list[str]:
        """The lines without their ends. Only ``\\n`` ends a line here, as for the tokenizer."""
        return self.text.split("\n")


@dataclass(frozen=True, slots=True)
class Located:
    """A function found in its source: its node, the nodes around it from the outside in, its code."""

    source: Source
    node: FunctionNode
    ancestors: tuple[ast.AST, ...]
    code: CodeType


@functools.lru_cache(maxsize=8)
def _parse(text: str, flags: int) -> ast.Module:
    return quiet.parse(text, flags)


def locate(function: FunctionType, *, rewritten: bool = False) -> Located:
    """Find the source of ``function``.

    Arguments:
        function: a Python function.
        rewritten: its code is follow's own (the import hook's), so that it cannot be compared.

    Returns:
        The function's node with everything around it, checked to be what is running.

    Raises:
        SourceUnavailable: there is no source, or it is not the source of the running code.
        FollowError: two lambdas stand on one line and cannot be told apart.
    """
    code = function.__code__
    name = describe(function)
    source = _source_of(code, function.__globals__, name)
    try:
        _parse(source.text, source.flags)
    except (SyntaxError, ValueError) as error:
        raise SourceUnavailable(
            f"{name} cannot be followed: {source.filename} cannot be parsed ({error}); has it changed since it "
            f"was imported? Import it again."
        ) from error
    found = _functions(source.text, source.flags).get((code.co_firstlineno, code.co_name), [])
    same = [
        (path, original)
        for path in found
        for original in _codes_of(path, source, code)
        if rewritten or same_code(original, code)
    ]
    if not same:
        raise SourceUnavailable(
            f"{name} cannot be followed: the source in {source.filename} at line {code.co_firstlineno} is not that of "
            f"the running code. It has changed since it was imported, or another tool has rewritten the code; "
            f"import it again, or follow it before the other tool."
        )
    if len({id(path[-1]) for path, _ in same}) > 1:
        raise FollowError(
            f"{name} cannot be followed: {source.filename}:{code.co_firstlineno} holds more than one function that "
            f"looks like it, and they cannot be told apart. Put each on a line of its own."
        )
    path, original = same[0]
    node = path[-1]
    assert isinstance(node, FUNCTION_NODES)
    return Located(source, node, tuple(path[:-1]), original)


def describe(function: FunctionType) -> str:
    """The name by which messages speak of a function: ``module.qualname``."""
    module = getattr(function, "__module__", None)
    return f"{module}.{function.__qualname__}" if module else function.__qualname__


def _source_of(code: CodeType, namespace: dict[str, object], name: str) -> Source:
    filename = code.co_filename
    linecache.checkcache(filename)
    lines = linecache.getlines(filename, namespace)
    if not lines:
        raise SourceUnavailable(
            f"{name} cannot be followed: no source is to be had for {filename!r}. Functions made by exec or eval, "
            f"typed with python -c, built in or compiled have none; write it to a file and import it."
        )
    return Source(filename, "".join(lines), code.co_flags & FUTURE_FLAGS, asserts.rewrites(code))


@functools.lru_cache(maxsize=8)
def _functions(text: str, flags: int) -> dict[tuple[int, str], list[list[ast.AST]]]:
    """Every function node with the nodes above it, the module first, by first line and name."""
    found: dict[tuple[int, str], list[list[ast.AST]]] = {}
    stack: list[tuple[ast.AST, list[ast.AST]]] = [(_parse(text, flags), [])]
    while stack:
        node, above = stack.pop()
        path = [*above, node] if isinstance(node, (ast.stmt, ast.Module, ast.Lambda)) else above
        if isinstance(node, FUNCTION_NODES):
            name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
            found.setdefault((first_line(node), name), []).append(path)
        stack.extend((child, path) for child in ast.iter_child_nodes(node))
    return found


def first_line(node: ast.AST) -> int:
    """The line that a code object calls its first: that of the first decorator, if there is one."""
    decorators = getattr(node, "decorator_list", None)
    return decorators[0].lineno if decorators else node.lineno  # type: ignore[no-any-return, attr-defined]


def _codes_of(path: list[ast.AST], source: Source, wanted: CodeType) -> list[CodeType]:
    """The code objects that the original text gives for the function at the end of ``path``."""
    top = path[1]
    compiled = compile_statement(top, source)
    codes = [c for c in walk_codes(compiled) if c.co_name == wanted.co_name]
    return [c for c in codes if c.co_firstlineno == wanted.co_firstlineno and _inside(c, path[-1])]


def _inside(code: CodeType, node: ast.AST) -> bool:
    """Whether the code's instructions lie within the node (always true before 3.11, which has no columns)."""
    if sys.version_info < (3, 11) or not isinstance(node, ast.Lambda):
        return True
    body = node.body
    first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    for line, end_line, column, end_column in code.co_positions():
        if None in (line, end_line, column, end_column) or (column, end_column) == (0, 0):
            continue
        if not (first <= (line, column) and (end_line, end_column) <= last):  # type: ignore[operator]
            return False
    return True


_ITERABLE_COROUTINE = inspect.CO_ITERABLE_COROUTINE
"""The flag that ``types.coroutine`` adds to the code of a generator function."""

_COMPARED = [
    "co_name",
    "co_code",
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_firstlineno",
    "co_linetable",
    "co_names",
    "co_varnames",
    "co_cellvars",
    "co_freevars",
]


def same_code(one: CodeType, other: CodeType) -> bool:
    """Whether two code objects were compiled from the same source.

    Their ``==`` will not do: in 3.11 it also compares the counters that the interpreter keeps in code that has run.
    """
    if (one.co_flags ^ other.co_flags) & ~_ITERABLE_COROUTINE:
        return False
    if any(getattr(one, name) != getattr(other, name) for name in _COMPARED):
        return False
    return len(one.co_consts) == len(other.co_consts) and all(map(_same_constant, one.co_consts, other.co_consts))


def _same_constant(one: object, other: object) -> bool:
    if isinstance(one, CodeType) and isinstance(other, CodeType):
        return same_code(one, other)
    return type(one) is type(other) and (one is other or repr(one) == repr(other) or one == other)


def compile_statement(statement: ast.AST, source: Source) -> CodeType:
    """Compile one top-level statement alone, as if its file stood around it.

    Raises:
        SyntaxError: the compiler refuses it.
    """
    # A method call on a name that the module imports compiles to other instructions.
    imports = [_import_of(name) for name in _imported_names(source.text, source.flags)]
    if source.asserts:
        statement = copy.deepcopy(statement)
    module = ast.Module(body=[*imports, statement], type_ignores=[])  # type: ignore[list-item]
    if source.asserts:
        asserts.rewrite_asserts(module, source.text)
    return quiet.compile_tree(module, source.flags)


@functools.lru_cache(maxsize=8)
def _imported_names(text: str, flags: int) -> tuple[str, ...]:
    """The names that imports bind in the module's own scope."""
    names: dict[str, None] = {}
    stack: list[ast.AST] = [_parse(text, flags)]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update((alias.asname or alias.name.partition(".")[0], None) for alias in node.names)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            stack.extend(ast.iter_child_nodes(node))
    names.pop("*", None)
    return tuple(names)


def _import_of(name: str) -> ast.Import:
    return ast.fix_missing_locations(ast.Import(names=[ast.alias(name=name)]))


def walk_codes(code: CodeType) -> Iterator[CodeType]:
    """The code object and all that are nested in it."""
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack.extend(c for c in code.co_consts if isinstance(c, CodeType))
