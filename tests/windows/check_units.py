"""The unit tests of wrapper/, client/ and kernels/ under Windows' own Python, but for what is listed here."""

from __future__ import annotations

import re
from pathlib import Path

import engine
import pytest
from wine.windows import Windows, path

from tests.packaging.builds import ROOT
from tests.support import commands

ROOMS = ("tests/kernels", "tests/patience", "tests/wrapper", "tests/client")
STOPPED = "tests/client/test_session.py::test_stopped_at_random_and_gone_on_from_the_checkpoint_the_cells_are_the_same"
OTHERWISE = "tests/kernels/formats/test_result.py::test_values_written_in_another_way_are_refused"
LEFT_OUT = {
    "its Python has no torch": [
        "tests/kernels/engine/torch",
        "tests/kernels/engine/exact/test_blocks.py",
        "tests/kernels/engine/exact/test_functions.py",
        "tests/kernels/engine/exact/test_instruction_sets.py",
        "tests/kernels/engine/exact/test_special_numbers.py",
        "tests/kernels/engine/test_engines.py",
        "tests/kernels/engine/test_registry.py",
        "tests/kernels/experiments/test_conformance.py",
        "tests/kernels/experiments/test_batchsize.py::test_both_engines_agree_on_a_tame_network_for_long",
        "tests/kernels/experiments/test_repalign.py::test_both_engines_agree_to_the_end",
        "tests/kernels/formats/test_result.py::test_the_independent_library_reads_the_documented_fields",
        f"{OTHERWISE}[\\xa6engine\\xa5torch-\\xa6engine\\xd9\\x05torch]",
        f"{OTHERWISE}[\\xa6engine\\xa5torch-\\xa6engine\\xda\\x00\\x05torch]",
        "tests/client/test_selftest.py",
        "tests/client/test_session.py::test_a_checkpoint_is_taken_up_on_another_gpu",
        "tests/client/test_session.py::test_a_gpu_that_is_lost_meanwhile_is_no_fault_of_the_program",
        f"{STOPPED}[3-torch]",
        f"{STOPPED}[4-torch]",
        "tests/client/test_session.py::test_another_engines_checkpoint_is_refused",
        "tests/client/test_task.py",
    ],
    "it has no compiler": ["tests/kernels/engine/test_platforms.py", "tests/kernels/engine/exact/test_lanes.py"],
    "a measure of memory, a limit, a file system or a shell of POSIX": [
        "tests/kernels/experiments/test_conformance_cost.py::test_memory_and_result_are_those_of_a_run",
        "tests/kernels/formats/test_atomic.py",
        "tests/kernels/formats/test_checkpoint.py",
        "tests/kernels/test_exits.py",
        "tests/client/test_drive.py::test_a_checkpoint_that_cannot_be_written_is_told_and_the_former_one_stays",
    ],
    "POSIX's half of the runtime, its signals, and processes as Linux shows them: check_lives.py has Windows'": [
        "tests/wrapper/test_posix.py",
        "tests/wrapper/test_windows.py",
        "tests/wrapper/test_segment.py",
        "tests/wrapper/test_reference.py",
        "tests/wrapper/test_throttle.py",
        "tests/wrapper/test_life.py",
        "tests/wrapper/test_liveness.py",
        "tests/wrapper/test_runtime.py",
        "tests/wrapper/test_mail.py::test_a_trickle_that_is_held_keeps_nobody_from_hearing_the_client",
        "tests/wrapper/test_mail.py::test_a_suspended_program_sends_no_mail",
        "tests/client/test_busy_core.py",
        "tests/client/test_cli.py",
        "tests/client/test_faults_checkpoint.py",
        "tests/client/test_faults_clock.py",
        "tests/client/test_faults_disk.py",
        "tests/client/test_faults_files.py",
        "tests/client/test_faults_held.py::test_half_a_result_beside_the_others_of_the_project_goes_with_the_next_start",
        "tests/client/test_faults_memory.py",
        "tests/client/test_faults_passing.py",
        "tests/client/test_guest.py",
        "tests/client/test_interruptions.py",
        "tests/client/test_output.py",
        "tests/client/test_stock.py",
        "tests/client/test_terminal.py",
    ],
}


def test_the_units(windows: Windows, tmp_path: Path) -> None:
    engine.build("windows_x86_64", ROOT / engine.FOLDER)  # beside this system's own, as an installation has it
    command = windows.command(windows.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "600")
    command += ["--basetemp", path(tmp_path / "temporary")]
    for name in (name for names in LEFT_OUT.values() for name in names):
        command += [f"--deselect={name}" if "::" in name else f"--ignore={name}"]
    environment = {"PYTHONUSERBASE": path(windows.tests), "PYTHONDONTWRITEBYTECODE": "1"}
    done = commands.run([*command, *ROOMS], cwd=ROOT, env=windows.environment(**environment))
    print(done.stdout[-4000:])
    assert done.returncode == 0, done.stdout[-20000:]


@pytest.mark.parametrize("name", [name for names in LEFT_OUT.values() for name in names])
def test_what_is_left_out_exists(name: str) -> None:
    assert Path(ROOT, re.split("::|\\[", name)[0]).exists()
