"""Debian's real boinc-client under a test's control: its own data folder, its own port, loopback only.

    with RealClient(tmp_path / "client", project.url, project.account_key) as client:
        client.wait_until(lambda: client.task(name).fraction_done > 0.2, "a fifth of the work")
        client.stop()
        client.start()

Nothing of the client is replaced. The system's own BOINC service and its data are never touched, and every process
that this class caused to run is gone when the `with` block ends.
"""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pytest

from tests.boinc import boinccmd, client_files
from tests.boinc.boinccmd import CommandFailed, Task
from tests.support import commands, processes, waiting

Value = TypeVar("Value")

needs_client = pytest.mark.skipif(
    not (shutil.which("boinc") and shutil.which("boinccmd")), reason="Debian's boinc-client is not installed"
)

LOG_FLAGS = ("task", "task_debug", "checkpoint_debug", "cpu_sched", "file_xfer", "sched_ops")


class ClientDied(RuntimeError):
    """The client ended though nobody asked it to."""


class RealClient:
    def __init__(
        self,
        folder: Path,
        url: str,
        account_key: str,
        *,
        disk_interval: float = 1.0,
        ncpus: int = 2,
        leave_apps_in_memory: bool = True,
        cpu_usage_limit: float = 100.0,
        nvidia_gpus: int = 0,
        environment: Mapping[str, str] | None = None,
        log_flags: tuple[str, ...] = LOG_FLAGS,
    ) -> None:
        self.folder = folder
        self.url = url
        self._account_key = account_key
        # Not our own environment: a proxy setting would send the client away from the loopback.
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **(environment or {})}
        self._client: subprocess.Popen[bytes] | None = None
        self._workers: set[processes.Process] = set()
        self._port = 0
        folder.mkdir(parents=True)
        self._log = folder / "client.log"
        self._log.touch()
        (folder / "cc_config.xml").write_text(client_files.cc_config(ncpus, log_flags, nvidia_gpus))
        preferences = client_files.preferences(disk_interval, leave_apps_in_memory, cpu_usage_limit)
        (folder / "global_prefs_override.xml").write_text(preferences)

    def __enter__(self) -> "RealClient":
        try:
            self.start()
        except BaseException:
            self.kill()
            self.end_workers()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nobody reads the folder after this, so there is no need for the slow way of ending.
        self.kill()
        self.end_workers()

    # Life and death

    def start(self) -> None:
        """Start the client and wait until it answers; the first start attaches it to the project."""
        assert self._client is None, "the client runs already"
        self._port = _free_port()
        command = ["boinc", "--dir", str(self.folder), "--gui_rpc_port", str(self._port), "--no_info_fetch"]
        if not list(self.folder.glob("account_*.xml")):
            command += ["--attach_project", self.url, self._account_key]
        if shutil.which("setpriv"):
            # Should the test run itself be killed (or the thread that is here end), the client gets SIGTERM and
            # ends its programs too.
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with self._log.open("ab") as log:
            self._client = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_until(lambda: bool(self._command("--get_cc_status")), "the client's first answer")

    def stop(self) -> None:
        """Let the client quit in its own time (about 7 s): programs are told to quit first."""
        client = self._running()
        self._note_workers()
        self._command("--quit")
        status = commands.wait_ended(client)
        self._client = None
        self._note_workers()
        if status != 0:
            raise ClientDied(f"exit status {status} on a plain quit\n{self._tail()}")

    def kill(self) -> None:
        """SIGKILL the client, nothing else: its programs live on until they notice, or until end_workers()."""
        if self._client is not None:
            self._note_workers()
            self._client.kill()
            # Reaped at once: programs take a zombie for a living client.
            self._client.wait()
            self._client = None
            self._note_workers()

    def workers(self) -> set[processes.Process]:
        """Processes that the client has started and that are alive, even if the client is not."""
        self._note_workers()
        return processes.alive(self._workers)

    def started(self) -> set[processes.Process]:
        """Every process that was ever seen to be started by the client, alive or not."""
        self._note_workers()
        return set(self._workers)

    @property
    def pid(self) -> int:
        return self._running().pid

    def end_workers(self, grace: float = 0.5) -> set[processes.Process]:
        """Give programs that outlived the client `grace` seconds, then SIGKILL them; returns those killed."""
        return processes.end(self.workers(), grace)

    # What the client does

    def tasks(self) -> list[Task]:
        self._note_workers()
        return boinccmd.parse_tasks(self._command("--get_tasks"))

    def task(self, name: str) -> Task:
        """The task of that result; LookupError before the client has it, and after its report."""
        for task in self.tasks():
            if task.name == name:
                return task
        raise LookupError(f"the client has no task {name}")

    def slot(self, name: str) -> Path:
        """The folder in which the task's program works; LookupError while it has none."""
        number = self.task(name).slot
        if number is None:
            raise LookupError(f"{name} has no slot")
        return self.folder / "slots" / str(number)

    def worker(self, name: str) -> processes.Process:
        """The task's program, alive; LookupError while there is none."""
        pid = self.task(name).pid
        for process in self.workers():
            if process.pid == pid:
                return process
        raise LookupError(f"{name} has no process")

    def suspend(self, name: str) -> None:
        self._command("--task", self.url, name, "suspend")

    def resume(self, name: str) -> None:
        self._command("--task", self.url, name, "resume")

    def abort(self, name: str) -> None:
        self._command("--task", self.url, name, "abort")

    def set_run_mode(self, mode: str) -> None:
        """`always`, `auto` or `never`."""
        self._command("--set_run_mode", mode)

    def update(self) -> None:
        """Make the client talk to the project: retry transfers, report results, ask for work.

        That happens at the next turn of its 5 s clock, whatever back-off it was in. Needed after a failed result and
        for work that was added after the client had asked in vain; a plain success is reported as fast without.
        """
        self._command("--network_available")
        self._command("--project", self.url, "update")

    def messages(self) -> list[str]:
        """The client's event log, oldest line first; only while it runs."""
        return [line for line in self._command("--get_messages").splitlines() if line.strip()]

    def log(self) -> str:
        """What the client has printed since its first start."""
        return self._log.read_text(errors="replace")

    def wait_running(self, name: str) -> Task:
        """The task, as soon as its program runs."""

        def running() -> Task | None:
            task = self.task(name)
            return task if task.running else None

        return self.wait_until(running, f"a running task {name}")

    def wait_new_worker(self, name: str, former: processes.Process) -> processes.Process:
        """The task's process, as soon as it has another one than `former`."""

        def new() -> processes.Process | None:
            worker = self.worker(name)
            return worker if worker != former else None

        return self.wait_until(new, f"a new process of {name}")

    def wait_until(self, predicate: Callable[[], Value | None], what: str) -> Value:
        """What `predicate` returns as soon as it is true; a LookupError or a busy client counts as not yet."""
        trouble = ""

        def reached() -> Value | None:
            nonlocal trouble
            if self._client is not None and self._client.poll() is not None:
                raise ClientDied(f"exit status {self._client.returncode} while waiting for {what}\n{self._tail()}")
            try:
                value = predicate()
                trouble = ""
            except (LookupError, CommandFailed) as error:
                value, trouble = None, f" ({error})"
            return value

        try:
            return waiting.wait_until(reached, what, self._progress, every=0.2)
        except waiting.WaitedInVain as error:
            raise waiting.WaitedInVain(f"{error}{trouble}\n{self._tail()}") from None

    def _progress(self) -> tuple[int, int]:
        """What the client has told, in bytes of its log, and what its tasks have computed, in seconds."""
        self._note_workers()
        return self._log.stat().st_size, processes.computed(worker.pid for worker in processes.alive(self._workers))

    def _command(self, *arguments: str) -> str:
        self._running()
        return boinccmd.run(self.folder, self._port, *arguments)

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._client is None:
            raise CommandFailed("the client does not run")
        return self._client

    def _note_workers(self) -> None:
        """Remember who was started: a process that outlives the client has no tie to it any more."""
        slots = self.folder / "slots"
        if self._client is None:
            self._workers |= processes.working_in(slots)
            return
        # The client has helpers of its own, which ask the system what it is.
        for process in processes.descendants(self._client.pid):
            if processes.works_in(slots, process):
                self._workers |= {process, *processes.descendants(process.pid)}

    def _tail(self, lines: int = 40) -> str:
        tasks = ""
        with contextlib.suppress(CommandFailed):
            tasks = self._command("--get_tasks")
        return "\n".join(["the client's last lines:", *self.log().splitlines()[-lines:], tasks])


def _free_port() -> int:
    """A port that is free now; should another take it in between, start() fails with the client's log."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
