"""What a database error means to staff: what is wrong with disk or file, and which user the ledger needs."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from server_validator.errors import DataDirectory

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REFUSED = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def trouble(path: Path, error: sqlite3.Error | OSError) -> DataDirectory:
    """The failure that tells an error of a ledger's file in a sentence."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without SQLite's details
    refused = code in _REFUSED or (isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM))
    if code == sqlite3.SQLITE_FULL or (isinstance(error, OSError) and error.errno == errno.ENOSPC) or _is_full(path):
        return DataDirectory(path.parent, "the disk is full, free some space")
    if _is_read_only(path):
        return DataDirectory(path.parent, "its file system is mounted read-only, mount it for writing")
    if refused:
        return DataDirectory(path.parent, f"{error}; {_users(path)}")
    if code in _DAMAGED:
        return DataDirectory(path.parent, f"{path.name} is damaged ({error}), put a copy of it in its place")
    if code in _BUSY:
        return DataDirectory(path.parent, f"{error}: another program has held {path.name} for long, end it")
    return DataDirectory(path.parent, error)


def _is_full(path: Path) -> bool:
    try:
        space = os.statvfs(path.parent)
    except OSError:
        return False
    return space.f_blocks > 0 and space.f_bavail == 0


def _is_read_only(path: Path) -> bool:
    try:
        return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _users(path: Path) -> str:
    """Whose the file is, or the folder around it, and who asked."""
    import pwd

    def name(user: int) -> str:
        try:
            return pwd.getpwuid(user).pw_name
        except KeyError:
            return str(user)

    for place in (path, *path.parents):
        try:
            owner = name(place.stat().st_uid)
        except OSError:
            continue
        return f"{place} belongs to user {owner}, but this program runs as {name(os.geteuid())}, who cannot write there"
    return f"this program runs as {name(os.geteuid())}"
