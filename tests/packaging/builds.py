"""Building application versions in tests: from copies of this checkout, so that its own folders stay as they are."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging import progress

ROOT = Path(__file__).parents[2]

# Of pytest: a test may wait for three builds, and one takes half a minute on two idle cores, with torch a minute and a
# half; on a computer that is slow and busy all that is ten times as long. What hangs, progress.py ends long before.
patient = pytest.mark.timeout(3600)

_SOURCES = (
    *("build.spec", "setup.py", "LICENSE", "README.md", "pyproject.toml"),
    *("patience", "kernels", "wrapper", "client", "packaging"),
)


def lacking() -> str:
    """Why nothing can be built in this Python; empty if it can."""
    missing = [name for name in ("PyInstaller", "ziglang") if importlib.util.find_spec(name) is None]
    return f"no module {missing[0]}: pip install '.[release]'" if missing else ""


def copied(to: Path, version: str = "0.1.0") -> Path:
    """What a build needs of this checkout, elsewhere, and as that version whatever this one's is."""
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "*.dll", "bundles")
            )
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    package = to / "kernels" / "__init__.py"
    text, changes = re.subn(r'(?m)^__version__ = ".*"$', f'__version__ = "{version}"', package.read_text())
    assert changes == 1
    package.write_text(text)
    return to


# Trees of tests need not run elsewhere than here.
HERE = ("--min-glibc", platform.libc_ver()[1]) if sys.platform == "linux" else ()


def built(source: Path, out: Path, flavour: str = "cpu", platform: str = "") -> str:
    """Build the checkout `source` to `out`, with records there too; what packaging/build.py printed."""
    where = ("--platform", platform) if platform else HERE
    done = tried(source, out, *where, flavour=flavour)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tried(source: Path, out: Path, *more: str, flavour: str = "cpu") -> subprocess.CompletedProcess[str]:
    """The same, however it ends."""
    command = [sys.executable, "packaging/build.py", "--flavour", flavour, "--out", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return progress.finished(
        progress.start([*command, "--records", str(out / "records"), *more], cwd=source, env=environment)
    )
