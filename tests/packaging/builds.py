"""Building application versions in tests: from copies of this checkout, so that its own folders stay as they are."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
_SOURCES = (
    *("build.spec", "setup.py", "LICENSE", "README.md", "pyproject.toml"),
    *("kernels", "wrapper", "client", "packaging"),
)


def lacking() -> str:
    """Why nothing can be built in this Python; empty if it can."""
    missing = [name for name in ("PyInstaller", "ziglang") if importlib.util.find_spec(name) is None]
    return f"no module {missing[0]}: pip install '.[release]'" if missing else ""


def copied(to: Path) -> Path:
    """What a build needs of this checkout, elsewhere."""
    for name in _SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.so", "runtimes"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    return to


def built(source: Path, out: Path, *more: str, flavour: str = "cpu") -> subprocess.CompletedProcess[str]:
    """What packaging/build.py said of building the checkout `source` to `out`, with records there too."""
    command = [sys.executable, "packaging/build.py", "--flavour", flavour, "--out", str(out)]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [*command, "--records", str(out / "records"), *more],
        cwd=source, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
