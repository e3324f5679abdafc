"""What can be seen of BOINC's stock wrapper: it reads job.xml, starts the program, and watches two files and a process.

The rules are the wrapper's own ("stock wrapper" in docs/runtime.md); the wrapper itself is not to be had as
a package. `play` is one life under it.
"""

import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import commands, processes
from tests.support.lateness import Lateness, Took
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
JOB = ROOT / "packaging" / "server" / "job.xml"
CHILD_FAILED = 195


@dataclass
class Watched:
    """What the wrapper would know, or tell the client, of the program."""

    fractions: list[float] = field(default_factory=list)
    checkpoints: int = 0
    code: int | None = None  # the wrapper's exit code; None if it was the wrapper that asked the program to leave
    left_within: Took | None = None  # from SIGTERM to the end
    stderr: str = ""


def task() -> dict[str, str]:
    """The tags of the one task in job.xml."""
    (found,) = ElementTree.parse(JOB).getroot().findall("task")
    return {child.tag: child.text or "" for child in found}


def command(threads: int) -> list[str]:
    arguments = task()["command_line"].replace("$NTHREADS", str(threads)).split()
    return [sys.executable, "-m", "client", *arguments]


def start(slot: Path, threads: int = 1) -> "subprocess.Popen[str]":
    (slot / task()["fraction_done_filename"]).unlink(missing_ok=True)
    with (slot / "stderr.txt").open("a") as stderr:
        return subprocess.Popen(
            command(threads), cwd=slot, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=stderr, text=True
        )


def play(
    slot: Path,
    *,
    threads: int = 1,
    stop_at: float | None = None,
    stopped_for: float = 0.0,
    quit_at: float | None = None,
) -> Watched:
    """Look once a second until the program ends; SIGSTOP and SIGTERM once a fraction has been seen."""
    seen = Watched()
    names = task()
    checkpoint = slot / names["checkpoint_filename"]
    changed, stops, quits = mtime(checkpoint), stop_at is not None, False
    program = start(slot, threads)

    def look() -> bool:
        """Whether the program has ended."""
        nonlocal changed, stops, quits
        fraction = fraction_done(slot / names["fraction_done_filename"])
        if fraction is not None:
            seen.fractions.append(fraction)
        now = mtime(checkpoint)
        seen.checkpoints += now != changed
        changed = now
        if stops and fraction is not None and fraction >= (stop_at or 0.0):
            stops = False
            program.send_signal(signal.SIGSTOP)
            time.sleep(stopped_for)
            program.send_signal(signal.SIGCONT)
        if quit_at is not None and fraction is not None and fraction >= quit_at:
            quits = True
            with Lateness() as lateness:
                program.terminate()
                commands.wait_ended(program)
                seen.left_within = lateness.took()
        return program.poll() is not None

    try:
        wait_until(look, "the end of the program", lambda: processes.computed({program.pid}), every=1.0)
        if not quits:
            seen.code = CHILD_FAILED if program.returncode else 0
        seen.stderr = (slot / "stderr.txt").read_text()
        return seen
    finally:
        program.kill()
        program.wait()


def fraction_done(path: Path) -> float | None:
    """The last number in the file's last 32 bytes, from 0 to 1."""
    try:
        tail = path.read_bytes()[-32:]
    except FileNotFoundError:
        return None
    numbers = re.findall(rb"[-+]?\d+\.?\d*(?:e[-+]?\d+)?", tail)
    return min(max(float(numbers[-1]), 0.0), 1.0) if numbers else None


def mtime(path: Path) -> int:
    """Whole seconds, as the wrapper compares them; 0 if the file is missing."""
    try:
        return int(path.stat().st_mtime)
    except FileNotFoundError:
        return 0
