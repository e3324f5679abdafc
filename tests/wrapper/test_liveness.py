"""The client goes without a word: by its process id, by silence, and with the mapped file cut off."""

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import commands, processes
from tests.support.lateness import Lateness, Took
from tests.support.waiting import pause
from tests.wrapper.fake_client import PROGRAM, ROOT, FakeClient, Recording, make_slot, wait_locked
from wrapper.liveness import Liveness


def client_dies(folder: Path, shm_key: int) -> Recording:
    """The constants as they are; the process named as client is killed, and reaped, after 2 s."""
    stand_in = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    slot = make_slot(folder, client_pid=stand_in.pid, shm_key=shm_key)

    def kill() -> None:
        stand_in.kill()
        stand_in.wait()

    timer = threading.Timer(2.0, kill)
    timer.start()
    try:
        return FakeClient(slot).run("deaf", QUIT_PATIENCE=1.0)
    finally:
        timer.join()


def parent_dies(folder: Path, standalone: bool) -> tuple[bool, Took]:
    """The client lives, the launcher between it and the program is killed; whether the program leaves, and when."""
    slot = make_slot(folder)
    if standalone:
        (slot / "init_data.xml").unlink()
    (slot / "wrapper_options.json").write_text('{"QUIT_PATIENCE": 1.0}')
    launcher = (
        "import subprocess, sys, time; p = subprocess.Popen(sys.argv[1:]); print(p.pid, flush=True); time.sleep(3600)"
    )
    command = [sys.executable, "-c", launcher, sys.executable, str(PROGRAM), str(slot), "deaf"]
    parent = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    program = processes.named(int(parent.stdout.readline()))
    try:
        wait_locked(slot, parent)
        time.sleep(0.3)
        with Lateness() as lateness:
            parent.kill()
            parent.wait()
            if standalone:
                pause(4.0, unless=lambda: not processes.alive({program}))
            else:
                processes.wait_gone(program)
            return not processes.alive({program}), lateness.took()
    finally:
        parent.stdout.close()
        processes.end({program}, grace=0.0)


def heartbeats_end(folder: Path, mode: str) -> Recording:
    """No client_pid; a heartbeat four times a second until 3 s, silence of 2 s allowed."""
    slot = make_slot(folder, client_pid=0)
    return FakeClient(slot, heartbeats_until=3.0).run(mode, HEARTBEAT_TIMEOUT=2.0, QUIT_PATIENCE=1.0)


def file_is_cut_off(folder: Path) -> int:
    """No client_pid; the mapped file shrinks to nothing under the program. The exit code."""
    slot = make_slot(folder, client_pid=0)
    (slot / "wrapper_options.json").write_text('{"HEARTBEAT_TIMEOUT": 1.0, "QUIT_PATIENCE": 1.0}')
    program = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(slot), "deaf"], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        wait_locked(slot, program)
        time.sleep(0.3)
        os.truncate(slot / "boinc_mmap_file", 0)
        return commands.wait_ended(program)
    finally:
        program.kill()
        program.wait()


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """All at the same time: each spends its seconds asleep."""
    with ThreadPoolExecutor() as pool:
        runs: dict[str, Future[Any]] = {
            "pid": pool.submit(client_dies, tmp_path_factory.mktemp("pid"), -1),
            "pid without memory": pool.submit(client_dies, tmp_path_factory.mktemp("segment"), 16788704),
            "silence": pool.submit(heartbeats_end, tmp_path_factory.mktemp("silence"), "deaf"),
            "silence, listening": pool.submit(heartbeats_end, tmp_path_factory.mktemp("listening"), "work"),
            "parent": pool.submit(parent_dies, tmp_path_factory.mktemp("parent"), False),
            "parent, standalone": pool.submit(parent_dies, tmp_path_factory.mktemp("shell"), True),
            "cut off": pool.submit(file_is_cut_off, tmp_path_factory.mktemp("cut")),
        }
        return {name: run.result() for name, run in runs.items()}


@pytest.mark.parametrize("name", ["pid", "pid without memory"])
def test_the_death_of_the_client_process_is_noticed_within_ten_seconds(seen: dict[str, Recording], name: str) -> None:
    assert seen[name].code == 0
    # Since the start; the client died at 2 s.
    assert 10.0 < seen[name].ended < 14.0 + seen[name].slack
    assert "the client has gone" in seen[name].stderr
    assert "boinc_lockfile" not in seen[name].files


def test_without_memory_nothing_is_touched(seen: dict[str, Recording]) -> None:
    assert seen["pid"].touched
    assert not seen["pid without memory"].touched


@pytest.mark.parametrize("name", ["silence", "silence, listening"])
def test_silence_ends_the_program(seen: dict[str, Recording], name: str) -> None:
    assert seen[name].code == 0
    assert seen[name].heartbeats_read >= 8
    assert 4.7 < seen[name].ended < 8.0 + seen[name].slack
    assert "boinc_lockfile" not in seen[name].files


def test_a_listening_program_stops_by_itself(seen: dict[str, Recording]) -> None:
    assert seen["silence, listening"].said[-1][1] == "stopped"


def test_a_file_cut_off_is_a_silent_client_not_a_crash(seen: dict[str, int]) -> None:
    assert seen["cut off"] == 0


def test_a_program_whose_launcher_was_killed_leaves_at_once(seen: dict[str, tuple[bool, Took]]) -> None:
    """The client would start another one in the same slot."""
    left, took = seen["parent"]
    assert left
    assert took.at_most(3.0), took  # 1 s to the next look, 1 s of patience


def test_a_standalone_program_outlives_its_shell(seen: dict[str, tuple[bool, Took]]) -> None:
    left, _ = seen["parent, standalone"]
    assert not left


def life(now: float, heartbeats: bool = True, alive: bool = True, orphan: bool = False) -> Liveness:
    return Liveness(now, heartbeats, lambda pid: alive, lambda: orphan)


def test_the_order_of_tests() -> None:
    assert life(0.0, orphan=True).lost(1.0, 4711) == "the process that started this program has ended"
    assert life(0.0).lost(31.0, 0) == "no heartbeat for 30 s"
    assert life(0.0).lost(1e6, 4711) is None, "a client known by its process may be silent"
    assert life(0.0, heartbeats=False).lost(1e6, 0) is None
    dead = life(0.0, alive=False)
    assert dead.lost(9.9, 4711) is None
    assert dead.lost(10.0, 4711) == "process 4711 has ended"
    quiet = life(0.0)
    quiet.heard(20.0)
    assert quiet.lost(49.0, 0) is None
    assert quiet.lost(51.0, 0) is not None
