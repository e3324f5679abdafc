"""The System V shared memory that clients make for an application version without an api_version of 6.0 or newer.

Python's library knows no such segments, hence the C library's own functions (Linux and macOS).
"""

import ctypes
import os

from wrapper.channels import MEMORY_SIZE


class Segment:
    """An attached segment as a buffer of 8192 bytes, until `close`."""

    def __init__(self, libc: ctypes.CDLL, address: int) -> None:
        self._libc, self._address = libc, address
        self._bytes = memoryview((ctypes.c_char * MEMORY_SIZE).from_address(address)).cast("B")

    def __getitem__(self, where: slice, /) -> bytes:
        return bytes(self._bytes[where])

    def __setitem__(self, where: slice, value: bytes, /) -> None:
        self._bytes[where] = value

    def close(self) -> None:
        """Detach; no access afterwards."""
        self._bytes.release()
        self._libc.shmdt(ctypes.c_void_p(self._address))


def attach(key: int) -> Segment:
    """The segment with this key. Raises OSError if there is none, or if it has less than 8192 bytes."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    identifier = libc.shmget(key, ctypes.c_size_t(MEMORY_SIZE), 0)
    if identifier < 0:
        raise _error(f"segment {key}")
    address = libc.shmat(identifier, None, 0)
    if address is None or address == ctypes.c_void_p(-1).value:
        raise _error(f"segment {key}")
    return Segment(libc, address)


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), what)
