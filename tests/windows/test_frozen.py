"""The least of the Windows version that every test run sees: it is built, knows itself, and lives through a kill."""

from __future__ import annotations

from pathlib import Path

from wine.windows import Windows

from tests.client.slots import middle
from tests.packaging.builds import patient
from tests.support import commands
from tests.windows import NAMES
from tests.windows.check_lives import finish
from tests.windows.conftest import Start
from tests.windows.worker import task

pytestmark = patient


def test_it_computes_the_right_bits(windows: Windows, tree: Path) -> None:
    command = windows.command(tree / NAMES.main, "selftest")
    done = commands.run(command, env=windows.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the beginnings of 13 give the right bits" in done.stdout


def test_a_task_that_is_killed_goes_on_to_the_same_bytes(tmp_path: Path, start: Start) -> None:
    slot = task(tmp_path, middle(), checkpoint_period="1")
    with start(slot) as worker:
        worker.until(slot.checkpoint.exists, "a checkpoint")
        worker.do("kill")
        worker.wait_gone()
    assert not slot.uploaded.exists()
    slot.check_checkpoints()
    assert finish(slot, start).said[0].startswith("going on from the checkpoint at ")


def test_the_licences_of_everything_are_there(tree: Path) -> None:
    text = (tree / NAMES.bundle(1) / "LICENCES.txt").read_text(encoding="utf-8")
    sections = set(text.split("=" * 100 + "\n")[1::2])
    carried = {"axiom-worker", "Python", "numpy", "msgspec", "safetensors", "pyinstaller", "mingw-w64", "zig"}
    assert {f"{name}\n" for name in carried} == sections
