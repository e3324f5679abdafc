"""axiom-worker as a process of its own, in a folder without a client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from kernels.formats import workunit
from kernels.formats.workunit import WorkUnit
from tests.support import commands, processes
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


def worker(
    folder: Path, *arguments: str | Path, program: tuple[str, ...] = ("-m", "client"), before: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """axiom-worker, started in a folder; `before` is a command that starts it."""
    return subprocess.Popen(
        [*before, sys.executable, *program, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},  # see wait_until_computing
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def redirected(folder: Path, where: str, *arguments: str | Path) -> tuple[int, str]:
    """Exit code and standard error of axiom-worker with its output where the shell's words send it."""
    process = worker(folder, *arguments, before=("bash", "-c", f'"$0" "$@" {where}'))
    code, _, err = ended(process)
    return code, err


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that is left to end."""
    out, err = commands.communicate(process)
    return process.returncode, out, err


def wait_until_mapped(process: subprocess.Popen[str], library: str) -> None:
    """Until the process has loaded a library."""
    _wait_until(process, lambda: library in Path(f"/proc/{process.pid}/maps").read_text(), f"loading of {library}")


def wait_until_computing(process: subprocess.Popen[str]) -> None:
    """Until the process has a second thread: the first one only watches."""
    _wait_until(process, lambda: processes.threads(process.pid) > 1, "a second thread")


def _wait_until(process: subprocess.Popen[str], reached: Callable[[], bool], what: str) -> None:
    def reached_alive() -> bool:
        assert process.poll() is None, process.communicate()
        return reached()

    wait_until(reached_alive, what, lambda: processes.computed({process.pid}))


def written(folder: Path, unit: WorkUnit, name: str = "wu.json") -> Path:
    path = folder / name
    path.write_bytes(workunit.encode(unit))
    return path
