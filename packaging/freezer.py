"""The Python that a program is frozen from: this one, or on Linux, for Windows, its own under Wine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import layout
from wine.windows import Windows
from wine.windows import path as path_in_wine

EPOCH = "1577836800"  # 2020-01-01: any date will do that is the same for every build
WINDOWS = Path(sys.prefix, "windows")
_FIXED = {"PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": EPOCH, "PYTHONOPTIMIZE": ""}
"""Without a fixed seed the order of sets in Python's own compiled modules differs from build to build."""


class NoFreezer(RuntimeError):
    """Nothing here can freeze a program for that platform; the message says what can."""


@dataclass(frozen=True)
class Freezer:
    """How that Python is called, and how it names files."""

    windows: Windows | None = None

    def call(self, arguments: Sequence[str | Path], cwd: Path) -> int:
        """Run it; its exit code. A Path is given to it in its own form."""
        words = [self.path(word) if isinstance(word, Path) else word for word in arguments]
        if self.windows is None:
            return subprocess.run([sys.executable, *words], cwd=cwd, env=os.environ | _FIXED, check=False).returncode
        environment: Mapping[str, str] = self.windows.environment(**_FIXED)
        command = self.windows.command(self.windows.python, *words)
        with self.windows.running():
            done = subprocess.run(
                command, cwd=cwd, env=environment, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors="replace",
            )  # fmt: skip
        for line in done.stdout.splitlines():
            if "could not resolve 'api-ms-win-" not in line:  # part of Windows, and only Wine has no such files
                print(line)
        return done.returncode

    def path(self, path: Path) -> str:
        """A file's name there."""
        return str(path) if self.windows is None else path_in_wine(path)


def here() -> str:
    """BOINC's name of this computer's platform."""
    return layout.platform_name(sys.platform, platform.machine())


def of(target: str) -> Freezer:
    """What freezes for the platform of this name. NoFreezer."""
    if target == here():
        return Freezer()
    if target != "windows_x86_64" or here() != "x86_64-pc-linux-gnu":
        raise NoFreezer(f"a program for {target} cannot be frozen on {here()}; build it there")
    windows = Windows(WINDOWS)
    if not windows.ready.exists():
        raise NoFreezer(f"there is no Windows in {windows.folder}; make it with packaging/wine/make.py")
    return Freezer(windows)
