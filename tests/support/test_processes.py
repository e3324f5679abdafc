"""What /proc tells of processes that these tests start, and commands that are left to end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import commands, processes, waiting

CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"


@pytest.fixture
def family() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child that waits for a line from both."""
    process = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE)
    yield process
    for descendant in processes.descendants(process.pid) | {processes.named(process.pid)}:
        os.kill(descendant.pid, signal.SIGKILL)
    process.wait()
    assert process.stdin is not None
    process.stdin.close()


def test_a_child_is_found_stopped_and_ended(family: "subprocess.Popen[bytes]") -> None:
    waiting.wait_until(lambda: processes.descendants(family.pid), "the child", lambda: 0)
    (child,) = processes.descendants(family.pid)
    assert processes.parent(child) == family.pid
    assert not processes.is_stopped(child)
    os.kill(child.pid, signal.SIGSTOP)
    waiting.wait_until(lambda: processes.is_stopped(child), "the stop", lambda: 0)
    assert processes.end({child}, grace=0.05) == {child}
    assert processes.alive({child}) == set()
    with pytest.raises(LookupError):
        processes.parent(child)


def test_what_children_compute_counts() -> None:
    burn = "import time\nwhile time.process_time() < 1.2: pass"
    spent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); input()"
    with subprocess.Popen([sys.executable, "-c", spent], stdin=subprocess.PIPE) as process:
        waiting.wait_until(
            lambda: processes.computed({process.pid}) >= 1, "a second", lambda: processes.cpu_seconds(process.pid)
        )
        process.kill()


def test_a_process_is_found_by_the_folder_in_which_it_works(tmp_path: Path) -> None:
    slot = tmp_path / "slots" / "0"
    slot.mkdir(parents=True)
    with subprocess.Popen(["sleep", "3600"], cwd=slot) as process:
        worker = processes.named(process.pid)
        assert processes.working_in(tmp_path / "slots") == {worker}
        assert processes.works_in(slot, worker)
        assert not processes.works_in(tmp_path / "slot", worker)
        process.kill()
    assert processes.working_in(tmp_path) == set()


def test_a_process_that_sleeps_is_idle() -> None:
    with subprocess.Popen(["sleep", "3600"]) as process:
        processes.wait_idle(process.pid)
        assert processes.cpu_seconds(process.pid) < 0.1
        process.kill()


def test_a_command_gives_its_output_and_code() -> None:
    done = commands.run([sys.executable, "-c", "print(1); raise SystemExit(3)"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "1\n", "")
    assert commands.run("echo $HELLO", env={"HELLO": "two words"}).stdout == "two words\n"
    with pytest.raises(AssertionError, match="ended with 3"):
        commands.run("exit 3", check=True)


def test_a_command_that_comes_to_nothing_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting.wait_until, "__kwdefaults__", {"patience": 0.3, "limit": 60.0, "every": 0.01})
    start = time.monotonic()
    with pytest.raises(waiting.WaitedInVain, match=r"the end of \['sleep', '3600'\]"):
        commands.run(["sleep", "3600"])
    assert time.monotonic() - start < 60
