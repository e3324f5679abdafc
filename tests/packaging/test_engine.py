"""The exact engine's library is the same bytes wherever it is built, and setup.py compiles it by the same table."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import engine
import layout
import licences
import pytest

from tests.packaging.builds import ROOT, copied

THIS = layout.platform_name(sys.platform, platform.machine())
ELSEWHERE = "import runpy, sys; from pathlib import Path\n"  # as setup.py takes it
ELSEWHERE += "runpy.run_path('packaging/engine.py')['build'](sys.argv[1], Path(sys.argv[2]))"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this one."""
    return copied(tmp_path_factory.mktemp("another place") / "axiom")


def test_every_platform_of_the_application_has_a_target() -> None:
    assert set(engine.TARGETS) == set(layout.PLATFORMS.values())
    assert {target.processor for target in engine.TARGETS.values()} == set(engine.VARIANTS)


@pytest.mark.parametrize("name", [THIS, "windows_x86_64"])
def test_the_same_bytes_from_another_folder(name: str, checkout: Path, tmp_path: Path) -> None:
    here = engine.build(name, tmp_path / "here")
    there = tmp_path / "there"
    anew = os.environ | {"ZIG_LOCAL_CACHE_DIR": str(tmp_path / "cache")}  # what zig has compiled before, it only copies
    subprocess.run([sys.executable, "-c", ELSEWHERE, name, str(there)], cwd=checkout, env=anew, check=True)
    assert (there / here.name).read_bytes() == here.read_bytes()
    assert [path.name for path in (tmp_path / "here").iterdir()] == [f"_exact{engine.TARGETS[name].suffix}"]


def test_it_says_what_does_not_compile(monkeypatch: pytest.MonkeyPatch, checkout: Path, tmp_path: Path) -> None:
    source = checkout / engine.FOLDER / "random.c"
    right = source.read_text()
    monkeypatch.setattr(engine, "ROOT", checkout)
    source.write_text(f"{right}#error a mistake\n")
    with pytest.raises(engine.EngineNotBuilt, match=r"ended with 1: random.c:\d+:2: error: a mistake"):
        engine.build(THIS, tmp_path)
    source.write_text(right)


@pytest.mark.skipif(sys.platform == "win32", reason="there setup.py builds what ships")
def test_setup_py_compiles_by_the_same_table(checkout: Path, tmp_path: Path) -> None:
    log, compiler = tmp_path / "log", tmp_path / "cc"
    compiler.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(log))}\nexec cc "$@"\n')
    compiler.chmod(0o755)
    command = [
        sys.executable,
        "setup.py",
        "-q",
        "build_ext",
        "--build-lib",
        str(tmp_path),
        "--build-temp",
        str(tmp_path),
    ]
    subprocess.run(command, cwd=checkout, env=os.environ | {"CC": str(compiler)}, check=True)
    calls = [line.split() for line in log.read_text().splitlines() if " -c " in line]
    variants = engine.VARIANTS[engine.TARGETS[THIS].processor]
    assert len(calls) == len(variants) + len(engine.SOURCES)
    for call in calls:
        assert set(engine.FLAGS) <= set(call)
    for name, machine in variants.items():
        (call,) = [call for call in calls if f"-DVARIANT_{name.upper()}" in call]
        assert {argument for argument in call if argument.startswith("-m")} >= set(machine)
    assert (tmp_path / engine.FOLDER).is_dir()


def test_one_version_of_the_compiler() -> None:
    """Another one gives other bytes, which nobody has proven."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    release = project["project"]["optional-dependencies"]["release"]
    (built,) = [line.partition(";")[0] for line in project["build-system"]["requires"] if line.startswith("ziglang")]
    assert built in release
    assert "==" in built


def test_the_licences_of_what_is_linked_into_it() -> None:
    texts = licences.of_zig(engine.TARGETS["windows_x86_64"].carries)
    assert "Zope Public License" in texts["mingw-w64"]
    assert "Zig contributors" in texts["zig"]
