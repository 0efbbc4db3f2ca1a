"""Everything follow raises or warns of; each message is a sentence that says what to do."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class FollowError(Exception):
    """Base of every error that follow raises about code it was asked to follow."""


class SourceUnavailable(FollowError):
    """The source of a function cannot be had, or is not what is running."""


class TransformError(FollowError):
    """The source is there, but it cannot be rewritten faithfully."""


class FollowWarning(UserWarning):
    """Base of every warning that follow gives."""


class FollowerWarning(FollowWarning):
    """A follower raised and has been switched off."""


@contextmanager
def defects_reported(name: str) -> Iterator[None]:
    """Turn what should not happen while something is rewritten into a TransformError: no program stops for it.

    Arguments:
        name: how messages call what is rewritten.
    """
    try:
        yield
    except (FollowError, SyntaxError, RecursionError, MemoryError):
        raise
    except Exception as error:
        raise TransformError(
            f"{name} cannot be followed: {type(error).__name__}: {error}. This is a defect of follow; please report it "
            f"with that source."
        ) from error


def warn(message: str, category: type[FollowWarning] = FollowWarning, stacklevel: int = 2) -> None:
    """Warn of something; where warnings are errors, a line on stderr says it: no followed program stops for it.

    Nothing is said while the interpreter ends: files and modules are being closed under what still runs.

    Arguments:
        message: what is wrong.
        category: the warning's class.
        stacklevel: as for ``warnings.warn``, counted from the caller.
    """
    if sys.is_finalizing():
        return
    try:
        warnings.warn(message, category, stacklevel=stacklevel + 1)
    except Exception:
        if sys.stderr is not None:
            print(message, file=sys.stderr)


class TraceError(FollowError):
    """A file is no trace, or says what no trace can."""


class MissingExtra(FollowError):
    """Something needs a library that only an optional extra of follow's brings along."""
