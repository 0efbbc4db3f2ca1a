"""Prepare an environment, and run the tests of one thing in it: plain, measured by coverage, followed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .packages import Package

ROOT = Path(__file__).parent.parent.parent
CHILD = Path(__file__).parent / "child"
TIMEOUT = 4 * 3600


@dataclass(frozen=True)
class Run:
    """What came out of one run of a suite."""

    outcomes: dict[str, str]
    seconds: float
    records: int
    seen: frozenset[tuple[str, int]]
    warned: tuple[str, ...]
    coverage: dict[str, Any]


class Environment:
    """A virtual environment with follow and pytest, in a folder that is kept for the next time."""

    def __init__(self, work: Path) -> None:
        version = "{}.{}".format(*sys.version_info[:2])
        self.folder = work / version
        self.python = self.folder / "venv" / "bin" / "python"

    def prepare(self) -> None:
        """Make it, with follow as it stands in this checkout."""
        if not self.python.exists():
            venv.create(self.folder / "venv", with_pip=True)
            self._pip("pytest", "coverage", "hypothesis")
        self._pip(str(ROOT), "Pygments")
        self._pip("--force-reinstall", "--no-deps", str(ROOT))

    def _pip(self, *arguments: str, environment: dict[str, str] | None = None) -> None:
        command = [str(self.python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, env={**os.environ, **(environment or {})})

    def fetch(self, package: Package) -> Path:
        """The unpacked sdist of the package, installed with what its tests need."""
        folder = self.folder / "src"
        sources = folder / f"{package.name}-{package.version}"
        if sources.exists():
            return next(sources.iterdir())
        downloads = folder / "downloads" / package.name
        command = [str(self.python), "-m", "pip", "download", "-q", "--no-deps", "--no-binary", package.name]
        command += ["-d", str(downloads), f"{package.name}=={package.version}", "--disable-pip-version-check"]
        environment = {**os.environ, "WRAPT_INSTALL_EXTENSIONS": "false"}
        subprocess.run(command, check=True, env=environment)
        with tarfile.open(next(downloads.glob("*.tar.gz"))) as archive:
            archive.extractall(sources, filter="data") if sys.version_info >= (3, 12) else archive.extractall(sources)
        found = next(sources.iterdir())
        self._pip(str(found), *package.needs, environment=environment)
        return found

    def run(
        self, package: Package, sources: Path, *, follow: bool, coverage: bool, quick: bool, only: Sequence[str] = ()
    ) -> Run:
        """Run the package's tests once; with ``quick`` without the long ones; or ``only`` those of these node ids."""
        again = ".again" if only else ""
        out = self.folder / f"{package.name}.{'follow' if follow else 'plain'}{'.coverage' if coverage else ''}{again}"
        for old in self.folder.glob(out.name + ".*"):
            if old.suffix in (".json", ".failures", ".data", ".log"):
                old.unlink()
        json_file = Path(f"{out}.json")
        settings = {
            "follow": list(package.follow) if follow else [],
            "out": str(json_file),
            "config": package.config,
        }
        environment = {**os.environ, **package.environment, "FOLLOW_GAUNTLET": json.dumps(settings)}
        environment.update(PYTHONPATH=str(CHILD), PYTHONDONTWRITEBYTECODE="1", PYTHONHASHSEED="0")
        command = [str(self.python)]
        if coverage:
            command += ["-m", "coverage", "run", "--branch", f"--rcfile={os.devnull}", f"--data-file={out}.data"]
            command += ["--source", ",".join(pattern for pattern in package.follow)]
        command += ["-m", "pytest", "-p", "follow_gauntlet", "-p", "no:cacheprovider", "-q", "--no-header"]
        unwanted = [*package.left_out, *(package.long if quick else ())]
        command += [f"--deselect={test}" for test in unwanted if "::" in test]
        named = [f"({words})" for words in package.left_out if "::" not in words]
        command += ["-k", f"not {' or '.join(named)}"] if named else []
        with open(f"{out}.log", "w") as log:
            subprocess.run(
                [*command, *(only or package.tests)], cwd=sources, env=environment, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, timeout=TIMEOUT, check=False,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in a shell's background
            )  # fmt: skip
        if not json_file.exists():
            raise RuntimeError(f"{package.name} gave no outcome; see {out}.log")
        found = json.loads(json_file.read_text())
        return Run(
            found["outcomes"],
            found["seconds"],
            found["records"],
            frozenset((file, line) for file, line in found["seen"]),
            tuple(found["warned"]),
            self._coverage(out, sources, environment) if coverage else {},
        )

    def _coverage(self, out: Path, sources: Path, environment: dict[str, str]) -> dict[str, Any]:
        report = Path(f"{out}.coverage-report")
        command = [
            str(self.python),
            "-m",
            "coverage",
            "json",
            "-q",
            f"--rcfile={os.devnull}",
            f"--data-file={out}.data",
            "-o",
            str(report),
        ]
        subprocess.run([*command, "--ignore-errors"], cwd=sources, env=environment, check=True)
        found: dict[str, Any] = json.loads(report.read_text())["files"]
        return {str((sources / name).resolve()): data for name, data in found.items()}
