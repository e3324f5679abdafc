"""Two work units that staff issue are held, outlive a stop of the client, and come back, for the server to check."""

import functools
from dataclasses import dataclass
from pathlib import Path

from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from server_validator import cli
from tests.boinc import axiom, frozen
from tests.boinc.boinccmd import Task
from tests.boinc.lives.common import Aftermath, aftermath
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import WorkUnit
from tests.support.processes import Process

SECONDS = 16.0  # of one core for a work unit, and the steps below take ten


@dataclass(frozen=True)
class Ledger:
    # The server's folder, the work units' seeds in order, their names, and where the uploads lie.
    data: Path
    seeds: range
    names: tuple[str, str]
    uploads: tuple[Path, Path]
    # The first task when the second had computed for a while after the user had held the first.
    held: Task
    # What the client left running when it had been told to quit.
    outlived: set[Process]
    # The second task's process before the client's stop and after its next start.
    pids: tuple[int | None, int | None]
    after: Aftermath


def play_ledger(folder: Path) -> Ledger:
    data = folder / "data"
    count = workunit.decode(axiom.computation(SECONDS), "wu.json", EXPERIMENTS).seeds.count
    units = [_issue(data, first, count) for first in (1000, 1000 + count)]
    with ProjectServer(frozen.version(), folder / "project") as project:
        one, two = (project.add_work(unit) for unit in units)
        with RealClient(folder / "client", project.url, project.account_key, disk_interval=2.0) as client:
            for task in (one, two):
                client.wait_running(task)
                client.wait_until(functools.partial(_is_under_way, client, task), f"progress of {task}")

            client.suspend(one)
            client.wait_until(lambda: client.task(one).active_task_state == "SUSPENDED", "the suspension")
            client.wait_until(lambda: client.task(two).fraction_done > 0.1, "progress of the other task")
            held = client.task(one)
            client.resume(one)
            client.wait_until(lambda: client.task(one).fraction_done > held.fraction_done, "progress once resumed")

            client.wait_until(lambda: client.task(two).checkpoint_cpu_time > 0, "a checkpoint")
            before = client.task(two)
            client.stop()
            outlived = client.workers()
            client.start()
            again = client.wait_running(two)
            client.wait_until(lambda: client.task(two).fraction_done >= before.fraction_done, "as much as before")
            client.wait_until(lambda: len(project.reports) == 2, "two reports")
            first, second = (project.uploads.folder / unit.upload_name for unit in units)
            return Ledger(
                data,
                range(1000, 1000 + 2 * count),
                (units[0].name, units[1].name),
                (first, second),
                held,
                outlived,
                (before.pid, again.pid),
                aftermath(project, client),
            )


def _is_under_way(client: RealClient, task: str) -> bool:
    return 0 < client.task(task).fraction_done < 1


def _issue(data: Path, first: int, count: int) -> WorkUnit:
    """A work unit that staff issue with axiom-server and hand to BOINC under its own name."""
    out = data.parent / f"{first}.json"
    assert cli.main(["--data", str(data), "init"]) == 0
    command = ["--data", str(data), "make-wu", "compgen", "--first", str(first), "--count", str(count)]
    assert cli.main([*command, "--out", str(out)]) == 0
    return axiom.unit(workunit.read(out, EXPERIMENTS).name, out.read_bytes())
