"""The one way a file of ours is written: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from kernels.errors import CannotRead, CannotWrite
from kernels.refusals import cannot_read, cannot_write
from patience import patiently

_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
# Of a file that is there, and that may well be readable in a while. A missing one is not, nor a disk that is damaged.
_PASSING = (
    *(errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EINTR),
    *(errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.ENOLCK, errno.EBUSY),
)
PARTIAL = ".part"  # the end of a temporary file's name
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # not on Windows, which has no such pipes in its folders


def write(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a crash leaves the old file or the new one: temporary file, fsync, rename, fsync.

    CannotWrite if the disk is full or the folder refuses; the temporary file is removed then. What is no regular file
    (a device, a pipe, a folder) is never replaced.
    """
    check_target(path)
    _write(path, _partial(path), data)


def staged(path: Path, data: bytes) -> contextlib.AbstractContextManager[None]:
    """A context in which `data` is on the disk, beside `path`; it takes its place where the context ends well.

    So that something else can be done between, which may fail. Errors as of `write`.
    """
    check_target(path)
    return _staged(path, _partial(path), data)


def write_beside_others(path: Path, data: bytes) -> None:
    """As `write`, where others may write the same file at the same time: the temporary file is this call's own.

    What a killed process leaves behind is therefore not overwritten: its name ends in ".part" and tells the process.
    """
    check_target(path)
    _write(path, path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}"), data)


def remove_partial(path: Path) -> None:
    """Remove what a process that was killed while it wrote `path` has left beside it. OSError if it stays there."""
    patiently(lambda: _partial(path).unlink(missing_ok=True))


def check_target(path: Path) -> None:
    """CannotWrite if a file cannot be written there: a folder, a device or a pipe would be replaced by it."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CannotWrite(path, "it is not a regular file", "Choose another name")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise cannot_write(path, error) from error


def read(path: Path, limit: int) -> bytes:
    """The file's bytes, at most limit + 1 of them so that a caller sees an oversized file without loading it.

    CannotRead if it is missing, refused, or no regular file: a pipe or a device could hold a reader for ever.
    """
    try:
        return patiently(lambda: _content(path, limit))
    except OSError as error:
        raise cannot_read(path, error) from error


def may_pass(error: CannotRead) -> bool:
    """Whether the file may be readable later, though nobody changes it."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _PASSING


def _write(path: Path, temporary: Path, data: bytes) -> None:
    with _staged(path, temporary, data):
        pass


@contextlib.contextmanager
def _staged(path: Path, temporary: Path, data: bytes) -> Iterator[None]:
    target, done = _target(path), False
    try:
        with _refused(path):
            patiently(lambda: _fill(temporary, data))
        yield
        with _refused(path):
            patiently(lambda: temporary.replace(target))
        done = True
    finally:
        if not done:
            with contextlib.suppress(OSError):
                temporary.unlink()
    _sync_folder(target.parent)


@contextlib.contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from error


def _target(path: Path) -> Path:
    """The file that is replaced: a symbolic link stays."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path


def _partial(path: Path) -> Path:
    """One fixed name per target: what a killed process leaves behind is overwritten, never piled up.

    Beside the target, since only within a folder's own file system a file can take another's place.
    """
    target = _target(path)
    return target.with_name(target.name + PARTIAL)


def _fill(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        _sync(file.fileno())


def _content(path: Path, limit: int) -> bytes:
    # Without O_NONBLOCK the mere opening of a pipe would wait for its writer.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NONBLOCK)) as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise CannotRead(path, "it is not a regular file", "Check the path")
        # As much as there is, and a byte more to see one that grows: a buffer of the limit would be had at once.
        return file.read(min(facts.st_size, limit) + 1)


def _sync(descriptor: int) -> None:
    """Make what was written durable, where the file system can: some that are mounted over a network cannot."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where that can be had: it is done already, and Windows cannot open a folder."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
