"""The client is killed while three tasks run: one worker notices, one hangs for a while, one hangs for ever."""

import functools
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom, frozen
from tests.boinc.lives.common import Aftermath, aftermath, content, wait_saved
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.support import processes
from tests.support.lateness import Lateness, Took

FREE, WOKEN, STUCK = "free_0", "woken_0", "stuck_0"
# The free worker looks every ten seconds whether its client lives, and must not come to its end before.
FREE_SECONDS = 24.0  # of one core


@dataclass(frozen=True)
class Orphans:
    # From the client's death to the end of the free worker, and whether its slot was still locked then.
    free_left_after: Took
    free_lock_left: bool
    # From the SIGCONT to the end of the woken worker.
    woken_left_after: Took
    # Each task's slot under the first client and under the second.
    slots: dict[str, tuple[Path, Path]]
    # Whether the stuck task's orphan stood there as before when the new worker had given up, and what both had said.
    stuck_orphan_stands: bool
    stuck_stderr: str
    after: Aftermath


def play_orphans(folder: Path) -> Orphans:
    with ProjectServer(frozen.version(), folder / "project") as project:
        contents = {FREE: axiom.computation(FREE_SECONDS), WOKEN: content(), STUCK: content()}
        for task, wu_json in contents.items():
            project.add_work(axiom.unit(task.removesuffix("_0"), wu_json))
        with RealClient(folder / "client", project.url, project.account_key, ncpus=len(contents)) as client:
            return _play(project, client)


def _play(project: ProjectServer, client: RealClient) -> Orphans:
    tasks = (FREE, WOKEN, STUCK)
    for task in tasks:
        wait_saved(client, task)
    first = {task: client.worker(task) for task in tasks}
    first_slots = {task: client.slot(task) for task in tasks}
    # SIGSTOP holds all threads, those that listen to the client too: as a dying disk or a debugger would.
    for task in (WOKEN, STUCK):
        os.kill(first[task].pid, signal.SIGSTOP)
    client.kill()
    with Lateness() as lateness:
        processes.wait_gone(first[FREE])
        free_left_after = lateness.took()
    free_lock_left = (first_slots[FREE] / "boinc_lockfile").exists()

    client.start()
    for task in tasks:
        client.wait_new_worker(task, first[task])
    slots = {task: (first_slots[task], client.slot(task)) for task in tasks}
    for task in (WOKEN, STUCK):
        client.wait_until(functools.partial(_finds_lock_held, slots[task][1]), f"the first try of {task}")
    time.sleep(2)
    os.kill(first[WOKEN].pid, signal.SIGCONT)
    with Lateness() as lateness:
        processes.wait_gone(first[WOKEN])
        woken_left_after = lateness.took()

    client.wait_until(lambda: f"{STUCK} postponed" in client.log(), "the postponement")
    stuck_orphan_stands = processes.is_stopped(first[STUCK])
    stuck_stderr = _stderr(slots[STUCK][1])
    client.wait_until(lambda: len(project.reports) == 2, "the other two reports")
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


def _finds_lock_held(slot: Path) -> bool:
    return "is held" in _stderr(slot)


def _stderr(slot: Path) -> str:
    return (slot / "stderr.txt").read_text(errors="replace")
