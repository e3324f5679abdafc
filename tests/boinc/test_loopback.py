"""The instrument against the real client: signed work runs, is steered, survives a restart and comes back."""

import sys
from pathlib import Path

import pytest
from signing import generate_key

from tests.boinc import processes
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient, needs_client
from tests.boinc.work import AppFile, AppVersion, InputFile, WorkUnit

pytestmark = needs_client

SOURCE = Path(__file__).with_name("slow_copy.py").read_bytes()
# -S and -E: the program needs no packages, and starts faster without looking for them.
PROGRAM = f"#!{sys.executable} -SE\n".encode() + SOURCE


def version(*files: AppFile) -> AppVersion:
    return AppVersion("slow_copy", files, command_line="--from-version")


def unit(name: str, seconds: int) -> WorkUnit:
    content = f"{seconds}\nthis is {name}\n".encode()
    return WorkUnit(name, (InputFile("in.txt", content),), "out.txt", command_line="--from-unit")


def test_two_tasks_are_steered_restarted_and_reported(tmp_path: Path) -> None:
    program = AppFile("slow_copy_100", PROGRAM, main_program=True)
    with ProjectServer(version(program), tmp_path / "project") as project:
        units = [unit("one", 8), unit("two", 8), unit("three", 8)]
        one, two, three = (project.add_work(unit) for unit in units)
        with RealClient(tmp_path / "client", project.url, project.account_key) as client:
            client.wait_running(one)
            client.wait_running(two)
            # Two CPUs: the third task has neither slot nor process yet.
            assert client.task(three).slot is None
            client.abort(three)
            client.suspend(one)
            client.wait_until(lambda: client.task(one).active_task_state == "SUSPENDED", 10, "the suspension")
            client.resume(one)
            client.wait_running(one)
            client.wait_until(lambda: client.task(two).checkpoint_cpu_time >= 2, 20, "a second checkpoint")
            seen = client.task(two)
            assert 0 < seen.fraction_done < 1

            client.stop()
            assert client.workers() == set()
            client.start()
            again = client.wait_running(two)
            assert again.pid != seen.pid
            assert again.checkpoint_cpu_time >= seen.checkpoint_cpu_time

            # Asked through the client, because that fails at once, and with the client's log, should the client die.
            client.wait_until(lambda: len(project.reports) == 3, 60, "three reports")
            assert any("Starting BOINC client version" in line for line in client.messages())
        assert client.workers() == set()
        for done in units[:2]:
            report = project.wait_reported(done.result_name, 1)
            assert (report.exit_status, report.state) == (0, 5), report.stderr
            assert report.final_cpu_time == pytest.approx(8, abs=0.5)
            assert report.stderr.count("starts at") == 2
            assert report.stderr.count("starts at 0.0 of 8.0 s, arguments ['--from-unit', '--from-version']") == 1
            uploaded = project.wait_uploaded(done.upload_name, 1).read_bytes()
            assert uploaded == done.inputs[0].content
            assert report.files == {done.upload_name: len(uploaded)}
        assert project.wait_reported(three, 1).exit_status == 203


def test_the_client_refuses_false_signatures(tmp_path: Path) -> None:
    key = generate_key()
    other_content = AppFile("slow_copy_100", PROGRAM, main_program=True, signature=key.sign(PROGRAM + b"\n"))
    other_key = AppFile("weights_100", b"7", open_name="weights", signature=generate_key().sign(b"7"))
    with ProjectServer(version(other_content, other_key), tmp_path / "project", key=key) as project:
        name = project.add_work(unit("one", 1))
        with RealClient(tmp_path / "client", project.url, project.account_key) as client:
            client.wait_until(lambda: "verification failed for slow_copy_100" in client.log(), 40, "the first refusal")
            client.wait_until(lambda: "verification error for weights_100" in client.log(), 10, "the second refusal")
            # A failed result makes the client stay away for minutes, unless it is asked not to.
            client.wait_until(lambda: client.task(name).ready_to_report, 20, "the end of the task")
            client.update()
            report = client.wait_until(lambda: project.report(name), 20, "the report of the failure")
            assert report.exit_status != 0
            assert "signature verification failed" in report.stderr.lower()
            assert not list((tmp_path / "client").rglob("program_ran"))


def test_a_program_that_outlives_its_client_is_found_and_ended(tmp_path: Path) -> None:
    program = AppFile("slow_copy_100", PROGRAM, main_program=True)
    with ProjectServer(version(program), tmp_path / "project") as project:
        name = project.add_work(unit("one", 600))
        with RealClient(tmp_path / "client", project.url, project.account_key) as client:
            running = client.wait_running(name)
            client.kill()
            left = client.workers()
            assert {process.pid for process in left} == {running.pid}
            # This program never looks whether its client lives, so the end is up to us.
            assert client.end_workers() == left
            assert processes.alive(left) == set()
