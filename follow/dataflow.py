"""For a recorder of dataflow: copies of values, objects with their attributes, each told once and when it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .accelerate import native
from .config import FollowConfig
from .describe import WORTH_A_LOOK
from .looks import LOOKS, NOT_NAMED, TELLS
from .objects import ObjectCopy, ObjectDescriber, attributes_of, has_attributes, kind_of
from .snapshots import snapshots_of
from .state import MISSING, Number
from .told import ObjectForms


class ToldCopy(ObjectCopy):
    """One container being copied."""

    __slots__ = ("inner", "level")
    inner: Callable[[object, int, int], object]
    """Gives the form of what a container holds (see ``ObjectForms.inner``)."""
    level: int

    def other_at(self, value: object, depth: int) -> object:
        """What stands for an object at some depth."""
        return self.inner(value, self.level, depth)


class DataflowDescriber(ObjectDescriber):
    """Copies values within a configuration's limits, objects as ``ObjectForms`` says, or the compiled helper.

    Arguments:
        config: its limits.
    """

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self._config = config
        self._kind = ToldCopy
        self._forms = ObjectForms(config, self.start, self._flat)
        self._known = self._forms.known
        self._inner: Callable[[object, int, int], object] = self._forms.inner
        self._looks = [self.look(level) for level in LOOKS]

    def forget(self) -> None:
        """What was told is gone: tell it again."""
        self._forms.forget()
        if self.helper is not None:
            self.helper.forget()

    def take_from(self, room: Number) -> None:
        """From this number is taken what copies weigh from now on. It is known for whom it copies: the helper may."""
        super().take_from(room)
        self._forms.room = room
        if native is not None:
            self.helper = snapshots_of(self, self._config, self._leaf)
            self._inner = self.helper.told

    def _leaf(self, value: object, level: int, depth: int, left: int) -> object:
        """The form of what the helper does not copy."""
        if has_attributes(type(value)):
            return self.helper.told(value, level, depth, attributes_of(value))
        copy = self.start()
        copy.level, copy.nodes = level, left
        form = copy.copy(value, depth)
        self._room.value -= left - copy.nodes + copy.weight
        return form

    def start(self) -> ToldCopy:
        """A copy that may spend what the limits say."""
        copy = super().start()
        assert isinstance(copy, ToldCopy)
        copy.inner, copy.level = self._inner, 1
        return copy

    def simple(self, value: object) -> object:
        """What stands for a value that is no built-in container."""
        if self.helper is not None:
            return self.helper.told(value, 1) if has_attributes(type(value)) else super().simple(value)
        return self._forms.form(value, 1) if has_attributes(type(value)) else super().simple(value)

    def copy(self, value: object) -> object:
        """A value as it is now."""
        return self._at(value, 1)

    def _at(self, value: Any, level: int) -> object:
        kind = type(value)
        if self.helper is not None:
            return self.helper.told(value, level)
        try:
            if has_attributes(kind):
                return self._forms.form(value, level)
            flat = self._flat.get(id(kind))
            if flat is not None and (form := flat(value)) is not MISSING:
                self._room.value -= len(value)
                return form
            if (kind is list or kind is tuple) and (form := self._forms.objects(value, level)) is not MISSING:
                return form
            copier = self._copiers.get(id(kind))
            if copier is None:
                return self.simple(value)
            copy = self.start()
            copy.level = level
            form = copier(copy, value, 0)
            self.weigh(copy)
            return form
        except (RecursionError, MemoryError):
            self.forget()
            return self.lost

    def change(self, value: object) -> object:
        """A copy of a container or object, which may have changed; None of what cannot change or has not."""
        return self._looks[1](value)

    def refer(self, value: object) -> object:
        """The same where nothing ran that may have changed an object since it was recorded."""
        if self.helper is not None:
            return self.helper.refer(value)
        known = self._known.get(id(value))
        return known.reference if known is not None and known.object() is value else self._at(value, 1)

    def look(self, level: int) -> Callable[[object], object]:
        """What looks at a variable again: at an object only after a statement that names the variable.

        What it gives of an object that is as it was is None, unless the statement assigns something in it.
        """
        if level == NOT_NAMED:
            return self.change_container
        at, form = self._at, self._forms.form if level >= TELLS else self._forms.changed
        closeness = level % TELLS

        def look(value: object) -> object:
            kind = type(value)
            if self.helper is not None:
                return self.helper.look(value, level)
            if id(kind) in WORTH_A_LOOK:
                return at(value, closeness)
            try:
                return form(value, closeness) if kind_of(kind).has_attributes else None
            except (RecursionError, MemoryError):
                self.forget()
                return self.lost

        return look

    def changes(self, values: tuple[object, ...], levels: tuple[int, ...]) -> list[object] | None:
        """Copies of those of several variables that may have changed; None if none of them can."""
        looks, copy = self._looks, self.copy
        found = [
            looks[level](value) if level else copy(value) if id(type(value)) in WORTH_A_LOOK else None
            for value, level in zip(values, levels)
        ]
        return None if all(one is None for one in found) else found
