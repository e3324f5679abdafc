"""Everything the runtime needs from Windows, by the kernel's own functions: lock, shared memory, living processes.

Importable everywhere; only a call needs Windows.
"""

import contextlib
import ctypes
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from wrapper.addressed import AddressedMemory
from wrapper.channels import MEMORY_SIZE, Memory
from wrapper.init_data import InitData

GENERIC_WRITE: Final = 0x40000000
OPEN_ALWAYS: Final = 4
FILE_ATTRIBUTE_NORMAL: Final = 0x80
FILE_MAP_ALL_ACCESS: Final = 0xF001F
SYNCHRONIZE: Final = 0x100000
WAIT_OBJECT_0: Final = 0  # the process has ended
ERROR_ACCESS_DENIED: Final = 5
ERROR_SHARING_VIOLATION: Final = 32
INVALID_HANDLE: Final = ctypes.c_void_p(-1).value

_ctypes: Any = ctypes  # half of what is used of it does not exist elsewhere


@functools.cache
def _kernel() -> Any:
    """kernel32 with the types of what is called here; without them handles would be cut to 32 bits."""
    kernel = _ctypes.WinDLL("kernel32", use_last_error=True)
    handle, text, number = ctypes.c_void_p, ctypes.c_wchar_p, ctypes.c_uint32
    for name, result, arguments in (
        ("CreateFileW", handle, (text, number, number, handle, number, number, handle)),
        ("OpenFileMappingW", handle, (number, ctypes.c_int, text)),
        ("MapViewOfFile", handle, (handle, number, number, number, ctypes.c_size_t)),
        ("UnmapViewOfFile", ctypes.c_int, (handle,)),
        ("OpenProcess", handle, (number, ctypes.c_int, number)),
        ("WaitForSingleObject", number, (handle, number)),
        ("CloseHandle", ctypes.c_int, (handle,)),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = result, arguments
    return kernel


def _last_error() -> int:
    return int(_ctypes.get_last_error())


def _error(what: object) -> OSError:
    number = _last_error()
    return OSError(f"{what}: Windows error {number}")


def take_lock(path: Path) -> int | None:
    """Open the file at `path` for us alone; the handle that is the lock, or None if another process has it.

    Raises OSError if the file cannot be created.
    """
    handle = _kernel().CreateFileW(str(path), GENERIC_WRITE, 0, None, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, None)
    if handle not in (None, INVALID_HANDLE):
        return int(handle)
    if _last_error() == ERROR_SHARING_VIOLATION:
        return None
    raise _error(path)


def release_lock(path: Path, handle: int) -> None:
    """Let go of the lock, then delete its file, unless another process has taken it in between."""
    _kernel().CloseHandle(handle)
    with contextlib.suppress(OSError):
        path.unlink()


def mapping_names(comm_obj_name: str) -> tuple[str, str]:
    """The names under which the client may have made the shared memory, in the order to try them."""
    return f"Global\\shm_{comm_obj_name}", f"shm_{comm_obj_name}"


def _unmap(mapping: int, address: int) -> None:
    _kernel().UnmapViewOfFile(address)
    _kernel().CloseHandle(mapping)


def map_memory(slot: Path, init: InitData) -> Memory:
    """The memory shared with the client, by the name it told. Raises OSError if there is none or it is too small."""
    if not init.comm_obj_name:
        raise OSError("the client named no shared memory")
    for name in mapping_names(init.comm_obj_name):
        # Not Python's mmap: that would make a missing mapping instead of telling that it is missing.
        mapping = _kernel().OpenFileMappingW(FILE_MAP_ALL_ACCESS, False, name)
        if mapping:
            break
    else:
        raise _error(f"shared memory {init.comm_obj_name}")
    address = _kernel().MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, MEMORY_SIZE)
    if not address:
        error = _error(f"shared memory {name}")
        _kernel().CloseHandle(mapping)
        raise error
    return AddressedMemory(address, lambda: _unmap(mapping, address))


def memory_is_whole(memory: Memory) -> bool:
    """Always: nobody can shorten a mapping that has no file."""
    return True


def process_is_alive(pid: int) -> bool:
    """Whether a process with this id exists. One we may not open does: a client that is a service is another user."""
    process = _kernel().OpenProcess(SYNCHRONIZE, False, pid)
    if not process:
        return _last_error() == ERROR_ACCESS_DENIED
    try:
        return not _has_ended(process)
    finally:
        _kernel().CloseHandle(process)


def watch_parent() -> Callable[[], bool]:
    """A function that tells whether the process that is our parent now has ended; never so if we may not open it."""
    process = _kernel().OpenProcess(SYNCHRONIZE, False, os.getppid())  # held open: its number cannot be given away
    return (lambda: _has_ended(process)) if process else (lambda: False)


def _has_ended(process: int) -> bool:
    return bool(_kernel().WaitForSingleObject(process, 0) == WAIT_OBJECT_0)


def open_stderr(slot: Path) -> None:
    """Append what we say to the slot's stderr.txt: on Windows the client leaves that to the program.

    Raises OSError if it cannot be written.
    """
    stream = (slot / "stderr.txt").open("a", encoding="utf-8", errors="backslashreplace", buffering=1)
    sys.stderr = stream
    with contextlib.suppress(OSError):  # a program without a console may have no such descriptor to replace
        os.dup2(stream.fileno(), 2)
