"""How lines look: their columns, their colours, and what is done where the width does not suffice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .colours import NO_STYLE, PLAIN, codes, highlighter
from .screen import Ability
from .shown import cells, cut, fitting

_NARROWEST = 40
_PLACES_FROM = 100
"""From this width on each line tells its file, too."""
_MOST_LEADS = 1_000
_LONGEST = 100
"""Characters kept of one value in a line."""

BODY, OPEN, END, ALONE = range(4)
"""What stands before a line: it belongs to a call, a call begins, ends, or begins and ends with it."""


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


class One(NamedTuple):
    """The line of a statement that binds one variable.

    Attributes:
        fresh: what stands before the value of a new variable.
        changed: what stands before the old value of one that had another.
        between: what stands between the old value and the new one.
        end: what stands after it.
        room: how many columns there are for values and the arrow.
    """

    fresh: str
    changed: str
    between: str
    end: str
    room: int


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
        self._styles = PLAIN if ability.colours is None else codes(ability.colours)
        self._highlight: Callable[[str], str] | None = None if ability.colours is None else highlighter(ability.colours)
        self._places = width >= _PLACES_FROM
        self._margin = 9 * times + (19 if self._places else 5)
        self._column = self._margin + min((width - self._margin) * 45 // 100, 64)
        self._width = width
        self._levels = max((self._column - self._margin) // 4, 3)
        if ability.unicode:
            self._marks, self.gap, micro = ("│ ", "┌ ", "└ ", "╶ "), "…", "µ"
            self.arrow, self.result, self._break = " → ", "⇒ ", "┄"
        else:
            self._marks, self.gap, micro = ("| ", "> ", "< ", "- "), "...", "u"
            self.arrow, self.result, self._break = " -> ", "=> ", "-"
        self._units = (f" {micro}s ", " ms ", " s  ")
        self._bar = self._marks[BODY]
        self.durations: dict[int, str] = {}
        """By tenths of a microsecond, durations as they are shown."""
        self._leads: dict[tuple[str, int], tuple[str, int]] = {}

    # -- whole lines -----------------------------------------------------------------------------

    def entry(self, clock: str, place: str, depth: int, name: str, arguments: Sequence[Part] | None) -> str:
        """The line of a call that begins; arguments are None of what has none, such as a module."""
        lead = self._leads.get((place, depth))
        if lead is None:
            if len(self._leads) > _MOST_LEADS:
                self._leads.clear()
            lead = self._leads[place, depth] = self.head(place if self._places else "", depth, OPEN, "", "")
        whole = name
        if arguments is not None:
            texts = [f"{part.name}={cut(part.new, _LONGEST, self.gap)}" for part in arguments if part.name]
            texts += [part.new for part in arguments if not part.name]
            whole = f"{name}({', '.join(texts)})"
        head, used = lead
        below: Sequence[Part] = ()
        if used + cells(whole) > self._width - (0 if self._places else len(place) + 2):
            whole = cut(f"{name}({self.gap})", self._width - used, self.gap)
            below = arguments or ()
        line = f"{self._clock(clock)}{head}{self._style('call', whole)}"
        if not self._places:
            line += self.parts((Part("", None, place, "place"),), used + cells(whole))
        return line + (self._below(below) if below else "") + "\n"

    def again(self, depth: int, text: str) -> str:
        """A line that says where it goes on: in another thread, or a call that was suspended."""
        bar = self._break * 2
        note = f"{bar} {cut(text, self._width - self._margin - 2 * depth - 8, self.gap)} {bar}"
        start = " " * self._margin + self._style("guide", self._guides(depth))
        return f"{start}{self._style('note', note)}\n"

    def left(self, depth: int, text: str, took: str) -> str:
        """The line of a call that an exception has left."""
        head, used = self.head("", depth, END, "", "left", style="note")
        blank = " " * 9 if self.times else ""
        return blank + head + self.parts([Part("", None, text, "error"), *self.took(took)], used) + "\n"

    def took(self, text: str) -> list[Part]:
        """How long a call took, as a part."""
        return [Part("", None, f"({text})", "time")] if text else []

    # -- times -----------------------------------------------------------------------------------

    def duration(self, time: int) -> str:
        """A duration in nine columns."""
        tenths = (time + 50) // 100
        found = self.durations.get(tenths)
        if found is None:
            if tenths < 10_000:
                text = f"{tenths / 10:5.1f}{self._units[0]}"
            elif time < 999_950_000:
                text = f"{time / 1e6:5.1f}{self._units[1]}"
            else:
                text = f"{time / 1e9:5.1f}{self._units[2]}"
            before, after = self._styles["time"]
            found = f"{before}{text}{after}" if before else text
            if tenths < 10_000:
                self.durations[tenths] = found
        return found

    def short(self, time: int) -> str:
        """A duration without padding."""
        text = self.duration(time)
        before, after = self._styles["time"]
        return text[len(before) : len(text) - len(after)].strip()

    def _clock(self, clock: str) -> str:
        return f"{self._style('time', clock)}{' ' * (9 - len(clock))}" if self.times else ""

    # -- columns ---------------------------------------------------------------------------------

    def _guides(self, depth: int) -> str:
        if depth < self._levels:
            return self._bar * depth
        return f"{self._bar * (self._levels - 3)}{self.gap}{depth} "

    def head(self, place: str, depth: int, mark: int, indent: str, code: str, style: str = "") -> tuple[str, int]:
        """What stands between the time and the variables.

        Arguments:
            place: ``file.py:line``, or "".
            depth: of the call.
            mark: ``BODY``, ``OPEN``, ``END`` or ``ALONE``.
            indent: spaces, as deep as a statement is nested in its function.
            code: source, or with a style anything else.
            style: by default the source's colours.

        Returns:
            The text, and how many columns are taken with it.
        """
        width = self._margin - 9 * self.times - 1
        place = place if self._places else place.rpartition(":")[2]
        if len(place) > width:
            file, _, line = place.rpartition(":")
            place = f"{file[: width - len(line) - len(self.gap) - 1]}{self.gap}:{line}"
        guide = self._guides(depth) + self._marks[mark]
        code = indent[: self._column // 3] + code
        room = max(self._width - self._margin - len(guide), 1)
        gap = ""
        if cells(code) > room:
            code, gap = code[: fitting(code, room - len(self.gap))], self.gap
        used = self._margin + len(guide) + cells(code) + len(gap)
        shown = self._style(style, code) if style or self._highlight is None else self._highlight(code)
        left = self._style("place", f"{place:>{width}}")
        return f"{left} {self._style('guide', guide)}{shown}{gap}", used

    def parts(self, parts: Sequence[Part], used: int) -> str:
        """What stands to the right of the source: in the same line, or where it is too much in those below.

        Arguments:
            parts: variables and others.
            used: the columns that are taken.
        """
        if not parts:
            return ""
        start = max(used + 2, self._column)
        quick = self._in_one_line(parts, self._width - start)
        if quick is not None:
            return " " * (start - used) + quick
        texts = [self._segments(part) for part in parts]
        whole = sum(_length(text) + 2 for text in texts) - 2
        if start + whole <= self._width:
            return " " * (start - used) + "  ".join(map(self._joined, texts))
        lines = list(self._flow(texts, self._width - self._column))
        if used + 2 > self._column:
            lines.insert(0, "")
            return f"\n{' ' * self._column}".join(lines)
        return " " * (self._column - used) + f"\n{' ' * self._column}".join(lines)

    def _in_one_line(self, parts: Sequence[Part], room: int) -> str | None:
        """The parts as one text, if it is short and plain; None if that needs a closer look."""
        texts: list[str] = []
        styles = self._styles
        (name_on, name_off), (old_on, old_off) = styles["name"], styles["old"]
        for name, old, new, style in parts:
            room -= len(name) + len(new) + 5
            on, off = styles[style]
            text = f"{on}{new}{off}"
            if old is not None:
                room -= len(old) + len(self.arrow)
                if not old.isascii():
                    return None
                text = f"{old_on}{old}{old_off}{self.arrow}{text}"
            if room < -2 or not (new.isascii() or style == "time") or len(new) > _LONGEST:
                return None
            if style == "result":
                room -= len(self.result)
                text = f"{on}{self.result}{new}{off}"
            texts.append(f"{name_on}{name}{name_off} = {text}" if name else text)
        return "  ".join(texts)

    def one(self, head: tuple[str, int], name: str) -> One:
        """How the line of a statement that binds one variable begins, where the variable fits into the line."""
        line, used = head
        start = max(used + 2, self._column)
        (name_on, name_off), (old_on, old_off), (on, off) = (self._styles[style] for style in ("name", "old", "new"))
        lead = f"{line}{' ' * (start - used)}{name_on}{name}{name_off} = "
        return One(
            lead + on, lead + old_on, f"{old_off}{self.arrow}{on}", off + "\n", self._width - start - len(name) - 3
        )

    def _below(self, parts: Sequence[Part]) -> str:
        lines = self._flow([self._segments(part) for part in parts], self._width - self._column)
        return "".join(f"\n{' ' * self._column}{line}" for line in lines)

    def _segments(self, part: Part) -> list[tuple[str, str]]:
        new = cut(part.new, _LONGEST, self.gap)
        found = [("name", part.name), ("", " = ")] if part.name else []
        if part.old is not None:
            old = cut(part.old, _LONGEST, self.gap)
            if old == new:  # they differ where they have been cut, or not at all
                return [*found, ("new", new), ("note", " (same)" if part.old == part.new else " (changed)")]
            found += [("old", old), ("", self.arrow)]
        return [*found, (part.style, f"{self.result}{new}" if part.style == "result" else new)]

    def _flow(self, texts: Iterable[list[tuple[str, str]]], width: int) -> Iterable[str]:
        """Lines of at most so many columns; what is longer than one is broken, at a space if there is one."""
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
            for style, whole in text:
                piece = whole
                while used + cells(piece) > width:
                    end = fitting(piece, width - used)
                    space = piece.rfind(" ", 0, end + 1)
                    if space > end // 2:
                        end = space
                    line.append((style, piece[:end]))
                    yield self._joined(line)
                    line, used, piece = [("", "  ")], 2, piece[end:].lstrip(" ")
                line.append((style, piece))
                used += cells(piece)
        if line:
            yield self._joined(line)

    def _joined(self, segments: Iterable[tuple[str, str]]) -> str:
        return "".join(self._style(style, text) for style, text in segments)

    def _style(self, style: str, text: str) -> str:
        before, after = self._styles.get(style, NO_STYLE)
        return f"{before}{text}{after}" if before and text else text


def _length(segments: list[tuple[str, str]]) -> int:
    return sum(cells(text) for _, text in segments)
