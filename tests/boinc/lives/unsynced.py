"""A task whose slot lies on a file system that can neither sync nor lock."""

from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath, content, wait_saved
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion
from tests.support import no_sync, processes

VERSION = AppVersion("axiom", (axiom.program(),))


@dataclass(frozen=True)
class Unsynced:
    after: Aftermath


def play_unsynced(folder: Path) -> Unsynced:
    with ProjectServer(VERSION, folder / "project") as project:
        name = project.add_work(axiom.unit("unsynced", content()))
        client = RealClient(folder / "client", project.url, project.account_key, ncpus=1, leave_apps_in_memory=False)
        slots = client.folder / "slots"
        slots.mkdir()
        with no_sync.mounted(slots), client:
            wait_saved(client, name)
            worker = client.worker(name)
            client.suspend(name)
            processes.wait_gone(worker)
            client.resume(name)
            client.wait_until(lambda: project.report(name), "the report")
            return Unsynced(aftermath(project, client))
