"""What is in the tree, and when it changes."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import engine
import layout
import manifest
import plan_classes
import pytest
from launcher import making
from linux import glibc
from PyInstaller.archive.readers import CArchiveReader

from tests.packaging.builds import HERE, built, copied, patient, tried
from tests.packaging.release.program import NAMES, PROGRAM, libraries, names

pytestmark = patient


NEW_EXPERIMENT = 1e6  # bytes


def test_the_same_bytes_from_another_folder(base: Path, tree: Path) -> None:
    built(copied(base / "two" / "deeper down"), base / "dist2")
    assert manifest.of_folder(base / "dist2" / NAMES.folder) == manifest.of_folder(tree)


def test_a_new_experiment_is_one_new_file(base: Path, checkout: Path, tree: Path) -> None:
    """The bundle stays, number and bytes, when Python code, its imports and known digests change."""
    changed = copied(base / "changed")
    for name in ("kernels/experiments/compgen.py", "client/selftest.json"):
        (changed / name).write_text((checkout / name).read_text() + "\n")
    (changed / "kernels" / "another.py").write_text('"""New."""\nTHING = "new"\n')
    with (changed / "kernels/experiments/compgen.py").open("a") as file:
        file.write("import json\nfrom kernels.another import THING\nprint\n")
    shutil.copytree(base / "dist" / "records", base / "dist3" / "records")
    built(changed, base / "dist3")
    before, after = manifest.of_folder(tree), manifest.of_folder(base / "dist3" / NAMES.folder)
    assert manifest.differences(before, after) == [f"changed: {NAMES.main}"]
    assert (tree / NAMES.main).stat().st_size < NEW_EXPERIMENT


def test_a_changed_engine_is_a_new_bundle(base: Path, tree: Path) -> None:
    changed = copied(base / "engine")
    with (changed / "kernels/engine/exact/random.c").open("a") as file:
        file.write('__attribute__((visibility("default"))) int axiom_another(void) { return 1; }\n')
    shutil.copytree(base / "dist" / "records", base / "dist4" / "records")
    refused = tried(changed, base / "dist4", *HERE)
    assert refused.returncode == 1
    assert "changed: kernels/engine/exact/_exact.so" in refused.stderr
    assert not (base / "dist4" / "apps").exists()
    assert tried(changed, base / "dist4", *HERE, "--new-bundle").returncode == 0
    assert NAMES.bundle(2) in names(base / "dist4" / NAMES.folder)


def test_a_newer_glibc_than_the_plan_classes_promise_is_refused(base: Path, checkout: Path, tree: Path) -> None:
    newest, name = glibc.needed(tree)
    promised = plan_classes.promised_glibc(["cpu", "cpumt"])
    if promised is None or newest <= promised:
        pytest.skip(f"what is built here runs with glibc {glibc.shown(newest)}, as was promised")
    refused = tried(checkout, base / "dist5")
    assert refused.returncode == 1
    assert f"{name.partition('/')[2]} needs glibc {glibc.shown(newest)}, but plan_class_spec.xml" in refused.stderr
    assert f"give --min-glibc {glibc.shown(newest)}" in refused.stderr
    assert not (base / "dist5").exists()
    record = json.loads((base / "dist" / "records" / f"{NAMES.variant}.json").read_text())
    assert record["glibc"] == glibc.shown(newest)


def python_modules(tree: Path) -> dict[str, bytes]:
    """The code in the executable, by module."""
    archive = CArchiveReader(str(tree / PROGRAM)).open_embedded_archive("PYZ.pyz")
    return {name: archive.extract(name, raw=True) for name in archive.toc}


def test_what_is_in_it(tree: Path) -> None:
    files = layout.files(tree)
    layout.check(files)
    assert names(tree) - {"version.xml"} == {NAMES.main, NAMES.bundle(1)}
    packages = {name.split("/")[1] for name in files if name.count("/") > 1}
    assert packages - {"numpy.libs"} == {"numpy", "msgspec", "safetensors", "kernels", "python3.11"}
    modules = python_modules(tree)
    with zipfile.ZipFile(tree / NAMES.main) as code:
        ours = {name.removesuffix(".pyc").replace("/", ".") for name in code.namelist()}
    assert {"client.task", "client.selftest", "client.selftest_json", "axiom_manifest", "wrapper.runtime"} <= ours
    assert not ours & modules.keys()
    left_out = (
        "torch|attrs?|rich|scipy|matplotlib|msgpack|duckdb|pyarrow|ssl|asyncio|tkinter|unittest|numpy.random"
        "|server_validator"
    )
    assert not [name for name in {*modules, *ours} if re.match(rf"({left_out})\b", name)]


def test_no_path_of_the_builder_is_in_it(tree: Path, base: Path) -> None:
    program = CArchiveReader(str(tree / PROGRAM))
    whole = [(tree / name).read_bytes() for name in (NAMES.main, PROGRAM)]
    for data in (*filter(None, python_modules(tree).values()), *whole, *map(program.extract, program.toc)):
        assert str(base).encode() not in data


def test_licences_of_everything(tree: Path) -> None:
    text = (tree / NAMES.bundle(1) / "LICENCES.txt").read_text(encoding="utf-8")
    for name in ("axiom-worker", "Python", "numpy", "msgspec", "safetensors", "pyinstaller", "musl", "Zig"):
        assert f"{'=' * 100}\n{name}\n" in text


def test_the_engine_in_it_is_the_one_that_is_proven(tree: Path, tmp_path: Path) -> None:
    """tests/kernels/engine/platforms/check.py runs these bytes."""
    library = engine.build(NAMES.platform, tmp_path)
    assert (tree / NAMES.bundle(1) / engine.FOLDER / library.name).read_bytes() == library.read_bytes()


@pytest.mark.parametrize("platform", layout.ZIG_TARGETS)
def test_the_launcher_is_compiled_for_every_system_the_same_again(tree: Path, platform: str, tmp_path: Path) -> None:
    names = layout.Names("0.01", platform, "cpu")
    for folder in ("one", "two"):
        shutil.copytree(tree / NAMES.bundle(1), tmp_path / folder / NAMES.bundle(1))
        making.make(tmp_path / folder, names, PROGRAM, libraries(tree), b"code")
    assert manifest.of_folder(tmp_path / "one") == manifest.of_folder(tmp_path / "two")
    assert (tmp_path / "one" / names.main).stat().st_size < 100_000
