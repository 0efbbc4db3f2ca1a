"""``%load_ext follow``: the magics are imported when they are asked for."""

from __future__ import annotations

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext follow`` calls: ``%%follow``, ``%follow`` and ``%unfollow`` are there.

    Arguments:
        shell: IPython's ``InteractiveShell``.
    """
    from .magics import FollowMagics

    shell.register_magics(FollowMagics)


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext follow`` calls: everything that was followed is as before, the magics are gone."""
    magics = shell.magics_manager.registry.get("FollowMagics")
    if magics is not None:
        magics.restore_all()
    for kind, name in (("cell", "follow"), ("line", "follow"), ("line", "unfollow")):
        shell.magics_manager.magics[kind].pop(name, None)
