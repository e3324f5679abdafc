"""Which glibc a tree needs, read from real libraries that ask for known versions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from linux import elf, glibc

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a glibc")

RANDOM = "#include <sys/random.h>\nlong some(void *to) { return getrandom(to, 1, 0); }\n"  # came with glibc 2.25
PLAIN = "#include <stdlib.h>\nvoid *some(void) { return malloc(1); }\n"  # older than all that is promised
POINTERS = "static int many[9];\nint *const places[] = {many, many + 1, many + 2, many + 3, many + 4};\n"


def library(path: Path, source: str, *flags: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    code = path.with_suffix(".c")
    code.write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", *flags, "-o", path, code], check=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    library(tmp_path / "a.so", PLAIN)
    library(tmp_path / "lib" / "newer.so", RANDOM)
    library(tmp_path / "z.so", PLAIN)
    (tmp_path / "text").write_text("Name: GLIBC_9.99")
    (tmp_path / "empty").touch()
    return tmp_path


def test_the_newest_version_counts_and_its_file_is_named(tree: Path) -> None:
    assert glibc.needed(tree) == ((2, 25), "lib/newer.so")


def test_the_language_of_who_builds_changes_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")  # in C itself nothing is translated
    monkeypatch.setenv("LANGUAGE", "fr")
    tables = subprocess.run(["readelf", "--version-info", tree / "a.so"], capture_output=True, text=True, check=True)
    if "Nom: GLIBC_" not in tables.stdout:
        pytest.skip("this readelf speaks no French")
    assert glibc.needed(tree) == ((2, 25), "lib/newer.so")


def test_versions_are_compared_as_numbers(tree: Path) -> None:
    assert glibc.check(tree, glibc.parsed("2.25"), "nobody says") == (2, 25)
    with pytest.raises(glibc.GlibcTooNew):
        glibc.check(tree, glibc.parsed("2.9"), "nobody says")


def test_what_was_not_promised_is_refused_with_what_to_do(tree: Path) -> None:
    with pytest.raises(glibc.GlibcTooNew) as refused:
        glibc.check(tree, (2, 24), "the test says")
    sentence = str(refused.value)
    assert sentence.startswith("lib/newer.so needs glibc 2.25, but the test says that 2.24 is enough:")
    assert "--min-glibc 2.25" in sentence
    assert "min_libc_version 225" in sentence


def test_packed_relocations_need_the_glibc_that_first_read_them(tmp_path: Path) -> None:
    library(tmp_path / "packed.so", PLAIN + POINTERS, "-Wl,-z,pack-relative-relocs")
    tables = ["readelf", "--version-info", str(tmp_path / "packed.so")]
    if b"DT_RELR" not in subprocess.run(tables, capture_output=True, check=True).stdout:
        pytest.skip("this linker packs no relocations")
    assert glibc.needed(tmp_path) == ((2, 36), "packed.so")


def test_a_folder_without_libraries_needs_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("GLIBC_2.99")
    assert glibc.needed(tmp_path) == ((0, 0), "")


@pytest.mark.parametrize("text", ["", "2", "2.28.1", "2,28", "-2.28", "228", " 2.28"])
def test_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="no version of glibc"):
        glibc.parsed(text)


def test_a_programs_loader() -> None:
    shell = Path(shutil.which("sh") or "").read_bytes()
    assert Path(elf.interpreter(shell)).name.startswith("ld-")
    assert elf.interpreter(b"#!/bin/sh\n") == ""
