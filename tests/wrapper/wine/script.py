"""wrapper/windows.py under Wine's kernel32, run by host.exe; prints a line per fact seen.

Usage: script.py HOST_LIBRARY SLEEPER, the process id of a Windows process that sleeps.
"""

import ctypes
import errno
import functools
import math
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import patience
from patience import patiently
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
            "OpenEventW": (handle, (word, ctypes.c_int, string)),
            "WaitForSingleObject": (word, (handle, word)),
            "CloseHandle": (ctypes.c_int, (handle,)),
            "GetErrorMode": (word, ()),
            "SetErrorMode": (word, (word,)),
            "SetConsoleCtrlHandler": (ctypes.c_int, (windows._ROUTINE, ctypes.c_int)),
            "ProcessIdToSessionId": (ctypes.c_int, (word, ctypes.POINTER(word))),
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


def moved(source: Path, target: Path) -> bool:
    """As os.replace on Windows. Whoever holds the file lets it go after some refusals, if at all."""
    if host.replace(text(str(source)), text(str(target))):
        return True
    refusals.append(host.last_error())
    if len(refusals) == lets_go:
        host.call_CloseHandle(holder)
    error = PermissionError(errno.EACCES, "refused", str(target))
    error.winerror = host.last_error()  # type: ignore[attr-defined]
    raise error


host.hold.restype = ctypes.c_void_p
patience.FILES_ARE_HELD = True
refusals: list[int] = []
lets_go = math.inf
target, partial = folder / "checkpoint", folder / "checkpoint.part"
for held in (target, partial):
    target.write_bytes(b"former")
    partial.write_bytes(b"new")
    holder = ctypes.c_void_p(host.hold(text(str(held))))
    refusals.clear()
    lets_go = math.inf
    patience.PATIENCE = 0.3
    seen(
        f"while somebody has {held.name} open it is not replaced",
        error_of(lambda: patiently(lambda: moved(partial, target))),
    )
    seen("and both files are as they were", target.read_bytes() + partial.read_bytes() == b"formernew")
    patience.PATIENCE = 60.0
    refusals.clear()
    lets_go = 4
    seen("who is patient replaces it", patiently(lambda: moved(partial, target)) and target.read_bytes() == b"new")
    seen("after some refusals", len(refusals) == lets_go)

windows.show_no_error_boxes()
seen("no error box will be shown", kernel.GetErrorMode() == windows.NO_ERROR_BOXES)
asked: list[str] = []
windows.LEAVING_PATIENCE = 0.0
for event, name in enumerate(("Ctrl-C", "Ctrl-Break", "a console that closes")):
    with windows.console_ends(functools.partial(asked.append, name)):
        seen(f"{name} is dealt with", host.tell(event) and asked[event:] == [name])
seen("and Windows has taken the routine", host.was_accepted())
seen("outside it is not", not host.tell(2) and len(asked) == 3)
os.getpid = host.my_pid  # Linux has another
seen("this is no service", not windows._is_of_services())

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
