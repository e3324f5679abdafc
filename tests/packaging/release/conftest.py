"""What was built, and folders to run it in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.builds import built, copied
from tests.packaging.release.program import NAMES, TORCH, hand_over


@pytest.fixture(scope="session")
def base() -> Iterator[Path]:
    """A folder that every user may look into; not of pytest's, which another run of it closes to others."""
    with tempfile.TemporaryDirectory(prefix="axiom-release-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def checkout(base: Path) -> Path:
    return copied(base / "one")


@pytest.fixture(scope="session")
def tree(base: Path, checkout: Path) -> Path:
    """The cpu flavour."""
    print(built(checkout, base / "dist"))
    return base / "dist" / NAMES.folder


@pytest.fixture(scope="session")
def torch_tree(base: Path, checkout: Path) -> Path:
    """The torch flavour for processors."""
    print(built(checkout, base / "torch", TORCH.flavour))
    return base / "torch" / TORCH.folder


@pytest.fixture
def installed(tree: Path, base: Path) -> Iterator[Path]:
    """A copy, to be damaged."""
    yield Path(shutil.copytree(tree, base / "installed"))
    shutil.rmtree(base / "installed")


@pytest.fixture
def slot(base: Path) -> Iterator[Path]:
    """An empty folder that nobody else may use."""
    path = base / "slot"
    path.mkdir()
    yield hand_over(path)
    shutil.rmtree(path)
