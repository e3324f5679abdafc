"""What several lives share: one long enough computation, and what is looked at when a client has ended."""

import re
from dataclasses import dataclass

from tests.boinc import axiom
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion, Report, WorkUnit
from tests.support.processes import Process

SECONDS = 8.0  # of one core: a disturbed task must still run when its turn comes


def content() -> bytes:
    """The wu.json of every task that is disturbed: its cells must be those of one uninterrupted run."""
    return axiom.computation(SECONDS)


@dataclass(frozen=True)
class Aftermath:
    """What is known when the client has ended in its own time. Keys are names of work units."""

    account_key: str
    # Where the user keeps BOINC's data.
    folder: str
    reports: dict[str, Report]
    # The uploaded files.
    results: dict[str, bytes]
    client_log: str
    survivors: set[Process]

    def ending(self, name: str) -> tuple[int, int]:
        """The reported exit status and state: 5 is a result that was uploaded, 3 an error, 6 an abort."""
        report = self.reports[name]
        return report.exit_status, report.state

    def resumed(self, name: str) -> list[float]:
        """Where the task went on from a checkpoint, in per cent of its work."""
        return [float(found) for found in re.findall(r"going on from the checkpoint at (\S+) %", self.said(name))]

    def said(self, name: str) -> str:
        """What the program itself wrote to stderr, in all its processes."""
        return self.reports[name].stderr.partition("<stderr_txt>\n")[2].partition("</stderr_txt>")[0].strip()


def wait_saved(client: RealClient, name: str) -> None:
    """Wait until a checkpoint holds a part of the work, and the client knows of it."""
    client.wait_until(lambda: client.task(name).fraction_done > 0.02, f"progress of {name}")
    known = client.task(name).checkpoint_cpu_time
    client.wait_until(lambda: client.task(name).checkpoint_cpu_time > known, f"a checkpoint of {name}")


def upgrade(project: ProjectServer, client: RealClient, version: AppVersion, unit: WorkUnit) -> None:
    """Release a version, and let the client fetch it with a work unit, until that is reported."""
    # A request under way would take the place of the one that is asked for.
    client.wait_until(lambda: not client.tasks(), "the client's acknowledgements")
    project.release(version)
    name = project.add_work(unit)
    client.update()
    client.wait_until(lambda: project.report(name), "the next version's report")


def aftermath(project: ProjectServer, client: RealClient) -> Aftermath:
    """Let the client quit, and look around."""
    client.stop()
    return Aftermath(
        account_key=project.account_key,
        folder=str(client.folder),
        reports={report.name.removesuffix("_0"): report for report in project.reports},
        results={
            path.name.removesuffix("_0_r0_0"): path.read_bytes()
            for path in project.uploads.folder.iterdir()
            if path.name.endswith("_0_r0_0")
        },
        client_log=client.log(),
        survivors=client.workers(),
    )
