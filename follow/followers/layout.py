"""How lines look: their columns, their colours, and what is done where the width does not suffice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .screen import Ability
from .shown import cut

_NARROWEST = 40
_PLACES_FROM = 100
"""From this width on each line tells its file, too."""
_LONGEST = 100
"""Characters kept of one value in a line."""

_STYLES = {
    "time": "dim",
    "place": "dim",
    "guide": "dim",
    "call": "bold",
    "name": "cyan",
    "old": "dim",
    "new": "green",
    "result": "bold green",
    "error": "bold red",
    "note": "dim italic",
}
_PLAIN = dict.fromkeys(_STYLES, ("", ""))


class Part(NamedTuple):
    """Something to the right of the source: a variable, a result or an exception.

    Attributes:
        name: of the variable; "" for what is none.
        old: the text of what it was; None for a new one.
        new: the text of what it is.
        style: of ``new``.
    """

    name: str
    old: str | None
    new: str
    style: str = "new"


class Layout:
    """Makes lines for one place.

    Arguments:
        ability: what the place can show.
        times: whether there is a column for times.
    """

    def __init__(self, ability: Ability, times: bool) -> None:
        self.ability = ability
        self.times = times
        width = max(ability.width, _NARROWEST)
        self._styles = _PLAIN if ability.colours is None else _codes(ability.colours)
        self._highlight: Callable[[str], str] | None = (
            None if ability.colours is None else _highlighter(ability.colours)
        )
        self._places = width >= _PLACES_FROM
        self._margin = 9 * times + (19 if self._places else 5)
        self._column = self._margin + min((width - self._margin) * 45 // 100, 64)
        self._width = width
        self._levels = max((self._column - self._margin) // 4, 3)
        if ability.unicode:
            self._bar, self._open, self._end, self._gap, micro = "│ ", "┌ ", "└ ", "…", "µ"
            self.arrow, self.result, self._break = " → ", "⇒ ", "┄"
        else:
            self._bar, self._open, self._end, self._gap, micro = "| ", "> ", "< ", "...", "u"
            self.arrow, self.result, self._break = " -> ", "=> ", "-"
        self._units = (f" {micro}s ", " ms ", " s  ")
        self._heads: dict[tuple[object, int, bool], tuple[str, int]] = {}
        name, old, new = self._styles["name"], self._styles["old"], self._styles["new"]
        self._fresh = f"{name[0]}%s{name[1]} = {new[0]}%s{new[1]}"
        self._changed = f"{name[0]}%s{name[1]} = {old[0]}%s{old[1]}{self.arrow}{new[0]}%s{new[1]}"

    # -- whole lines -----------------------------------------------------------------------------

    def statement(self, time: int, key: object, place: Callable[[], Place], depth: int, end: bool) -> tuple[str, int]:
        """What stands left of the variables in the line of a statement.

        Arguments:
            time: in nanoseconds.
            key: what tells one statement from another.
            place: gives where it stands and what it is; asked for once.
            depth: of its call.
            end: whether the call ends with it.

        Returns:
            The text, and how many columns it takes.
        """
        head = self._heads.get((key, depth, end))
        if head is None:
            found = place()
            guide = self._guides(depth) + (self._end if end else self._bar)
            code = found.indent[: self._column // 3] + found.code
            head = self._heads[key, depth, end] = self._head(found.place, guide, code, highlighted=True)
        if not self.times:
            return head
        return self.duration(time) + head[0], head[1]

    def entry(self, clock: str, place: str, depth: int, name: str, arguments: Sequence[Part]) -> str:
        """The line of a call that begins."""
        texts = [f"{part.name}={cut(part.new, _LONGEST, self._gap)}" for part in arguments]
        guide = self._guides(depth) + self._open
        whole = f"{name}({', '.join(texts)})"
        right: list[Part] = [] if self._places else [Part("", None, place, "place")]
        room = self._width - self._margin - len(guide)
        below: list[Part] = []
        if cells(whole) > room - (len(place) + 2 if right else 0):
            whole = f"{name}({self._gap})"
            below = list(arguments)
        head, used = self._head(place if self._places else "", guide, whole, style="call")
        line = self._clock(clock) + head + self.parts(right, used)
        return line + (self._below(below) if below else "") + "\n"

    def again(self, depth: int, text: str) -> str:
        """A line that says where it goes on: in another thread, or a call that was suspended."""
        bar = self._break * 2
        note = f"{bar} {cut(text, self._width - self._margin - 2 * depth - 8, self._gap)} {bar}"
        start = " " * self._margin + self._style("guide", self._guides(depth))
        return f"{start}{self._style('note', note)}\n"

    def left(self, depth: int, text: str, took: str) -> str:
        """The line of a call that an exception has left."""
        head, used = self._head("", self._guides(depth) + self._end, "left", style="note")
        blank = " " * 9 if self.times else ""
        return blank + head + self.parts([Part("", None, text, "error"), *self.took(took)], used) + "\n"

    def took(self, text: str) -> list[Part]:
        """How long a call took, as a part."""
        return [Part("", None, f"({text})", "time")] if text else []

    # -- times -----------------------------------------------------------------------------------

    def duration(self, time: int) -> str:
        """A duration in nine columns."""
        if time < 1_000_000:
            text = f"{time / 1e3:5.1f}{self._units[0]}"
        elif time < 1_000_000_000:
            text = f"{time / 1e6:5.1f}{self._units[1]}"
        else:
            text = f"{time / 1e9:5.1f}{self._units[2]}"
        before, after = self._styles["time"]
        return f"{before}{text}{after}" if before else text

    def short(self, time: int) -> str:
        """A duration without padding."""
        for factor, unit in zip((1e3, 1e6), self._units):
            if time < factor * 1_000:
                return f"{time / factor:.1f}{unit}".rstrip()
        return f"{time / 1e9:.2f} s"

    def _clock(self, clock: str) -> str:
        return f"{self._style('time', clock)}{' ' * (9 - len(clock))}" if self.times else ""

    # -- columns ---------------------------------------------------------------------------------

    def _guides(self, depth: int) -> str:
        if depth < self._levels:
            return self._bar * depth
        return f"{self._bar * (self._levels - 3)}{self._gap}{depth} "

    def _head(
        self, place: str, guide: str, code: str, *, style: str = "", highlighted: bool = False
    ) -> tuple[str, int]:
        width = self._margin - 9 * self.times - 1
        place = place if self._places else place.rpartition(":")[2]
        if len(place) > width:
            place = self._gap + place[len(place) - width + len(self._gap) :]
        room = self._width - self._margin - len(guide)
        if cells(code) > room:
            code = code[: max(room - len(self._gap), 1)] + self._gap
        used = self._margin + len(guide) + cells(code)
        if highlighted and self._highlight is not None:
            shown = self._highlight(code)
        else:
            shown = self._style(style, code) if style else code
        left = self._style("place", f"{place:>{width}}")
        return f"{left} {self._style('guide', guide)}{shown}", used

    def parts(self, parts: Sequence[Part], used: int) -> str:
        """What stands to the right of the source: in the same line, or where it is too much in those below.

        Arguments:
            parts: variables and others.
            used: the columns that are taken.
        """
        if not parts:
            return ""
        start = max(used + 2, self._column)
        if len(parts) == 1:
            name, old, new, style = parts[0]
            width = len(name) + len(new) + 3 + (0 if old is None else len(old) + len(self.arrow))
            if start + width <= self._width and style == "new" and name and new.isascii():
                text = self._fresh % (name, new) if old is None else self._changed % (name, old, new)
                return " " * (start - used) + text
        texts = [self._segments(part) for part in parts]
        whole = sum(_length(text) + 2 for text in texts) - 2
        if start + whole <= self._width:
            return " " * (start - used) + "  ".join(map(self._joined, texts))
        lines = list(self._flow(texts, self._width - self._column))
        if used + 2 > self._column:
            lines.insert(0, "")
            return f"\n{' ' * self._column}".join(lines)
        return " " * (self._column - used) + f"\n{' ' * self._column}".join(lines)

    def _below(self, parts: Sequence[Part]) -> str:
        lines = self._flow([self._segments(part) for part in parts], self._width - self._column)
        return "".join(f"\n{' ' * self._column}{line}" for line in lines)

    def _segments(self, part: Part) -> list[tuple[str, str]]:
        new = cut(part.new, _LONGEST, self._gap)
        found = [("name", part.name), ("", " = ")] if part.name else []
        if part.old is not None:
            old = cut(part.old, _LONGEST, self._gap)
            if old == new:  # they differ where they have been cut, or not at all
                return [*found, ("new", new), ("note", " (same)" if part.old == part.new else " (changed)")]
            found += [("old", old), ("", self.arrow)]
        return [*found, (part.style, new)]

    def _flow(self, texts: Iterable[list[tuple[str, str]]], width: int) -> Iterable[str]:
        """Lines of at most so many columns; what is longer than one is broken anywhere."""
        line: list[tuple[str, str]] = []
        used = 0
        for text in texts:
            length = _length(text)
            if line and used + 2 + length > width:
                yield self._joined(line)
                line, used = [], 0
            elif line:
                line.append(("", "  "))
                used += 2
            for style, piece in text:
                while used + cells(piece) > width:
                    fitting = _fitting(piece, width - used)
                    line.append((style, piece[:fitting]))
                    yield self._joined(line)
                    line, used, piece = [("", "  ")], 2, piece[fitting:]
                line.append((style, piece))
                used += cells(piece)
        if line:
            yield self._joined(line)

    def _joined(self, segments: Iterable[tuple[str, str]]) -> str:
        return "".join(self._style(style, text) if style else text for style, text in segments)

    def _style(self, style: str, text: str) -> str:
        before, after = self._styles[style]
        return f"{before}{text}{after}" if before and text else text


class Place(NamedTuple):
    """Where a statement stands, and what it is.

    Attributes:
        place: ``file.py:line``.
        indent: spaces, as deep as it is nested in its function.
        code: its source in one line.
    """

    place: str
    indent: str
    code: str


def cells(text: str) -> int:
    """How many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _length(segments: list[tuple[str, str]]) -> int:
    return sum(cells(text) for _, text in segments)


def _fitting(text: str, width: int) -> int:
    """How many characters fit into so many columns."""
    used = 0
    for index, character in enumerate(text):
        used += cells(character)
        if used > width:
            return index
    return len(text)


def _codes(colours: str) -> dict[str, tuple[str, str]]:
    from rich.console import COLOR_SYSTEMS
    from rich.style import Style

    found: dict[str, tuple[str, str]] = {}
    for name, style in _STYLES.items():
        before, _, after = Style.parse(style).render("\0", color_system=COLOR_SYSTEMS[colours]).partition("\0")
        found[name] = before, after
    return found


def _highlighter(colours: str) -> Callable[[str], str]:
    """What colours source."""
    from pygments.lexers.python import PythonLexer
    from rich.console import COLOR_SYSTEMS
    from rich.syntax import ANSI_DARK, ANSISyntaxTheme

    system, theme = COLOR_SYSTEMS[colours], ANSISyntaxTheme(ANSI_DARK)
    lexer = PythonLexer(stripnl=False, ensurenl=False)

    def highlight(code: str) -> str:
        return "".join(
            theme.get_style_for_token(token).render(text, color_system=system) for token, text in lexer.get_tokens(code)
        )

    return highlight
