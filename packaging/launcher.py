"""Makes the launcher: its manifest as a C header, and the compiler's call."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import manifest

SOURCE = Path(__file__).with_name("launcher.c")
CHECKED_BYTES = 100e6  # read at every start, 50 MB in 0.02 s; of more than this, only what starts Python itself
FLAGS = ("-std=gnu11", "-O2", "-static", "-s", "-Wall", "-Wextra", "-Werror", "-Wl,--build-id=none")


def header(tree: Path, program: str, files: Sequence[str]) -> str:
    """The manifest of `files` below `tree` in C, the program first."""
    everything = sum((tree / name).stat().st_size for name in files) <= CHECKED_BYTES
    rows = []
    for name in sorted(files, key=lambda name: (name != program, name)):
        data = (tree / name).read_bytes()
        checked = everything or _starts_python(name, program)
        total = manifest.checksum(data) if checked else 0
        rows.append(f'    {{"{name}", {len(data)}, {int(checked)}, UINT64_C({total:#018x})}},\n')
    return f"static const struct file MANIFEST[] = {{\n{''.join(rows)}}};\n"


def _starts_python(name: str, program: str) -> bool:
    """Whether damage would keep packaging/entry.py from looking for it."""
    inside = name.partition("/")[2]
    return name == program or ("/" not in inside and not inside.startswith("libtorch")) or "/lib-dynload/" in inside


def compile_(manifest_header: str, out: Path, compiler: Sequence[str]) -> None:
    """Compile the launcher with this manifest; `compiler` is the command, static and for the right platform."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "launcher_manifest.h").write_text(manifest_header, encoding="ascii")
        shutil.copy(SOURCE, folder)  # so that the compiler is called the same everywhere, and its output is the same
        subprocess.run([*compiler, *FLAGS, "-o", "launcher", SOURCE.name], cwd=folder, check=True)
        out.write_bytes(Path(folder, "launcher").read_bytes())
    out.chmod(0o755)
