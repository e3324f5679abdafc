"""A core that others keep busy."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LOWEST = 19


@contextlib.contextmanager
def starved(pid: int) -> Iterator[None]:
    """All threads of a process at the lowest priority on one core, beside a loop of the usual one: 1.5 % is theirs."""
    core = max(os.sched_getaffinity(0))
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})
        os.setpriority(os.PRIO_PROCESS, int(thread.name), LOWEST)
    with contextlib.suppress(FileNotFoundError):  # where the kernel gives each session its share, its priority counts
        if os.getsid(pid) != os.getsid(0):
            Path(f"/proc/{pid}/autogroup").write_text(str(LOWEST))
    command = ["taskset", "-c", str(core), sys.executable, "-SEc", "while True: pass"]
    loop = subprocess.Popen(command)
    try:
        yield
    finally:
        loop.kill()
        loop.wait()
