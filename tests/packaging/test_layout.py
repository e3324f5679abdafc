"""Names as BOINC wants them, and refused where it would choke."""

from __future__ import annotations

import re
from pathlib import Path

import layout
import pytest

LINUX = layout.Names("0.01", "x86_64-pc-linux-gnu", "cpu")
MACOS = layout.Names("0.01", "arm64-apple-darwin", "cpu")
WINDOWS = layout.Names("0.01", "windows_x86_64", "cputorch")


def test_the_names_of_a_version() -> None:
    assert LINUX.folder.as_posix() == "apps/axiom/0.01/x86_64-pc-linux-gnu__cpu"
    assert LINUX.main == "axiom_0.01_x86_64-pc-linux-gnu__cpu"
    assert LINUX.bundle(7) == "axiomrt_7_x86_64-pc-linux-gnu__cpu"
    assert LINUX.program(7) == "axiomrt_7_x86_64-pc-linux-gnu__cpu/axiom"
    assert WINDOWS.folder.as_posix() == "apps/axiom_torch/0.01/windows_x86_64__cputorchwin"
    assert WINDOWS.main == "axiom_0.01_windows_x86_64__cputorch.exe"
    assert WINDOWS.program(7) == "axiomrt_7_windows_x86_64__cputorch/axiom.exe"
    assert (LINUX.archive, WINDOWS.archive, MACOS.archive) == ("", "", "axiom_0.01_arm64-apple-darwin__cpu.zip")
    assert (LINUX.system, WINDOWS.system, MACOS.system) == ("linux", "win32", "darwin")


def test_a_build_that_no_plan_class_takes_is_refused() -> None:
    with pytest.raises(layout.LayoutError, match="no plan class takes flavour nvtorch on arm64-apple-darwin"):
        _ = layout.Names("0.01", "arm64-apple-darwin", "nvtorch").folder


def test_names_never_meet() -> None:
    names: set[str] = set()
    expected = 0
    for platform in layout.PLATFORMS.values():
        for flavour in layout.FLAVOURS:
            version = layout.Names("0.01", platform, flavour)
            own = {version.main, version.program(1), version.bundle(1), version.bundle(2)}
            own |= {version.archive} - {""}
            names |= own
            expected += len(own)
    layout.check(sorted(names))
    assert len({name.lower() for name in names}) == expected


@pytest.mark.parametrize("flavour", layout.FLAVOURS)
def test_the_client_reads_no_other_device_in_a_plan_class(flavour: str) -> None:
    assert not re.search("opencl|cuda|ati|vbox|docker|wsl", flavour)


@pytest.mark.parametrize(("ours", "boincs"), [("0.1.0", "0.01"), ("1.2.0", "1.02"), ("12.34.0", "12.34")])
def test_versions(ours: str, boincs: str) -> None:
    assert layout.boinc_version(ours) == boincs


@pytest.mark.parametrize("ours", ["0.1.1", "0.100.0", "0.1", "0.1.0rc1", "x"])
def test_versions_that_boinc_cannot_say(ours: str) -> None:
    with pytest.raises(layout.LayoutError, match=re.escape(ours)):
        layout.boinc_version(ours)


def test_platforms() -> None:
    assert layout.platform_name("linux", "x86_64") == "x86_64-pc-linux-gnu"
    assert layout.platform_name("win32", "AMD64") == "windows_x86_64"
    with pytest.raises(layout.LayoutError, match="sparc"):
        layout.platform_name("linux", "sparc")


@pytest.mark.parametrize(
    "name", ["Lorem ipsum.txt", "a'b", 'a"b', "100%", "a/../b", "a..b", "x" * 201, "a&b", "a;b", "ä", "/a", "a\nb", ""]
)
def test_names_that_something_would_misread(name: str) -> None:
    with pytest.raises(layout.LayoutError, match="choke"):
        layout.check(["fine/libstdc++.so.6", name])


def test_names_that_are_one_on_windows() -> None:
    layout.check(["a/LICENSE", "b/license"])
    with pytest.raises(layout.LayoutError, match="LICENSE and a/license"):
        layout.check(["a/LICENSE", "a/license"])
    with pytest.raises(layout.LayoutError, match="only 2 are different"):
        layout.check(["a/LICENSE", "b", "a/LICENSE"])


def test_too_many_files() -> None:
    names = [f"f{number}" for number in range(layout.MAX_FILES + 1)]
    layout.check(names[1:])
    with pytest.raises(layout.LayoutError, match="351 files"):
        layout.check(names)


def test_files_of_a_tree(tmp_path: Path) -> None:
    for name in ("b", "a/x", "a/y/z"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    assert layout.files(tmp_path) == ["a/x", "a/y/z", "b"]


@pytest.mark.parametrize("target", ["b", "folder", "nowhere"])
def test_a_tree_has_no_links(tmp_path: Path, target: str) -> None:
    (tmp_path / "b").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(layout.LayoutError, match="link is neither"):
        layout.files(tmp_path)


def test_files_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    """As a stored record has them: the first build of a bundle must not differ from one with a record."""
    names = ["numpy.libs/one.so", "numpy/two.so", "Numpy_three", "axiom", "a/b", "a.b"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert layout.files(tmp_path) == sorted(names)
