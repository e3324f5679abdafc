"""Everything the runtime needs from Windows, by the kernel's own functions: lock, shared memory, processes, endings.

Importable everywhere; only a call needs Windows.
"""

import contextlib
import ctypes
import errno
import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from patience import ACCESS_DENIED, SHARING_VIOLATION, patiently
from wrapper.addressed import AddressedMemory
from wrapper.channels import MEMORY_SIZE, Memory
from wrapper.init_data import InitData

GENERIC_WRITE: Final = 0x40000000
OPEN_ALWAYS: Final = 4
FILE_ATTRIBUTE_NORMAL: Final = 0x80
FILE_MAP_ALL_ACCESS: Final = 0xF001F
SYNCHRONIZE: Final = 0x100000
WAIT_OBJECT_0: Final = 0  # the process has ended, the event is set
INFINITE: Final = 0xFFFFFFFF
LEAVE_EVENT: Final = "axiom_leave_"  # and the launcher's process number: packaging/launcher/windows.c
NO_ERROR_BOXES: Final = 0x1 | 0x2 | 0x8000  # critical errors, crashes, files that cannot be opened
CTRL_C, CTRL_BREAK, CTRL_LOGOFF = 0, 1, 5  # the others, 2 and 6, are a console that closes and a shutdown
SERVICES: Final = 0  # the session in which services run, and no user's programs
LEAVING_PATIENCE = 20.0  # seconds; Windows itself gives 5 where a console closes, 20 at a shutdown. Tests shorten it
INVALID_HANDLE: Final = ctypes.c_void_p(-1).value

_ctypes: Any = ctypes  # half of what is used of it does not exist elsewhere
_ROUTINE: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32)  # 64-bit Windows has one calling convention
_asks: list[Callable[[], object]] = []  # of the sections that are open, the innermost last


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
        ("OpenEventW", handle, (number, ctypes.c_int, text)),
        ("WaitForSingleObject", number, (handle, number)),
        ("CloseHandle", ctypes.c_int, (handle,)),
        ("GetErrorMode", number, ()),
        ("SetErrorMode", number, (number,)),
        ("SetConsoleCtrlHandler", ctypes.c_int, (_ROUTINE, ctypes.c_int)),
        ("ProcessIdToSessionId", ctypes.c_int, (number, ctypes.POINTER(number))),
    ):
        function = getattr(kernel, name)
        function.restype, function.argtypes = result, arguments
    return kernel


def _last_error() -> int:
    return int(_ctypes.get_last_error())


def _error(what: object) -> OSError:
    number = _last_error()
    return OSError(errno.EACCES if number == ACCESS_DENIED else None, f"Windows error {number}", str(what), number)


def take_lock(path: Path) -> int | None:
    """Open the file at `path` for us alone; the handle that is the lock, or None if another process has it.

    Access is denied to a file whose deletion waits for its last holder, and where nothing may be created: the former if
    the file was there before. Raises OSError if the file cannot be created.
    """
    was_there = False

    def take() -> int | None:
        nonlocal was_there
        was_there = path.exists()  # asked before: it may vanish at any time
        return _open_alone(path)

    try:
        return patiently(take)
    except PermissionError:
        if was_there:
            return None
        raise


def _open_alone(path: Path) -> int | None:
    handle = _kernel().CreateFileW(str(path), GENERIC_WRITE, 0, None, OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, None)
    if handle not in (None, INVALID_HANDLE):
        return int(handle)
    if _last_error() == SHARING_VIOLATION:
        return None
    raise _error(path)


def release_lock(path: Path, handle: int) -> None:
    """Let go of the lock, then delete its file, unless another process has taken it in between.

    Without patience: the handle was the lock, a file that stays is none, and who waits here does not leave.
    """
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
        return _last_error() == ACCESS_DENIED
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
    file = slot / "stderr.txt"
    stream = patiently(lambda: file.open("a", encoding="utf-8", errors="backslashreplace", buffering=1))
    sys.stderr = stream
    with contextlib.suppress(OSError):  # a program without a console may have no such descriptor to replace
        os.dup2(stream.fileno(), 2)


def show_no_error_boxes() -> None:
    """Let a crash or a library that cannot be loaded end the program: a box would wait for somebody to close it."""
    kernel = _kernel()
    kernel.SetErrorMode(kernel.GetErrorMode() | NO_ERROR_BOXES)


@contextlib.contextmanager
def console_ends(ask: Callable[[], object]) -> Iterator[None]:
    """Call `ask`, in a thread of Windows', when the program has to leave: Ctrl-C, Ctrl-Break, its console closes.

    Also at a log-off and at a shutdown, which Windows tells no process that has user32.dll, and ctypes loads that: the
    launcher passes them on. The program then has the seconds that Windows gives.
    """
    _asks.append(ask)
    _watch_console()
    _watch_launcher()
    try:
        yield
    finally:
        _asks.remove(ask)


@functools.cache
def _watch_console() -> object:
    """Have `_console_event` called from now on. Never taken back: that would wait until a call of it has returned."""
    routine = _ROUTINE(_console_event)
    _kernel().SetConsoleCtrlHandler(routine, True)  # refused where there is no console, and nothing to hear
    return routine  # Windows has its address: it must stay


@functools.cache
def _watch_launcher() -> None:
    """Wait from now on, in a thread, for the launcher's event; there is none where no launcher started us."""
    event = _kernel().OpenEventW(SYNCHRONIZE, False, f"{LEAVE_EVENT}{os.getppid()}")
    if event:
        threading.Thread(target=_wait_for, args=(event,), name="launcher", daemon=True).start()


def _wait_for(event: int) -> None:
    if _kernel().WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0 and _asks:
        _asks[-1]()


def _console_event(event: int) -> int:
    """Whether the event is dealt with; else the handler before ours is asked, which ends the process."""
    if event == CTRL_LOGOFF and _is_of_services():
        return True  # some user's, of whom a service knows nothing
    if not _asks:
        return False
    _asks[-1]()
    if event not in (CTRL_C, CTRL_BREAK):
        time.sleep(LEAVING_PATIENCE)  # Windows ends the process as soon as this returns
    return True


def _is_of_services() -> bool:
    """Whether this process runs among the services. By its session: what asks for more loads user32.dll."""
    session = ctypes.c_uint32()
    told = _kernel().ProcessIdToSessionId(os.getpid(), ctypes.byref(session))
    return bool(told) and session.value == SERVICES
