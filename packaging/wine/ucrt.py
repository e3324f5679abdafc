"""Mends Wine 8's C library, which lacks functions of complex numbers that numpy asks for when it is imported.

Wine says "unimplemented function ucrtbase.dll.crealf" and ends the process. Windows has the functions; here they are
written into a copy of Wine's library, where its stubs are: Windows' calling convention passes a complex of 8 bytes in
rcx and one of 16 bytes by its address there, and returns in xmm0.
"""

from __future__ import annotations

import struct
from pathlib import Path

import pefile

_REAL, _IMAGINARY = bytes.fromhex("f20f1001c3"), bytes.fromhex("f20f104108c3")  # movsd xmm0, [rcx] or [rcx + 8]; ret
FUNCTIONS = {
    b"crealf": bytes.fromhex("660f6ec1c3"),  # movd xmm0, ecx; ret
    b"cimagf": bytes.fromhex("48c1e920660f6ec1c3"),  # shr rcx, 32; movd xmm0, ecx; ret
    **dict.fromkeys((b"creal", b"creall"), _REAL),
    **dict.fromkeys((b"cimag", b"cimagl"), _IMAGINARY),
}
_BUILTIN = slice(0x40, 0x60)  # where Wine's mark stands that this is no library of Windows'; with it Wine takes its own
_STUB = 48  # bytes


def mend(source: Path, target: Path) -> None:
    """Write a copy of Wine's ucrtbase.dll in which every function of FUNCTIONS that is a stub there is one no more."""
    data = bytearray(source.read_bytes())
    library = pefile.PE(data=bytes(data), fast_load=True)
    library.parse_data_directories(pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_EXPORT"])
    for export in library.DIRECTORY_ENTRY_EXPORT.symbols:
        code = FUNCTIONS.get(export.name)
        if code and not export.forwarder and _is_stub(library, export.address, export.name):
            offset = library.get_offset_from_rva(export.address)
            data[offset : offset + len(code)] = code
    data[_BUILTIN] = bytes(_BUILTIN.stop - _BUILTIN.start)
    target.unlink(missing_ok=True)
    target.write_bytes(data)


def _is_stub(library: pefile.PE, address: int, name: bytes) -> bool:
    """Whether a function does nothing but name itself to whoever complains: by `lea` of an address relative to it."""
    code = library.get_data(address, _STUB)
    for at in range(_STUB - 7):
        if code[at : at + 2] == b"\x48\x8d" and code[at + 2] in (0x0D, 0x15):
            (distance,) = struct.unpack_from("<i", code, at + 3)
            try:
                if library.get_string_at_rva(address + at + 7 + distance) == name:
                    return True
            except pefile.PEFormatError:
                continue
    return False
