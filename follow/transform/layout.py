"""From the draft of a function's sites to their final form: what each probe is given, where its variables lie."""

from __future__ import annotations

import ast
import builtins
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..looks import NOT_NAMED, level_of
from ..looplimit import LoopLimit
from ..masking import given_secrets, is_secret
from ..model import CELL, ELISION, SLOT, VALUE, WATCH, Shown, Site
from ..names import mangle, own_expressions, statement_binds, statement_unbinds, used_names, walrus_names
from ..variables import parse_watched
from .flow import Bound
from .mutation import MAYBE, Change, changes
from .placing import Placing
from .shape import argument_names
from .watches import watches_of

if TYPE_CHECKING:
    from .statements import Draft, StatementScan


Variables = tuple[tuple[str, ...], tuple[Shown, ...], tuple[tuple[int, tuple[tuple[str, str, int], ...]], ...]]
"""A probe's arguments, what it shows, and what of that is computed of which variables."""


class Layout:
    """The variables of one scanned function: which are arguments, which are slots, which are read from cells."""

    def __init__(self, function: StatementScan) -> None:
        self.function = function
        self.scan = function.scan
        self.dark = {mangle(name, function.class_name) for name in function.dark}
        self.bits = {name: function.flow.mask([name]) for name in function.names if name not in function.free}
        self.slots: dict[str, int] = {}
        self.cells: dict[str, int] = {}
        self.secret: tuple[str, ...] = ()
        self.known: dict[tuple[int, int], Variables] = {}
        self.visible = frozenset(function.visible)
        self.limit = function.loops.limit or LoopLimit()
        self.watches = watches_of(function)
        """What is computed, as ``Scope.watches`` has it."""
        self.read = self.visible.union(*(names for _, _, names, _ in self.watches))
        """The variables that probes read."""
        node = function.node
        names = () if function.namespace else argument_names(node)
        self.arguments = {mangle(name, function.class_name): None for name in names}
        unseen = [(node, again) for node, again in function.unseen if changes(node, self._is_builtin).may]
        starts = [(0, 0) if again else (node.end_lineno or 0, node.end_col_offset or 0) for node, again in unseen]
        self.loose = min(starts, default=None)
        """From here on in the text something may have changed that no statement with a record has changed."""

    def finish(self) -> None:
        """Write the final sites and the scope, and place the probes."""
        self.secret = self._secret()
        for draft in self.function.drafts.values():
            if self._shows(draft.site):
                self._reserve(draft.bound)
        # The compiler sorts the free variables of the lambda that fetches the cells.
        self.cells = {name: index for index, name in enumerate(sorted(self.cells))}
        for number, draft in self.function.drafts.items():
            self.scan.sites[number] = self._site(draft)
        scope = self.scan.scopes[self.function.number]
        self.scan.scopes[self.function.number] = replace(
            scope,
            slots=tuple(self.slots),
            cells=tuple(self.cells),
            hidden=self.function.hidden,
            suspends=self.function.suspends,
            entered=tuple(name for name in self.function.visible if name in self.arguments),
            stateless=self._is_stateless(),
            secret=(*self.secret, *self._secret_watches()),
            loops=tuple(self.function.loops.around),
            watches=self.watches,
            owner=self.function.class_name or "",
            windows=self.limit.last > 0,
        )
        Placing(self.function, self.limit, self.slots, self.cells).place()

    def _is_stateless(self) -> bool:
        function = self.function
        if not function.hidden or function.shows_locals or self.slots or self.cells or function.loops.around:
            return False
        return not any(draft.site.result == "yield" for draft in function.drafts.values())

    def _shows(self, site: Site) -> bool:
        return not (site.closing or site.result or site.kind == "raise")

    def _reserve(self, bound: Bound) -> None:
        definite, possible = bound
        if self.function.namespace:
            return
        for name in self.function.names:
            bit = self.bits.get(name)
            if name not in self.read:
                continue
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

    def _site(self, draft: Draft) -> Site:
        site, binder = draft.site, draft.binder
        if self._hides(draft):
            site = site._replace(hides=True)
        slots = [
            self.slots.get(mangle(n, self.function.class_name))
            for n in self.function.return_clears.get(site.number, ())
        ]
        cleared = tuple(slot for slot in slots if slot is not None)
        if not self._shows(site):
            gives = site.kind in ("return", "lambda") or site.result
            named = self._named_globals(draft) if gives else ()
            return site._replace(clears=cleared, globals=named) if cleared or named else site
        definite, possible = draft.bound
        if self.function.namespace:
            bits = (1 << index for index, name in enumerate(self.function.visible) if possible & self.bits[name])
            own = dict.fromkeys([*self._bound(binder), *self._possible_walruses(binder)])
            names = [*own, *(name for name in self.function.names if name in self.dark and name not in own)]
            names = [name for name in names if name in self.visible]
            again = ("*",) if site.kind == ELISION or self._change(draft).may else ()
            computed = tuple((index, ()) for index in range(len(self.watches)))
            return site._replace(possible=sum(bits), clears=cleared, binds=tuple(names), again=again, watched=computed)
        arguments, shown, watched = self._shown(definite, possible)
        bound = self._bound(binder)
        stores = tuple((self.slots[n], arguments.index(n)) for n in bound if n in self.slots and n in arguments)
        clears = [self.slots[name] for name in sorted(self._unbound(binder)) if name in self.slots]
        return site._replace(
            arguments=arguments,
            shown=shown,
            stores=stores,
            clears=(*cleared, *clears),
            watched=watched,
            **self._events(site, draft, shown, bound),
        )

    def _events(self, site: Site, draft: Draft, shown: tuple[Shown, ...], bound: list[str]) -> dict[str, Any]:
        """What a recorder notes of a site: all that it shows, or what has changed since the site before."""
        elided = draft.site.kind == ELISION
        if not self.function.hidden or elided or isinstance(draft.node, (ast.ExceptHandler, ast.match_case)):
            # Of what was tried before an ``except`` or ``case`` is entered there is no event.
            named = self._named_globals(draft) if site.kind == "lambda" else ()
            return {"binds": tuple(one.name for one in shown), "globals": named}
        bound = [*bound, *self._possible_walruses(draft.binder), *self._unbound(draft.binder)]
        binds = tuple(one.name for one in shown if one.name in bound or one.name in self.dark or one.place == WATCH)
        change, written = self._change(draft), self._written_globals(draft)
        if not change.may:
            return {"binds": (*binds, *written), "globals": written}
        receiver = next(iter(self.arguments), "") if self.function.class_name is not None else ""
        known = set(binds)
        looked_at = self.scan.objects and receiver == "self" and level_of(site.instruction, receiver) != NOT_NAMED
        if receiver in ("self", "cls") and not looked_at:
            known.add(receiver)  # no container; what has changed an object tells so, if that is recorded at all
        # Of a secret nothing is shown that could change, but whether a closure's cell is bound.
        secret = {one.name for one in shown if one.place != CELL and one.name in self.secret}
        again = tuple(one.name for one in shown if one.name not in known | secret)
        values = {one.name for one in shown if one.place == VALUE}
        exact, bases = self._mangled(change.unless_exact), tuple(map(self._mangled, change.bases))
        return {
            "binds": (*binds, *written),
            "again": again,
            "globals": tuple(dict.fromkeys((*written, *self._named_globals(draft)))),
            "unless_atom": change.unless_atom and len(binds) + len(written) == 1 and not self.watches,
            "unless_exact": exact if exact in values else "",
            "bases": bases if values.issuperset(bases) and not {*bases} & {*binds, *secret} else (),
        }

    def _written_globals(self, draft: Draft) -> tuple[str, ...]:
        """The module's variables that the site's statement binds."""
        return tuple(filter(self._is_global, self._bound(draft.binder))) if self.scan.objects else ()

    def _named_globals(self, draft: Draft) -> tuple[str, ...]:
        """Those whose containers it may change: what it names, but for what it only calls."""
        if not (self.scan.objects and self._change(draft).may):
            return ()
        node = draft.node
        names = used_names([node] if isinstance(node, ast.expr) else own_expressions(node))
        return tuple(dict.fromkeys(filter(self._is_global, map(self._mangled, names))))

    def _is_global(self, name: str) -> bool:
        """Whether a name is that of a module's variable, or of what is one's attribute, which is no secret.

        Which variables other modules give a secret is not known here.
        """
        own, secrets = self.function, self.scan.secrets
        root, _, attribute = name.partition(".")
        known = root in own.names or root in own.free or (hasattr(builtins, root) and self._is_builtin(root))
        return not known and not (secrets and (attribute or secrets.hides(root) or root in self.scan.given))

    def _change(self, draft: Draft) -> Change:
        """What may have changed since the site before."""
        loose = self.loose is not None and draft.site.span[:2] >= self.loose
        return MAYBE if loose else changes(draft.node, self._is_builtin)

    def _secret(self) -> tuple[str, ...]:
        """The variables whose values are hidden."""
        secrets, function = self.scan.secrets, self.function
        if not secrets:
            return ()
        given = {
            self._mangled(name) for draft in function.drafts.values() for name in given_secrets(draft.node, secrets)
        }
        return tuple(name for name in function.names if name in given or secrets.hides(name))

    def _hides(self, draft: Draft) -> bool:
        """Whether what the site's statement returns or yields is a secret."""
        site, node = draft.site, draft.node
        if not self.scan.secrets or not (site.kind in ("return", "lambda") or site.result):
            return False
        while isinstance(node, (ast.Return, ast.Expr, ast.Assign, ast.AnnAssign, ast.Yield)) and node.value is not None:
            node = node.value
        return self.scan.secrets.hides(self.scan.scopes[site.scope].name) or is_secret(node, self.scan.secrets)

    def _secret_watches(self) -> list[str]:
        """Of what is computed the names of that which is a secret."""
        secrets, names = self.scan.secrets, {*self.secret}
        if not secrets:
            return []
        return [
            name
            for name, text, read, _ in self.watches
            if names & {*read} or any(is_secret(part, secrets) for part in ast.walk(parse_watched(text)))
        ]

    def _mangled(self, name: str) -> str:
        return mangle(name, self.function.class_name)

    def _is_builtin(self, name: str) -> bool:
        """Whether nothing here binds a name."""
        return name not in self.function.names and name not in self.function.free and name not in self.scan.own

    def _unbound(self, binder: ast.AST | None) -> list[str]:
        """The names that the site's statement has unbound."""
        return [] if binder is None else [mangle(n, self.function.class_name) for n in statement_unbinds(binder)]

    def _possible_walruses(self, binder: ast.AST | None) -> list[str]:
        """The names that ``:=`` may have bound in the site's own expressions."""
        found: set[str] = set()
        if binder is not None and self.scan.walruses:
            for expression in own_expressions(binder):
                found |= walrus_names(expression)[1]
        return [mangle(name, self.function.class_name) for name in found]

    def _shown(self, definite: int, possible: int) -> Variables:
        """The arguments of a probe, its variables, and what is computed of them; many statements share them."""
        known = self.known.get((definite, possible))
        if known is not None:
            return known
        arguments: list[str] = []
        found: dict[str, Shown] = {}
        for name in self.function.names:
            bit = self.bits.get(name)
            if name not in self.read:
                continue
            if bit is None or self._in_cell(name):
                found[name] = Shown(name, CELL, self.cells[name])
            elif definite & bit:
                found[name] = Shown(name, VALUE, len(arguments))
                arguments.append(name)
            elif name in self.cells and possible & bit:
                found[name] = Shown(name, CELL, self.cells[name])
            elif name in self.slots and possible & bit:
                found[name] = Shown(name, SLOT, self.slots[name])
        shown = [one for one in found.values() if one.name in self.visible]
        watched: list[tuple[int, tuple[tuple[str, str, int], ...]]] = []
        for index, (text, _, names, _) in enumerate(self.watches):
            if all(name in found for name in names):
                shown.append(Shown(text, WATCH, len(watched)))
                places = [found[name] for name in names]
                watched.append((index, tuple((one.name, one.place, one.index) for one in places)))
        known = self.known[definite, possible] = tuple(arguments), tuple(shown), tuple(watched)
        return known

    def _bound(self, binder: ast.AST | None) -> list[str]:
        """The names that the site's statement has bound by then."""
        if binder is None:
            return []
        bound = statement_binds(binder)
        if self.scan.walruses and not isinstance(binder, ast.match_case):  # a guard comes after the pattern's names
            for expression in own_expressions(binder):
                bound |= walrus_names(expression)[0]
        return [mangle(name, self.function.class_name) for name in sorted(bound)]
