"""Which recorded module a form stands for."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from ..described import Described
from .calls import Call
from .run import Run


def module_call(run: Run, form: Any) -> Call | None:
    """The call that has run the statements of a module; None where that is not recorded, or there are two such modules.

    Arguments:
        run: the recorded run.
        form: of what may be a module.
    """
    if type(form) is not Described or form.type != "module" or form.name is None:
        return None
    if form.name not in run.modules:
        wanted = tuple(form.name.split("."))
        found = {
            call.file: call
            for call in run.calls.values()
            if call.function is not None and call.function.module and _dotted(call.file)[-len(wanted) :] == wanted
        }
        run.modules[form.name] = next(iter(found.values())) if len(found) == 1 else None
    return run.modules[form.name]


def _dotted(file: str) -> tuple[str, ...]:
    parts = PurePath(file).with_suffix("").parts
    return parts[:-1] if parts[-1:] == ("__init__",) else parts
