"""A signed version of many files is installed once, runs four tasks at once, and is followed by the next version."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import signing

from tests.boinc import app_tree, axiom, frozen
from tests.boinc.lives.common import Aftermath, aftermath, upgrade
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion
from tests.support import processes
from tests.support.processes import Process

TASKS = tuple(f"shared{n}_0" for n in range(4))
UPGRADED = "upgraded_0"
SECONDS, SHORT = 5.0, 1.0  # of one core: the former so that all four run at once even on two


@dataclass(frozen=True)
class Installed:
    version: AppVersion
    following: AppVersion
    # What was asked for of the project's downloads until all four tasks ran, and from then on.
    fetched: list[str]
    fetched_later: list[str]
    # The client's own process, each task's, and all that the client had started, while all four ran.
    client: int
    workers: dict[str, Process]
    running: set[Process]
    parents: dict[str, int]
    # Bytes: all files of the version as built; then, while four ran, the project's folder and each slot; files in it.
    built: int
    in_project: int
    in_slots: list[int]
    links: list[int]
    # The version's files in the project's folder when the next version's task had been reported, by physical name.
    left: set[str]
    after: Aftermath


def sign(tree: Path, key: Path) -> None:
    """As staff do it."""
    command = [sys.executable, signing.__file__, "sign", "--key", str(key), str(tree)]
    subprocess.run(command, check=True, capture_output=True)


def play_installed(folder: Path) -> Installed:
    keys = folder / "private", folder / "public"
    signing.write_keys(signing.generate_key(), *keys)
    trees = [frozen.tree(folder / f"built{n}", version) for n, version in enumerate(frozen.VERSIONS)]
    for tree in trees:
        sign(tree, keys[0])
    version, following = (app_tree.read(tree, signed=True) for tree in trees)
    # The project has the public half and the signatures; nothing signs here.
    with ProjectServer(version, folder / "project", key=signing.read_public(keys[1])) as project:
        for task in TASKS:
            project.add_work(axiom.unit(task.removesuffix("_0"), axiom.computation(SECONDS)))
        with RealClient(folder / "client", project.url, project.account_key, ncpus=len(TASKS)) as client:
            client.wait_until(lambda: all(client.task(task).fraction_done > 0 for task in TASKS), "four at once")
            workers = {task: client.worker(task) for task in TASKS}
            running = client.workers()
            parents = {task: processes.parent(worker) for task, worker in workers.items()}
            fetched = list(project.fetched)
            (home,) = (client.folder / "projects").glob("127*")
            in_project, slots = _bytes(home), [client.slot(task) for task in TASKS]
            in_slots = [_bytes(slot) for slot in slots]
            links = [len(list(slot.glob(version.app_name))) for slot in slots]
            client.wait_until(lambda: len(project.reports) == len(TASKS), "four reports")

            upgrade(project, client, following, axiom.unit(UPGRADED.removesuffix("_0"), axiom.computation(SHORT)))
            old = {file.name for file in version.files} - {file.name for file in following.files}
            client.wait_until(lambda: not any((home / name).exists() for name in old), "the old version's end")
            left = {file.name for file in (*version.files, *following.files) if (home / file.name).exists()}
            return Installed(
                version,
                following,
                fetched,
                project.fetched[len(fetched) :],
                client.pid,
                workers,
                running,
                parents,
                sum(len(file.content()) for file in version.files),
                in_project,
                in_slots,
                links,
                left,
                aftermath(project, client),
            )


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
