"""What the system refuses: failures made of its errors, with the advice that the cause asks for."""

from __future__ import annotations

import errno
import os
from typing import Final

import patience
from kernels.errors import CannotRead, CannotWrite

_SPACE: Final = "Free some space"
_WRITABLE: Final = "Make its file system writable"
_PERMISSION: Final = "Give this user the permission"
_FOLDER: Final = "Make its folder"
_HELD: Final = "End the program that has it open, or have virus scanners leave its folder out"
_HELD_OR_REFUSED: Final = "End the program that has it open, or give this user the permission"
_BY_ERRNO: Final = {
    **{errno.ENOSPC: _SPACE, errno.EDQUOT: _SPACE, errno.EROFS: _WRITABLE},
    **{errno.EACCES: _PERMISSION, errno.EPERM: _PERMISSION, errno.ENOENT: _FOLDER, errno.ENOTDIR: _FOLDER},
    **{errno.ENAMETOOLONG: "Choose a shorter name", errno.EIO: "Check the disk", errno.EPIPE: "Keep its reader"},
}
# Windows' own numbers that Python takes for something else, or for nothing: write-protected, full, beyond a quota.
_BY_NUMBER: Final = {19: _WRITABLE, 39: _SPACE, 1295: _SPACE}
_OTHER: Final = "Check its folder, permissions and free space"


def cannot_write(what: object, error: OSError) -> CannotWrite:
    """The failure to write a file; raise it from `error`."""
    advice = _BY_NUMBER.get(patience.number_of(error) or 0) or _BY_ERRNO.get(error.errno or 0, _OTHER)
    if patience.may_be_held(error):
        advice = "Take its attribute read-only away" if _is_read_only(what) else _of_holders(error)
    return CannotWrite(what, error.strerror or error, advice)


def cannot_read(what: object, error: OSError) -> CannotRead:
    """The failure to read a file; raise it from `error`."""
    advice = _of_holders(error) if patience.may_be_held(error) else "Check the path and its permissions"
    return CannotRead(what, error.strerror or error, advice)


def _of_holders(error: OSError) -> str:
    sharing = patience.number_of(error) in (patience.SHARING_VIOLATION, patience.LOCK_VIOLATION)
    return _HELD if sharing else _HELD_OR_REFUSED


def _is_read_only(what: object) -> bool:
    """Whether the file has that attribute, all that this question is about on Windows."""
    return os.access(str(what), os.F_OK) and not os.access(str(what), os.W_OK)
