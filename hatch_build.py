"""Builds follow's compiled helper into the wheel; where that cannot be done, the wheel is one of pure Python."""

from __future__ import annotations

import platform
import runpy
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = "follow/native"
MODULE = "follow._native"


class NativeBuildHook(BuildHookInterface[Any]):
    """Hatchling's door to it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the helper to a wheel that is about to be built, and to the checkout: so its tests run with it."""
        self._folder = tempfile.mkdtemp()
        if self.target_name != "wheel" or not _is_supported():
            return
        try:
            made = compiled(Path(self.root), self._folder)
        except (Exception, SystemExit) as error:  # the second is setuptools' way to fail
            self.app.display_warning(f"follow is built without its compiled helper ({type(error).__name__}: {error}).")
            return
        try:
            placed = Path(self.root, "follow", made.name)
            copied = Path(shutil.copy2(made, placed.with_suffix(".new")))
            copied.replace(placed)  # not written over: a process that runs may have loaded what stands there
        except OSError:  # the checkout cannot be written
            pass
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version != "editable":
            build_data["force_include"][str(made)] = f"follow/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """What was made lies in the wheel now."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_supported() -> bool:
    """The helper relies on CPython and its global lock."""
    return platform.python_implementation() == "CPython" and not sysconfig.get_config_var("Py_GIL_DISABLED")


def compiled(root: Path, folder: str) -> Path:
    """Compile the helper for the Python that runs this.

    Arguments:
        root: where the project is.
        folder: where what is made goes.

    Returns:
        The extension module.

    Raises:
        Exception, SystemExit: there is no compiler, or it failed.
    """
    from setuptools import Distribution, Extension

    checksum = runpy.run_path(str(root / SOURCES / "checksum.py"))["checksum"]()
    files = sorted(str(file) for file in (root / SOURCES).glob("*.c"))
    hidden = [] if platform.system() == "Windows" else ["-fvisibility=hidden"]  # so its parts call each other directly
    macros: list[tuple[str, str | None]] = [("FOLLOW_SOURCES", f"{checksum}u")]
    extension = Extension(MODULE, files, define_macros=macros, extra_compile_args=hidden)
    build: Any = Distribution({"name": "follow-native", "ext_modules": [extension]}).get_command_obj("build_ext")
    build.build_lib = build.build_temp = folder
    build.ensure_finalized()
    build.run()
    return Path(build.get_ext_fullpath(MODULE))
