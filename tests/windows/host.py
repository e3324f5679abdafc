"""BOINC's client as far as only a Windows program can play it: run by Windows' Python, it starts one program in a slot.

It makes the named memory of the very file that the tests on the other side have mapped, so that these read and write
the channels themselves. Lines of JSON come in and go out; see `Host.obey`. Nothing but Python's own library is used.
"""

import ctypes
import json
import os
import re
import subprocess
import sys
import threading
from ctypes import wintypes
from pathlib import Path
from typing import Any

PAGE_READWRITE, QUERY = 4, 0x400 | 0x10
EVENT_MODIFY_STATE = 2
GENERIC_READ, OPEN_EXISTING = 0x80000000, 3
CREATE_NO_WINDOW, NEW_GROUP, IDLE = 0x08000000, 0x200, 0x40

NUMBER = wintypes.DWORD

kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
kernel.OpenEventW.restype = kernel.CreateFileW.restype = kernel.CreateFileMappingW.restype = (
    kernel.OpenProcess.restype
) = wintypes.HANDLE
kernel.CreateFileW.argtypes = [
    wintypes.LPCWSTR,
    *[wintypes.DWORD] * 2,
    ctypes.c_void_p,
    *[wintypes.DWORD] * 2,
    wintypes.HANDLE,
]
kernel.CreateFileMappingW.argtypes = [wintypes.HANDLE, ctypes.c_void_p, *[wintypes.DWORD] * 3, wintypes.LPCWSTR]
kernel.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
kernel.Process32FirstW.argtypes = kernel.Process32NextW.argtypes = [wintypes.HANDLE, ctypes.c_void_p]
kernel.SetEvent.argtypes = [wintypes.HANDLE]
kernel.OpenEventW.argtypes = [NUMBER, wintypes.BOOL, wintypes.LPCWSTR]
kernel.CloseHandle.argtypes = [wintypes.HANDLE]


def tell(**what: object) -> None:
    """One line for the other side."""
    print(json.dumps(what), flush=True)


class Memory(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS_EX."""

    _fields_ = [
        ("size", wintypes.DWORD),
        ("faults", wintypes.DWORD),
        *[
            (name, ctypes.c_size_t)
            for name in ("peak_resident", "resident", "a", "b", "c", "d", "committed", "peak_committed")
        ],
        ("private", ctypes.c_size_t),
    ]


class Entry(ctypes.Structure):
    """PROCESSENTRY32W."""

    _fields_ = (
        *(("size", NUMBER), ("usage", NUMBER), ("pid", NUMBER), ("heap", ctypes.c_size_t), ("module", NUMBER)),
        *(("threads", NUMBER), ("parent", NUMBER), ("priority", ctypes.c_int32), ("flags", NUMBER)),
        ("file", ctypes.c_wchar * 260),
    )


class Host:
    """The program, and what the client holds for it."""

    def __init__(self, order: dict[str, Any]) -> None:
        slot = Path(order["slot"])
        os.chdir(slot.parents[1])  # the client's own folder; it names programs from there
        self.held: list[int] = []
        # Another process stands for the client, so that it can die while this one looks on.
        self.client = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        init = slot / "init_data.xml"
        if order["client"]:
            pid = f"<client_pid>{self.client.pid}</client_pid>".encode()
            init.write_bytes(re.sub(rb"<client_pid>.*</client_pid>", pid, init.read_bytes()))
        if order["memory"]:
            file = kernel.CreateFileW(str(slot / "boinc_mmap_file"), 0xC0000000, 7, None, OPEN_EXISTING, 0, None)
            self.mapping = kernel.CreateFileMappingW(file, None, PAGE_READWRITE, 0, 8192, "shm_" + order["memory"])
            assert self.mapping, ctypes.get_last_error()  # type: ignore[attr-defined]
        if "hold" in order:
            self.hold(*order["hold"])
        flags = order.get("flags", CREATE_NO_WINDOW | NEW_GROUP | IDLE)
        program, *arguments = order["program"]
        command = subprocess.list2cmdline([program, *arguments])
        self.program = subprocess.Popen(
            command,
            executable=program,
            cwd=slot,
            creationflags=flags,
            env={**os.environ, **order.get("environment", {})},
        )
        tell(started=self.program.pid)
        threading.Thread(target=self.watch, daemon=True).start()

    def hold(self, file: str, share: int) -> None:
        """Open a file and let others do with it what `share` says."""
        handle = kernel.CreateFileW(file, GENERIC_READ, share, None, OPEN_EXISTING, 0, None)
        assert handle not in (None, ctypes.c_void_p(-1).value), ctypes.get_last_error()  # type: ignore[attr-defined]
        self.held.append(handle)

    def watch(self) -> None:
        """Tell how the program has ended, and end."""
        code = self.program.wait()
        tell(ended=code & 0xFFFFFFFF)
        sys.stdout.flush()
        self.client.kill()
        os._exit(0)

    def obey(self, order: dict[str, Any]) -> None:
        """Do what a line says, and answer with a line."""
        if order["do"] == "kill":
            self.program.kill()
            tell(done="kill")
        elif order["do"] == "client dies":
            self.client.kill()
            tell(done="client dies")
        elif order["do"] == "log off":  # what the launcher does when Windows tells it
            event = kernel.OpenEventW(EVENT_MODIFY_STATE, False, f"axiom_leave_{self.program.pid}")
            assert kernel.SetEvent(event), ctypes.get_last_error()  # type: ignore[attr-defined]
            tell(done="log off")
        elif order["do"] == "hold":  # `share`: 1 reading, 2 writing, 4 deleting
            self.hold(order["file"], order["share"])
            tell(done="hold")
        elif order["do"] == "release":
            while self.held:
                kernel.CloseHandle(self.held.pop())
            tell(done="release")
        elif order["do"] == "look":
            processes = [self.program.pid, *children(self.program.pid)]
            memory = [memory_of(process) for process in processes]
            tell(done="look", resident=sum(m.resident for m in memory), committed=sum(m.committed for m in memory))


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found, entry = [], Entry(ctypes.sizeof(Entry))
    snapshot = kernel.CreateToolhelp32Snapshot(2, 0)  # TH32CS_SNAPPROCESS
    more = kernel.Process32FirstW(snapshot, ctypes.byref(entry))
    while more:
        if entry.parent == parent:
            found.append(entry.pid)
        more = kernel.Process32NextW(snapshot, ctypes.byref(entry))
    kernel.CloseHandle(snapshot)
    return found


def memory_of(pid: int) -> Memory:
    """What a process has of memory."""
    memory = Memory(ctypes.sizeof(Memory))
    handle = kernel.OpenProcess(QUERY, False, pid)
    assert kernel.K32GetProcessMemoryInfo(handle, ctypes.byref(memory), ctypes.sizeof(memory)), pid
    kernel.CloseHandle(handle)
    return memory


def main() -> None:
    """Start what the first line says; obey the others."""
    host = Host(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        host.obey(json.loads(line))


if __name__ == "__main__":
    main()
