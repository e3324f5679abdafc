"""A program that hangs is ended; one that is slow, or that waits for what it started, is not."""

from __future__ import annotations

import sys

import pytest

from tests.packaging import progress

COMPUTING = "import time; end = time.monotonic() + 2\nwhile time.monotonic() < end: sum(range(10**6)); time.sleep(0.01)"
WAITING = f"import subprocess, sys; print(subprocess.call([sys.executable, '-c', {COMPUTING!r}]))"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOOK", 0.05)


def test_a_program_that_hangs_is_ended_with_all_that_it_started() -> None:
    process = progress.start(["sh", "-c", "sleep 600 & echo begun; wait"])
    with pytest.raises(progress.Stalled, match=r"used no processor time .*said:\nbegun"):
        progress.finished(process, still=20)
    assert progress.used(process.pid) == 0
    assert process.returncode == -9


def test_a_program_that_waits_for_another_is_not_ended() -> None:
    done = progress.finished(progress.start([sys.executable, "-c", WAITING]), still=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_whoever_does_not_wait_for_the_end_leaves_nothing_behind() -> None:
    process = progress.start(["sh", "-c", "echo begun; sleep 600"])
    with progress.watched(process):
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
    assert process.returncode == -9
