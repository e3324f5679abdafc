"""boinccmd, the client's own remote control, as functions: run it, and read the task list that it prints."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


class CommandFailed(RuntimeError):
    """boinccmd could not do what was asked; the text is what it printed."""


@dataclass(frozen=True)
class Task:
    """One line of the client's task list, in the words that the client uses."""

    name: str
    # downloading, downloaded, compute error, uploading, uploaded, aborted, ...
    state: str
    # EXECUTING, SUSPENDED, UNINITIALIZED, QUIT_PENDING, ...; empty while it has no process and no slot
    active_task_state: str
    # uninitialized, preempted, scheduled; empty as above
    scheduler_state: str
    suspended_by_user: bool
    ready_to_report: bool
    fraction_done: float
    current_cpu_time: float
    checkpoint_cpu_time: float
    slot: int | None
    pid: int | None

    @property
    def running(self) -> bool:
        return self.active_task_state == "EXECUTING"


ANSWER_LIMIT = 60.0  # seconds; a client that checks the signatures of a version answers nobody meanwhile


def run(folder: Path, port: int, *arguments: str) -> str:
    """Run boinccmd against the client on `port`; it finds the password in `folder`."""
    command = ["boinccmd", "--host", f"127.0.0.1:{port}", *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=ANSWER_LIMIT
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(f"{' '.join(arguments)}: no answer in {ANSWER_LIMIT} s") from error
    if done.returncode != 0:
        raise CommandFailed(f"{' '.join(arguments)}: {done.stdout.strip()} {done.stderr.strip()}")
    return done.stdout


def parse_tasks(text: str) -> list[Task]:
    """The tasks in the output of `boinccmd --get_tasks`."""
    tasks: list[dict[str, str]] = []
    for line in text.splitlines():
        if line.rstrip().endswith(") -----------"):
            tasks.append({})
        elif tasks and ":" in line:
            key, _, rest = line.strip().partition(":")
            tasks[-1].setdefault(key.lower(), rest.strip())
    return [_task(fields) for fields in tasks]


def _task(fields: dict[str, str]) -> Task:
    def whole(key: str) -> int | None:
        text = fields.get(key, "")
        return int(text) if text.isdigit() else None

    def real(key: str) -> float:
        try:
            return float(fields.get(key, ""))
        except ValueError:
            return 0.0

    return Task(
        name=fields.get("name", ""),
        state=fields.get("state", ""),
        active_task_state=fields.get("active_task_state", ""),
        scheduler_state=fields.get("scheduler state", ""),
        suspended_by_user=fields.get("suspended via gui") == "yes",
        ready_to_report=fields.get("ready to report") == "yes",
        fraction_done=real("fraction done"),
        current_cpu_time=real("current cpu time"),
        checkpoint_cpu_time=real("cpu time at last checkpoint"),
        slot=whole("slot"),
        pid=whole("pid") or None,
    )
