"""Builds follow's compiled helper into the wheel; where that cannot be done, the wheel is one of pure Python.

The sources are in ``follow/native``; what they are is told to the compiler as a checksum, so that a helper is only used
by the Python code that it was made for (``follow/accelerate.py``).
"""

from __future__ import annotations

import platform
import shutil
import sysconfig
import tempfile
import zlib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = "follow/native"
MODULE = "follow._native"


def checksum(folder: Path) -> int:
    """What tells one state of the sources from another, whatever a checkout does to the ends of lines."""
    files = sorted((*folder.glob("*.c"), *folder.glob("*.h")))
    return zlib.crc32(b"".join(file.name.encode() + file.read_bytes().replace(b"\r\n", b"\n") for file in files))


def compiled(root: Path, folder: str) -> Path:
    """Compile the helper for the Python that runs this.

    Arguments:
        root: where the project is.
        folder: where what is made goes.

    Returns:
        The extension module.

    Raises:
        Exception: there is no compiler, or it failed.
    """
    from setuptools import Distribution, Extension

    sources = root / SOURCES
    extension = Extension(
        MODULE,
        sorted(str(file.relative_to(root)) for file in sources.glob("*.c")),
        depends=[str(file.relative_to(root)) for file in sources.glob("*.h")],
        define_macros=[("FOLLOW_SOURCES", f"{checksum(sources)}u")],
    )
    build: Any = Distribution({"name": "follow-native", "ext_modules": [extension]}).get_command_obj("build_ext")
    build.build_lib = build.build_temp = folder
    build.ensure_finalized()
    build.run()
    return Path(build.get_ext_fullpath(MODULE))


class NativeBuildHook(BuildHookInterface[Any]):
    """Hatchling's door to it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the helper to a wheel that is about to be built; to the checkout if that is what gets installed."""
        root = Path(self.root)
        if self.target_name != "wheel":
            return
        if platform.python_implementation() != "CPython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
            return
        self._folder = tempfile.mkdtemp()
        try:
            made = compiled(root, self._folder)
            if version == "editable":
                shutil.copy2(made, root / "follow" / made.name)
        except Exception as error:
            self.app.display_warning(f"follow is built without its compiled helper ({type(error).__name__}: {error}).")
            return
        except SystemExit as error:  # setuptools' way to fail
            self.app.display_warning(f"follow is built without its compiled helper ({error}).")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version != "editable":
            build_data["force_include"][str(made)] = f"follow/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """What was made lies in the wheel now."""
        folder = getattr(self, "_folder", None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
