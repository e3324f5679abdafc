"""A BOINC client made of a slot directory, a script of timed messages, and a recorder of every byte that changes."""

import json
import mmap
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support import commands, processes
from tests.support.lateness import STEPS, Lateness
from tests.support.waiting import wait_until
from wrapper import channels

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("program.py")
CONTROL, HEARTBEAT, STATUS, MAIL = 0, 4, 5, 6
SECRET = "0123456789abcdef0123456789abcdef"

INIT_DATA = """<app_init_data>
<major_version>7</major_version>
<minor_version>20</minor_version>
<release>5</release>
<app_version>100</app_version>
<userid>1</userid>
<app_name>axiom</app_name>
<project_preferences>
<slot>77</slot> <unclosed> & raw <ncpus>99</ncpus> <client_pid>1</client_pid>
</project_preferences>
<user_name>A &amp; B</user_name>
<project_dir>/var/lib/boinc/projects/example.org_axiom</project_dir>
<boinc_dir>/var/lib/boinc</boinc_dir>
<authenticator>{secret}</authenticator>
<wu_name>wu_1</wu_name>
<result_name>wu_1_0</result_name>
{fields}
<host_info>
    <p_ncpus>64</p_ncpus>
    <ncpus>64</ncpus>
</host_info>
<global_preferences>
   <checkpoint_period>1</checkpoint_period>
</global_preferences>
</app_init_data>
"""
FIELDS = {
    "shm_key": "-1",
    "slot": "3",
    "wu_cpu_time": "0.000000",
    "starting_elapsed_time": "0.000000",
    "using_sandbox": "0",
    "checkpoint_period": "60.000000",
    "fraction_done_start": "0.000000",
    "fraction_done_end": "1.000000",
    "gpu_type": "",
    "gpu_device_num": "-1",
    "ncpus": "1.000000",
    "rsc_memory_bound": "500000000.000000",
    "rsc_disk_bound": "1000000000.000000",
}
# On Windows the memory has a name, here one for each process of tests; on other systems none looks at it.
NAMED = {"comm_obj_name": f"boinc_{os.getpid()}"} if sys.platform == "win32" else {}


def init_data(**fields: object) -> bytes:
    """The bytes of an init_data.xml as a client writes it; `fields` replace the usual ones, None leaves one out."""
    chosen = {"client_pid": os.getpid(), **FIELDS, **NAMED, **fields}
    lines = "\n".join(f"<{tag}>{value}</{tag}>" for tag, value in chosen.items() if value is not None)
    return INIT_DATA.format(secret=SECRET, fields=lines).encode()


def make_slot(folder: Path, **fields: object) -> Path:
    """A slot directory as before the first start of a task."""
    slot = folder / "slots" / "3"
    project = folder / "projects" / "example.org_axiom"
    slot.mkdir(parents=True)
    project.mkdir(parents=True)
    (project / "wu_1.json").write_text("{}")
    (slot / "wu.json").write_text("<soft_link>../../projects/example.org_axiom/wu_1.json</soft_link>\n")
    (slot / "boinc_mmap_file").write_bytes(bytes(8192))
    (slot / "init_data.xml").write_bytes(init_data(**fields))
    return slot


