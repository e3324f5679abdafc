"""The Windows half as far as it can be tried elsewhere: names, flags and errors, with kernel32 replaced by a table.

That the kernel then does what its documentation says has never been seen by these tests.
"""

import ast
import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
    kernel._answers["CreateFileW"] = kernel.fails(windows.ERROR_SHARING_VIOLATION, invalid)
    assert windows.take_lock(tmp_path / "boinc_lockfile") is None
    kernel._answers["CreateFileW"] = kernel.fails(3, invalid)
    with pytest.raises(OSError, match="boinc_lockfile: Windows error 3"):
        windows.take_lock(tmp_path / "boinc_lockfile")


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
    with pytest.raises(OSError, match="boinc_3: Windows error 2"):
        windows.map_memory(tmp_path, InitData(comm_obj_name="boinc_3"))
    kernel.calls.clear()
    kernel._answers |= {"OpenFileMappingW": lambda *_: 7, "MapViewOfFile": kernel.fails(windows.ERROR_ACCESS_DENIED)}
    with pytest.raises(OSError, match="Windows error 5"):
        windows.map_memory(tmp_path, InitData(comm_obj_name="boinc_3"))
    assert kernel.calls[-1] == ("CloseHandle", 7)


@pytest.mark.parametrize(
    ("opened", "error", "waited", "alive"),
    [
        (9, 0, TIMEOUT, True),
        (9, 0, windows.WAIT_OBJECT_0, False),
        (None, windows.ERROR_ACCESS_DENIED, None, True),
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
    kernel._answers["OpenProcess"] = kernel.fails(windows.ERROR_ACCESS_DENIED)
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
