"""Commands as processes that are left to end as long as they compute; one that comes to nothing is killed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import processes
from tests.support.waiting import wait_until


def communicate(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Standard output and standard error of a process, once it has ended."""
    output: list[tuple[str, str]] = []

    def ended() -> bool:
        try:
            output.append(process.communicate(timeout=0.5))
        except subprocess.TimeoutExpired:
            return False
        return True

    try:
        wait_until(ended, f"the end of {process.args!r}", lambda: processes.computed({process.pid}), every=0.0)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    return output[0]


def wait_ended(process: subprocess.Popen[Any]) -> int:
    """The exit code of a process, once it has ended; for one whose output goes to files."""
    try:
        wait_until(
            lambda: process.poll() is not None,
            f"the end of {process.args!r}",
            lambda: processes.computed({process.pid}),
        )
    except BaseException:
        process.kill()
        process.wait()
        raise
    assert process.returncode is not None
    return process.returncode


def run(
    command: Sequence[str | Path] | str,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = False,
) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` does with a command's output as text; a string is a command line for the shell."""
    process = subprocess.Popen(
        command, shell=isinstance(command, str), cwd=cwd, env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, err = communicate(process)
    if check:
        assert process.returncode == 0, f"{command!r} ended with {process.returncode}\n{out}{err}"
    return subprocess.CompletedProcess(command, process.returncode, out, err)
