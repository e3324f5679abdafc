"""Processor time of programs: it hardly depends on what else runs, and two compare alike on computers of any speed."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def used() -> float:
    """Processor time of all processes that this one started and that have ended, in seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def of_command(command: Sequence[str | Path], times: int = 5) -> float:
    """Seconds that a command takes at best, with no environment but a library's thread instead of one for each core."""
    costs = []
    for _ in range(times):
        before = used()
        subprocess.run(command, env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}, check=True)
        costs.append(used() - before)
    return min(costs)


def of_import(library: str) -> float:
    """Seconds that this Python takes to start and to import a library: the pace by which other starts are judged."""
    return of_command([sys.executable, "-I", "-c", f"import {library}"])
