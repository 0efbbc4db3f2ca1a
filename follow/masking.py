"""Source text without its secrets: literals given to names that hold secrets become asterisks of the same length."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .secretnames import SecretNames, secret_names

_QUOTES = re.compile(r"""(?i)[rbuft]*('''|\"\"\"|'|")""")
_LOOKUPS = ("get", "getenv", "pop", "setdefault", "getattr")
"""Functions whose first string is the name of what they give."""
_PUTTING = ("add", "append", "appendleft", "extend", "extendleft", "insert", "setdefault", "update")
"""Methods that put what they are given into a container."""
_LEAST = 6
"""Literals that are shorter are hidden where they are given to a secret's name, and nowhere else."""

Pair = tuple[ast.AST | str | None, ast.expr | None]
"""A target, or a name, and the value that it gets or is compared with."""


def masked(text: str, tree: ast.AST, redact: tuple[str | re.Pattern[str], ...]) -> str:
    """A source text whose secrets are hidden; lines and columns are the original's.

    Arguments:
        text: the source.
        tree: its syntax tree.
        redact: the names that hold secrets: of what is assigned to, compared with or passed as one of them every
            string and number is hidden, and the same text in whatever other string or comment it stands. Also
            patterns: what matches one of them in a string or comment is hidden as well.
    """
    names = secret_names(redact)
    patterns = tuple(item for item in redact if isinstance(item, re.Pattern))
    lines = text.split("\n")
    secret = {_start(node, lines) for node in secret_literals(tree, names)}
    if not secret and not patterns:
        return text
    tokens = list(_tokens(text))
    hidden = [token for token in tokens if token.start in secret]
    literals = {text[token.first : token.last] for token in hidden if token.last - token.first >= _LEAST}
    spans = [(token.first, token.last, "0" if token.number else "*") for token in hidden]
    lost = {line for line, _ in secret - {token.start for token in tokens}}  # the tokenizer knows it otherwise
    for line in lost:
        first = sum(len(one) + 1 for one in lines[: line - 1])
        spans.append((first, first + len(lines[line - 1]), "*"))
    for pattern in [*patterns, *(re.compile(re.escape(literal)) for literal in literals)]:
        for token in tokens:
            found = pattern.finditer(text, token.first, token.last)
            spans += ((*one.span(), "*") for one in found if not token.number)
    return _without(text, spans)


def is_secret(node: ast.AST | str | None, names: SecretNames) -> bool:
    """Whether an expression or a target is a name, attribute, item or call that holds or gives a secret."""
    if isinstance(node, str):
        return names.hides(node)
    if isinstance(node, ast.Subscript):
        return is_secret(node.slice, names) or is_secret(node.value, names)
    if isinstance(node, ast.Attribute):
        return names.hides(node.attr)
    if isinstance(node, ast.Name):
        return names.hides(node.id)
    if isinstance(node, ast.Constant):
        return type(node.value) is str and names.hides(node.value)
    if isinstance(node, ast.Call):
        looked_up = _looked_up(node)
        return is_secret(node.func if looked_up is None else looked_up, names)
    if isinstance(node, ast.BoolOp):
        return any(is_secret(part, names) for part in node.values)
    if isinstance(node, ast.IfExp):
        return is_secret(node.body, names) or is_secret(node.orelse, names)
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return is_secret(node.elt, names)
    return isinstance(node, (ast.Starred, ast.Await, ast.NamedExpr)) and is_secret(node.value, names)


def given_secrets(node: ast.AST, names: SecretNames) -> Iterator[str]:
    """The variables that an assignment gives a secret: of ``key = os.environ["API_KEY"]`` it is ``key``."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        for target, value in _PAIRS[type(node)](node):
            yield from _named_by(target, value, names)


def _named_by(target: ast.AST | str | None, value: ast.expr | None, names: SecretNames) -> Iterator[str]:
    if isinstance(target, ast.Name) and is_secret(value, names):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List)):
        for one, its in zip(target.elts, value.elts):
            yield from _named_by(one, its, names)


def _looked_up(node: ast.Call) -> ast.expr | None:
    """Of ``d.get("name")`` or ``getattr(d, "name")`` what is looked up."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
    if name not in _LOOKUPS or not node.args:
        return None
    return node.args[name == "getattr" and len(node.args) > 1]


def secret_literals(tree: ast.AST, names: SecretNames) -> Iterator[ast.expr]:
    """The strings and numbers in a syntax tree that are given to names that hold secrets."""
    parameters = _parameters(tree, names)
    for node in ast.walk(tree):
        pairs = _PAIRS.get(type(node))
        if pairs is not None:
            for target, value in pairs(node):
                yield from _given(target, value, names)
        if isinstance(node, ast.Call) and parameters:
            for target, value in zip(parameters.get(_name_called(node), ()), node.args):
                yield from _given(target, value, names)


def _name_called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else str(getattr(node.func, "attr", ""))


def _parameters(tree: ast.AST, names: SecretNames) -> dict[str, list[str]]:
    """Of the functions and classes that a file defines the names of what they take, where secrets are among them."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = _taken(node)
        elif isinstance(node, ast.ClassDef):
            made = [_taken(one) for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
            fields = [
                one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and type(one.target) is ast.Name
            ]
            found[node.name] = made[0] if made else fields
    return {name: taken for name, taken in found.items() if any(map(names.hides, taken))}


def _taken(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    taken = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return taken[1:] if taken[:1] in (["self"], ["cls"]) else taken


def _given(target: ast.AST | str | None, value: ast.expr | None, names: SecretNames) -> Iterator[ast.expr]:
    if value is None or target is None:
        return
    if isinstance(target, (ast.Tuple, ast.List)):
        if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts):
            for one, its in zip(target.elts, value.elts):
                yield from _given(one, its, names)
        elif any(is_secret(one, names) for one in target.elts):
            yield from _literals(value)
    elif is_secret(target, names):
        yield from _literals(value)


def _literals(node: ast.AST) -> Iterator[ast.expr]:
    """The literals in an expression, but for those that say what is looked up."""
    if isinstance(node, ast.JoinedStr):
        yield node
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, (str, bytes, int, float, complex)) and type(node.value) is not bool:
            yield node
    else:
        skipped: ast.AST | None = None
        if isinstance(node, ast.Subscript):
            skipped = node.slice
        elif isinstance(node, ast.Call):
            skipped = _looked_up(node)
        for child in ast.iter_child_nodes(node):
            if child is not skipped or not isinstance(child, ast.Constant):
                yield from _literals(child)


# -- what is given to what ---------------------------------------------------------------------------


def _compared(node: ast.Compare) -> Iterator[Pair]:
    sides = [node.left, *node.comparators]
    for one, other in itertools.pairwise(sides):
        for target, value in ((one, other), (other, one)):
            if not isinstance(target, ast.Constant):
                yield target, value


def _defaults(node: ast.arguments) -> Iterator[Pair]:
    names = [argument.arg for argument in (*node.posonlyargs, *node.args)]
    yield from zip(reversed(names), reversed(node.defaults))
    yield from zip((argument.arg for argument in node.kwonlyargs), node.kw_defaults)


def _following(parts: list[ast.expr]) -> Iterator[Pair]:
    """In ``("token", "…")``: what follows the name of a secret."""
    return ((one, other) for one, other in itertools.pairwise(parts) if isinstance(one, ast.Constant))


def _options(node: ast.List) -> Iterator[Pair]:
    """In ``["--token", "…"]``: what follows an option that is the name of a secret."""
    return (pair for pair in _following(node.elts) if str(getattr(pair[0], "value", "")).startswith("-"))


def _called(node: ast.Call) -> Iterator[Pair]:
    """What a function of a secret's name is given (``set_password("…")``), or what is put into a secret."""
    puts = isinstance(node.func, ast.Attribute) and node.func.attr in _PUTTING
    target = node.func.value if puts else node.func  # type: ignore[attr-defined]
    yield from ((target, argument) for argument in node.args)
    yield from _following(node.args)


def _returned(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Pair]:
    return ((node.name, inner.value) for inner in ast.walk(node) if isinstance(inner, ast.Return))


def _matched(node: ast.Match) -> Iterator[Pair]:
    patterns = (pattern for case in node.cases for pattern in ast.walk(case.pattern))
    return ((node.subject, pattern.value) for pattern in patterns if isinstance(pattern, ast.MatchValue))


_PAIRS: dict[type, Callable[[Any], Iterable[Pair]]] = {
    ast.Assign: lambda node: [(target, node.value) for target in node.targets],
    **dict.fromkeys((ast.AnnAssign, ast.AugAssign, ast.NamedExpr), lambda node: [(node.target, node.value)]),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.comprehension), lambda node: [(node.target, node.iter)]),
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef), _returned),
    ast.keyword: lambda node: [(node.arg, node.value)],
    ast.Dict: lambda node: zip(node.keys, node.values),
    ast.Tuple: lambda node: _following(node.elts),
    ast.List: _options,
    ast.Call: _called,
    ast.Compare: _compared,
    ast.arguments: _defaults,
    ast.Match: _matched,
}


# -- the text ----------------------------------------------------------------------------------------


class _Token:
    """A literal or comment: its start as line and column, and where in the text its content is."""

    __slots__ = ("first", "last", "number", "start")

    def __init__(self, start: tuple[int, int], first: int, last: int, *, number: bool = False) -> None:
        self.start = start
        self.first = first
        self.last = last
        self.number = number


def _tokens(text: str) -> Iterator[_Token]:
    """The literals and comments of a text; an f-string is one: its parts have no sure places."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    depth, begun, start = 0, 0, (0, 0)
    joined: tuple[int, int] | None = None
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = tokenize.tok_name[token.type]
            first, last = (starts[line - 1] + column for line, column in (token.start, token.end))
            if kind.endswith("STRING_START"):
                if depth == 0:
                    begun, start = last, joined or token.start
                depth += 1
            elif kind.endswith("STRING_END"):
                depth -= 1
                if depth == 0:
                    first = text.rfind(token.string, begun, first + len(token.string))  # 3.12.1 may count bytes
                    yield _Token(start, begun, max(first, begun))
            elif depth == 0 and kind == "STRING":
                quote = _QUOTES.match(token.string)
                assert quote is not None
                last = first + len(token.string)  # 3.12.1 may count bytes
                yield _Token(joined or token.start, first + quote.end(), last - len(quote.group(1)))
            elif depth == 0 and kind in ("NUMBER", "COMMENT"):
                yield _Token(token.start, first, last, number=kind == "NUMBER")
            if depth or kind.endswith("STRING_END") or kind == "STRING":
                joined = joined or token.start  # strings side by side are one literal
            elif kind not in ("NL", "COMMENT"):
                joined = None
    except (tokenize.TokenError, SyntaxError):
        return


def _start(node: ast.expr, lines: list[str]) -> tuple[int, int]:
    """Where a node starts: its line and its column in characters."""
    return node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode())


def _without(text: str, spans: Iterable[tuple[int, int, str]]) -> str:
    """The text with spans made of a mark for each byte in UTF-8, so that columns stay."""
    parts: list[str] = []
    done = 0
    for first, last, mark in sorted(spans):
        if last > done:
            hidden = text[max(first, done) : last]
            parts += [text[done : max(first, done)], "".join(_mark(character, mark) for character in hidden)]
            done = last
    return "".join([*parts, text[done:]])


def _mark(character: str, mark: str) -> str:
    return character if character == "\n" else mark * len(character.encode("utf-8", "surrogatepass"))
