"""The oldest GNU C library that a tree runs with: the newest version that a symbol of its files asks for."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from linux import elf

Version = tuple[int, int]

# Of the table of versions that a file needs of others. DT_RELR, a form of relocations, came with 2.36.
_NEEDED = re.compile(r"Name: GLIBC_(?:(\d+)\.(\d+)|(ABI_DT_RELR))")
_RELR: Version = (2, 36)


class GlibcTooNew(ValueError):
    """A tree that does not run with the glibc that was promised for it; the message says which file does not."""


def parsed(text: str) -> Version:
    """A version from "2.28"; ValueError for anything else."""
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    if match is None:
        raise ValueError(f"{text!r} is no version of glibc like 2.28")
    return int(match[1]), int(match[2])


def shown(version: Version) -> str:
    """As glibc writes it: 2.28."""
    return f"{version[0]}.{version[1]}"


def needed(tree: Path) -> tuple[Version, str]:
    """The version that the files below `tree` need, and the first file that needs it; (0, 0) and "" if none does."""
    newest: tuple[Version, str] = (0, 0), ""
    for path in sorted(tree.rglob("*")):
        if path.is_file() and path.read_bytes()[: len(elf.MAGIC)] == elf.MAGIC:
            for major, minor, relr in _NEEDED.findall(_versions(path)):
                version = _RELR if relr else (int(major), int(minor))
                if version > newest[0]:
                    newest = version, path.relative_to(tree).as_posix()
    return newest


def _versions(path: Path) -> str:
    """What readelf tells of an ELF file's versions; in English, since it translates the word that is looked for."""
    command = ["readelf", "--version-info", "--wide", str(path)]
    return subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, text=True, check=True).stdout


def check(tree: Path, promised: Version, by: str) -> Version:
    """The version that the tree needs; GlibcTooNew if that is more than was `promised`, `by` whom the message tells."""
    version, name = needed(tree)
    if version > promised:
        raise GlibcTooNew(
            f"{name} needs glibc {shown(version)}, but {by} that {shown(promised)} is enough: build on an older one, "
            f"as .github/workflows/build.yml does; or, for hosts of your own, give --min-glibc {shown(version)}, and "
            f"min_libc_version {100 * version[0] + version[1]} in plan_class_spec.xml"
        )
    return version
