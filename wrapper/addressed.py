"""Shared memory that the operating system gives as an address, for ctypes to reach."""

import ctypes
from collections.abc import Callable

from wrapper.channels import MEMORY_SIZE


class AddressedMemory:
    """The 8192 bytes at an address as `channels.Memory`; `release` gives them back to the system."""

    def __init__(self, address: int, release: Callable[[], object]) -> None:
        self._bytes = memoryview((ctypes.c_char * MEMORY_SIZE).from_address(address)).cast("B")
        self._release = release

    def __getitem__(self, where: slice, /) -> bytes:
        return bytes(self._bytes[where])

    def __setitem__(self, where: slice, value: bytes, /) -> None:
        self._bytes[where] = value

    def close(self) -> None:
        """Give it back; no access afterwards."""
        self._bytes.release()
        self._release()
