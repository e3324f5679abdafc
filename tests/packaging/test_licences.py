"""Nothing is carried without its licence."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import licences
import msgspec
import numpy
import pytest


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a release needs to have installed."""
    whole = licences._licence_of_distribution
    monkeypatch.setattr(
        licences, "_licence_of_distribution", lambda name: "GPL" if name == "pyinstaller" else whole(name)
    )
    monkeypatch.setattr(licences, "_licence_of_musl", lambda: "MIT")


def test_every_distribution_once_after_our_own(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("Our own.")
    sources = [Path(module.__file__ or "") for module in (numpy, msgspec, numpy.linalg)]
    text = licences.collect(sources, tmp_path / "LICENSE")
    heads = [part.strip() for part in text.split("=" * 100)[1::2]]
    wanted = [
        "axiom-worker",
        "Python",
        "msgspec",
        "numpy",
        "pyinstaller",
        *(["musl"] if sys.platform == "linux" else []),
    ]
    assert heads == wanted
    assert "Our own." in text
    assert "NumPy Developers" in text
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in text


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of a Linux system")
def test_a_library_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    with pytest.raises(licences.LicenceMissing, match="libunheard"):
        licences.collect([Path("/usr/lib/libunheard.so.1")], tmp_path / "LICENSE")


def test_a_distribution_without_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "LICENSE").touch()
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [])
    with pytest.raises(licences.LicenceMissing, match="numpy"):
        licences.collect([Path(numpy.__file__)], tmp_path / "LICENSE")


def test_distributions_that_share_a_package_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As NVIDIA's do."""
    (tmp_path / "LICENSE").touch()
    for name in ("shared-one", "shared-two"):
        (tmp_path / "shared" / name[7:]).mkdir(parents=True)
        (tmp_path / "shared" / name[7:] / "library.so").touch()
        info = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "License.txt").write_text(f"Terms of {name}.")
        (info / "RECORD").write_text(f"shared/{name[7:]}/library.so,,\n{info.name}/License.txt,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = licences.collect([tmp_path / "shared" / "one" / "library.so"], tmp_path / "LICENSE")
    assert "Terms of shared-one." in text
    assert "shared-two" not in text
    both = [tmp_path / "shared" / name / "library.so" for name in ("one", "two")]
    text = licences.collect(both, tmp_path / "LICENSE")
    assert "Terms of shared-one." in text
    assert "Terms of shared-two." in text
