"""A person who tries the program at a console: Ctrl-C saves first, and it says so. Wine knows no Ctrl-Break."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wine.windows import Windows

from kernels.formats import workunit
from tests.client.slots import LONG
from tests.support import processes
from tests.support.waiting import wait_until
from tests.windows import NAMES


class Console:
    """A terminal with a Windows program at it."""

    def __init__(self, windows: Windows, folder: Path, program: Path) -> None:
        self._terminal, end = pty.openpty()
        self.output = ""

        def own_terminal() -> None:
            fcntl.ioctl(end, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            windows.command(program), cwd=folder, env=windows.environment(TERM="xterm"),
            stdin=end, stdout=end, stderr=end, start_new_session=True, preexec_fn=own_terminal,
        )  # fmt: skip
        os.close(end)

    def until(self, reached: Callable[[], object], what: str) -> None:
        """Read what it prints until something is true."""

        def looked() -> object:
            if select.select([self._terminal], [], [], 0.05)[0]:
                try:
                    self.output += os.read(self._terminal, 10_000).decode(errors="replace")
                except OSError:  # nobody is at its other end any more
                    self.process.wait()
            return reached()

        wait_until(looked, what, lambda: (len(self.output), processes.computed({self.process.pid})))

    def press(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._terminal)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wu.json").write_bytes(workunit.encode(LONG))
    return tmp_path


@pytest.fixture
def console(windows: Windows, tree: Path, folder: Path) -> Iterator[Console]:
    found = Console(windows, folder, tree / NAMES.main)
    yield found
    found.close()


def test_ctrl_c_saves_before_it_leaves(console: Console, folder: Path) -> None:
    console.until(lambda: " cells on " in console.output, "the first step")
    console.press(b"\x03")
    console.until(lambda: console.process.poll() is not None, "the end")
    assert "stopped at" in console.output
    assert console.process.returncode == 0
    assert (folder / "checkpoint.safetensors").exists()
    assert not (folder / "boinc_finish_called").exists()
