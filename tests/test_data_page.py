"""docs/data.md is true: its snippets run over a small export, each in a Python of its own, and all say the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kernels.experiments import EXPERIMENTS
from server_validator.cli import main
from tests.kernels import tiny
from tests.server_validator import truth
from tests.server_validator.storing import exact, stored

TEXT = (Path(__file__).parents[1] / "docs/data.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)
UNIT = tiny.unit(0, 3, width=[32, 256])
# No library asks its hub, and none keeps anything outside of the test's folder.
ALONE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
CACHES = ("HF_HOME", "CROISSANT_CACHE", "XDG_CACHE_HOME", "DASK_CONFIG")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an export of two experiments in it."""
    folder = tmp_path_factory.mktemp("page")
    other = truth.unit("microscale")
    assert other.experiment is EXPERIMENTS["microscale"]
    stored(folder / "data", UNIT)
    stored(folder / "data", other, truth.answer(other), 13)
    assert main(["--data", str(folder / "data"), "export", str(folder / "axiom-export")]) == 0
    return folder


def said() -> str:
    """What every snippet prints, computed here."""
    gaps = exact(UNIT).values(UNIT.experiment)["gap"][:, -1].astype(float)
    wide = [gap for gap, cell in zip(gaps, UNIT.cells, strict=True) if cell.condition["width"] == 256]
    return f"{len(UNIT.cells)} {sum(wide) / len(wide):.4f}"


def test_every_library_that_the_page_names_has_a_snippet() -> None:
    found = {name for code in SNIPPETS for name in re.findall(r"^import ([a-z]+)", code, re.M)}
    assert found == {"duckdb", "pandas", "polars", "pyarrow", "json", "datasets", "mlcroissant", "dask"}


@pytest.mark.parametrize("code", SNIPPETS, ids=lambda code: code.split()[1] + str(SNIPPETS.index(code)))
def test_a_snippet_runs_and_says_what_the_others_say(code: str, place: Path, tmp_path: Path) -> None:
    environment = os.environ | ALONE | {name: str(tmp_path / name) for name in CACHES}
    done = subprocess.run([sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [said()]


def test_the_command_of_the_page_checks_all_files(place: Path) -> None:
    (command,) = re.findall(r"^    (cd .*sha256sum.*)$", TEXT, re.M)
    done = subprocess.run(command, cwd=place, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [line.endswith("OK") for line in done.stdout.splitlines()[:-1]] == [True] * 4
    assert done.stdout.splitlines()[-1].endswith("SHA256SUMS")
