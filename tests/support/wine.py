"""Windows programs under Wine, in a Windows of their own that lies in a temporary folder."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support import commands

PROGRAMS = Path("/usr/lib/wine")  # where Debian puts them, outside of the path


def lacking() -> str:
    """Why nothing can be run; empty if it can."""
    return "" if (PROGRAMS / "wine64").exists() else "no Wine: Debian's wine64"


def command(program: Path | str, *words: str | Path) -> list[str]:
    """What starts a Windows program. Give it pipes: Wine passes regular files on as handles that cannot be written."""
    return [str(PROGRAMS / "wine64"), str(program), *map(str, words)]


def path(place: Path) -> str:
    """A path as Windows programs have it: all of this computer's files are on the drive Z."""
    return "Z:" + str(place).replace("/", "\\")


@contextlib.contextmanager
def prefix(folder: Path) -> Iterator[dict[str, str]]:
    """Make a Windows in `folder`, which takes some seconds; the environment for commands that use it.

    At the end everything that runs in it is ended.
    """
    environment = {"PATH": os.defpath, "HOME": str(folder.parent), "LC_ALL": "C.UTF-8", "DISPLAY": ""}
    environment |= {"WINEPREFIX": str(folder), "WINEDEBUG": "-all"}
    environment["WINEDLLOVERRIDES"] = "mscoree,mshtml="  # it would ask whether to download these
    try:
        assert commands.wait_ended(_start("wineboot", environment, "--init")) == 0
        # The first program starts Windows' services, which keep its output open for as long as any program runs.
        with _start("cmd", environment, streams=subprocess.PIPE) as first:
            assert first.stdout is not None
            assert first.stdout.readline(), "it did not start"
            yield environment
    finally:
        for order in ("--kill", "--wait"):
            commands.run([PROGRAMS / "wineserver", order], env=environment)


def _start(
    program: str, environment: dict[str, str], *words: str, streams: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command(program, *words), env=environment, stdin=streams, stdout=streams, stderr=subprocess.DEVNULL
    )
