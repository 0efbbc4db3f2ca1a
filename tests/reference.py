"""The reference, python-follow 0.1.2, loaded by path: both packages import as ``follow``."""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

VERSION = "0.1.2"
_FOLDER = Path(__file__).parent / ".reference"


@functools.cache
def reference() -> ModuleType:
    """The reference's module; fetched with pip into ``tests/.reference`` the first time."""
    folder = Path(os.environ.get("FOLLOW_REFERENCE", _FOLDER))
    if not (folder / "follow.py").exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(folder),
            f"python-follow=={VERSION}",
        ]
        subprocess.run(command, check=True)
    specification = importlib.util.spec_from_file_location("follow_reference", folder / "follow.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
