"""The same bits on every platform: builds the library for all that can be built here, runs what can be run, compares.

    python -m tests.kernels.engine.platforms.check [--write] [--short] [--only WORD]

"as it ships" is packaging/engine.py's library, by its bytes, whose SHA-256 is printed; the others prove that its source
leaves no compiler a choice. vectors.c loads each. --write renews golden.json first: do so only where results are meant
to change. Nothing is installed: a compiler or runner that is missing is reported as "not run". Debian: gcc clang
qemu-user wine64 libc6-dev-arm64-cross binutils-aarch64-linux-gnu; PyPI: ziglang. Exit code 0 if all that could be run
gave every golden digest, and at least one build could be. Emulators have no AVX-512.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import engine
import layout

from tests.kernels.engine.platforms import cases

ROOT = Path(__file__).resolve().parents[4]
HERE = Path(__file__).parent
LINUX, ARM, WINDOWS = "x86_64-pc-linux-gnu", "aarch64-unknown-linux-gnu", "windows_x86_64"
THIS = layout.platform_name(sys.platform, platform.machine())
ZIG = (sys.executable, "-m", "ziglang")


@dataclass(frozen=True)
class Build:
    """A build of the library, and the ways to run it."""

    platform: str  # BOINC's name
    compiler: tuple[str, ...] = ZIG  # then it is as it ships
    optimize: str = "-O3"
    link: tuple[str, ...] = ("-lm",)
    runners: tuple[tuple[str, ...], ...] = ()  # () runs it directly; none: it can only be built here

    @property
    def ships(self) -> bool:
        """Whether it is the library that volunteers get."""
        return self.compiler == ZIG

    @property
    def made(self) -> str:
        """How it is built."""
        return "as it ships" if self.ships else f"{self.compiler[0]} {self.optimize}"


@dataclass(frozen=True)
class Row:
    """A line of the table. `agreed` of `total` cases had every digest right, or `note` says why nothing ran."""

    build: Build
    runner: str
    isa: str = "-"
    agreed: int = 0
    total: int = 0
    seconds: float = 0.0
    note: str = ""
    failed: bool = False


ARM_ROOT = "/usr/aarch64-linux-gnu"  # Debian's glibc for ARM, and its headers
EMULATED_ARM = ("qemu-aarch64", "-cpu", "cortex-a72", "-L", ARM_ROOT)
SHIPPED = [
    Build(LINUX, runners=((), ("qemu-x86_64", "-cpu", "EPYC"), ("qemu-x86_64", "-cpu", "Haswell-v4"))),
    Build(WINDOWS, runners=(("wine64",),)),
    Build(ARM, runners=((), EMULATED_ARM)),
    Build("x86_64-apple-darwin"),
    Build("arm64-apple-darwin"),
]
OPTIMIZE = ("-O1", "-O2", "-O3")
CLANG_FOR_ARM = ("clang", "--target=aarch64-linux-gnu", "-isystem", f"{ARM_ROOT}/include")
NATIVE = [Build(THIS, (name,), optimize, runners=((),)) for name in ("gcc", "clang") for optimize in OPTIMIZE]
# Not linked to anything: that would take a gcc for ARM, and the C library that vectors.c has loaded is there.
CROSS = [Build(ARM, CLANG_FOR_ARM, optimize, ("-nostdlib",), (EMULATED_ARM,)) for optimize in OPTIMIZE]


def missing(command: tuple[str, ...]) -> str:
    """Why a compiler or runner cannot be started; empty if it can."""
    if command == ZIG:
        return "" if importlib.util.find_spec("ziglang") else "no module ziglang"
    if any(ARM_ROOT in word for word in command) and not Path(ARM_ROOT, "include").is_dir():
        return f"no {ARM_ROOT}/include"
    return "" if not command or find(command[0]) else f"no {command[0]}"


def find(program: str) -> str | None:
    """Where a program lies. Debian's wine64 package puts it outside the path."""
    return shutil.which(program) or shutil.which(f"/usr/lib/wine/{program}")


def build(target: Build, folder: Path) -> Path:
    """The library. EngineNotBuilt with the compiler's words."""
    if target.ships:
        return engine.build(target.platform, folder)
    flags = (*engine.FLAGS, *engine.WARNINGS, target.optimize)
    processor = engine.TARGETS[target.platform].processor
    return engine.link(target.compiler, flags, processor, target.link, folder / "_exact.so")


@functools.cache
def driver(platform: str, folder: Path) -> Path:
    """vectors.c compiled for a platform."""
    program = folder / ("vectors.exe" if platform == WINDOWS else "vectors")
    folder.mkdir(parents=True)
    flags = ["-std=c11", "-O2", *engine.WARNINGS, f"-I{ROOT / engine.FOLDER}"]
    _run([*engine.zig(platform), *flags, str(HERE / "vectors.c"), "-o", str(program)])
    return program


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if found.returncode:
        raise subprocess.CalledProcessError(found.returncode, command, found.stdout, found.stderr)
    return found.stdout


