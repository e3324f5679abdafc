"""How fast a core computes default work units, beside BOINC's figure of it: Whetstone, as its client measures it.

The ratio is what `projected_flops_scale` in packaging/server/plan_class_spec.xml has to be, so that clients expect of
the first tasks about the time that they take. Of each experiment a few blocks of a default work unit are computed for
some seconds each, chosen so that each stands for as much work as the others.

Run: python -m benchmarks.whetstone      (needs Debian's boinc-client)
"""

from __future__ import annotations

import re
import socket
import subprocess
import tempfile
import time

from benchmarks import host, record, tables
from benchmarks.record import Measurement
from kernels import plan
from kernels.cost import CACHE_BYTES, default_units
from kernels.engine.exact.engine import ExactEngine
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS

BLOCKS = 4  # of an experiment
SECONDS = 5.0  # of a block, at most
TRIES, LASTING = 3, 60.0  # of the client's measurement, which it gives up on a busy machine, and its seconds
SLICE = 2e9  # floating-point operations between two looks at the clock
_FIGURE = re.compile(r"CPU FP OPS: ([\d.]+)")
_NOT_MEASURED = 1e9  # what the client says before it has measured


def whetstone() -> float:
    """The client's figure of a core, in floating-point operations a second, measured now on all cores at once."""
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        client = subprocess.Popen(
            ["boinc", "--dir", folder, "--gui_rpc_port", str(port), "--no_info_fetch"],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for _ in range(TRIES):
                while not _asked(port, folder, "--run_benchmarks"):
                    time.sleep(0.5)
                    if client.poll() is not None:
                        raise RuntimeError(f"BOINC's client ended with {client.returncode} before it answered")
                time.sleep(LASTING)
                found = _FIGURE.search(_asked(port, folder, "--get_host_info"))
                if found and float(found[1]) != _NOT_MEASURED:
                    return float(found[1])
            raise RuntimeError("BOINC's client could not measure: other programs keep the processor busy, end them")
        finally:
            client.terminate()
            client.wait()


def _asked(port: int, folder: str, word: str) -> str:
    """What the client says to a word; nothing where it does not answer."""
    done = subprocess.run(["boinccmd", "--host", f"127.0.0.1:{port}", word], cwd=folder, capture_output=True, text=True)
    return "" if done.returncode else done.stdout or "yes"


def pace(experiment: Experiment) -> list[Measurement]:
    """Seconds and operations of some blocks of the first default work unit."""
    unit, engine, course = default_units(experiment, 1)[0], ExactEngine(), experiment.course
    blocks = plan.blocks(course, unit.cells, CACHE_BYTES)
    works = [sum(course.work(cell.condition) for cell in block) for block in blocks]
    total, measured = sum(works), []
    for number in range(BLOCKS):
        wanted, at = (number + 0.5) / BLOCKS * total, 0
        while wanted > works[at]:
            wanted -= works[at]
            at += 1
        begun = time.thread_time()
        program = experiment.start(blocks[at], engine)
        while program.done < program.work and time.thread_time() - begun < SECONDS:
            program.advance(SLICE)
        labels: dict[str, str | int] = {"experiment": experiment.name, "block": at}
        measured.append(Measurement(labels, "s", [time.thread_time() - begun], round(program.done)))
    return measured


def main() -> None:
    """Measure, write and print."""
    begun = host.now()
    figures, measurements = [whetstone()], []
    for experiment in EXPERIMENTS.values():
        measurements += pace(experiment)
        print(f"{experiment.name} is measured", flush=True)
    figures.append(whetstone())
    kept = record.finish(
        "whetstone", begun, [Measurement({"what": "whetstone"}, "operations/s", figures), *measurements]
    )
    print(tables.projected(kept))


if __name__ == "__main__":
    main()
