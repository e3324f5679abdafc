"""A task that comes back to a computer which starts no more threads for it, for a while."""

from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath, content, wait_saved
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion
from tests.support import pids_limit, processes

RETRY = 3.0  # seconds instead of ten minutes
THREADS = 2  # the program and the one that hears the client; none that computes


@dataclass(frozen=True)
class Crowded:
    after: Aftermath


def play_crowded(folder: Path) -> Crowded:
    with pids_limit.group() as group:
        joins = f"open({str(group.members)!r}, 'w').write(str(__import__('os').getpid()))"
        sooner = f"from client import passing; passing.THREADS = passing.Trouble({RETRY}, passing.THREADS.reason)"
        version = AppVersion("axiom", (axiom.program(f"{joins}; {sooner}"),))
        with ProjectServer(version, folder / "project") as project:
            name = project.add_work(axiom.unit("crowded", content()))
            with RealClient(
                folder / "client", project.url, project.account_key, ncpus=1, leave_apps_in_memory=False
            ) as client:
                wait_saved(client, name)
                worker = client.worker(name)
                client.suspend(name)
                processes.wait_gone(worker)
                group.limit(THREADS)
                client.resume(name)
                client.wait_until(lambda: f"{name} postponed" in client.log(), "the word that it comes later")
                group.limit(None)
                client.wait_until(lambda: project.report(name), "the report")
                return Crowded(aftermath(project, client))
