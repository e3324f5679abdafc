"""wrapper/windows.py under Wine's kernel32, run by host.exe; prints a line per fact seen.

Usage: script.py HOST_LIBRARY SLEEPER, the process id of a Windows process that sleeps.
"""

import ctypes
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wrapper import channels, windows
from wrapper.init_data import InitData

host = ctypes.CDLL(sys.argv[1])
host.make_mapping.restype = ctypes.c_void_p


def text(value: str) -> bytes:
    """As kernel32 reads it: UTF-16, and a path of Linux on the drive that Wine gives it."""
    return (("Z:" + value.replace("/", "\\") if value.startswith("/") else value) + "\0").encode("utf-16-le")


class Kernel:
    """kernel32 with the types that windows.py declares for it, through the host's functions."""

    def __init__(self) -> None:
        handle, word, string = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p
        self._types: dict[str, tuple[Any, tuple[Any, ...]]] = {
            "CreateFileW": (handle, (string, word, word, handle, word, word, handle)),
            "OpenFileMappingW": (handle, (word, ctypes.c_int, string)),
            "MapViewOfFile": (handle, (handle, word, word, word, ctypes.c_size_t)),
            "UnmapViewOfFile": (ctypes.c_int, (handle,)),
            "OpenProcess": (handle, (word, ctypes.c_int, word)),
            "WaitForSingleObject": (word, (handle, word)),
            "CloseHandle": (ctypes.c_int, (handle,)),
        }

    def __getattr__(self, name: str) -> Callable[..., object]:
        function = getattr(host, f"call_{name}")
        function.restype, function.argtypes = self._types[name]
        return lambda *given: function(*(text(g) if isinstance(g, str) else g for g in given))


kernel = Kernel()
windows._kernel = lambda: kernel  # type: ignore[assignment]
windows._last_error = lambda: int(host.last_error())


def seen(fact: str, true: object) -> None:
    print(f"{'seen' if true else 'NOT SEEN'}: {fact}", flush=True)


def error_of(call: Callable[[], object]) -> str:
    try:
        call()
    except OSError as error:
        return str(error)
    return ""


folder = Path(tempfile.mkdtemp())
path = folder / "boinc_lockfile"
lock = windows.take_lock(path)
seen("a lock is taken and its file exists", lock is not None and path.exists())
seen("a second lock on the same file is refused", windows.take_lock(path) is None)
assert lock is not None
windows.release_lock(path, lock)
seen("a released lock takes its file along", not path.exists())
again = windows.take_lock(path)
seen("it can then be taken again", again is not None)
assert again is not None
windows.release_lock(path, again)
seen("a lock in a missing folder is an error", "Windows error 3" in error_of(lambda: windows.take_lock(folder / "x/y")))

seen(
    "a mapping that nobody made is an error",
    "Windows error 2" in error_of(lambda: windows.map_memory(folder, InitData(comm_obj_name="boinc_9"))),
)
for number, name in ((1, "shm_boinc_1"), (2, "Global\\shm_boinc_2")):
    made = host.make_mapping(text(name), channels.MEMORY_SIZE)
    init = InitData(comm_obj_name=f"boinc_{number}")
    client, program = windows.map_memory(folder, init), windows.map_memory(folder, init)
    channels.send(client, channels.CONTROL, b"<suspend/>")
    channels.send(program, channels.STATUS, b"<x/>\n")
    seen(f"messages pass through {name} both ways", channels.receive(program, channels.CONTROL) == b"<suspend/>")
    seen("and its flags are cleared for both", not channels.is_full(client, channels.CONTROL))
    seen(
        "and the last byte is there", channels.receive(client, channels.STATUS) == b"<x/>\n" and client[8191:] == b"\0"
    )
    client.close()
    program.close()
host.make_mapping(text("shm_boinc_3"), 4096)
seen(
    "a mapping of 4096 bytes is an error",
    error_of(lambda: windows.map_memory(folder, InitData(comm_obj_name="boinc_3"))),
)

seen("our own process is alive", windows.process_is_alive(host.my_pid()))
seen("a process that never was is not", not windows.process_is_alive(0x7FFFFFF0))
sleeper = int(sys.argv[2])
os.getppid = lambda: sleeper  # Linux knows other numbers
gone = windows.watch_parent()
seen("another process is alive", windows.process_is_alive(sleeper) and not gone())
seen("it can be ended", host.end_sleeper(sleeper))
seen(
    "a process that has ended is gone, by its number and by its handle",
    not windows.process_is_alive(sleeper) and gone(),
)
