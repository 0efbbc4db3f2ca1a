"""Random functions for hypothesis: one statement a line, always ending, every kind of control flow."""

from __future__ import annotations

from hypothesis import strategies as st

_NAMES = ("a", "b", "c")
_EXPRESSIONS = (
    "a + 1",
    "b * 2 - a",
    "len(items)",
    "a % 3",
    "c // 2",
    "items[0]",
    "items[a % 5]",
    "10 // (b % 3)",
    "sum(items)",
    "[a, b]",
    "abs(a - b)",
)
_CONDITIONS = ("a > b", "b % 2", "c in items", "len(alias) > 3", "a == 1 or b == 2", "not c", "a < 3")
_SIMPLE = (
    "a += 1",
    "b -= a",
    "c *= 2",
    "a, b = b, a",
    "(a, c), b = (b, a), c",
    "items.append(a)",
    "alias.append(b)",
    "alias[0] = c",
    "items += [b]",
    "c = d = a",
    "nested = [items, [a]]",
    "nested[1].append(b)",
    "alias = list(items)",
    "mapping['k'] = b",
    "mapping[a] = items",
    "print(a)",
    "pass",
    "e: int = a",
    "alias = items",
)


def _indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@st.composite
def _statement(draw: st.DrawFn, depth: int, loop: bool) -> list[str]:
    kinds = ["simple", "simple", "assign", "assign"]
    if depth:
        kinds += ["if", "elif", "for", "while", "try", "tryelse", "finally", "forelse"]
    kinds += ["break", "continue"] if loop else []
    kinds += ["return", "raise"] if draw(st.integers(0, 4)) == 0 else []
    kind = draw(st.sampled_from(kinds))
    if kind == "simple":
        return [draw(st.sampled_from(_SIMPLE))]
    if kind == "assign":
        return [f"{draw(st.sampled_from(_NAMES))} = {draw(st.sampled_from(_EXPRESSIONS))}"]
    if kind == "return":
        return [f"return {draw(st.sampled_from(_EXPRESSIONS))}" if draw(st.booleans()) else "return"]
    if kind == "raise":
        return ["raise ValueError(a)"]
    if kind in ("break", "continue"):
        return [kind]
    return draw(_compound(kind, depth - 1, loop))


def _block(depth: int, loop: bool) -> st.SearchStrategy[list[str]]:
    statements = st.lists(_statement(depth, loop), min_size=1, max_size=3)
    return statements.map(lambda groups: _indent([line for group in groups for line in group]))


@st.composite
def _compound(draw: st.DrawFn, kind: str, depth: int, loop: bool) -> list[str]:
    def block(inside_loop: bool = loop) -> list[str]:
        return draw(_block(depth, inside_loop))

    condition = draw(st.sampled_from(_CONDITIONS))
    if kind == "if":
        return [f"if {condition}:", *block(), *(["else:", *block()] if draw(st.booleans()) else [])]
    if kind == "elif":
        other = draw(st.sampled_from(_CONDITIONS))
        last = ["else:", *block()] if draw(st.booleans()) else []
        return [f"if {condition}:", *block(), f"elif {other}:", *block(), "elif c > 100:", *block(), *last]
    if kind in ("for", "forelse"):
        number = draw(st.integers(0, 3))
        head = draw(st.sampled_from([f"for i in range({number}):", "for i, j in enumerate(items[:2]):"]))
        return [head, *block(True), *(["else:", *block()] if kind == "forelse" else [])]
    if kind == "while":
        counter = f"n{depth}"
        return [f"{counter} = 2", f"while {counter} > 0:", f"    {counter} -= 1", *block(True)]
    lines = ["try:", *block()]
    if kind != "finally" or draw(st.booleans()):
        lines += ["except KeyError:", *block()] if draw(st.booleans()) else []
        lines += ["except Exception as error:", *block()]
        lines += ["else:", *block()] if kind == "tryelse" else []
    lines += ["finally:", *draw(_block(depth, False))] if kind == "finally" else []
    return lines


@st.composite
def functions(draw: st.DrawFn) -> str:
    """The source of a function ``f(a, b, items)``."""
    start = ["c = 0", "alias = items", "mapping = {}", "nested = [items, [a]]"]
    body = draw(st.lists(_statement(3, False), min_size=1, max_size=5))
    lines = [*start, *(line for group in body for line in group)]
    return "\n".join(["def f(a, b, items):", *_indent(lines)]) + "\n"
