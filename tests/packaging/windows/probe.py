"""probe.c, compiled: a Windows program that tells how it was started."""

from __future__ import annotations

import subprocess
from pathlib import Path

from launcher import making

SOURCE = Path(__file__).with_name("probe.c")
COMPILER = making.zig("windows_x86_64")
FLAGS = ("-std=gnu11", "-O1", "-s", "-Wall", "-Wextra", "-Werror", *making.LINKED["win32"])


def compiled(out: Path) -> None:
    """Write the program to `out`."""
    subprocess.run([*COMPILER, *FLAGS, "-o", str(out), str(SOURCE)], check=True)
