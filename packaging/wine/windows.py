"""A Windows in a folder: Wine's prefix, Python, packages of builds and tests; and how programs are started in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

_PROGRAMS = ("/usr/lib/wine", "/usr/bin")  # Debian has them outside of the path


class NoWine(RuntimeError):
    """Wine, or what it needs, is not here; the message says what to install."""


@dataclass(frozen=True)
class Windows:
    """Made by make.py. Nothing in it is a user's."""

    folder: Path

    @property
    def prefix(self) -> Path:
        """What Wine keeps of its Windows."""
        return self.folder / "prefix"

    @property
    def python(self) -> Path:
        """Python's executable."""
        return self.folder / "python" / "python.exe"

    @property
    def tests(self) -> Path:
        """A user's packages, for PYTHONUSERBASE: those of the tests, which a build must not see."""
        return self.folder / "tests"

    @property
    def ready(self) -> Path:
        """There as soon as everything is."""
        return self.folder / ".ready"

    def environment(self, **more: str) -> dict[str, str]:
        """For a process of this Windows: names of files in any script, no screen, and no word of Wine's own."""
        # winemenubuilder would write into the user's menus; the others would be asked for, and downloaded.
        own = {"WINEDLLOVERRIDES": "ucrtbase=n,b;mscoree,mshtml,winemenubuilder.exe=", "LC_ALL": "C.UTF-8"}
        return {**os.environ, "WINEPREFIX": str(self.prefix), "WINEDEBUG": "-all", "DISPLAY": "", **own, **more}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep Windows' services meanwhile: a first program starts them, and they hold its output open to their end."""
        quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
        command = [program_of_wine("wine64"), "cmd"]
        with subprocess.Popen(command, env=self.environment(), stdin=pipe, stdout=pipe, stderr=quiet) as first:
            assert first.stdout is not None
            first.stdout.readline()  # it has begun
            yield

    def command(self, program: Path, *arguments: str) -> list[str]:
        """What starts a Windows program here. Give it pipes: Wine passes regular files on as handles of no use."""
        return [program_of_wine("wine64"), str(program), *arguments]


def path(of: Path) -> str:
    """How a Windows program of Wine's names a file of this computer."""
    return str(PureWindowsPath("Z:", "/", *of.absolute().parts[1:]))


def program_of_wine(name: str) -> str:
    """Where one of Wine's programs lies. NoWine if it is not there."""
    found = shutil.which(name, path=os.pathsep.join(_PROGRAMS))
    if found is None:
        raise NoWine(f"there is no {name}; install Debian's package wine64")
    return found
