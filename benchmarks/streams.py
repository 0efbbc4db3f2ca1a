"""Where output goes that nobody reads."""

from __future__ import annotations

import io


def discard(record: object) -> None:
    """A follower, or a writer, that does nothing."""


class Nowhere(io.TextIOBase):
    """A text stream that keeps nothing."""

    def write(self, text: str) -> int:
        """Take a text."""
        return len(text)
