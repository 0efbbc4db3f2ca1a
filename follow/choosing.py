"""Which records a follower gets, and what of them: the fields ``when`` to ``custom_repr`` of ``FollowConfig``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .config import FollowConfig
from .errors import FollowerWarning, warn
from .model import Follower, Record


def chooses(config: FollowConfig) -> bool:
    """Whether a configuration leaves out records, or shows values in another way: what dicts are needed for."""
    chosen = config.when or config.custom_repr or config.max_records is not None
    return bool(chosen or config.repr == "user")


class Choosing:
    """Hands on the records that a configuration wants.

    Arguments:
        config: it.
        name: how messages call what is followed.
        enough: is called when there have been as many records as are wanted.
    """

    def __init__(self, config: FollowConfig, name: str, enough: Callable[[], None]) -> None:
        self._config = config
        self._name = name
        self._enough = enough
        self._left = config.max_records
        self._warned: set[str] = set()

    def to(self, follower: Follower) -> Follower:
        """What takes every record and gives those that are wanted to a follower."""

        def choose(record: Record) -> None:
            chosen = self._chosen(record)
            if chosen is None:
                return
            if self._left is not None:
                self._left -= 1
                if self._left < 0:
                    return
            follower(chosen)
            if self._left == 0:
                self._enough()

        return choose

    def _chosen(self, record: Record) -> Record | None:
        config = self._config
        if config.when is not None and not self._asked("when", config.when, record, True):
            return None
        if config.custom_repr is not None:
            for one in record["local_vars"]:
                one["val"] = self._asked("custom_repr", config.custom_repr, one["val"], one["val"])
        return record

    def _asked(self, field: str, function: Callable[[Any], Any], value: Any, otherwise: Any) -> Any:
        """What a function of the user's gives; where it raises, something else, and one warning says so."""
        try:
            return function(value)
        except (RecursionError, MemoryError):
            raise
        except Exception as error:
            if field not in self._warned:
                self._warned.add(field)
                warn(
                    f"FollowConfig.{field} raised {type(error).__name__}: {error} for {self._name}; such records are "
                    f"handed on as they are.",
                    FollowerWarning,
                )
            return otherwise
