"""Makes the launcher: its manifest as a C header, the compiler's call, and the archive behind what that gives."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import manifest

from linux import elf

SOURCE = Path(__file__).with_name("launcher.c")
CHECKED_BYTES = 100e6  # read at every start, 50 MB in 0.02 s; of more than this, only what starts Python itself
FLAGS = ("-std=gnu11", "-O2", "-static", "-s", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none")


def header(tree: Path, program: str, files: Sequence[str], code: bytes) -> str:
    """The manifest of `files` below `tree` in C, the program first, and of the archive that follows the launcher.

    Also the path of the loader that the program needs of the system.
    """
    everything = sum((tree / name).stat().st_size for name in files) <= CHECKED_BYTES
    rows = []
    for name in sorted(files, key=lambda name: (name != program, name)):
        checked = everything or _starts_python(name)
        total = manifest.checksum((tree / name).read_bytes()) if checked else 0
        size = (tree / name).stat().st_size
        rows.append(f'    {{"{name}", {size}, {int(checked)}, UINT64_C({total:#018x})}},\n')
    loader = f'#define LOADER "{elf.interpreter((tree / program).read_bytes())}"\n'
    manifest_of_code = f"#define CODE_SIZE {len(code)}\n#define CODE_SUM UINT64_C({manifest.checksum(code):#018x})\n"
    return f"{loader}{manifest_of_code}static const struct file MANIFEST[] = {{\n{''.join(rows)}}};\n"


def _starts_python(name: str) -> bool:
    """Whether damage would keep packaging/entry.py from looking for it."""
    inside = name.partition("/")[2]
    return "/" not in inside or "/lib-dynload/" in inside


def make(tree: Path, program: str, files: Sequence[str], code: bytes, out: Path, compiler: Sequence[str]) -> None:
    """Write the launcher of `program`, with the archive `code` behind it.

    `files` below `tree` are what it checks; `compiler` is the command, static and for the right platform.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "launcher_manifest.h").write_text(header(tree, program, files, code), encoding="ascii")
        shutil.copy(SOURCE, folder)  # so that the compiler is called the same everywhere, and its output is the same
        subprocess.run([*compiler, *FLAGS, "-o", "launcher", SOURCE.name], cwd=folder, check=True)
        out.write_bytes(Path(folder, "launcher").read_bytes() + code)
    out.chmod(0o755)
