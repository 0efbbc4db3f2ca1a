"""What an expression reads, as far as its text tells: what only a run can tell stays open."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .calls import Call
from .expressions import called, children, root_of


class Read(NamedTuple):
    """One thing that was read.

    Attributes:
        relation: ``value``, ``element`` or ``index``.
        what: how text calls it.
        name: a variable's name, or empty; of a container that of the variable that it was reached from.
        container, key: the identity of a container and which of its items, or None.
        returned: a call whose result it is, or None.
        unknown: why it cannot be told, or empty.
        whole: whether all that the variable holds was read.
        sure: whether the call is surely the one whose result it is, or the variable surely was not written elsewhere.
        module: the call that has run the module whose variable it is, if that is another one's; else None.
        event: the index of an event that may have written it, or -1.
    """

    relation: str
    what: str
    name: str = ""
    container: int | None = None
    key: object = None
    returned: Call | None = None
    unknown: str = ""
    whole: bool = True
    sure: bool = True
    module: Call | None = None
    event: int = -1


def as_index(read: Read) -> Read:
    """The same where a variable's or item's value has only chosen what was read."""
    if read.container is not None:
        return read._replace(relation="index", whole=False)
    return Read("index", read.what, read.name, whole=False, module=read.module) if read.name else read


@dataclass(frozen=True, eq=False)
class _Open:
    """What only a run can tell.

    Attributes:
        node: the expression.
        relation: how it bears on what the statement did.
        bound: the variables of comprehensions around it, which are not the function's.
        statement: the statement in which it stands.
    """

    node: ast.expr
    relation: str
    bound: frozenset[str]
    statement: ast.AST

    def _plan(self, node: ast.AST, relation: str) -> Plan:
        return Plan(_parts(node, relation, self.bound, self.statement))


_TAKING = ("get", "pop", "setdefault", "popleft")
"""The methods of containers that give one item."""
_ADDING = ("append", "add", "extend", "update", "setdefault")
"""Those that leave the other items where they are."""


class OpenCall(_Open):
    """A call: what it gave back if it was followed, else what it was given."""

    node: ast.Call

    @functools.cached_property
    def name(self) -> str:
        """The name of what it calls."""
        return called(self.node)

    @functools.cached_property
    def given(self) -> Plan:
        """What it was called on, and its arguments."""
        node, relation = self.node, self.relation
        parts: list[Part] = []
        if isinstance(node.func, ast.Attribute):
            # The container that it changes chooses where to; what goes into it is the value.
            where = self._plan(node.func.value, "index" if self._is_statement else relation)
            adding = self._is_statement and node.func.attr in _ADDING
            parts += (as_index(part) if adding and type(part) is Read else part for part in where)
        elif not isinstance(node.func, ast.Name):
            parts += self._plan(node.func, relation)
        elif node.func.id not in self.bound:
            parts.append(Read("index", node.func.id, name=node.func.id, whole=False))
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            parts += self._plan(argument, relation)
        return Plan(parts)

    @property
    def _is_statement(self) -> bool:
        return isinstance(self.statement, ast.Expr) and self.statement.value is self.node

    @functools.cached_property
    def chosen_by(self) -> Plan:
        """What has chosen what it calls."""
        func = self.node.func
        if isinstance(func, ast.Name) and func.id in self.bound:
            return Plan()
        parts = self._plan(func.value if isinstance(func, ast.Attribute) else func, "index")
        return Plan(as_index(part) if type(part) is Read else part for part in parts)

    @functools.cached_property
    def item(self) -> OpenItem | None:
        """Of such as ``d.get(key)`` the item that it gives if ``d`` is a container."""
        node = self.node
        if not (isinstance(node.func, ast.Attribute) and node.func.attr in _TAKING):
            return None
        if self._is_statement or any(isinstance(one, ast.Starred) for one in node.args):
            return None
        key = node.args[0] if node.args else ast.Constant(0 if node.func.attr == "popleft" else -1)
        taken = ast.Subscript(node.func.value, key, ast.Load())
        return OpenItem(ast.copy_location(taken, node), self.relation, self.bound, self.statement)

    @functools.cached_property
    def instead(self) -> Plan:
        """What it gives if there is no such item."""
        return Plan(part for one in self.node.args[1:] for part in self._plan(one, self.relation))


class OpenItem(_Open):
    """An item of a container, or an attribute of an object."""

    node: ast.Subscript | ast.Attribute

    @functools.cached_property
    def what(self) -> str:
        """How text calls it."""
        return ast.unparse(self.node)

    @functools.cached_property
    def root(self) -> str:
        """The variable that it was reached from."""
        return root_of(self.node)

    @functools.cached_property
    def key_is_bound(self) -> bool:
        """Whether what chose the item are variables of a comprehension."""
        parts = ast.walk(self.node.slice) if isinstance(self.node, ast.Subscript) else ()
        return any(isinstance(part, ast.Name) and part.id in self.bound for part in parts)

    @functools.cached_property
    def base(self) -> Plan:
        """What gave the container, where that is all that is known."""
        return self._plan(self.node.value, self.relation)

    @functools.cached_property
    def base_as_index(self) -> Plan:
        """What chose the container."""
        return Plan(as_index(part) if type(part) is Read else part for part in self._plan(self.node.value, "index"))

    @functools.cached_property
    def key(self) -> Plan:
        """What chose the item."""
        return self._plan(self.node.slice, "index") if isinstance(self.node, ast.Subscript) else Plan()


Part = Read | OpenCall | OpenItem


class Plan(tuple[Part, ...]):
    """What an expression or statement reads, in its order.

    Attributes:
        closed: whether nothing of it is left open.
        chosen: of a statement that assigns several values what is read for each target, by its text.
    """

    closed: bool
    chosen: dict[str, Plan]

    def __new__(cls, parts: Iterable[Part] = ()) -> Plan:
        """A plan of some parts."""
        plan = super().__new__(cls, tuple(parts))
        plan.closed = all(type(part) is Read for part in plan)
        plan.chosen = {}
        return plan


def plan_of(node: ast.expr, statement: ast.AST, relation: str = "value") -> Plan:
    """What an expression reads, in its order.

    Arguments:
        node: the expression.
        statement: the statement in which it stands.
        relation: what for: its ``value``, or to choose something (``index``).
    """
    plan = Plan(_parts(node, relation, frozenset(), statement))
    return plan if relation == "value" else Plan(as_index(part) if type(part) is Read else part for part in plan)


def plan_of_all(node: ast.expr, statement: ast.AST) -> Plan:
    """What gave all that an expression holds, which only chooses something."""
    return Plan(_parts(node, "index", frozenset(), statement))


def _parts(node: ast.AST, relation: str, bound: frozenset[str], statement: ast.AST) -> Iterator[Part]:
    if isinstance(node, ast.Name):
        if node.id not in bound:
            yield Read(relation, node.id, name=node.id)
    elif isinstance(node, (ast.Subscript, ast.Attribute)):
        yield OpenItem(node, relation, bound, statement)
    elif isinstance(node, ast.Call):
        yield OpenCall(node, relation, bound, statement)
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        for generator in node.generators:
            yield from _parts(generator.iter, relation, bound, statement)
            bound |= {name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name)}
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            yield from _parts(part, relation, bound, statement)
        for test in (test for generator in node.generators for test in generator.ifs):
            yield from _parts(test, "index", bound, statement)
    elif isinstance(node, ast.IfExp):
        yield from _parts(node.body, relation, bound, statement)
        yield from _parts(node.orelse, relation, bound, statement)
        yield from _parts(node.test, "index", bound, statement)
    elif not isinstance(node, ast.Lambda):
        for child in children(node):
            yield from _parts(child, relation, bound, statement)
