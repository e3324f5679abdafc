"""The same bits on every platform: builds vectors.c for all that can be built here, runs what can be run, compares.

    python -m tests.kernels.engine.platforms.check [--write] [--short] [--only WORD]

--write renews golden.json first: do so only where results are meant to change. Nothing is installed: a compiler or
runner that is missing is reported as "not run". Debian: clang qemu-user wine64; PyPI: ziglang. Exit code 0 if all
programs that could be started gave every golden digest, and at least one could be. Emulators have no AVX-512.
"""

from __future__ import annotations

import argparse
import ast
import functools
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
from typing import Any

from tests.kernels.engine.platforms import cases

ROOT = Path(__file__).resolve().parents[4]
ENGINE = ROOT / "kernels" / "engine" / "exact"
HERE = Path(__file__).parent
MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
ZIG = (sys.executable, "-m", "ziglang", "cc")


@dataclass(frozen=True)
class Platform:
    """A build of vectors.c, and the ways to run it."""

    name: str
    compiler: tuple[str, ...]
    processor: str  # as setup.py's tables have it
    optimize: str = "-O3"
    runners: tuple[tuple[str, ...], ...] = ()  # () runs it directly; none: it can only be built here
    elsewhere: str = ""  # why there is none


@dataclass(frozen=True)
class Row:
    """A line of the table. `agreed` of `total` cases had every digest right, or `note` says why nothing ran."""

    platform: Platform
    runner: str
    isa: str = "-"
    agreed: int = 0
    total: int = 0
    seconds: float = 0.0
    note: str = ""
    failed: bool = False


NATIVE = [
    Platform("linux, this host", (compiler,), MACHINE, optimize, ((),))
    for compiler in ("gcc", "clang")
    for optimize in ("-O1", "-O2", "-O3")
]
CROSS = [
    Platform("x86_64-linux-gnu.2.17", ZIG, "x86_64", runners=((), ("qemu-x86_64", "-cpu", "EPYC"))),
    Platform("x86_64-linux-musl", ZIG, "x86_64", runners=((), ("qemu-x86_64", "-cpu", "Haswell-v4"))),
    Platform("x86_64-windows-gnu", ZIG, "x86_64", runners=(("wine64",),)),
    Platform("aarch64-linux-musl", ZIG, "aarch64", runners=(("qemu-aarch64", "-cpu", "cortex-a72"),)),
    Platform("aarch64-linux-gnu.2.17", ZIG, "aarch64", elsewhere="no arm64 glibc here; the musl build runs"),
    Platform("aarch64-windows-gnu", ZIG, "aarch64", elsewhere="needs Windows on arm64"),
    Platform("aarch64-macos", ZIG, "aarch64", elsewhere="needs macOS"),
    Platform("x86_64-macos", ZIG, "x86_64", elsewhere="needs macOS"),
]


@functools.cache
def flags_of_the_product() -> dict[str, Any]:
    """setup.py's tables of flags and variants, so that what is proved is what is built. It is read, not imported."""
    found: dict[str, object] = {}
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and "GNU" in node.targets[0].id:
            found[node.targets[0].id] = eval(compile(ast.Expression(node.value), "setup.py", "eval"))
    return found


def missing(command: tuple[str, ...]) -> str:
    """Why a compiler or runner cannot be started; empty if it can."""
    if command == ZIG:
        return "" if importlib.util.find_spec("ziglang") else "no module ziglang"
    return "" if not command or find(command[0]) else f"no {command[0]}"


def find(program: str) -> str | None:
    """Where a program lies. Debian's wine64 package puts it outside the path."""
    return shutil.which(program) or shutil.which(f"/usr/lib/wine/{program}")


def build(target: Platform, folder: Path) -> Path:
    """The program, built as setup.py builds the engine. CalledProcessError with the compiler's words."""
    tables = flags_of_the_product()
    flags = [*tables["GNU_FLAGS"], *tables["GNU_WARNINGS"], target.optimize, f"-I{ENGINE}"]
    compiler = list(target.compiler)
    if target.compiler == ZIG:
        compiler += ["-target", target.name]
    if "windows" in target.name:
        flags.remove("-fPIC")  # all code is there, and clang says so
    folder.mkdir(parents=True)
    sources: list[tuple[Path, str, list[str]]] = [
        (ENGINE / "dispatch.c", "dispatch", []),
        (ENGINE / "random.c", "random", []),
    ]
    sources += [(HERE / "vectors.c", "vectors", [])]
    for variant, machine in tables["GNU_VARIANTS"][target.processor].items():
        sources.append((ENGINE / "exact.c", variant, [*machine, f"-DVARIANT_{variant.upper()}"]))
    objects = []
    for source, name, extra in sources:
        objects.append(str(folder / f"{name}.o"))
        _run([*compiler, *flags, *extra, "-c", str(source), "-o", objects[-1]])
    program = folder / ("vectors.exe" if "windows" in target.name else "vectors")
    _run([*compiler, *objects, "-o", str(program), *([] if "windows" in target.name else ["-lm"])])
    return program


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if found.returncode:
        raise subprocess.CalledProcessError(found.returncode, command, found.stdout, found.stderr)
    return found.stdout


