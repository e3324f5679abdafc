"""The scripts of packaging/server/bin as BOINC's daemons run them, watched while they wait."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support import commands, processes
from tests.support.waiting import wait_until

BIN = Path(__file__).parents[3] / "packaging" / "server" / "bin"
SERVER = Path(sys.executable).with_name("axiom-server")
CRON = "/usr/bin:/bin"  # all the PATH that cron gives
_BEGUN: list[Script] = []


class Script:
    """A script that runs, and the log that it writes."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log

    def said(self) -> str:
        """All that it has printed so far."""
        text = self.log.read_text()
        assert "Traceback" not in text
        return text

    def wait_for(self, words: str, times: int = 1) -> None:
        """Until it has said this so often; it must not have ended by then."""
        wait_until(
            lambda: self.said().count(words) >= times or self.process.poll() is not None,
            f"{words!r} in {self.said()!r}",
            lambda: processes.computed({self.process.pid}),
        )
        assert self.process.poll() is None, self.said()
        assert words in self.said()

    def end(self) -> tuple[int, str]:
        """Its exit code and all that it printed, once it has ended."""
        return commands.wait_ended(self.process), self.said()


def begin(project: Path, line: str, server: Path | None = SERVER, path: str = CRON) -> Script:
    """A script's command line for the shell, in the project's bin/, with cron's environment and tries each second."""
    log = project / f"log-{len(list(project.glob('log-*')))}"
    environment = {"PATH": path, "AXIOM_PAUSE": "1"} | ({"AXIOM_SERVER": str(server)} if server else {})
    with log.open("w") as output:
        process = subprocess.Popen(
            line, shell=True, cwd=project / "bin", env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    script = Script(process, log)
    _BEGUN.append(script)
    return script


def end_all() -> None:
    """Kill what is left of scripts that a test began, with all that they run."""
    while _BEGUN:
        script = _BEGUN.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(script.process.pid, signal.SIGKILL)
        script.process.wait()
