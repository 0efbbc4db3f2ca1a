"""The outermost followed call of a thread: which one it is, and how often its end may be worth a write."""

from __future__ import annotations

from types import FrameType

from .model import HIDDEN_LOCAL

_MOST_LOOKED_AT = 100
"""So many frames are looked through for another followed call."""


def is_outermost(frame: FrameType) -> bool:
    """Whether no function around a call is followed, as far as is looked."""
    above = frame.f_back
    for _ in range(_MOST_LOOKED_AT):
        if above is None:
            return True
        if HIDDEN_LOCAL in above.f_code.co_varnames:
            return False
        above = above.f_back
    return True


class Budget:
    """Lets something be done as long as it takes no more than a share of the time.

    Arguments:
        now: the time (ns).
    """

    SHARE = 50
    """One part in so many of the time."""
    MOST = 50_000_000
    """So much time (ns) is saved up at most, and is there at first."""

    def __init__(self, now: int) -> None:
        self._left = self.MOST
        self._last = now

    def allows(self, now: int) -> bool:
        """Whether it may be done now."""
        self._left = min(self._left + (now - self._last) // self.SHARE, self.MOST)
        self._last = now
        return self._left > 0

    def spend(self, time: int) -> None:
        """It was done, and took so long (ns)."""
        self._left -= time
