"""The instrument itself with a small program: steered and restarted, refused for its signatures, left by its client."""

import functools
import sys
from dataclasses import dataclass
from pathlib import Path

from signing import generate_key

from tests.boinc.boinccmd import Task
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppFile, AppVersion, InputFile, Report, WorkUnit
from tests.support import processes
from tests.support.processes import Process

SOURCE = Path(__file__).parents[1].joinpath("slow_copy.py").read_bytes()
# -S and -E: the program needs no packages, and starts faster without looking for them.
PROGRAM = f"#!{sys.executable} -SE\n".encode() + SOURCE
SECONDS = 15  # that a copy takes: each must still run when the client is stopped


@dataclass(frozen=True)
class Steered:
    """Two tasks to their end and one that is aborted before it began."""

    units: tuple[WorkUnit, ...]
    # The third task while two ran on two processors, and the second one before and after a restart of the client.
    waiting: Task
    before: Task
    again: Task
    # What ran when the client had quit, and at the end.
    outlived: set[Process]
    left: set[Process]
    messages: list[str]
    reports: dict[str, Report]
    # By work unit.
    uploads: dict[str, bytes]


@dataclass(frozen=True)
class Forged:
    """One file signed for other content, one with another key."""

    log: str
    report: Report
    # Marks of a program that ran.
    ran: list[Path]


@dataclass(frozen=True)
class Outlived:
    """A program that never looks whether its client lives."""

    pid: int | None
    left: set[Process]
    killed: set[Process]
    alive: set[Process]


def _version(*files: AppFile) -> AppVersion:
    return AppVersion("slow_copy", files, command_line="--from-version")


def _unit(name: str, seconds: int) -> WorkUnit:
    content = f"{seconds}\nthis is {name}\n".encode()
    return WorkUnit(name, (InputFile("in.txt", content),), "out.txt", command_line="--from-unit")


def play_steered(folder: Path) -> Steered:
    program = AppFile("slow_copy_100", PROGRAM, main_program=True)
    with ProjectServer(_version(program), folder / "project") as project:
        units = tuple(_unit(name, SECONDS) for name in ("one", "two", "three"))
        one, two, three = (project.add_work(unit) for unit in units)
        with RealClient(folder / "client", project.url, project.account_key) as client:
            client.wait_running(one)
            client.wait_running(two)
            waiting = client.task(three)
            client.abort(three)
            client.suspend(one)
            client.wait_until(lambda: client.task(one).active_task_state == "SUSPENDED", "the suspension")
            client.resume(one)
            client.wait_running(one)
            client.wait_until(lambda: client.task(two).checkpoint_cpu_time >= 2, "a second checkpoint")
            before = client.task(two)
            client.stop()
            outlived = client.workers()
            client.start()
            again = client.wait_running(two)
            # Asked through the client, because that fails at once, and with the client's log, should the client die.
            client.wait_until(lambda: len(project.reports) == len(units), "three reports")
            messages = client.messages()
        return Steered(
            units,
            waiting,
            before,
            again,
            outlived,
            client.workers(),
            messages,
            {report.name.removesuffix("_0"): report for report in project.reports},
            {unit.name: path.read_bytes() for unit in units if (path := project.uploads.path(unit.upload_name))},
        )


def play_forged(folder: Path) -> Forged:
    key = generate_key()
    other_content = AppFile("slow_copy_100", PROGRAM, main_program=True, signature=key.sign(PROGRAM + b"\n"))
    other_key = AppFile("weights_100", b"7", open_name="weights", signature=generate_key().sign(b"7"))
    with ProjectServer(_version(other_content, other_key), folder / "project", key=key) as project:
        name = project.add_work(_unit("one", 1))
        with RealClient(folder / "client", project.url, project.account_key) as client:
            for file in (other_content, other_key):
                client.wait_until(functools.partial(_refuses, client, file), f"the refusal of {file.name}")
            # A failed result makes the client stay away for minutes, unless it is asked not to.
            client.wait_until(lambda: client.task(name).ready_to_report, "the end of the task")
            client.update()
            report = client.wait_until(lambda: project.report(name), "the report of the failure")
            return Forged(client.log(), report, list(client.folder.rglob("program_ran")))


def _refuses(client: RealClient, file: AppFile) -> bool:
    return any("verification" in line and file.name in line for line in client.log().splitlines())


def play_outlived(folder: Path) -> Outlived:
    program = AppFile("slow_copy_100", PROGRAM, main_program=True)
    with ProjectServer(_version(program), folder / "project") as project:
        name = project.add_work(_unit("one", 600))
        with RealClient(folder / "client", project.url, project.account_key) as client:
            running = client.wait_running(name)
            client.kill()
            left = client.workers()
            return Outlived(running.pid, left, client.end_workers(), processes.alive(left))
