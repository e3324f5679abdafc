"""A folder that is written whole or not at all: beside its place, and renamed into it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from kernels.formats import atomic
from kernels.refusals import cannot_write
from server_validator.errors import FolderInTheWay

_THERE = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


@contextlib.contextmanager
def written(target: Path, names: Collection[str]) -> Iterator[Path]:
    """A folder to write `names` into, which takes the place of a new or empty one when the section ends well.

    It is `target` with ".part" at its end. Where the section fails it is removed; what a killed process leaves of it is
    the next one's first to remove. FolderInTheWay where there is something in either that is not ours to replace, or
    another process writes it; CannotWrite.
    """
    place = Path(os.path.realpath(target))  # a symbolic link to an empty folder stays
    _check_empty(place)
    partial = place.with_name(place.name + atomic.PARTIAL)
    with _held(partial):
        _clear(partial, names)
        try:
            yield partial
            _rename(partial, place)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _check_empty(place: Path) -> None:
    try:
        if os.path.lexists(place) and (not place.is_dir() or any(place.iterdir())):
            raise FolderInTheWay(place, "there is something")
    except OSError as error:
        raise cannot_write(place, error) from error


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Make a folder, and keep it from other processes of ours, until this one ends however it ends."""
    try:
        folder.mkdir(exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        _lock(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it before may have renamed or removed it since it was opened here.
        alone = os.path.samestat(os.fstat(descriptor), folder.stat())
    except (BlockingIOError, FileNotFoundError):
        alone = False
    except OSError as error:  # a file system without locks
        raise cannot_write(folder, error) from error
    if not alone:
        raise FolderInTheWay(folder, "another command is writing it")


def _clear(folder: Path, names: Collection[str]) -> None:
    """Remove what a killed process has left."""
    try:
        left = list(folder.iterdir())
        for path in left:
            if path.name not in names and path.suffix != atomic.PARTIAL:
                raise FolderInTheWay(folder, f"there is {path.name}, which no export has")
        for path in left:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise cannot_write(folder, error) from error


def _rename(partial: Path, place: Path) -> None:
    try:
        partial.rename(place)
    except OSError as error:
        if error.errno in _THERE:
            raise FolderInTheWay(place, "something came there meanwhile") from error
        raise cannot_write(place, error) from error
