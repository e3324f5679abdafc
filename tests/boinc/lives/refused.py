"""A version of which one file was signed with another key, and another was changed after it had been signed."""

import functools
from dataclasses import dataclass, replace
from pathlib import Path

from signing import generate_key

from tests.boinc import app_tree, axiom, frozen
from tests.boinc.lives.common import Aftermath, aftermath, content
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppFile
from tests.support.processes import Process


@dataclass(frozen=True)
class Refused:
    # The physical names of the two, both in the bundle's folder.
    foreign: str
    changed: str
    # Processes that the client had ever started when the task was reported.
    started: set[Process]
    after: Aftermath


def play_refused(folder: Path) -> Refused:
    version = app_tree.read(frozen.tree(folder / "built"), signed=False)
    key = generate_key()
    # Not of the root: these are files that only the program itself would open.
    foreign, changed = sorted((file for file in version.files if "/" in file.name and file.content()), key=_size)[:2]
    files = {file.name: file for file in version.files}
    files[foreign.name] = replace(foreign, signature=generate_key().sign(foreign.content()))
    damaged = bytearray(changed.content())
    damaged[len(damaged) // 2] ^= 1
    files[changed.name] = replace(changed, source=bytes(damaged), signature=key.sign(changed.content()))
    version = replace(version, files=tuple(files.values()))
    with ProjectServer(version, folder / "project", key=key) as project:
        name = project.add_work(axiom.unit("refused", content()))
        with RealClient(folder / "client", project.url, project.account_key) as client:
            client.wait_until(lambda: client.task(name).ready_to_report, "the end of the task")
            for file in (foreign, changed):
                client.wait_until(functools.partial(_refuses, client, file), f"the refusal of {file.name}")
            client.update()
            client.wait_until(lambda: project.report(name), "the report")
            return Refused(foreign.name, changed.name, client.started(), aftermath(project, client))


def _size(file: AppFile) -> int:
    return len(file.content())


def _refuses(client: RealClient, file: AppFile) -> bool:
    return any(file.name in line and "verification" in line for line in client.log().splitlines())
