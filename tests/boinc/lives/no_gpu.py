"""A GPU task on a computer whose GPU only the client believes in."""

from dataclasses import dataclass
from pathlib import Path

from tests.boinc import axiom
from tests.boinc.lives.common import Aftermath, aftermath, content
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient
from tests.boinc.work import AppVersion

VERSION = AppVersion("axiom", (axiom.program(),), plan_class="nvtorch", nvidia_gpus=1.0)


@dataclass(frozen=True)
class NoGpu:
    after: Aftermath


def play_no_gpu(folder: Path) -> NoGpu:
    with ProjectServer(VERSION, folder / "project") as project:
        name = project.add_work(axiom.unit("gpu", content()))
        with RealClient(folder / "client", project.url, project.account_key, nvidia_gpus=1) as client:
            client.wait_until(lambda: f"{name} postponed" in client.log(), "the word that it comes later")
            client.abort(name)
            client.wait_until(lambda: client.task(name).ready_to_report, "the end of the task")
            client.update()
            client.wait_until(lambda: project.report(name), "the report")
            return NoGpu(aftermath(project, client))
