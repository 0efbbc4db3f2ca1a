"""The summary of a followed program: what took longest, what came most often, which exceptions there were."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

from .screen import Ability

_MOST = 5
ORDINARY = ("SystemExit", "GeneratorExit")
"""Exceptions that the summary does not count: so programs and generators end."""


class Count(NamedTuple):
    """A statement, how often it was executed, and how long (ns) that took with what it called."""

    place: str
    code: str
    times: int
    time: int


def summary(ability: Ability, counts: Sequence[Count], calls: int, exceptions: Counter[str], *, times: bool) -> str:
    """The summary as text.

    Arguments:
        ability: what the place can show.
        counts: of each statement.
        calls: how many there were.
        exceptions: by what they say, how many outermost calls they have left.
        times: whether to show times.
    """
    from rich.box import ASCII2, SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    gap = "…" if ability.unicode else "..."
    statements = sum(one.times for one in counts)
    out = io.StringIO()
    console = Console(
        file=out,
        width=ability.width,
        color_system=ability.colours,  # type: ignore[arg-type]
        force_terminal=ability.colours is not None,
        no_color=ability.colours is None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(f"\nfollowed: {calls:,} calls, {statements:,} statements", style="bold")
    longest = sorted(counts, key=lambda one: (-one.time, one.place))[:_MOST] if times else []
    often = sorted(counts, key=lambda one: (-one.times, one.place))[:_MOST]
    for title, chosen in (("longest, with what they called", longest), ("most often", often)):
        if not chosen:
            continue
        console.print()
        table = Table(box=SIMPLE_HEAD if ability.unicode else ASCII2, pad_edge=False, show_edge=False)
        rows = [(f"{one.times:,}", *([f"{one.time / 1e6:,.3f}"] if times else []), one.place) for one in chosen]
        for index, name in enumerate(("count", *(["ms"] if times else []), "place")):
            justify: Literal["left", "right"] = "left" if name == "place" else "right"
            most = max(len(row[index]) for row in rows)
            table.add_column(name, justify=justify, no_wrap=True, min_width=min(most, ability.width // 3))
        table.add_column(title, no_wrap=True)
        room = max(ability.width - sum(max(map(len, column)) + 3 for column in zip(*rows)) - 6, 20)
        for row, one in zip(rows, chosen):
            code = one.code if len(one.code) <= room else one.code[: room - len(gap)] + gap
            table.add_row(*row, code)
        console.print(table)
    for text, count in exceptions.most_common(_MOST):
        console.print(f"{count:,} × left by {text}" if ability.unicode else f"{count:,} x left by {text}", style="red")
    if len(exceptions) > _MOST:
        console.print(f"and by {len(exceptions) - _MOST:,} other exceptions", style="red")
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())
