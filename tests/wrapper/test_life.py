"""Real processes under the fake client: what the client sees of a program from its start to its end."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import commands
from tests.wrapper.fake_client import CONTROL, PROGRAM, ROOT, FakeClient, Recording, make_slot, wait_locked

NUMBER = rb"(\d\.\d{6}e[+-]\d\d)"
MESSAGE = re.compile(
    rb"<current_cpu_time>" + NUMBER + rb"</current_cpu_time>\n"
    rb"<checkpoint_cpu_time>" + NUMBER + rb"</checkpoint_cpu_time>\n"
    rb"(?:<fraction_done>" + NUMBER + rb"</fraction_done>\n)?"
)  # fmt: skip


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A client that suspends at 2.2 s, resumes at 4.7 s, quits at 7.2 s; it sends no heartbeats but has a pid."""
    slot = make_slot(tmp_path_factory.mktemp("life"), checkpoint_period="4.000000", wu_cpu_time="10.000000")
    script = [(2.2, b"<suspend/>"), (4.7, b"<resume/>"), (7.2, b"<quit/>")]
    return FakeClient(slot).run("work", script, HEARTBEAT_TIMEOUT=1.0, silent_pieces=25)


def told(life: Recording) -> list[tuple[float, float, float]]:
    """When, CPU time, CPU time at the last checkpoint."""
    found = [(at, MESSAGE.fullmatch(message)) for at, message in life.statuses]
    return [(at, float(match[1]), float(match[2])) for at, match in found if match]


def test_cpu_time_goes_on_from_earlier_runs(life: Recording) -> None:
    current = [current for _, current, _ in told(life)]
    assert len(current) == len(life.statuses)
    assert current == sorted(current)
    assert 10.0 < current[0] < current[-1] < 18.0


def test_no_fraction_before_the_first_report(life: Recording) -> None:
    assert b"fraction_done" not in life.statuses[0][1]
    assert b"fraction_done" in life.statuses[-1][1]


def test_the_checkpoint_countdown_runs_while_suspended(life: Recording) -> None:
    assert 4.7 <= life.when("checkpoint") < 5.1 + life.slack
    before = {saved for at, _, saved in told(life) if at < life.when("checkpoint")}
    after = {saved for at, _, saved in told(life) if life.when("checkpoint") + 1 < at < 7.2}
    assert before == {10.0}
    assert len(after) == 1
    assert after.pop() > 10.0


def test_a_checkpoint_written_on_quit_is_told_at_once(life: Recording) -> None:
    """Else the client would count the time since the former checkpoint again when it starts the task again."""
    (_, _, before), (at, current, saved) = told(life)[-2:]
    assert 7.2 <= at < life.ended + 0.1
    assert before < saved <= current


def test_quit_stops_a_listening_program_promptly(life: Recording) -> None:
    assert life.code == 0
    assert 7.2 <= life.when("stopped") < 7.6 + life.slack
    assert life.ended < 8.0 + life.slack
    assert life.files == {"boinc_mmap_file", "init_data.xml", "wu.json", "stderr.txt"}
    assert "the client asks the program to stop" in life.stderr


def test_abort_ends_with_194(tmp_path: Path) -> None:
    seen = FakeClient(make_slot(tmp_path)).run("deaf", [(0.3, b"<abort/>")])
    assert seen.code == 194
    assert seen.ended < 0.7 + seen.slack
    assert "boinc_lockfile" not in seen.files
    assert "the client aborts the task" in seen.stderr


def test_quit_while_suspended_ends_a_listening_program_at_once(tmp_path: Path) -> None:
    """The C library hangs here."""
    seen = FakeClient(make_slot(tmp_path)).run("work", [(0.2, b"<suspend/>"), (0.6, b"<quit/>")])
    assert seen.code == 0
    assert seen.when("stopped") < 0.9 + seen.slack
    assert seen.ended < 1.3 + seen.slack
    assert "boinc_lockfile" not in seen.files


