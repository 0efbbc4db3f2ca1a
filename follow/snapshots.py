"""The compiled helper's copies of values, made to do what a describer does."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from .accelerate import native, word
from .bounded import Shortened
from .config import FollowConfig
from .copies import IDENTITY, MORE, SHORT, Instance, Tagged
from .describe import Describer
from .described import Described, descriptions
from .looks import LOOKS
from .state import MISSING

_OTHERS = (bytearray, deque, OrderedDict, defaultdict)
"""What can change besides lists, tuples, dicts and sets, and is copied by Python code."""


def snapshots_of(
    describer: Describer, config: FollowConfig, leaf: Callable[[object, int, int, int], object] | None = None
) -> Any:
    """What copies values as a describer does, as far as the helper can; the rest it leaves to the describer.

    Arguments:
        describer: whose work it does.
        config: the limits.
        leaf: where the helper tells objects, what makes the form of what it does not: it is given the value, how
            closely to look at objects, how deep the value stands, and how many values may still be kept.
    """
    return native.Snapshots(
        depth=config.max_depth,
        items=word(config.max_items),
        string=word(config.max_string),
        nodes=word(config.max_nodes),
        bits=word(config.max_bits),
        texts=describer.most >= 0,
        objects=describer.objects,
        described=describer.descriptions if leaf is None else descriptions,
        copy=describer.copy,
        change=describer.change,
        hide=describer.hide,
        lost=describer.lost,
        missing=MISSING,
        identity=IDENTITY,
        tagged=Tagged,
        shortened=Shortened,
        descriptions=Described,
        others=_OTHERS,
        deque=deque,
        room=describer.room,
        short=SHORT,
        attributes=word(config.max_attributes),
        instance=Instance,
        more=MORE,
        leaf=leaf,
        looks=tuple(map(describer.look, LOOKS)) if describer.objects else (),
    )
