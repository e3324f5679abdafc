"""The engine's tests with its C under AddressSanitizer and UndefinedBehaviorSanitizer (gcc, Linux).

    python -m tests.kernels.engine.sanitize [pytest arguments]

Builds in a temporary copy of the tree; any finding aborts the run. Some minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def library(name: str) -> str:
    """Where gcc keeps a sanitizer's runtime."""
    return subprocess.run(
        ["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True
    ).stdout.strip()


def main() -> int:
    """The exit code of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "tree")
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "build", "*.so", "__pycache__"))
        (copy / "README.md").touch()
        build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
        subprocess.run(build, cwd=copy, env=os.environ | {"AXIOM_SANITIZE": "1"}, check=True)
        sanitized = os.environ | {
            "LD_PRELOAD": f"{library('libasan.so')}:{library('libubsan.so')}",
            "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own are not ours
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *sys.argv[1:]]
        chosen = ["-k", "not torch and not platforms", "tests/kernels/engine"]  # platforms builds programs of its own
        return subprocess.run([*tests, *chosen], cwd=copy, env=sanitized, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
