"""The built program: its names, and how the client starts it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import layout

from tests.kernels import tiny

PLATFORM = "x86_64-pc-linux-gnu"
NAMES = layout.Names("0.01", PLATFORM, "cpu")
TORCH = layout.Names("0.01", PLATFORM, "cputorch")
PROGRAM = NAMES.program(1)
UNIT = tiny.unit(1000, 1)
NOBODY = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}


def start(tree: Path, slot: Path, *arguments: str, program: str = "", **environment: str) -> subprocess.Popen[str]:
    """The main program, or another, as the client starts it, but without any environment."""
    (main,) = [path.name for path in tree.glob("axiom_*")]
    return subprocess.Popen(
        [str(tree / (program or main)), *arguments], cwd=slot, env=environment, text=True, **NOBODY,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


def run(tree: Path, slot: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    process = start(tree, slot, *arguments, **more)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def libraries(tree: Path) -> list[str]:
    """All files but the main program."""
    return [name for name in layout.files(tree) if name not in (NAMES.main, TORCH.main, "version.xml")]
