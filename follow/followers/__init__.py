"""What receives records: any callable that takes one dict, a ``logging.Logger``, a text stream or a path."""

from __future__ import annotations

import io
import logging
import os

from ..model import Follower, Record
from ..stack import program_level
from .printing import Printed, to_print
from .text import shared


def as_follower(given: object) -> Follower:
    """The callable behind what a user gave as ``follower``.

    Raises:
        TypeError: it is neither callable nor a logger.
    """
    if isinstance(given, logging.Logger):
        return _to_logger(given)
    if given is print:
        return to_print
    if callable(given):
        return given
    if isinstance(given, (str, os.PathLike, io.TextIOBase)):
        return shared(given)  # type: ignore[arg-type]
    raise TypeError(
        f"follower must be a callable that takes one record, a logging.Logger, a text stream, a path, or a list of "
        f"them, not {given!r}."
    )


def as_followers(given: object) -> tuple[object, ...]:
    """One follower or a list of them, checked.

    Raises:
        TypeError: one of them is neither callable nor a logger, or the list is empty.
    """
    several = tuple(given) if isinstance(given, (list, tuple, set, frozenset)) else (given,)
    if not several:
        raise TypeError("follower must be at least one callable, not an empty list; leave it out to print the records.")
    for follower in several:
        as_follower(follower)
    return several


def _to_logger(logger: logging.Logger) -> Follower:
    def log(record: Record) -> None:
        # The record belongs to the followed statement, not to the frames of follow above it.
        logger.info("%s", Printed(record), extra={"follow": record}, stacklevel=program_level())

    return log
