"""axiom-worker under Debian's real client: a work unit's whole life, from the ledger to the data set."""

import re
from pathlib import Path

import pytest

from kernels import result, workunit
from server_validator import cli
from server_validator.dataset import query
from tests.boinc import axiom, frozen
from tests.boinc.frozen import needs_build
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient, needs_client
from tests.boinc.work import WorkUnit

pytestmark = [needs_client, needs_build]

SEEDS = 32  # per work unit: half a minute on a fast core, and the steps below take ten seconds


def make_work(data: Path, first: int) -> WorkUnit:
    """A work unit that staff issue with axiom-server and hand to BOINC under its own name."""
    out = data.parent / f"{first}.json"
    command = ["--data", str(data), "make-wu", "compgen", "--first", str(first), "--count", str(SEEDS)]
    assert cli.main([*command, "--out", str(out)]) == 0
    return axiom.unit(workunit.read(out).name, out.read_bytes())


def test_two_work_units_from_ledger_to_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    units = [make_work(data, 1000), make_work(data, 1000 + SEEDS)]
    with ProjectServer(frozen.version(), tmp_path / "project") as project:
        one, two = (project.add_work(unit) for unit in units)
        with RealClient(tmp_path / "client", project.url, project.account_key, disk_interval=2.0) as client:
            for task in (one, two):
                client.wait_running(task)
                client.wait_until(lambda task=task: 0 < client.task(task).fraction_done < 1, 60, "progress")

            client.suspend(one)
            client.wait_until(lambda: client.task(one).active_task_state == "SUSPENDED", 10, "the suspension")
            client.wait_until(lambda: client.task(two).fraction_done > 0.1, 60, "progress of the other task")
            held = client.task(one)
            assert held.active_task_state == "SUSPENDED"
            client.resume(one)
            client.wait_until(lambda: client.task(one).fraction_done > held.fraction_done, 30, "progress once resumed")

            client.wait_until(lambda: client.task(two).checkpoint_cpu_time > 0, 60, "a checkpoint")
            before = client.task(two)
            client.stop()
            assert client.workers() == set(), "a worker outlived its client"
            client.start()
            again = client.wait_running(two)
            assert again.pid != before.pid
            client.wait_until(lambda: client.task(two).fraction_done >= before.fraction_done, 30, "as much as before")

            client.wait_until(lambda: len(project.reports) == 2, 240, "two reports")
        for unit in units:
            report = project.wait_reported(unit.result_name, 1)
            assert (report.exit_status, report.state) == (0, 5), report.stderr
            resumed = re.findall(r"going on from the checkpoint at ([0-9.]+) %", report.stderr)
            assert len(resumed) == 1, report.stderr
            assert 0 < float(resumed[0]) < 100
            assert "Traceback" not in report.stderr
            assert project.account_key not in report.stderr

    uploads = [str(project.uploads.folder / unit.upload_name) for unit in units]
    assert cli.main(["--data", str(data), "validate", *uploads]) == 0
    assert capsys.readouterr().out.count(": valid, compgen_1_") == 2
    for boinc_id, upload in enumerate(uploads):
        assert cli.main(["--data", str(data), "assimilate", str(boinc_id), upload]) == 0
        assert Path(upload).stat().st_size < 1_000_000
    experiment = workunit.EXPERIMENTS["compgen"]
    table = query.load(data, experiment)
    assert sorted({int(seed) for seed in table.seed}) == list(range(1000, 1000 + 2 * SEEDS))
    assert len(table.seed) == sum(len(result.read(Path(upload)).cells) for upload in uploads)
