"""The instrument against the real client: signed work runs, is steered, survives a restart and comes back."""

import pytest

from tests.boinc.lives.slow_copies import SECONDS, Forged, Outlived, Steered
from tests.boinc.real_client import needs_client

pytestmark = needs_client


def test_a_task_beyond_the_number_of_processors_has_neither_slot_nor_process(steered: Steered) -> None:
    assert steered.waiting.slot is None
    assert steered.waiting.pid is None
    assert steered.reports["three"].exit_status == 203


def test_a_task_goes_on_after_a_restart_of_its_client(steered: Steered) -> None:
    assert 0 < steered.before.fraction_done < 1
    assert steered.outlived == set()
    assert steered.again.pid != steered.before.pid
    assert steered.again.checkpoint_cpu_time >= steered.before.checkpoint_cpu_time
    assert any("Starting BOINC client version" in line for line in steered.messages)
    assert steered.left == set()


@pytest.mark.parametrize("index", [0, 1])
def test_a_task_comes_back_with_what_it_has_computed(steered: Steered, index: int) -> None:
    unit = steered.units[index]
    report = steered.reports[unit.name]
    assert (report.exit_status, report.state) == (0, 5), report.stderr
    assert report.final_cpu_time == pytest.approx(SECONDS, abs=0.5)
    assert report.stderr.count("starts at") == 2
    begins = f"starts at 0.0 of {SECONDS:.1f} s, arguments ['--from-unit', '--from-version']"
    assert report.stderr.count(begins) == 1
    assert steered.uploads[unit.name] == unit.inputs[0].content
    assert report.files == {unit.upload_name: len(unit.inputs[0].content)}


def test_the_client_refuses_false_signatures(forged: Forged) -> None:
    assert "verification failed for slow_copy_100" in forged.log
    assert "verification error for weights_100" in forged.log
    assert forged.report.exit_status != 0
    assert "signature verification failed" in forged.report.stderr.lower()
    assert forged.ran == []


def test_a_program_that_outlives_its_client_is_found_and_ended(outlived: Outlived) -> None:
    assert {process.pid for process in outlived.left} == {outlived.pid}
    # This program never looks whether its client lives, so the end is up to us.
    assert outlived.killed == outlived.left
    assert outlived.alive == set()