def run(program: Path, library: Path, runner: tuple[str, ...], vectors: Path) -> dict[str, tuple[cases.Digests, float]]:
    """Instruction set -> what it printed (the streams too, which belong to all), and its seconds."""
    # Wine keeps its Windows in a folder of its own, and needs neither a screen nor to say what it lacks.
    wine = {"WINEPREFIX": str(vectors.parent / "wine"), "WINEDEBUG": "-all", "DISPLAY": ""}
    command = [find(runner[0]) or runner[0], *runner[1:]] if runner else []
    printed = _run([*command, str(program), str(library), str(vectors)], os.environ | wine)
    digests: dict[str, cases.Digests] = {}
    seconds: dict[str, float] = {}
    for line in printed.splitlines():
        isa, case, what, value = line.split("\t")
        if what == "milliseconds":
            seconds[isa] = int(value) / 1000
        else:
            digests.setdefault(isa, {}).setdefault(case, {})[what] = value
    streams = digests.pop("any", {})
    return {isa: (found | streams, seconds.get(isa, 0.0)) for isa, found in digests.items()}


def differences(found: cases.Digests, golden: cases.Digests) -> list[str]:
    """The cases that are missing, unknown, or have another digest, each with what differs."""
    wrong = []
    for case in [*golden, *(found.keys() - golden.keys())]:
        a, b = found.get(case, {}), golden.get(case, {})
        if a != b:
            wrong.append(f"{case} ({', '.join(what for what in {**a, **b} if a.get(what) != b.get(what))})")
    return wrong


def check(target: Build, vectors: Path, golden: cases.Digests) -> Iterator[Row]:
    """Builds a library and runs it in every way this host has."""
    reason = missing(target.compiler) or missing(ZIG)
    if reason:
        yield Row(target, "-", note=f"not run: {reason}")
        return
    try:
        library = build(target, vectors.parent / target.platform / target.made)
    except engine.EngineNotBuilt as e:
        yield Row(target, "-", note=f"does not build: {str(e)[:2000]}", failed=True)
        return
    if target.ships:
        print(f"{target.platform}: {library.name} has SHA-256 {hashlib.sha256(library.read_bytes()).hexdigest()}")
    if not target.runners:
        yield Row(target, "-", note="builds; not run: needs macOS")
    for runner in target.runners:
        name = " ".join(runner[:3]) or "directly"
        reason = missing(runner)
        if not runner and target.platform != THIS:
            reason = f"this host is {THIS}"
        if reason:
            yield Row(target, name, note=f"builds; not run: {reason}")
            continue
        try:
            program = driver(target.platform, vectors.parent / target.platform / "driver")
            results = run(program, library, runner, vectors)
        except subprocess.CalledProcessError as e:
            yield Row(target, name, note=f"exit code {e.returncode}: {e.stderr.strip()[:500]}", failed=True)
            continue
        for isa, (found, seconds) in results.items():
            wrong = differences(found, golden)
            note = f"DIFFERENT: {'; '.join(wrong[:8])}" if wrong else ""
            yield Row(target, name, isa, len(golden) - len(wrong), len(golden), seconds, note, bool(wrong))


def show(row: Row) -> None:
    """One line of the table."""
    agreed = f"{row.agreed}/{row.total}" if row.total else "-"
    seconds = f"{row.seconds:.1f}" if row.total else "-"
    how = f"{row.build.platform:25} {row.build.made:11} {row.runner:28} {row.isa:7}"
    print(f"{how} {agreed:>8} {seconds:>7}  {row.note}".rstrip(), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="The same bits on every platform.")
    parser.add_argument("--write", action="store_true", help="renew golden.json first")
    parser.add_argument("--short", action="store_true", help="the short suite")
    parser.add_argument("--only", default="", metavar="WORD", help="platforms and ways to build that contain this")
    options = parser.parse_args(arguments)
    if options.write:
        cases.write_golden()
    suite = "short" if options.short else "full"
    golden, rows = cases.read_golden(suite), []
    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        vectors = Path(folder, "vectors.bin")
        vectors.write_bytes(cases.vector_file(cases.SUITES[suite]))
        print(f"{'platform':25} {'library':11} {'runner':28} {'isa':7} {'agreed':>8} {'seconds':>7}")
        for target in (t for t in (*NATIVE, *CROSS, *SHIPPED) if options.only in f"{t.platform} {t.made}"):
            for row in check(target, vectors, golden):
                show(row)
                rows.append(row)
    ran, failed = sum(row.total > 0 for row in rows), sum(row.failed for row in rows)
    print(f"{ran} runs of {len(golden)} cases, {failed} failed, {time.monotonic() - start:.0f} s")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
