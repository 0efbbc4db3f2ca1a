"""The options of the magics: those of their own, and one for each field of ``FollowConfig``."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from ..config import FollowConfig
from ..looplimit import read_loop_limit
from ..secretnames import SECRETS


def parser(magic: str, *, names: bool) -> Any:
    """The parser of a magic's line.

    Arguments:
        magic: how messages call it.
        names: whether it takes names of functions; else it follows a cell.
    """
    made: Any = MagicArgumentParser(magic, add_help=False)  # type: ignore[no-untyped-call]
    if names:
        made.add_argument("names", nargs="*", metavar="NAME")
    else:
        made.add_argument("--into", metavar="NAME", help="keep the recorder under this name")
        made.add_argument("--text", action="store_true", help="print one line a statement as it is executed")
    for field in fields(FollowConfig):
        option = f"--{field.name.replace('_', '-')}"
        if field.name == "watch":  # an expression may have commas
            made.add_argument(option, action="append", type=_unquoted, metavar="EXPR")
        elif field.name == "loop_limit":
            made.add_argument(option, type=_loop_limit, metavar="N")
        elif isinstance(field.default, bool):
            made.add_argument(option, action=argparse.BooleanOptionalAction, default=None)
        elif isinstance(field.default, int):
            made.add_argument(option, type=int)
        elif field.name == "redact":
            made.add_argument(option, type=_secrets, nargs="?", const=SECRETS)
        elif isinstance(field.default, tuple):
            made.add_argument(option, type=_names)
        else:
            made.add_argument(option)
    return made


def _unquoted(text: str) -> str:
    """IPython leaves the quotes that keep an expression with spaces together."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _loop_limit(text: str) -> int | dict[str, int]:
    try:
        return read_loop_limit(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _secrets(text: str) -> tuple[str, ...]:
    """``--redact`` alone, or with ``true`` as in ``pyproject.toml``, means the ready list."""
    return SECRETS if text.lower() == "true" else _names(text)


def config_of(options: Any) -> FollowConfig:
    """The configuration that the options ask for.

    Raises:
        UsageError: a value is of no use.
    """
    given = {field.name: getattr(options, field.name) for field in fields(FollowConfig)}
    try:
        return FollowConfig(**{name: value for name, value in given.items() if value is not None})
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
