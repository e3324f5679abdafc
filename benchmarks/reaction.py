"""How fast a computing worker obeys: seconds from a message of the client until it has taken effect.

Usage: python benchmarks/reaction.py [--rounds N] [--threads N]

Each round starts axiom-worker in a slot directory on a work unit of wide networks, sends suspend and resume, and ends
it by quit in one round and by abort in the next. Suspended means: no thread of the process uses its processor any more.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from kernels import workunit
from kernels.experiments import EXPERIMENTS
from kernels.workunit import Seeds, WorkUnit
from tests.wrapper.fake_client import CONTROL, STATUS, Memory, make_slot

UNIT = WorkUnit(1, "compgen", EXPERIMENTS["compgen"].version, Seeds(1, 100), {"width": [128]})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    found: dict[str, list[float]] = {}
    for number in range(options.rounds):
        ending = "abort" if number % 2 else "quit"
        with tempfile.TemporaryDirectory() as folder:
            for what, seconds in life(Path(folder), ending, options.threads, number).items():
                found.setdefault(what, []).append(seconds)
    print(f"seconds from the message until it has taken effect, {options.rounds} lives, {options.threads} threads")
    for what, times in found.items():
        print(f"{what:26} median {statistics.median(times):.3f}   longest {max(times):.3f}")


def life(folder: Path, ending: str, threads: int, number: int) -> dict[str, float]:
    """One worker from its start to its end; seconds for each kind of message."""
    slot = make_slot(folder)
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    memory = Memory(slot)
    worker = subprocess.Popen(
        [sys.executable, "-m", "client", "--nthreads", str(threads)],
        cwd=slot,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        while b"<fraction_done>" not in memory.text(STATUS):
            assert worker.poll() is None, "the worker ended by itself"
            memory.clear(STATUS)
            time.sleep(0.05)
        time.sleep(0.5 + 0.037 * number % 0.3)  # at another phase of the worker's clocks each time
        found = {"suspend, message taken": taken(memory, b"<suspend/>")}
        found["suspend, processor idle"] = idle(worker.pid, found["suspend, message taken"])
        taken(memory, b"<resume/>")
        time.sleep(0.5)
        start = time.monotonic()
        memory.put(CONTROL, f"<{ending}/>".encode())
        worker.wait(30)
        found[f"{ending}, process gone"] = time.monotonic() - start
        return found
    finally:
        worker.kill()
        worker.wait()


def taken(memory: Memory, message: bytes) -> float:
    """Seconds until the worker has taken the message."""
    start = time.monotonic()
    memory.put(CONTROL, message)
    while memory.full(CONTROL):
        time.sleep(0.001)
    return time.monotonic() - start


def idle(pid: int, already: float) -> float:
    """Seconds until the process has used no processor time for a tenth of a second, less that tenth."""
    start = last = time.monotonic()
    used = processor_time(pid)
    while time.monotonic() - last < 0.1:
        time.sleep(0.002)
        if processor_time(pid) > used + 0.002:  # the timer thread's own looks
            used, last = processor_time(pid), time.monotonic()
    return already + last - start


def processor_time(pid: int) -> float:
    """Seconds of processor time of all threads of a process."""
    return sum(int((task / "schedstat").read_text().split()[0]) / 1e9 for task in Path(f"/proc/{pid}/task").iterdir())


if __name__ == "__main__":
    main()