def test_quit_of_a_deaf_suspended_program_is_enforced_after_the_patience(tmp_path: Path) -> None:
    script = [(0.1, b"<suspend/>"), (0.5, b"<quit/>")]
    seen = FakeClient(make_slot(tmp_path)).run("deaf", script, QUIT_PATIENCE=1.0)
    assert seen.code == 0
    assert 1.4 < seen.ended < 2.1 + seen.slack
    assert "boinc_lockfile" not in seen.files


def test_quit_in_a_critical_section_waits_for_its_end(tmp_path: Path) -> None:
    seen = FakeClient(make_slot(tmp_path)).run("section", [(0.2, b"<quit/>")], seconds=2.0, QUIT_PATIENCE=1.0)
    assert seen.code == 0
    assert [line for _, line in seen.said] == ["section ends"]
    assert seen.ended - seen.when("section ends") < 0.3 + seen.slack
    assert seen.reaction[b"<quit/>"] <= 0.3 + seen.slack
    assert "boinc_lockfile" not in seen.files


def test_abort_in_a_critical_section_that_fails(tmp_path: Path) -> None:
    seen = FakeClient(make_slot(tmp_path)).run("section", [(0.2, b"<abort/>")], seconds=0.8, fails=True)
    assert seen.code == 194
    assert [line for _, line in seen.said] == ["section ends"]


def test_finish_tells_the_client_and_leaves_the_file(tmp_path: Path) -> None:
    slot = make_slot(tmp_path, fraction_done_end="0.5")
    seen = FakeClient(slot).run("finish", seconds=0.3, message="all fine")
    assert seen.code == 0
    assert seen.ended - seen.when("finishing") < 1.0 + seen.slack, "it waited although the message was read"
    assert [message.splitlines()[2] for _, message in seen.statuses] == [b"<fraction_done>5.000000e-01</fraction_done>"]
    assert (slot / "boinc_finish_called").read_bytes() == b"0\nall fine\n\n"
    assert "boinc_lockfile" not in seen.files


def test_finish_when_the_client_does_not_read(tmp_path: Path) -> None:
    slot = make_slot(tmp_path)
    seen = FakeClient(slot, read_status=False).run("finish", seconds=0.1, message="look at this", notice=True)
    assert seen.code == 0
    assert 1.9 < seen.ended - seen.when("finishing") < 2.6 + seen.slack
    assert b"<fraction_done>1.000000e+00</fraction_done>\n\0" in seen.memory
    assert (slot / "boinc_finish_called").read_bytes() == b"0\nlook at this\nnotice\n"


def test_a_broken_timer_thread_ends_the_process_after_its_section(tmp_path: Path) -> None:
    seen = FakeClient(make_slot(tmp_path)).run("broken_timer", [(0.2, b"<suspend/>")])
    assert seen.code == 1
    assert [line for _, line in seen.said] == ["section ends"]
    assert seen.stderr.splitlines() == [
        "CRITICAL the BOINC timer thread failed and ends the program: RuntimeError('no such luck')"
    ]
    assert "boinc_lockfile" not in seen.files


def test_a_second_program_in_the_slot_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    slot = make_slot(tmp_path)
    client = FakeClient(slot)
    (slot / "wrapper_options.json").write_text("{}")
    command = [sys.executable, str(PROGRAM), str(slot), "deaf"]
    first = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd="/")
    try:
        wait_locked(slot, first)
        time.sleep(0.2)
        second = client.run("work")
        assert second.code == 7
        assert [line for _, line in second.said] == ["busy"]
        assert first.poll() is None
        assert "boinc_lockfile" in second.files
        client.memory.put(CONTROL, b"<abort/>")
        assert commands.wait_ended(first) == 194
    finally:
        first.kill()
        first.wait()


def test_a_killed_program_leaves_a_slot_that_starts_again(tmp_path: Path) -> None:
    slot = make_slot(tmp_path)
    (slot / "wrapper_options.json").write_text("{}")
    command = [sys.executable, str(PROGRAM), str(slot), "deaf"]
    first = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd="/")
    wait_locked(slot, first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    seen = FakeClient(slot).run("work", [(0.2, b"<abort/>")])
    assert seen.code == 194