def _mapped(file: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(file, 8192, tagname="shm_" + NAMED["comm_obj_name"])
    return mmap.mmap(file, 8192)


class Memory:
    """The client's end of the eight channels."""

    def __init__(self, slot: Path, other: channels.Memory | None = None) -> None:
        """Of the slot's file, or of `other` shared memory."""
        with (slot / "boinc_mmap_file").open("r+b") as file:
            self.bytes = other or _mapped(file.fileno())

    def full(self, channel: int) -> bool:
        return self.bytes[channel * 1024 : channel * 1024 + 1] != b"\0"

    def text(self, channel: int) -> bytes:
        return bytes(self.bytes[channel * 1024 + 1 : (channel + 1) * 1024]).partition(b"\0")[0]

    def put(self, channel: int, text: bytes) -> None:
        assert not self.full(channel)
        start = channel * 1024
        self.bytes[start + 1 : start + 2 + len(text)] = text + b"\0"
        self.bytes[start : start + 1] = b"\1"

    def clear(self, channel: int) -> None:
        self.bytes[channel * 1024 : channel * 1024 + 1] = b"\0"


@dataclass
class Recording:
    """What a program did; times in seconds since it took the slot's lock."""

    code: int = 0
    ended: float = 0.0
    statuses: list[tuple[float, bytes]] = field(default_factory=list)
    mail: list[tuple[float, bytes]] = field(default_factory=list)  # of channel 6
    reaction: dict[bytes, float] = field(default_factory=dict)  # control message -> seconds until its flag was cleared
    heartbeats_read: int = 0
    touched: set[int] = field(default_factory=set)  # offsets of bytes that the program changed
    said: list[tuple[float, str]] = field(default_factory=list)  # lines of its standard output
    stderr: str = ""
    files: set[str] = field(default_factory=set)
    memory: bytes = b""
    slack: float = 0.0  # seconds that an upper bound must allow for, this machine having been late

    def when(self, word: str) -> float:
        return next(at for at, line in self.said if line == word)


class FakeClient:
    """Runs `program.py MODE` in a slot, plays a script of (seconds, control message), and records."""

    def __init__(
        self,
        slot: Path,
        *,
        read_status: bool = True,
        heartbeats_until: float = 0.0,
        memory: channels.Memory | None = None,
    ) -> None:
        self.slot = slot
        self.memory = Memory(slot, memory)
        self.read_status = read_status
        self.heartbeats_until = heartbeats_until

    def run(self, mode: str, script: list[tuple[float, bytes]] | None = None, **options: Any) -> Recording:
        """Run program.py MODE until it ends by itself."""
        (self.slot / "wrapper_options.json").write_text(json.dumps(options))
        command = [sys.executable, "-W", "error", str(PROGRAM), str(self.slot), mode]
        return self.play(command, script or [], Path("/"))

    def play(self, command: list[str], script: list[tuple[float, bytes]], folder: Path) -> Recording:
        """Run any program in a folder until it ends by itself; one that comes to nothing is killed."""
        with (self.slot / "stderr.txt").open("ab") as stderr:
            program = subprocess.Popen(
                command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.PIPE, stderr=stderr, text=True,
            )  # fmt: skip
        said: list[tuple[float, str]] = []
        output = program.stdout
        assert output is not None
        listener = threading.Thread(target=lambda: said.extend((time.monotonic(), line.strip()) for line in output))
        listener.start()
        try:
            with Lateness() as lateness:
                recording = self._play(program, list(script))
                recording.slack = STEPS * lateness.worst
        finally:
            program.kill()
            program.wait()
            listener.join()
            output.close()
        recording.said = [(at - self.zero, line) for at, line in said]
        recording.stderr = (self.slot / "stderr.txt").read_text()
        recording.files = {path.name for path in self.slot.iterdir()} - {"wrapper_options.json"}
        return recording

    def _play(self, program: subprocess.Popen[str], script: list[tuple[float, bytes]]) -> Recording:
        wait_locked(self.slot, program)
        self.zero = time.monotonic()
        recording = Recording()
        before = bytes(self.memory.bytes[:])
        pending: tuple[float, bytes] | None = None
        next_heartbeat = 0.0

        def look() -> bool:
            """What the client does again and again; whether the program has ended."""
            nonlocal before, pending, next_heartbeat
            now = time.monotonic() - self.zero
            after = bytes(self.memory.bytes[:])
            if after != before:
                recording.touched |= {i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}
            if pending and not self.memory.full(CONTROL):
                recording.reaction[pending[1]] = now - pending[0]
                pending = None
            if script and now >= script[0][0] and not self.memory.full(CONTROL):
                pending = (now, script.pop(0)[1])
                self.memory.put(CONTROL, pending[1])
            if self.memory.full(STATUS) and self.read_status:
                recording.statuses.append((now, self.memory.text(STATUS)))
                self.memory.clear(STATUS)
            if self.memory.full(MAIL):
                recording.mail.append((now, self.memory.text(MAIL)))
                self.memory.clear(MAIL)
            if next_heartbeat <= now < self.heartbeats_until and not self.memory.full(HEARTBEAT):
                recording.heartbeats_read += next_heartbeat > 0.0
                next_heartbeat = now + 0.25
                self.memory.put(HEARTBEAT, b"<heartbeat/><wss>0.000000e+00</wss><max_wss>2.274885e+10</max_wss>")
            before = bytes(self.memory.bytes[:])
            return program.poll() is not None

        wait_until(
            look,
            f"the end of {program.args!r}",
            lambda: (recording.statuses[-1:], processes.computed({program.pid})),
        )
        recording.ended = time.monotonic() - self.zero
        recording.code = commands.wait_ended(program)
        if pending and not self.memory.full(CONTROL):
            recording.reaction[pending[1]] = recording.ended - pending[0]
        recording.memory = bytes(self.memory.bytes[:])
        if self.memory.full(STATUS) and self.read_status:
            recording.statuses.append((recording.ended, self.memory.text(STATUS)))
        return recording


def wait_locked(slot: Path, program: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Until a program has taken the lock of its slot, or has ended."""
    wait_until(
        lambda: (slot / "boinc_lockfile").exists() or program.poll() is not None,
        "the lock of the slot",
        lambda: processes.computed({program.pid}),
        every=0.002,
    )
