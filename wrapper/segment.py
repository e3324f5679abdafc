"""The System V shared memory that clients make for an application version without an api_version of 6.0 or newer.

Python's library knows no such segments, hence the C library's own functions (Linux and macOS).
"""

import ctypes
import os

from wrapper.addressed import AddressedMemory
from wrapper.channels import MEMORY_SIZE


def attach(key: int) -> AddressedMemory:
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
    return AddressedMemory(address, lambda: libc.shmdt(ctypes.c_void_p(address)))


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), what)
