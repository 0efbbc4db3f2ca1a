"""From the draft of a function's sites to their final form: what each probe is given, where its variables lie."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..model import CELL, SLOT, VALUE, Shown, Site
from . import probes
from .flow import Bound
from .names import mangle, own_expressions, statement_binds, statement_unbinds, walrus_names

if TYPE_CHECKING:
    from .statements import StatementScan


class Layout:
    """The variables of one scanned function: which are arguments, which are slots, which are read from cells."""

    def __init__(self, function: StatementScan) -> None:
        self.function = function
        self.scan = function.scan
        self.prefix = function.scan.plan.prefix
        self.dark = {mangle(name, function.class_name) for name in function.dark}
        self.bits = {name: function.flow.mask([name]) for name in function.names if name not in function.free}
        self.slots: dict[str, int] = {}
        self.cells: dict[str, int] = {}
        self.known: dict[tuple[int, int], tuple[tuple[str, ...], tuple[Shown, ...]]] = {}

    def finish(self) -> None:
        """Write the final sites, the scope and the texts of the probes."""
        for site, bound, _ in self.function.drafts.values():
            if self._shows(site):
                self._reserve(bound)
        # The compiler sorts the free variables of the lambda that fetches the cells.
        self.cells = {name: index for index, name in enumerate(sorted(self.cells))}
        for number, (site, bound, binder) in self.function.drafts.items():
            self.scan.sites[number] = self._site(site, bound, binder)
        scope = self.scan.scopes[self.function.number]
        self.scan.scopes[self.function.number] = replace(
            scope,
            slots=tuple(self.slots),
            cells=tuple(self.cells),
            hidden=self.function.hidden,
            suspends=self.function.suspends,
        )
        self._emit()

    def _shows(self, site: Site) -> bool:
        return not (site.closing or site.result or site.kind == "raise")

    def _reserve(self, bound: Bound) -> None:
        definite, possible = bound
        if self.function.namespace:
            return
        for name in self.function.names:
            bit = self.bits.get(name)
            if bit is None or self._in_cell(name):
                self.cells.setdefault(name, 0)
            elif possible & bit and not definite & bit:
                if name in self.function.cell:
                    self.cells.setdefault(name, 0)
                elif name not in self.dark:
                    self.slots.setdefault(name, len(self.slots))

    def _in_cell(self, name: str) -> bool:
        """Whether functions inside bind or unbind the name, so that only its cell tells."""
        return name in self.function.shared and name in self.function.cell

    def _site(self, site: Site, bound: Bound, binder: ast.AST | None) -> Site:
        slots = [
            self.slots.get(mangle(n, self.function.class_name))
            for n in self.function.return_clears.get(site.number, ())
        ]
        cleared = tuple(slot for slot in slots if slot is not None)
        if not self._shows(site):
            return replace(site, clears=cleared) if cleared else site
        definite, possible = bound
        if self.function.namespace:
            bits = (1 << index for index, name in enumerate(self.function.names) if possible & self.bits[name])
            return replace(site, possible=sum(bits), clears=cleared)
        arguments, shown = self._shown(definite, possible)
        stores, clears = self._changes(binder, arguments)
        return replace(site, arguments=arguments, shown=shown, stores=stores, clears=(*cleared, *clears))

    def _shown(self, definite: int, possible: int) -> tuple[tuple[str, ...], tuple[Shown, ...]]:
        """The arguments of a probe, and its variables; many statements share them."""
        known = self.known.get((definite, possible))
        if known is not None:
            return known
        arguments: list[str] = []
        shown: list[Shown] = []
        for name in self.function.names:
            bit = self.bits.get(name)
            if bit is None or self._in_cell(name):
                shown.append(Shown(name, CELL, self.cells[name]))
            elif definite & bit:
                shown.append(Shown(name, VALUE, len(arguments)))
                arguments.append(name)
            elif name in self.cells and possible & bit:
                shown.append(Shown(name, CELL, self.cells[name]))
            elif name in self.slots and possible & bit:
                shown.append(Shown(name, SLOT, self.slots[name]))
        known = self.known[definite, possible] = tuple(arguments), tuple(shown)
        return known

    def _changes(
        self, binder: ast.AST | None, arguments: tuple[str, ...]
    ) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
        if binder is None:
            return (), ()
        bound = statement_binds(binder)
        if self.scan.walruses and not isinstance(binder, ast.match_case):  # a guard comes after the pattern's names
            for expression in own_expressions(binder):
                bound |= walrus_names(expression)[0]
        names = [mangle(name, self.function.class_name) for name in sorted(bound)]
        stores = tuple((self.slots[n], arguments.index(n)) for n in names if n in self.slots and n in arguments)
        unbound = [mangle(name, self.function.class_name) for name in sorted(statement_unbinds(binder))]
        return stores, tuple(self.slots[name] for name in unbound if name in self.slots)

    # -- the texts -------------------------------------------------------------------------------

    def _emit(self) -> None:
        function, plan = self.function, self.scan.plan
        state = probes.state(self.prefix, function.number, hidden=function.hidden)
        enter = probes.enter(self.prefix, function.number, self.cells)
        if isinstance(function.node, ast.Lambda):
            (site,) = (self.scan.sites[number] for number in function.drafts)
            plan.lambdas[function.node] = self._wrap(site, probes.LAMBDA, enter)
            return
        for number, where, node in function.emitters:
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
            plan.after.setdefault(node, []).append(text)
        else:
            getattr(plan, where).setdefault(node, []).append(text)

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
