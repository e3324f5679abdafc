"""The built program: its names, and how the client starts it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import layout

from tests.kernels import tiny
from tests.packaging import progress

PLATFORM = "x86_64-pc-linux-gnu"
NAMES = layout.Names("0.01", PLATFORM, "cpu")
TORCH = layout.Names("0.01", PLATFORM, "cputorch")
PROGRAM = NAMES.program(1)
UNIT = tiny.unit(1000, 1)
NOBODY = 65534 if os.geteuid() == 0 else None  # user and group that run what was built


def start(tree: Path, slot: Path, *arguments: str, program: str = "", **environment: str) -> subprocess.Popen[str]:
    """The main program, or another, as the client starts it, but without any environment."""
    (main,) = [path.name for path in tree.glob("axiom_*")]
    words = [str(tree / (program or main)), *arguments]
    return progress.start(words, cwd=slot, env=environment, user=NOBODY, group=NOBODY)


def run(tree: Path, slot: Path, *arguments: str, program: str = "", **environment: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the same."""
    done = progress.finished(start(tree, slot, *arguments, program=program, **environment))
    return done.returncode, done.stdout, done.stderr


def hand_over(folder: Path) -> Path:
    """Give a folder to the user who runs what was built."""
    if NOBODY is not None:
        os.chown(folder, NOBODY, NOBODY)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def libraries(tree: Path) -> list[str]:
    """All files but the main program."""
    return [name for name in layout.files(tree) if name not in (NAMES.main, TORCH.main, "version.xml")]
