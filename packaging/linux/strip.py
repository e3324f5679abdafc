"""Takes out of Linux libraries what only a debugger reads: two thirds of Python's own library."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

from linux import elf


def folder(path: Path, leave: Collection[str]) -> list[str]:
    """Strip every library below `path`, but not the files named in `leave`; the names of those that strip would spoil.

    auditwheel rewrites the libraries in wheels in a way that strip does not understand: some would not load any more.
    """
    left = []
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if not file.is_file() or name in leave or file.read_bytes()[: len(elf.MAGIC)] != elf.MAGIC:
            continue
        smaller = file.with_name(file.name + ".stripped")
        subprocess.run(["strip", "-o", smaller, file], check=True)
        if loads(smaller.read_bytes()):
            shutil.copymode(file, smaller)
            smaller.replace(file)
        else:
            smaller.unlink()
            left.append(name)
    return left


def loads(library: bytes) -> bool:
    """Whether every segment lies in the file as the loader must map it: at the same place of a page as in memory."""
    loaded = (segment for segment in elf.segments(library) if segment.kind == elf.LOAD)
    return not any((segment.offset - segment.address) % max(segment.align, 1) for segment in loaded)
