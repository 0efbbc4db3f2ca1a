"""What the generated code says of loops of which not all iterations are recorded."""

from __future__ import annotations

from ..looplimit import LoopLimit
from ..model import Scope, Site
from ..state import COUNT, SINK, SLOTS, TOLD, WINDOW
from .probes import call


class LoopTexts:
    """The texts for the loops of one function.

    Three items of a call's state belong to each loop: whether the running iteration is recorded, how many have begun,
    and of how many it has been told what was left out.

    Arguments:
        scope: the function.
        limit: which iterations are recorded.
        state: how the generated code names the state of the running call.
    """

    def __init__(self, scope: Scope, limit: LoopLimit, state: str) -> None:
        self._scope = scope
        self._limit = limit
        self._state = state

    def _item(self, loop: int, offset: int = 0) -> str:
        return f"{self._state}[{self._scope.flag(loop) + offset}]"

    def start(self, loop: int) -> list[str]:
        """Before a loop: no iteration has begun."""
        texts = [f"{self._item(loop, COUNT)} = {self._item(loop, TOLD)} = 0"]
        if self._limit.last:
            texts.append(f"{self._item(loop, SINK)} = {self._item(loop, WINDOW)} = None")
        return texts

    def count(self, loop: int) -> list[str]:
        """At the start of an iteration: count it, and see whether it is recorded."""
        if self._limit.last:  # until it is known which iterations are the last, all are recorded
            return [f"{self._item(loop, COUNT)} += 1"]
        outer, *_ = self._scope.loops[loop]
        test = self._limit.condition(self._item(loop, COUNT))
        if outer >= 0:
            test = f"{self._item(outer)} and ({test})"
        return [f"{self._item(loop, COUNT)} += 1", f"{self._item(loop)} = {test}"]

    def guarded(self, site: Site, prefix: str, probe: str) -> list[str]:
        """The probe of a statement, which is called only if the iteration is recorded; what it remembers is in any."""
        if site.loop < 0 or site.always or self._limit.last:
            return [probe]
        rest = [f"{self._state}[{SLOTS + slot}] = {site.arguments[argument]}" for slot, argument in site.stores]
        rest += [call(prefix, f"clear_{slot}", [self._state]) for slot in site.clears]
        return [f"if {self._item(site.loop)}: {probe}", *([f"else: {'; '.join(rest)}"] if rest else [])]

    def told(self, site: Site, where: str, probe: str) -> tuple[str, str]:
        """Where the probe stands that tells what was left out, and its text."""
        if self._limit.last:
            return {"turn": "enter", "jump": "before"}.get(where, where), probe
        if where == "turn":
            return "enter", f"if {self._item(site.loop)}: {probe}"
        if where == "jump":
            return "before", f"if not {self._item(site.loop)}: {probe}"
        outer, *_ = self._scope.loops[site.loop]
        return where, probe if outer < 0 else f"if {self._item(outer)}: {probe}"
