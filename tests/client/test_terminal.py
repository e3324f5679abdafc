"""`axiom-worker run` at a real terminal: the bar, Ctrl-C, and going on."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from kernels.formats import checkpoint, workunit
from tests.client.standalone import ROOT
from tests.kernels import tiny
from tests.support import commands, pace


class AtTerminal:
    """A worker whose output is a terminal of 80 columns."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, "-m", "client", *arguments],
            cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        os.close(slave)
        self.shown = ""

    def read(self, until: str | None = None) -> str:
        """What it shows, up to a text or to its end."""
        while until is None or not re.search(until, self.shown):
            try:
                part = os.read(self.master, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not part:
                break
            self.shown += part.decode(errors="replace")
        return self.shown

    def end(self) -> int:
        self.read()
        os.close(self.master)
        return commands.wait_ended(self.process)


def test_the_bar_control_c_and_going_on(tmp_path: Path) -> None:
    unit = pace.lasting(5.0, tiny.unit(1000, 1, width=[256], depth=[2]))
    (tmp_path / "wu.json").write_bytes(workunit.encode(unit))
    command = ("run", "wu.json", "--out", "out.msgpack")

    first = AtTerminal(tmp_path, *command)
    first.read(r"[1-9]\.\d %")
    time.sleep(0.2)
    first.process.send_signal(signal.SIGINT)
    assert first.end() == 4, first.shown
    assert unit.name in first.shown
    assert f"/{unit.seeds.count} networks" in first.shown
    assert "the same command goes on" in first.shown.replace("\r\n", " ")

    second = AtTerminal(tmp_path, *command)
    assert second.end() == 0, second.shown
    assert "going on from the checkpoint" in second.shown
    assert "100.0 %" in second.shown
    assert f"{unit.seeds.count} networks, " in second.shown
    assert (tmp_path / "out.msgpack").exists()


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_lacks_the_bars_characters(
    tmp_path: Path, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    (tmp_path / "wu.json").write_bytes(workunit.encode(tiny.unit()))
    worker = AtTerminal(tmp_path, "run", "wu.json", "--out", "größe.msgpack")
    assert worker.end() == 0, worker.shown
    assert "100.0 %" in worker.shown


def test_a_terminal_that_is_closed_is_like_control_c(tmp_path: Path) -> None:
    """The bar can be drawn nowhere from then on."""
    unit = pace.lasting(60.0, tiny.unit(1000, 1, width=[256], depth=[2]))
    (tmp_path / "wu.json").write_bytes(workunit.encode(unit))
    worker = AtTerminal(tmp_path, "run", "wu.json", "--out", "out.msgpack")
    worker.read(r"[1-9]\.\d %")
    os.close(worker.master)
    assert commands.wait_ended(worker.process) == 4
    (saved,) = tmp_path.glob("*.checkpoint")
    assert checkpoint.decode(saved.read_bytes()).states
