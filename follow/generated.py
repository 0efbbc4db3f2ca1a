"""Door 3: look at the code that runs."""

from __future__ import annotations

import textwrap
from types import FunctionType
from typing import Any

from .config import FollowConfig
from .registry import followed_code, hooked_channel
from .source import describe, locate, undisturbed
from .transform import rewrite_function


def generated_source(function: Any, *, config: FollowConfig | None = None) -> str:
    """The code that runs for a function: its source with the probes, comments kept.

    Arguments:
        function: a followed function, or a plain one to see what following it would give.
        config: for a plain function, what would be followed.

    Raises:
        SourceUnavailable: the source cannot be had.
        TransformError: the source cannot be rewritten.
        TypeError: it is not a function.
    """
    if not isinstance(function, FunctionType):
        raise TypeError(f"generated_source() takes a Python function, not {function!r}.")
    known = followed_code(function.__code__)
    if known is not None:
        return textwrap.dedent(known.text)
    with undisturbed():
        located = locate(function, rewritten=hooked_channel(function.__code__) is not None)
        rewritten = rewrite_function(located, config or FollowConfig(), describe(function))
    return textwrap.dedent(rewritten.text)
