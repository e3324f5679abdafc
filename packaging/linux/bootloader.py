"""Mends PyInstaller's bootloader, which does not start in a folder whose name is not UTF-8.

It decodes the name of the script that it runs strictly as UTF-8, for `__main__.__file__`, and goes on with the error
set. That is the only place where it calls PyUnicode_FromString, which it looks up by name in Python's library (6.22.3,
bootloader/src/pyi_launch.c). With the name of PyBytes_FromString instead, which is called in the same way, it gets the
name's bytes; launcher/boot.py decodes them as Python does file names.
"""

from __future__ import annotations

STRICT, BYTES = b"\0PyUnicode_FromString\0", b"\0PyBytes_FromString\0\0\0"


class BootloaderChanged(ValueError):
    """PyInstaller's bootloader is not the one that is known here; the message says what to do."""


def mended(executable: bytes) -> bytes:
    """The executable with the other name in place, as many bytes; BootloaderChanged if the name is not there once."""
    if executable.count(STRICT) != 1:
        raise BootloaderChanged(
            "PyInstaller's bootloader calls PyUnicode_FromString in another way than 6.22.3 did; see whether "
            "packaging/linux/bootloader.py is still needed, or build with that version"
        )
    return executable.replace(STRICT, BYTES)
