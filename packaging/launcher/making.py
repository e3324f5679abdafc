"""Makes the launcher: its manifest as C, the compiler's call, and the archive behind what that gives, or beside it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import layout
import manifest
from linux import elf
from windows import icon, resources

HERE = Path(__file__).parent
CHECKED_BYTES = 100e6  # read at every start, 50 MB in 0.02 s; of more than this, only what starts Python itself
SHARED = ("launcher.c", "processor.c", "manifest.c")
OWN = {
    "linux": ("posix.c", "linux.c"),
    "darwin": ("posix.c", "macos.c"),
    "win32": ("windows.c", "resources.rc"),
}
"""What is compiled beside the shared sources, by the system that it is for."""

FLAGS = ("-std=gnu11", "-O2", "-s", "-I.", "-Wall", "-Wextra", "-Werror")
LINKED = {
    "linux": ("-static", "-Wl,--build-id=none"),
    "darwin": (),
    "win32": ("-ffreestanding", "-nostdlib", "-lkernel32", "-Wl,--entry=start", "-Wl,--subsystem,console"),
}
"""How it is linked; on Windows without a C library, of whose parts some are looked for in the program's folder."""

CARRIES: dict[str, dict[str, str]] = {
    "linux": {"musl": "lib/libc/musl/COPYRIGHT", "zig": "LICENSE"},  # which has functions of its own for some of musl's
    "darwin": {},
    "win32": {},
}
"""What is linked into it that is not ours, and each licence's file in zig's folder."""


def zig(platform: str) -> list[str]:
    """The command of ziglang's compiler for one of BOINC's platforms."""
    command = [sys.executable, "-m", "ziglang", "cc", "-target", layout.ZIG_TARGETS[platform]]
    if layout.SYSTEMS[platform] == "win32":  # its headers, which it only finds by itself together with the C library
        found = importlib.util.find_spec("ziglang")
        assert found is not None
        assert found.origin is not None
        command += ["-isystem", str(Path(found.origin).with_name("lib") / "libc" / "include" / "any-windows-any")]
    return command


def source(tree: Path, names: layout.Names, program: str, files: Sequence[str], code: bytes) -> str:
    """The manifest in C of `files` below `tree`, the program first, and of the archive `code` of our own Python code.

    Where that is a file of its own it is one of `files`. Also the path of the loader that the program needs of Linux.
    """
    everything = sum((tree / name).stat().st_size for name in files) <= CHECKED_BYTES
    rows = []
    for name in sorted(files, key=lambda name: (name != program, name)):
        checked = everything or _starts_python(name)
        total = manifest.checksum((tree / name).read_bytes()) if checked else 0
        size = (tree / name).stat().st_size
        rows.append(f'    {{"{name}", {size}, {int(checked)}, UINT64_C({total:#018x})}},\n')
    behind = b"" if names.archive else code
    return (
        f'#include "launcher.h"\nconst struct file MANIFEST[] = {{\n{"".join(rows)}}};\n'
        f"const int FILES = {len(rows)};\n"
        f"const int64_t CODE_SIZE = {len(behind)};\n"
        f"const uint64_t CODE_SUM = UINT64_C({manifest.checksum(behind):#018x});\n"
        f'const char CODE[] = "{names.archive}";\n'
        f'const char LOADER[] = "{elf.interpreter((tree / program).read_bytes())}";\n'
    )


def _starts_python(name: str) -> bool:
    """Whether damage would keep packaging/entry.py from looking for it."""
    inside = name.partition("/")[2]
    return "/" not in inside or "/lib-dynload/" in inside


def make(
    tree: Path, names: layout.Names, program: str, files: Sequence[str], code: bytes, compiler: Sequence[str] = ()
) -> None:
    """Write the launcher of `program` into `tree`, with the archive `code` behind it, or on macOS beside it.

    `files` below `tree` are what it checks; `compiler` is the command for the right platform, else ziglang's.
    """
    if names.archive:
        (tree / names.archive).write_bytes(code)
        files = [*files, names.archive]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)  # so that the compiler is called the same everywhere, and its output is the same
        for path in (*HERE.glob("*.c"), *HERE.glob("*.h")):
            shutil.copy(path, folder)
        (folder / "manifest.c").write_text(source(tree, names, program, files, code), encoding="ascii")
        if names.system == "win32":
            (folder / "axiom.ico").write_bytes(icon.ico())
            (folder / "axiom.manifest").write_text(resources.MANIFEST, encoding="ascii")
            (folder / "resources.rc").write_text(
                resources.script(names.version, names.main, "axiom.ico", "axiom.manifest"), encoding="ascii"
            )
        sources = [*SHARED, *OWN[names.system]]
        command = [*(compiler or zig(names.platform)), *FLAGS, *LINKED[names.system], "-o", "launcher", *sources]
        subprocess.run(command, cwd=folder, check=True)
        behind = b"" if names.archive else code
        (tree / names.main).write_bytes((folder / "launcher").read_bytes() + behind)
    (tree / names.main).chmod(0o755)
