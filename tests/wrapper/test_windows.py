"""The Windows half as far as it can be tried elsewhere: names, flags and errors, with kernel32 replaced by a table.

That the kernel then does what its documentation says has never been seen by these tests.
"""

import ast
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import patience
from tests.support.held import Held
from wrapper import channels, posix, windows
from wrapper.init_data import InitData

NOT_FOUND, INVALID_PARAMETER = 2, 87
TIMEOUT = 0x102


def _one(*_: object) -> object:
    return 1


class Kernel:
    """Answers calls by name from a table of functions; everything asked is remembered."""

    def __init__(self, **answers: Callable[..., object]) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.error = 0
        self._answers = answers

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            self.calls.append((name, *arguments))
            return self._answers.get(name, _one)(*arguments)

        return call

    def fails(self, error: int, value: object = None) -> Callable[..., object]:
        def answer(*arguments: object) -> object:
            self.error = error
            return value

        return answer


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(windows, "_kernel", lambda: kernel)
    monkeypatch.setattr(windows, "_last_error", lambda: kernel.error)
    return kernel


def test_both_systems_have_the_same_functions() -> None:
    def functions(module: object) -> set[str]:
        tree = ast.parse(Path(module.__file__).read_text())  # type: ignore[attr-defined]
        return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")}

    assert functions(windows) - {"mapping_names"} == functions(posix)


