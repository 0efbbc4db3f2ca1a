"""What a statement has read to do what it did: variables, items of containers, attributes, results of calls."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from ..copies import MORE, Instance, Tagged, identity
from ..described import Described
from ..state import MISSING
from .arguments import given_for, spread
from .callers import Caller, class_of, is_known_as, is_of
from .calls import Body, Call
from .expressions import called, calls_in, expressions_of, moved_by, pairs_of, places_of
from .forms import is_container, item_at
from .generators import RESUMING, Generators, sent_by
from .modules import module_call, was_assigned
from .plan import OpenCall, OpenItem, Part, Plan, Read, as_index, plan_of, plan_of_all
from .run import WHOLE, Run
from .static import Node
from .unrecorded import Unrecorded
from .values import Values

_MOST_OTHERS = 3
_GENERATORS = ("generator", "async_generator")
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_NO_OBJECTS = "are not recorded (--detail dataflow records them)"


class Reader:
    """Tells what events have read.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._values = Values(run)
        self.unrecorded = Unrecorded(run, self._values)
        self._generators = Generators(run)
        self._sent: dict[Node, Plan] = {}
        self._plans: dict[Node, Plan] = {}
        self._lambdas: dict[ast.Lambda, Plan] = {}
        self._arguments: dict[tuple[Node, Body, str, ast.Call | None], Plan | None] = {}

    def reads(self, index: int, wanted: str = "") -> Sequence[Read]:
        """What an event has read for what it did; ``wanted`` names the one variable of interest."""
        node = self._run.nodes[index]
        if node is None:
            made = self._run.lambda_of(index)
            return () if made is None else self._follow(self._of_lambda(made), index)
        if isinstance(node, ast.ImportFrom):
            return self._imported(node, index, wanted)
        plan = self.plan(node, index)
        if plan.chosen:
            plan = plan.chosen.get(wanted, plan)
        if isinstance(node, (ast.For, ast.AsyncFor)) and not isinstance(node.iter, ast.Call):
            taken_from = self._generator(node.iter, index)
            if taken_from is not None:
                generator = Read("value", f"{taken_from.name}()", returned=taken_from)
                return [generator, *map(as_index, self._follow(plan, index))]
        return self._follow(plan, index)

    def _imported(self, node: ast.ImportFrom, index: int, wanted: str) -> list[Read]:
        """The variables of another module that an import has read."""
        module = module_call(self._run, Described("module", node.module)) if node.module and not node.level else None
        names = {one.asname or one.name: one.name for one in node.names}
        if module is None:
            return []
        asked = [names.get(wanted, wanted)] if wanted and (wanted in names or "*" in names) else list(names.values())
        return [Read("value", f"{node.module}.{name}", name, module=module) for name in asked if name != "*"]

    def plan(self, node: Node, index: int) -> Plan:
        """What the statement of an event reads."""
        known = self._plans.get(node)
        if known is None:
            known = self._plans[node] = self._plan(node, index)
        return known

    def reads_of(self, node: Node, index: int) -> Sequence[Read]:
        """What a statement reads that comes right after that of an event, and of which no event tells."""
        return self._follow(self.plan(node, index), index, index + 1)

    def _of_lambda(self, node: ast.Lambda) -> Plan:
        """What a lambda reads."""
        known = self._lambdas.get(node)
        if known is None:
            known = self._lambdas[node] = plan_of(node.body, statement=node)
        return known

    def _plan(self, node: Node, index: int) -> Plan:
        parts = [part for one in expressions_of(node) for part in plan_of(one, statement=node)]
        parts += (part for one in places_of(node) for part in plan_of(one, node, "index"))
        plan = Plan([*parts, *(part for one in moved_by(node) for part in plan_of_all(one, node))])
        chosen: dict[str, list[Part]] = {}
        for target, value in pairs_of(node):
            if not isinstance(target, ast.Name):  # which item that is, only the run can tell
                chosen = {}
                break
            chosen.setdefault(ast.unparse(target), []).extend(plan_of(value, statement=node))
        plan.chosen = {target: Plan(parts) for target, parts in chosen.items()}
        return plan

    def _follow(self, plan: Plan, index: int, as_of: int = -1) -> Sequence[Read]:
        """What an event has read according to a plan; ``as_of`` is the index of the one before which it did."""
        if plan.closed:
            return plan  # type: ignore[return-value]  # closed: only reads
        found: list[Read] = []
        for part in plan:
            if type(part) is Read:
                found.append(part)
            elif type(part) is OpenCall:
                found += self._call(part, index, as_of)
            else:
                found += self._item(part, index, as_of)  # type: ignore[arg-type]
        return found

    def argument(self, caller: Caller, call: Call, name: str) -> Sequence[Read] | None:
        """What the caller read for one parameter of a call that it made; None if it did not give that."""
        node, function = caller.node, call.function
        if node is None or function is None:
            return None
        made_by = self._made_by(node, call, caller)
        key = node, call.body, name, made_by
        if key not in self._arguments:
            expressions = [] if made_by is None else list(given_for(made_by, call, name))
            parts: list[Part] = []
            for expression, is_spread in expressions:
                parts += map(spread, plan_of(expression, node)) if is_spread else plan_of(expression, node)
            self._arguments[key] = Plan(parts) if expressions else None
        found = self._arguments[key]
        if found is None:
            return None
        if caller.at < 0:  # only names can be told
            return [part for part in found if type(part) is Read]
        return self._follow(found, caller.at, caller.as_of)

    def _made_by(self, node: Node, call: Call, caller: Caller) -> ast.Call | None:
        """The expression of a statement that made a call: by the name of what it calls, or by what that was."""
        calls = calls_in(node)
        found = next((one for one in calls if is_of(one, call)), None)
        if found is not None or caller.at < 0:
            return found
        values, at = self._values, caller.as_of if caller.as_of >= 0 else caller.at
        alike = (one for one in calls if is_known_as(call, values.value(one.func, at, self._run.of[caller.at])))
        return next(alike, None)

    def sent(self, resumer: int) -> Sequence[Read]:
        """What a statement's event has read for what it sent to a generator."""
        node = self._run.nodes[resumer]
        expression = sent_by(node)
        if node is None or expression is None:
            return ()
        plan = self._sent.get(node)
        if plan is None:
            plan = self._sent[node] = plan_of(expression, statement=node)
        return self._follow(plan, resumer)

    # -- what only a run can tell ----------------------------------------------------------------------

    def _call(self, part: OpenCall, index: int, as_of: int) -> Sequence[Read]:
        """The results of the calls that were made; without any, what a call was given."""
        results = [
            call
            for call in self._run.calls_within(index)
            if call.function is not None and part.name and part.name in (call.function.name, class_of(call))
        ]
        if not results:
            generator = self._generators.of_function(index, part.name)
            if generator is not None:
                results = [generator]
            elif part.name in RESUMING and (generator := self._resumed(part, index)) is not None:
                given = map(as_index, self._follow(part.given, index, as_of))
                return [Read(part.relation, f"{generator.name}()", returned=generator), *given]
        if results:
            found = [Read(part.relation, f"{call.name}()", returned=call) for call in results]
            return [*found, *self._chosen_by(part, index, as_of)]
        if part.item is not None and (form := self._container(part, index, as_of)) is not MISSING:
            key = self._values.key(part.item.node.slice, as_of if as_of >= 0 else index, form)  # type: ignore[union-attr]
            is_there = key is not MISSING and item_at(form, key) is not MISSING
            instead = () if is_there else self._follow(part.instead, index, as_of)
            return [*self._item(part.item, index, as_of), *instead]
        # It may have called what has another name: a decorator's function, an alias, a callback.
        others = self._under_other_names(part, index)
        if not others and (generator := self._taken_from(part, index)) is not None:
            given = map(as_index, self._follow(part.given, index, as_of))
            return [Read(part.relation, f"{generator.name}()", returned=generator, sure=False), *given]
        if not others and self._was_not_recorded(part, index):
            unknown = f"{part.name}() gave something without a call of it that is recorded (a cache?)"
            others.append(Read(part.relation, f"{part.name}()", unknown=unknown))
        return [*others, *self._follow(part.given, index, as_of)]

    def _taken_from(self, part: OpenCall, index: int) -> Call | None:
        """The generator of which something that is not recorded has taken items: one of its arguments."""
        for argument in part.node.args:
            if isinstance(argument, (ast.Name, ast.Attribute)):
                generator = self._generator(argument, index)
                if generator is not None:
                    return generator
        return None

    def _was_not_recorded(self, part: OpenCall, index: int) -> bool:
        """Whether a statement surely called a function of its file of which other calls are recorded."""
        value = getattr(part.statement, "value", None)
        known = self._run.named.get((self._run.of[index].file, part.name), ())
        functions = [call.function for call in known if call.function is not None]
        sure = value is part.node and isinstance(part.node.func, ast.Name) and self._run.events[index].kind != "raise"
        return sure and bool(functions) and not any(function.suspends for function in functions)

    def _chosen_by(self, part: OpenCall, index: int, as_of: int) -> list[Read]:
        """What has chosen what a statement has called; a definition of that name has not."""
        if isinstance(part.node.func, ast.Name):
            written = self._run.write_before(self._run.of[index], part.name, as_of if as_of >= 0 else index)
            if written is None or isinstance(self._run.nodes[written[0]], _DEFINING):
                return []
        return list(map(as_index, self._follow(part.chosen_by, index, as_of)))

    def _container(self, part: OpenCall, index: int, as_of: int) -> Any:
        """The form of the container of which a method gives an item; ``MISSING`` if it is none that does."""
        assert part.item is not None
        moment, call = (as_of, self._run.of[index]) if as_of >= 0 else (index, None)
        form = self._values.value(part.item.node.value, moment, call)
        has_places = type(form) is list or bool(part.node.args)
        return form if identity(form) is not None and is_container(form) and has_places else MISSING

    def _under_other_names(self, part: OpenCall, index: int) -> list[Read]:
        """The results of the last calls that a statement has made and that no call in its text names."""
        made = self._run.calls_within(index)
        if not made:
            return []
        names = {called(one) for one in calls_in(part.statement)} - {""}
        callee = self._values.value(part.node.func, index)
        found = [
            one
            for one in made
            if one.function is not None
            and names.isdisjoint((one.function.name, class_of(one)))
            and one.function.name not in ("__init__", "__enter__", "__exit__")
        ]
        return [
            Read(part.relation, f"{one.name}()", returned=one, sure=is_known_as(one, callee))
            for one in found[-_MOST_OTHERS:]
        ]

    def _resumed(self, part: OpenCall, index: int) -> Call | None:
        """The generator that such as ``next(it)`` has made go on, if it is one."""
        node = part.node
        taken = node.func.value if isinstance(node.func, ast.Attribute) else next(iter(node.args), None)
        form = MISSING if taken is None else self._values.value(taken, index)
        if type(form) is Described and form.type not in _GENERATORS:
            return None
        return self._generators.resumed(index)

    def _generator(self, node: ast.expr, index: int) -> Call | None:
        """The generator from which a loop has taken an item."""
        form = self._values.value(node, index)
        is_one = type(form) is Described and form.type in _GENERATORS
        return self._generators.resumed(index) if is_one else None

    def _item(self, part: OpenItem, index: int, as_of: int) -> list[Read]:
        """An item of a container or an attribute of an object: who wrote it, and then what chose it."""
        node = part.node
        moment, call = (as_of, self._run.of[index]) if as_of >= 0 else (index, None)
        # The variables of a comprehension are not the function's.
        base = MISSING if part.root in part.bound else self._values.value(node.value, moment, call)
        number = identity(base)
        is_attribute = type(node) is ast.Attribute
        found: list[Read] = []
        if number is None:
            module = module_call(self._run, base) if is_attribute else None
            if module is not None:
                found += self._of_module(part, module, moment)
            elif is_attribute and base is not MISSING:
                hint = "of that are not recorded" if self._run.tells_objects else _NO_OBJECTS
                unknown = f"{part.what}: attributes {hint}"
                found += self._perhaps(part, moment)
                found.append(Read(part.relation, part.what, unknown=unknown))
            elif is_attribute:
                found += self._perhaps(part, moment)
            found += self._follow(part.base, index, as_of)
        else:
            unlike = self._not_held(part, number, moment, index)
            if unlike is not None:
                return [*unlike, *map(as_index, self._follow(part.base_as_index, index, as_of))]
            key: Any = MISSING
            if type(node) is ast.Attribute:
                key = node.attr
            elif type(node) is ast.Subscript and not part.key_is_bound:
                key = self._values.key(node.slice, moment, base, call)
            found.append(Read("element", part.what, part.root, number, WHOLE if key is MISSING else key))
            chosen = self._follow(part.base_as_index, index, as_of)
            found += chosen if part.base_as_index.closed else map(as_index, chosen)
        if not is_attribute:
            found += self._follow(part.key, index, as_of)
        return found

    def _not_held(self, part: OpenItem, number: int, moment: int, index: int) -> list[Read] | None:
        """Of an object what it gives that is none of its attributes: what a method of its class gives back, if that is
        recorded. None of what it holds."""
        form = self._run.latest(number, moment)
        if not (type(form) is Tagged and type(form.content) is Instance and form.content.attributes is not None):
            return None
        node = part.node
        if type(node) is ast.Attribute:
            if MORE in form.content.attributes or item_at(form, node.attr) is not MISSING:
                return None
            names = {node.attr, "__getattr__", "__getattribute__", "__get__"}
        else:
            names = {"__getitem__", "__missing__"}
        made = self._run.calls_within(index)
        found = [one for one in made if one.function is not None and one.function.name in names]
        if found:
            return [Read(part.relation, f"{one.name}()", returned=one) for one in found]
        unknown = f"{part.what} is none of the attributes that are recorded of the object"
        return [*self._perhaps(part, moment), Read(part.relation, part.what, unknown=unknown)]

    def _of_module(self, part: OpenItem, module: Call, moment: int) -> list[Read]:
        """Who wrote a variable of another module: that itself, or a statement that has it as an attribute."""
        name = getattr(part.node, "attr", "")
        known = self._run.write_before(module, name, moment)
        later = [read for read in self._perhaps(part, moment) if known is None or read.event > known[0]]
        if known is None and not later:
            return [Read(part.relation, part.what, unknown=f"{part.what} was not written by what is recorded")]
        sure = known is not None and not was_assigned(self._run, name, known[0], moment)
        return [*later, *([] if known is None else [Read(part.relation, part.what, name, module=module, sure=sure)])]

    def _perhaps(self, part: OpenItem, moment: int) -> list[Read]:
        """The statements that may have written an attribute that is not recorded of an object, or what it holds."""
        name = getattr(part.node, "attr", "")
        return [Read(part.relation, part.what, event=at) for at in self.unrecorded.attribute(name, moment)]
