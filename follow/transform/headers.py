"""The text of an instruction: a statement on one line, or the header of a compound statement."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from ..model import Span

_DROPPED = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def span_of(node: ast.AST) -> Span:
    """The node's place in the source."""
    return node.lineno, node.col_offset, node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]


class Text:
    """The lines of a source, addressed as the syntax tree does: columns count UTF-8 bytes."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def between(self, span: Span) -> str:
        """The text of a span."""
        line, column, end_line, end_column = span
        if line == end_line:
            return self._bytes(line)[column:end_column].decode()
        middle = self.lines[line : end_line - 1]
        return "\n".join([self._bytes(line)[column:].decode(), *middle, self._bytes(end_line)[:end_column].decode()])

    def instruction(self, span: Span) -> str:
        """The text of a span as one line: line breaks, indents and comments inside it become one space."""
        text = self.between(span)
        return text if "\n" not in text else _fold(text)

    def colon_after(self, line: int, column: int) -> tuple[int, int]:
        """The end of the first ``:`` from a place on that does not stand in a comment."""
        while line <= len(self.lines):
            data = self._bytes(line)
            comment = data.find(b"#", column)
            found = data.find(b":", column, comment if comment >= 0 else len(data))
            if found >= 0:
                return line, found + 1
            line, column = line + 1, 0
        raise ValueError("a compound statement without a colon")

    def line_with(self, keyword: str, line: int) -> tuple[int, int]:
        """The start of the last line, up to ``line``, whose first word is ``keyword``."""
        starts = re.compile(rb"[ \t\f]*(?=%s\b)" % keyword.encode())
        while line > 0:
            found = starts.match(self._bytes(line))
            if found is not None:
                return line, found.end()
            line -= 1
        raise ValueError(f"no {keyword} there")

    def _bytes(self, line: int) -> bytes:
        return self.lines[line - 1].encode()


def _fold(text: str) -> str:
    parts: list[str] = []
    end = (1, 0)
    lines = text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in _DROPPED:
                continue
            if token.start[0] != end[0]:
                parts.append(" " if parts else "")
            else:
                parts.append(lines[end[0] - 1][end[1] : token.start[1]])
            parts.append(_text_of(lines, token.start, token.end))
            end = token.end
    except (tokenize.TokenError, IndentationError):
        return " ".join(line.strip() for line in lines)
    return "".join(parts)


def _text_of(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """A token's text as it stands (an f-string's middle loses its doubled braces in ``token.string``)."""
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    return "\n".join([lines[start[0] - 1][start[1] :], *lines[start[0] : end[0] - 1], lines[end[0] - 1][: end[1]]])


def header_span(node: ast.AST, text: Text) -> Span:
    """The place of a compound statement's header, from its keyword to its colon."""
    if isinstance(node, ast.match_case):
        start = text.line_with("case", node.pattern.lineno)
    else:
        start = (node.lineno, node.col_offset)  # type: ignore[attr-defined]
    last = start
    for part in _header_parts(node):
        last = max(last, (part.end_lineno, part.end_col_offset))  # type: ignore[attr-defined]
    return (*start, *text.colon_after(*last))


def _header_parts(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("body", "orelse", "finalbody", "handlers", "cases", "decorator_list"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, (ast.arguments, ast.withitem)):
                yield from ast.iter_child_nodes(part)
            elif isinstance(part, ast.AST) and hasattr(part, "end_lineno"):
                yield part