def run(program: Path, runner: tuple[str, ...], vectors: Path) -> dict[str, tuple[cases.Digests, float]]:
    """Instruction set -> what it printed (the streams too, which belong to all), and its seconds."""
    # Wine keeps its Windows in a folder of its own, and needs neither a screen nor to say what it lacks.
    wine = {"WINEPREFIX": str(vectors.parent / "wine"), "WINEDEBUG": "-all", "DISPLAY": ""}
    command = [find(runner[0]) or runner[0], *runner[1:]] if runner else []
    printed = _run([*command, str(program), str(vectors)], os.environ | wine)
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


def check(target: Platform, vectors: Path, golden: cases.Digests) -> Iterator[Row]:
    """Builds a platform's program and runs it in every way this host has."""
    reason = missing(target.compiler)
    if reason:
        yield Row(target, "-", note=f"not run: {reason}")
        return
    try:
        program = build(target, vectors.parent / f"{target.name} {Path(target.compiler[0]).name} {target.optimize}")
    except subprocess.CalledProcessError as e:
        yield Row(target, "-", note=f"does not build: {e.stderr.strip()[:2000]}", failed=True)
        return
    if not target.runners:
        yield Row(target, "-", note=f"builds; not run: {target.elsewhere}")
    for runner in target.runners:
        name = " ".join(runner) or "directly"
        reason = missing(runner)
        if not runner and target.processor != MACHINE:
            reason = f"this host is {MACHINE}"
        if reason:
            yield Row(target, name, note=f"builds; not run: {reason}")
            continue
        try:
            results = run(program, runner, vectors)
        except subprocess.CalledProcessError as e:
            yield Row(target, name, note=f"exit code {e.returncode}: {e.stderr.strip()[:500]}", failed=True)
            continue
        for isa, (found, seconds) in results.items():
            wrong = differences(found, golden)
            note = f"DIFFERENT: {'; '.join(wrong[:8])}" if wrong else ""
            yield Row(target, name, isa, len(golden) - len(wrong), len(golden), seconds, note, bool(wrong))


def show(row: Row) -> None:
    """One line of the table."""
    compiler = ("zig cc" if row.platform.compiler == ZIG else row.platform.compiler[0]) + " " + row.platform.optimize
    agreed = f"{row.agreed}/{row.total}" if row.total else "-"
    seconds = f"{row.seconds:.1f}" if row.total else "-"
    columns = f"{row.platform.name:23} {compiler:11} {row.runner:28} {row.isa:7} {agreed:>8} {seconds:>7}  {row.note}"
    print(columns.rstrip(), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="The same bits on every platform.")
    parser.add_argument("--write", action="store_true", help="renew golden.json first")
    parser.add_argument("--short", action="store_true", help="the short suite")
    parser.add_argument("--only", default="", metavar="WORD", help="platforms and compilers that contain this")
    options = parser.parse_args(arguments)
    if options.write:
        cases.write_golden()
    suite = "short" if options.short else "full"
    golden, rows = cases.read_golden(suite), []
    start = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        vectors = Path(folder, "vectors.bin")
        vectors.write_bytes(cases.vector_file(cases.SUITES[suite]))
        print(f"{'platform':23} {'compiler':11} {'runner':28} {'isa':7} {'agreed':>8} {'seconds':>7}")
        for target in (t for t in (*NATIVE, *CROSS) if options.only in f"{t.name} {' '.join(t.compiler)}"):
            for row in check(target, vectors, golden):
                show(row)
                rows.append(row)
    ran, failed = sum(row.total > 0 for row in rows), sum(row.failed for row in rows)
    print(f"{ran} runs of {len(golden)} cases, {failed} failed, {time.monotonic() - start:.0f} s")
    return 1 if failed or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
