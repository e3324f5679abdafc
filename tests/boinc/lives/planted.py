"""A work unit brings an unsigned file that is called like a library of the system; then the next version comes.

Played twice: with the frozen program and its launcher, and with a small dynamic main program, which shows that the trap
works.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.boinc import app_tree, axiom, frozen, unlaunched
from tests.boinc.lives.common import Aftermath, aftermath, upgrade
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import InputFile

SECONDS, SHORT = 3.0, 1.0  # of one core: the former so that the task is seen while it runs


@dataclass(frozen=True)
class Planted:
    # Whether the file lay in the slot as itself, and whether its code ran.
    in_slot: bool
    loaded: bool
    # What was asked for of the project's downloads when the next version came.
    upgrade: list[str]
    after: Aftermath


def play_planted(folder: Path) -> Planted:
    return _play(folder, frozen.tree)


def play_unlaunched(folder: Path) -> Planted:
    return _play(folder, unlaunched.tree)


def _play(folder: Path, tree: Callable[[Path, str], Path]) -> Planted:
    version, following = (
        app_tree.read(tree(folder / f"built{number}", number), signed=False) for number in frozen.VERSIONS
    )
    trap = unlaunched.library(folder / "trap", unlaunched.PLANTED)
    unit = axiom.unit("planted", axiom.computation(SECONDS))
    unit = replace(unit, inputs=(*unit.inputs, InputFile(trap.name, trap.read_bytes(), copy_file=True)))
    with ProjectServer(version, folder / "project") as project:
        name = project.add_work(unit)
        with RealClient(folder / "client", project.url, project.account_key) as client:
            client.wait_until(lambda: client.task(name).fraction_done > 0, "progress")
            in_slot = (client.slot(name) / trap.name).read_bytes() == trap.read_bytes()
            client.wait_until(lambda: project.report(name), "the report")
            fetched = len(project.fetched)
            upgrade(project, client, following, axiom.unit("following", axiom.computation(SHORT)))
            loaded = (client.folder / "planted").exists()
            return Planted(in_slot, loaded, project.fetched[fetched:], aftermath(project, client))
