"""Builds the exact engine's library, kernels/engine/exact/_exact: the same bytes for a platform, on whatever system.

`build` makes what ships and what `make exactness` proves, by zig, which compiles for every platform. setup.py, which
builds with the compiler at hand for whoever works on the engine, takes its tables from here; so this file imports no
other of ours.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path("kernels", "engine", "exact")
SOURCES = ("dispatch.c", "random.c")  # compiled once; exact.c once for each variant
HEADERS = ("exact.h", "vec.h", "mathf.h", "automata.h", "philox.h", "fpenv.h")
# What may run is found out at run time (dispatch.c); scalar has fmaf as an instruction where the processor has one.
VARIANTS: dict[str, dict[str, list[str]]] = {
    "x86_64": {"avx512": ["-mavx512f", "-mavx2", "-mfma"], "avx2": ["-mavx2", "-mfma"], "scalar": ["-mfma"]},
    "aarch64": {"neon": [], "scalar": []},
}
# Nothing is contracted and nothing assumed away: every fused multiply-add is written in the source.
FLAGS = (
    *("-std=c11", "-O3", "-g0", "-fPIC", "-fvisibility=hidden", "-fomit-frame-pointer"),
    *("-fno-fast-math", "-ffp-contract=off", "-fno-math-errno"),  # the last: sqrt is the instruction
)
WARNINGS = ("-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Target:
    """What zig compiles for."""

    triple: str  # as zig names it, with the oldest glibc or macOS that the library loads on
    suffix: str
    link: tuple[str, ...]  # what keeps builder and hour out of the library
    carries: Mapping[str, str]  # what zig links into it that is not ours, and each licence's file in zig's folder

    @property
    def processor(self) -> str:
        """As VARIANTS has it."""
        return self.triple.partition("-")[0]


_ELF, _PE = ("-lm", "-Wl,--build-id=none"), ("-Wl,-Brepro",)
_MACHO = ("-Wl,-install_name,@rpath/_exact.dylib",)
_STARTUP = {"mingw-w64": "lib/libc/mingw/COPYING", "zig": "LICENSE"}  # what starts a DLL, and memory's functions
TARGETS = {
    "x86_64-pc-linux-gnu": Target("x86_64-linux-gnu.2.17", ".so", _ELF, {}),
    "aarch64-unknown-linux-gnu": Target("aarch64-linux-gnu.2.17", ".so", _ELF, {}),
    "windows_x86_64": Target("x86_64-windows-gnu", ".dll", _PE, _STARTUP),
    "x86_64-apple-darwin": Target("x86_64-macos.13.0", ".dylib", _MACHO, {}),
    "arm64-apple-darwin": Target("aarch64-macos.13.0", ".dylib", _MACHO, {}),
}
"""By BOINC's name of a platform: layout.PLATFORMS."""


class EngineNotBuilt(RuntimeError):
    """The compiler refused, or there is none; the message says what it said."""


def zig(platform: str) -> list[str]:
    """The command that compiles for a platform."""
    return [sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[platform].triple]


def build(platform: str, out: Path) -> Path:
    """Build the library that ships for `platform`, BOINC's name of one, into the folder `out`; its path.

    EngineNotBuilt, with the compiler's own words, if it does not compile.
    """
    target = TARGETS[platform]
    last = ("-s", *target.link)
    return link(zig(platform), flags(platform), target.processor, last, out / f"_exact{target.suffix}")


def flags(platform: str) -> list[str]:
    """What zig compiles with for a platform."""
    windows = TARGETS[platform].suffix == ".dll"  # all code can lie anywhere there, and clang minds being told so
    ours = [flag for flag in FLAGS if flag != "-fPIC" or not windows]
    return [*ours, *WARNINGS, "-Xclang", "-O3"]  # by itself zig takes -O3 for clang's -O2


def link(compiler: Sequence[str], options: Sequence[str], processor: str, last: Sequence[str], library: Path) -> Path:
    """Compile every variant of `processor`, and link them to `library`; `last` are options of the linker."""
    library.parent.mkdir(parents=True, exist_ok=True)
    source = ROOT / FOLDER
    units = [("exact.c", [*machine, f"-DVARIANT_{name.upper()}"]) for name, machine in VARIANTS[processor].items()]
    units += [(name, []) for name in SOURCES]
    with tempfile.TemporaryDirectory() as folder:
        objects = [str(Path(folder, f"{number}.o")) for number in range(len(units))]
        for (name, more), made in zip(units, objects, strict=True):
            _call([*compiler, *options, *more, "-c", name, "-o", made], source)
        whole = Path(folder, library.name)
        _call([*compiler, "-shared", *objects, *last, "-o", str(whole)], source)
        library.write_bytes(whole.read_bytes())  # what else a linker writes beside it stays behind
    return library


def _call(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineNotBuilt(f"the exact engine's compiler ended with {done.returncode}: {done.stderr.strip()}")
