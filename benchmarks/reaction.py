"""How fast a computing worker obeys: seconds from a message of the client until it has taken effect.

Each round starts axiom-worker in a slot directory on a work unit of wide networks, sends suspend and resume, and ends
it by quit in one life and by abort in the next. Suspended means: no thread of the process uses its processor any more.

Run: python -m benchmarks.reaction [--rounds 20] [--threads 1 2]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks import host, record, tables
from benchmarks.record import Measurement
from benchmarks.timing import timed
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import Seeds, WorkUnit
from tests.wrapper.fake_client import CONTROL, STATUS, Memory, make_slot

ROOT = Path(__file__).parents[1]
UNIT = WorkUnit(EXPERIMENTS["compgen"], Seeds(1, 100), {"width": [128]})


def run(threads: Sequence[int], rounds: int) -> list[Measurement]:
    """All measurements of `rounds` lives with each number of threads."""
    values: dict[tuple[int, str], list[float]] = defaultdict(list)
    for number in range(rounds):
        for count in threads:
            ending = "abort" if number % 2 else "quit"
            with tempfile.TemporaryDirectory() as folder:
                for effect, seconds in life(Path(folder), ending, count, number).items():
                    values[count, effect].append(seconds)
    return [Measurement({"effect": effect, "threads": count}, "s", v) for (count, effect), v in values.items()]


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    begun = host.now()
    result = record.finish("reaction", begun, run(options.threads, options.rounds))
    print(tables.summary(result), tables.reaction(result), sep="\n\n")


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
        suspended, _ = timed(lambda: send(memory, b"<suspend/>"))
        rested = idle(worker.pid, suspended)
        send(memory, b"<resume/>")
        time.sleep(0.5)
        memory.put(CONTROL, f"<{ending}/>".encode())
        gone, _ = timed(lambda: worker.wait(30))
        return {"suspend, message taken": suspended, "suspend, processor idle": rested, f"{ending}, process gone": gone}
    finally:
        worker.kill()
        worker.wait()


def send(memory: Memory, message: bytes) -> None:
    """Put the message there and wait until the worker has taken it."""
    memory.put(CONTROL, message)
    while memory.full(CONTROL):
        time.sleep(0.001)


def idle(pid: int, already: float) -> float:
    """Seconds since the message, `already` of them gone, until the process has rested for a tenth of a second.

    That tenth does not count.
    """
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
