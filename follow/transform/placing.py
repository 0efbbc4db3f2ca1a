"""Where the probes of a function stand in its text, and what they are given there."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..looplimit import LoopLimit
from ..model import ELISION, Site
from ..names import mangle
from . import probes
from .looptexts import LoopTexts

if TYPE_CHECKING:
    from .statements import StatementScan

_STATEMENTS = ("enter", "end", "before", "after")
"""Where probes are statements of their own."""


class Placing:
    """Writes the probes of one scanned function into the plan.

    Arguments:
        function: the function, of which the sites and the scope are final.
        limit: which iterations of its loops are told.
        slots: the variables that lie in the call's state, and where.
        cells: the variables that are read from cells, and which.
    """

    def __init__(self, function: StatementScan, limit: LoopLimit, slots: dict[str, int], cells: dict[str, int]) -> None:
        self.function = function
        self.scan = function.scan
        self.prefix = function.scan.plan.prefix
        self.limit = limit
        self.slots = slots
        self.cells = cells

    def place(self) -> None:
        """Note each probe of the function in the plan."""
        function, plan = self.function, self.scan.plan
        state = probes.state(self.prefix, function.number, hidden=function.hidden)
        enter = probes.enter(self.prefix, function.number, self.cells)
        if isinstance(function.node, ast.Lambda):
            (site,) = (self.scan.sites[number] for number in function.drafts)
            plan.lambdas[function.node] = self._wrap(site, probes.LAMBDA, enter)
            return
        self.loops = LoopTexts(self.scan.scopes[function.number], self.limit, state)
        for number, where, node in function.emitters:
            if where == "start":
                plan.before.setdefault(node, []).extend(self.loops.start(number))
            elif where == "count":
                plan.enter.setdefault(node, []).extend(self.loops.count(number))
            else:
                self._place(self.scan.sites[number], where, node, state)
        self._walruses(state)
        self._handlers(state)
        for guard in self.scan.guards:
            if guard.scope == function.number:
                body = function.guarded[guard.number]
                plan.guards[id(body)] = probes.raised(self.prefix, guard.number, state)
        kept = function.hidden or function.namespace
        leave = None if kept else probes.call(self.prefix, f"leave_{function.number}", [])
        text = f"{self.prefix} = {enter}" if function.hidden else enter
        plan.openings[id(function.node.body)] = probes.Opening(text, leave)

    def _place(self, site: Site, where: str, node: ast.AST, state: str) -> None:
        plan = self.scan.plan
        text = probes.call(self.prefix, site.number, [state, *site.arguments])
        texts = [text]
        if site.kind == ELISION:
            where, text = self.loops.told(site, where, text)
            texts = [text]
        elif where in _STATEMENTS:
            texts = self.loops.guarded(site, self.prefix, text)
        if where == "elif":
            plan.wraps.setdefault(node, []).append(probes.Wrap("value", -1, f"{text} or ", ""))
        elif where == "reraise":
            plan.before.setdefault(node, []).append(probes.call(self.prefix, f"reraise_{site.number}", [state]))
        elif where == "guard":
            if site.stores:  # the names are bound even if the guard fails
                names = [site.arguments[argument] for _, argument in site.stores]
                store = probes.call(self.prefix, f"store_{site.number}", [state, *names])
                plan.wraps.setdefault(node, []).append(probes.Wrap("value", -1, f"{store} or ", ""))
        elif where in (probes.MATCH, probes.RETURN):
            before, after = self._wrap(site, where, state)
            plan.wraps.setdefault(node, []).append(probes.Wrap("value", -1, before, after))
        elif where == probes.YIELD:
            before = f"{self.prefix}_{probes.YIELD}_{site.number}({state}, "
            plan.wraps.setdefault(node, []).append(probes.Wrap("value", -1, before, ")"))
            plan.after.setdefault(node, []).extend(self.loops.guarded(site, self.prefix, text))
        else:
            getattr(plan, where).setdefault(node, []).extend(texts)

    def _wrap(self, site: Site, name: str, state: str) -> tuple[str, str]:
        rest = "".join(f", {argument}" for argument in site.arguments)
        return f"{self.prefix}_{name}_{site.number}({state}, ", f"{rest})"

    def _walruses(self, state: str) -> None:
        for statement, index, name in self.function.walruses:
            slot = self.slots.get(mangle(name, self.function.class_name))
            if slot is not None:
                before = f"{self.prefix}_{probes.KEEP}_{slot}({state}, "
                self.scan.plan.wraps.setdefault(statement, []).append(probes.Wrap("walrus", index, before, ")"))

    def _handlers(self, state: str) -> None:
        """Python unbinds the name after ``except E as e``: so must the table."""
        plan = self.scan.plan
        for handler, jumps in self.function.handlers:
            slot = self.slots.get(mangle(handler.name or "", self.function.class_name))
            if slot is None:
                continue
            text = probes.call(self.prefix, f"clear_{slot}", [state])
            plan.closing.setdefault(id(handler.body), []).append(text)
            for jump in jumps:
                plan.before.setdefault(jump, []).append(text)
