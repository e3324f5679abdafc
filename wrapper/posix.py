"""Everything the runtime needs from Linux and macOS: the slot lock, the mapped file, the test for a living process."""

import errno
import fcntl
import mmap
import os
from pathlib import Path

from wrapper.channels import MEMORY_SIZE


def take_lock(path: Path) -> int | None:
    """Create and lock the file at `path`; the file descriptor that holds the lock, or None if another process has it.

    A write lock on the whole file by fcntl, as the reference takes it. A file system without locks (ENOSYS) counts
    as success. Raises OSError if the file cannot be created.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o660)  # group-usable: the client may run as another user
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            os.close(descriptor)
            return None
    if os.fstat(descriptor).st_nlink == 0:  # its owner deleted it between our open and our lock: this locks nothing
        os.close(descriptor)
        return None
    return descriptor


def release_lock(path: Path, descriptor: int) -> None:
    """Delete the lock file, then let go of the lock."""
    path.unlink(missing_ok=True)
    os.close(descriptor)


def map_memory(path: Path) -> mmap.mmap:
    """Map the client's file, shared and writable. Raises OSError if it is missing, ValueError if it is too short."""
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), MEMORY_SIZE)


def memory_is_whole(memory: mmap.mmap) -> bool:
    """Whether the file behind the mapping still has its size: touching a page cut off would kill the process."""
    return memory.size() >= MEMORY_SIZE


def process_is_alive(pid: int) -> bool:
    """Whether a process with this id exists. One we may not signal does: a sandboxed client is another user."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
