"""What the names in a recorder's written-out probes stand for, whichever statement they are of."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from .describe import Describer
from .flat import BASE_IDS, EXACT_IDS
from .looks import LOOKS
from .sink import EventSink
from .stack import program_frame
from .state import MISSING
from .watch import WATCHING, content

_BUILTINS = ("type", "len", "id", "int", "str", "float", "bool")


def constants_of(recorder: EventSink, describer: Describer) -> dict[str, object]:
    """By name, for the probes of a recorder."""
    return {
        **{name: getattr(builtins, name) for name in _BUILTINS},
        **recorder.constants,
        "copy": describer.copy,
        "refer": describer.refer,
        "change": describer.change,
        "changes": describer.changes,
        **{f"look_{level}": describer.look(level) for level in LOOKS},
        "cell": describer.cell,
        "hide": describer.hide,
        "hide_cell": describer.hide_cell,
        "described": describer.described,
        "fixed": describer.fixed,
        "is_exact": EXACT_IDS.__contains__,
        "is_base": BASE_IDS.__contains__,
        "most": describer.most,
        "missing": MISSING,
        "content": content,
        "of_module": _of_module,
    }


def _of_module(name: str) -> object:
    """What a variable holds of the module that a followed function stands in, or one of a module that such a variable
    holds; ``MISSING`` if it is not bound."""
    variable, *attributes = name.split(".")
    found = dict.get(program_frame(sys._getframe(1)).f_globals, variable, MISSING)
    for attribute in attributes:
        found = dict.get(vars(found), attribute, MISSING) if type(found) is ModuleType else MISSING
    return found


def extend_unless_watching(
    extend: Callable[[tuple[Any, ...]], None], forget: Callable[[], None], items: tuple[Any, ...]
) -> None:
    """Take an event, unless it is of what an expression of ``watch`` has called: that tells nothing."""
    if WATCHING.now:
        forget()
    else:
        extend(items)