def test_the_lock_is_a_file_opened_for_us_alone(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "boinc_lockfile"
    kernel._answers["CreateFileW"] = lambda *_: 44
    assert windows.take_lock(path) == 44
    # Windows' own numbers: GENERIC_WRITE, no sharing, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL.
    assert kernel.calls == [("CreateFileW", str(path), 0x40000000, 0, None, 4, 0x80, None)]
    path.write_bytes(b"")
    windows.release_lock(path, 44)
    assert kernel.calls[1:] == [("CloseHandle", 44)]
    assert not path.exists()
    windows.release_lock(path, 44)


def test_a_lock_held_is_none_and_another_error_is_an_error(kernel: Kernel, tmp_path: Path) -> None:
    invalid = ctypes.c_void_p(-1).value
    kernel._answers["CreateFileW"] = kernel.fails(patience.SHARING_VIOLATION, invalid)
    assert windows.take_lock(tmp_path / "boinc_lockfile") is None
    kernel._answers["CreateFileW"] = kernel.fails(3, invalid)
    with pytest.raises(OSError, match=r"Windows error 3: .*boinc_lockfile"):
        windows.take_lock(tmp_path / "boinc_lockfile")


@pytest.mark.parametrize(("there", "held"), [(True, True), (False, False)])
def test_access_denied_is_a_hold_only_of_a_file_that_is_there(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool, held: bool
) -> None:
    """A file whose deletion waits for its last holder; a folder in which nothing may be created."""
    monkeypatch.setattr(patience, "FILES_ARE_HELD", True)
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    path = tmp_path / "boinc_lockfile"
    if there:
        path.touch()
    kernel._answers["CreateFileW"] = kernel.fails(patience.ACCESS_DENIED, ctypes.c_void_p(-1).value)
    if held:
        assert windows.take_lock(path) is None
    else:
        with pytest.raises(PermissionError, match=r"Windows error 5: .*boinc_lockfile"):
            windows.take_lock(path)
    assert len(kernel.calls) > 2, "without patience"


@pytest.mark.parametrize("then", [44, None])
def test_a_lock_file_that_vanishes_while_it_is_waited_for_is_taken(
    kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: int | None
) -> None:
    monkeypatch.setattr(patience, "FILES_ARE_HELD", True)
    path = tmp_path / "boinc_lockfile"
    path.touch()
    denied = kernel.fails(patience.ACCESS_DENIED, ctypes.c_void_p(-1).value)
    sharing = kernel.fails(patience.SHARING_VIOLATION, ctypes.c_void_p(-1).value)

    def create(*arguments: object) -> object:
        if len(kernel.calls) < 3:
            return denied()
        return then or sharing()

    kernel._answers["CreateFileW"] = create
    assert windows.take_lock(path) == then
    assert len(kernel.calls) == 3


def test_the_mapping_is_looked_for_globally_then_locally(kernel: Kernel, tmp_path: Path) -> None:
    block = ctypes.create_string_buffer(channels.MEMORY_SIZE)
    kernel._answers |= {
        "OpenFileMappingW": lambda access, inherit, name: 0 if name.startswith("Global\\") else 7,
        "MapViewOfFile": lambda *_: ctypes.addressof(block),
    }
    memory = windows.map_memory(tmp_path, InitData(comm_obj_name="boinc_3"))
    assert kernel.calls == [
        ("OpenFileMappingW", 0xF001F, False, "Global\\shm_boinc_3"),
        ("OpenFileMappingW", 0xF001F, False, "shm_boinc_3"),
        ("MapViewOfFile", 7, 0xF001F, 0, 0, 8192),
    ]
    assert windows.memory_is_whole(memory)
    assert channels.send(memory, channels.STATUS, b"<x/>\n")
    assert block.raw[5120:5126] == b"\x01<x/>\n"
    ctypes.memmove(block, b"\x01<suspend/>", 11)
    assert channels.receive(memory, channels.CONTROL) == b"<suspend/>"
    assert block.raw[0:1] == b"\0"
    memory.close()
    assert kernel.calls[3:] == [("UnmapViewOfFile", ctypes.addressof(block)), ("CloseHandle", 7)]
    with pytest.raises(ValueError, match="released"):
        channels.receive(memory, channels.CONTROL)


def test_a_missing_unnamed_or_too_small_mapping_is_an_error(kernel: Kernel, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="named no shared memory"):
        windows.map_memory(tmp_path, InitData())
    kernel._answers["OpenFileMappingW"] = kernel.fails(NOT_FOUND)
    with pytest.raises(OSError, match=r"Windows error 2: .*boinc_3"):
        windows.map_memory(tmp_path, InitData(comm_obj_name="boinc_3"))
    kernel.calls.clear()
    kernel._answers |= {"OpenFileMappingW": lambda *_: 7, "MapViewOfFile": kernel.fails(patience.ACCESS_DENIED)}
    with pytest.raises(OSError, match="Windows error 5"):
        windows.map_memory(tmp_path, InitData(comm_obj_name="boinc_3"))
    assert kernel.calls[-1] == ("CloseHandle", 7)


@pytest.mark.parametrize(
    ("opened", "error", "waited", "alive"),
    [
        (9, 0, TIMEOUT, True),
        (9, 0, windows.WAIT_OBJECT_0, False),
        (None, patience.ACCESS_DENIED, None, True),
        (None, INVALID_PARAMETER, None, False),
    ],
)
def test_living_and_dead_processes(
    kernel: Kernel, opened: int | None, error: int, waited: int | None, alive: bool
) -> None:
    kernel._answers |= {"OpenProcess": kernel.fails(error, opened), "WaitForSingleObject": lambda *_: waited}
    assert windows.process_is_alive(4711) is alive
    assert kernel.calls[0] == ("OpenProcess", 0x100000, False, 4711)
    assert (("CloseHandle", 9) in kernel.calls) is (opened is not None)


def test_the_parent_is_watched_by_a_handle_of_its_own(kernel: Kernel) -> None:
    state = [TIMEOUT]
    kernel._answers |= {"OpenProcess": lambda *_: 9, "WaitForSingleObject": lambda *_: state[0]}
    gone = windows.watch_parent()
    assert kernel.calls == [("OpenProcess", 0x100000, False, os.getppid())]
    assert not gone()
    state[0] = windows.WAIT_OBJECT_0
    assert gone()
    kernel._answers["OpenProcess"] = kernel.fails(patience.ACCESS_DENIED)
    assert not windows.watch_parent()()


def test_stderr_is_appended_to_the_slots_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stderr.txt").write_text("earlier run\n")
    replaced: list[int] = []
    monkeypatch.setattr(os, "dup2", lambda old, new: replaced.append(new))
    former = sys.stderr
    try:
        windows.open_stderr(tmp_path)
        print("größer \udcff", file=sys.stderr)
        assert (tmp_path / "stderr.txt").read_text(encoding="utf-8") == "earlier run\ngrößer \\udcff\n"
        assert replaced == [2]
    finally:
        sys.stderr.close()
        sys.stderr = former


def test_stderr_that_is_held_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stderr.txt").touch()
    held = Held("stderr.txt", monkeypatch)
    monkeypatch.setattr(os, "dup2", lambda old, new: None)
    former = sys.stderr
    try:
        windows.open_stderr(tmp_path)
        print("said", file=sys.stderr)
        assert (tmp_path / "stderr.txt").read_text(encoding="utf-8") == "said\n"
        assert held.refused == ["open"] * 3
    finally:
        if sys.stderr is not former:
            sys.stderr.close()
        sys.stderr = former


def test_error_boxes_are_turned_off_and_other_modes_stay(kernel: Kernel) -> None:
    kernel._answers["GetErrorMode"] = lambda: 0x4
    windows.show_no_error_boxes()
    # Windows' own numbers: SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX.
    assert kernel.calls == [("GetErrorMode",), ("SetErrorMode", 0x4 | 0x1 | 0x2 | 0x8000)]


class Console:
    """Windows' side of a console: the routine it was given, called as Windows does, and what is slept in it."""

    def __init__(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
        self.session = 1
        self.slept: list[float] = []
        windows._watch_console.cache_clear()
        monkeypatch.setattr(time, "sleep", self.slept.append)
        kernel._answers["ProcessIdToSessionId"] = self._session
        self._kernel = kernel

    def _session(self, pid: int, session: Any) -> int:
        assert pid == os.getpid()
        session._obj.value = self.session
        return 1

    def tells(self, event: int) -> int:
        """Whether a handler has dealt with the event."""
        ((_, routine, add),) = [call for call in self._kernel.calls if call[0] == "SetConsoleCtrlHandler"]
        assert add is True
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(routine(event)))  # type: ignore[operator]
        thread.start()
        thread.join()
        return answers[0]


@pytest.fixture
def console(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    yield Console(kernel, monkeypatch)
    windows._watch_console.cache_clear()
    windows._watch_launcher.cache_clear()


C, BREAK, CLOSE, LOGOFF, SHUTDOWN = 0, 1, 2, 5, 6  # Windows' own numbers


@pytest.mark.parametrize(
    ("event", "waits"), [(C, False), (BREAK, False), (CLOSE, True), (LOGOFF, True), (SHUTDOWN, True)]
)
def test_every_end_of_a_console_is_asked_for_and_the_last_ones_wait_for_the_program(
    console: Console, event: int, waits: bool
) -> None:
    asked: list[str] = []
    with windows.console_ends(lambda: asked.append("outer")), windows.console_ends(lambda: asked.append("inner")):
        assert console.tells(event)
        assert asked == ["inner"]
        assert console.slept == ([windows.LEAVING_PATIENCE] if waits else [])


def test_outside_a_section_the_handler_before_is_asked(console: Console) -> None:
    with windows.console_ends(lambda: None):
        pass
    for event in (C, BREAK, CLOSE, SHUTDOWN):
        assert not console.tells(event)
    assert console.slept == []


def test_a_service_takes_nobodys_log_off_for_its_own_end(console: Console) -> None:
    """Nor does the handler before, the C library's, which would end the program."""
    console.session = 0
    asked: list[str] = []
    with windows.console_ends(lambda: asked.append("end")):
        assert console.tells(LOGOFF)
        assert asked == []
        assert console.tells(SHUTDOWN)
        assert asked == ["end"]


def test_what_only_the_launcher_hears_of_is_asked_for(console: Console, kernel: Kernel) -> None:
    """Windows tells no program with user32.dll of a shutdown, and ctypes loads that."""
    told, asked = threading.Event(), threading.Event()

    def wait(event: int, _: int) -> int:
        assert event == 77
        told.wait()
        return 0

    kernel._answers |= {"OpenEventW": lambda *_: 77, "WaitForSingleObject": wait}
    with windows.console_ends(asked.set):
        assert ("OpenEventW", 0x100000, False, f"axiom_leave_{os.getppid()}") in kernel.calls  # SYNCHRONIZE
        assert not asked.wait(0.1)
        told.set()
        assert asked.wait(60)


def test_without_a_launcher_nothing_waits(console: Console, kernel: Kernel) -> None:
    kernel._answers["OpenEventW"] = lambda *_: None
    before = threading.active_count()
    with windows.console_ends(lambda: None):
        assert threading.active_count() == before
