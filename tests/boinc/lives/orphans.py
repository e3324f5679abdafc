"""The client is killed while three tasks run: one worker notices, one hangs for a while, one hangs for ever."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from kernels import workunit
from tests.boinc import axiom, frozen, processes
from tests.boinc.lives.common import CONTENT, Aftermath, aftermath, wait_saved
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient

FREE, WOKEN, STUCK = "free_0", "woken_0", "stuck_0"
# The free worker must not come to its end before it looks whether its client lives.
CONTENTS = {FREE: workunit.encode(axiom.computation(32)), WOKEN: CONTENT, STUCK: CONTENT}


@dataclass(frozen=True)
class Orphans:
    # From the client's death to the end of the free worker, in seconds, and whether its slot was still locked then.
    free_left_after: float
    free_lock_left: bool
    # From the SIGCONT to the end of the woken worker, in seconds.
    woken_left_after: float
    # Each task's slot under the first client and under the second.
    slots: dict[str, tuple[Path, Path]]
    # Whether the stuck task's orphan stood there as before when the new worker had given up, and what both had said.
    stuck_orphan_stands: bool
    stuck_stderr: str
    after: Aftermath


def play_orphans(folder: Path) -> Orphans:
    with ProjectServer(frozen.version(), folder / "project") as project:
        for task, content in CONTENTS.items():
            project.add_work(axiom.unit(task.removesuffix("_0"), content))
        with RealClient(folder / "client", project.url, project.account_key, ncpus=len(CONTENTS)) as client:
            return _play(project, client)


def _play(project: ProjectServer, client: RealClient) -> Orphans:
    for task in CONTENTS:
        wait_saved(client, task)
    first = {task: client.worker(task) for task in CONTENTS}
    first_slots = {task: client.slot(task) for task in CONTENTS}
    # SIGSTOP holds all threads, those that listen to the client too: as a dying disk or a debugger would.
    for task in (WOKEN, STUCK):
        os.kill(first[task].pid, signal.SIGSTOP)
    client.kill()
    free_left_after = processes.wait_gone(first[FREE], 40)
    free_lock_left = (first_slots[FREE] / "boinc_lockfile").exists()

    client.start()
    for task in CONTENTS:
        client.wait_new_worker(task, first[task], 40)
    slots = {task: (first_slots[task], client.slot(task)) for task in CONTENTS}
    for task in (WOKEN, STUCK):
        client.wait_until(lambda task=task: "is held" in _stderr(slots[task][1]), 20, f"the first try of {task}")
    time.sleep(2)
    os.kill(first[WOKEN].pid, signal.SIGCONT)
    woken_left_after = processes.wait_gone(first[WOKEN], 40)

    client.wait_until(lambda: f"{STUCK} postponed" in client.log(), 60, "the postponement")
    stuck_orphan_stands = processes.is_stopped(first[STUCK])
    stuck_stderr = _stderr(slots[STUCK][1])
    client.wait_until(lambda: len(project.reports) == 2, 90, "the other two reports")
    processes.end({first[STUCK]}, grace=0)
    return Orphans(
        free_left_after,
        free_lock_left,
        woken_left_after,
        slots,
        stuck_orphan_stands,
        stuck_stderr,
        aftermath(project, client),
    )


def _stderr(slot: Path) -> str:
    return (slot / "stderr.txt").read_text(errors="replace")
