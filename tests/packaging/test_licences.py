"""Nothing is carried without its licence."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import sysconfig
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


def test_every_distribution_once_after_our_own(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_text("Our own.")
    sources = [Path(module.__file__ or "") for module in (numpy, msgspec, numpy.linalg)]
    text = licences.collect(sources, tmp_path / "LICENSE", {"msgspec", "numpy"}, {"linked": "Terms of a part."})
    heads = [part.strip() for part in text.split("=" * 100)[1::2]]
    wanted = [
        "axiom-worker",
        "Python",
        "msgspec",
        "numpy",
        "pyinstaller",
        "linked",
    ]
    assert heads == wanted
    assert "Our own." in text
    assert "Terms of a part." in text
    assert "NumPy Developers" in text
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in text


@pytest.mark.parametrize("place", ["elsewhere", ".venv/lib/python3.11/site-packages", "unheard"])
def test_a_file_that_belongs_to_nobody_is_refused_on_every_system(tmp_path: Path, place: str) -> None:
    (tmp_path / "LICENSE").touch()
    with pytest.raises(licences.LicenceMissing, match="belongs to no package that brings its licence"):
        licences.collect([tmp_path / place / "library.so"], tmp_path / "LICENSE", set(), {})


def test_our_code_and_pythons_need_no_owner(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    library = Path(sysconfig.get_config_var("LIBDIR") or "", sysconfig.get_config_var("INSTSONAME") or "python")
    sources = [tmp_path / "kernels" / "limits.py", tmp_path / "build" / "engine.so", Path(json.__file__), library]
    text = licences.collect(sources, tmp_path / "LICENSE", set(), {})
    assert text.count("=" * 100) // 2 == 3


def test_what_is_only_installed_here_too_is_refused(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    with pytest.raises(licences.NotADependency, match="of pytest would be carried, which is no dependency"):
        licences.collect([Path(pytest.__file__)], tmp_path / "LICENSE", {"numpy"}, {})


def test_dependencies_are_what_is_asked_for_and_what_that_needs() -> None:
    assert licences.dependencies(["numpy>=2.1,<3", "msgspec"]) == {"numpy", "msgspec"}
    assert {"pytest", "pluggy", "iniconfig"} <= licences.dependencies(["pytest>=8"])
    assert "hypothesis" not in licences.dependencies(["pytest>=8"])  # of an extra of it
    assert licences.dependencies(["Un_heard.Of[extra]==1; python_version > '3'"]) == {"un-heard-of"}


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of a Linux system")
def test_a_library_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").touch()
    with pytest.raises(licences.LicenceMissing, match="libunheard"):
        licences.collect([Path("/usr/lib/libunheard.so.1")], tmp_path / "LICENSE", set(), {})


def test_a_distribution_without_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "LICENSE").touch()
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [])
    with pytest.raises(licences.LicenceMissing, match="numpy"):
        licences.collect([Path(numpy.__file__)], tmp_path / "LICENSE", {"numpy"}, {})


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
    wanted = {"shared-one", "shared-two"}
    text = licences.collect([tmp_path / "shared" / "one" / "library.so"], tmp_path / "LICENSE", wanted, {})
    assert "Terms of shared-one." in text
    assert "shared-two" not in text
    both = [tmp_path / "shared" / name / "library.so" for name in ("one", "two")]
    text = licences.collect(both, tmp_path / "LICENSE", wanted, {})
    assert "Terms of shared-one." in text
    assert "Terms of shared-two." in text
