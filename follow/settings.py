"""What a project's ``pyproject.toml`` says under ``[tool.follow]``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, fields
from typing import Any

from .config import FollowConfig
from .errors import FollowError
from .secretnames import SECRETS

_LISTS = ("include", "exclude")
_VARIABLES = {"include_vars": "include", "exclude_vars": "exclude"}
"""Where modules are what is included, ``FollowConfig``'s fields for variables have other names."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a project.

    Attributes:
        include: patterns of the modules that are followed.
        exclude: patterns of those that are left out.
        output: the file that readable text is written to; None for stderr.
        config: everything else.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    output: str | None = None
    config: FollowConfig = field(default_factory=FollowConfig)


def split_names(text: str) -> tuple[str, ...]:
    """The names or patterns that stand in one text with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read_settings(folder: str) -> Settings:
    """The settings that hold in a folder: those of the nearest ``pyproject.toml`` from there upwards that has any.

    Raises:
        FollowError: a setting is not known, or its value is of no use.
    """
    folder = os.path.abspath(folder)
    while True:
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path):
            found = _table(path)
            if found is not None:
                return _settings(found, path)
        parent = os.path.dirname(folder)
        if parent == folder:
            return Settings()
        folder = parent


def _table(path: str) -> dict[str, Any] | None:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(path, "rb") as file:
            found = tomllib.load(file).get("tool", {}).get("follow")
    except (OSError, ValueError) as error:
        raise FollowError(f"{path} cannot be read: {error}.") from error
    if found is not None and not isinstance(found, dict):
        raise FollowError(f"{path}: tool.follow must be a table of settings, not {found!r}.")
    return found


def _settings(table: dict[str, Any], path: str) -> Settings:
    known = [known.name for known in fields(FollowConfig) if known.name not in _LISTS]
    chosen: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in table.items():
        if name in _LISTS:
            if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
                raise FollowError(f"{path}: tool.follow.{name} must be a list of module names, not {value!r}.")
            other[name] = tuple(value)
        elif name == "output":
            if not isinstance(value, str) or not value:
                raise FollowError(f"{path}: tool.follow.output must be the path of a file, not {value!r}.")
            other[name] = os.path.join(os.path.dirname(path), value)
        elif name in known or name in _VARIABLES:
            chosen[_VARIABLES.get(name, name)] = tuple(value) if isinstance(value, list) else value
            if name == "redact" and value is True:
                chosen[name] = SECRETS
        else:
            raise FollowError(
                f"{path}: tool.follow.{name} is not known; known are "
                f"{', '.join([*_LISTS, 'output', *_VARIABLES, *known])}."
            )
    try:
        return Settings(**other, config=FollowConfig(**chosen))
    except (TypeError, ValueError) as error:
        raise FollowError(f"{path}: tool.follow: {error}") from error
