"""What a bundle folder holds: path, size and SHA-256 of every file; and the stored record that decides its number.

A physical name stands for the same bytes for ever, at every client and in update_versions: when a file of a bundle
changes, the folder needs a new number. The record of the last one, `bundles/<platform>__<flavour>.json`, tells.
"""

from __future__ import annotations

import array
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import layout

STORED = Path(__file__).with_name("bundles")
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that no difference is ever multiplied away
_WORD = 0xFFFFFFFFFFFFFFFF

Files = dict[str, tuple[int, str]]
"""Size and SHA-256 in hexadecimal, by path with slashes."""


class BundleChanged(ValueError):
    """A bundle that is not what its number stands for; the message names the files."""


@dataclass(frozen=True)
class Bundle:
    """A bundle folder's number and files."""

    number: int
    files: Files


def of_folder(folder: Path) -> Files:
    """What lies in a folder."""
    return {name: of_file(folder / name) for name in layout.files(folder)}


def of_file(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path.stat().st_size, digest


def checksum(data: bytes) -> int:
    """The launcher's checksum: 64-bit words, each added to the sum so far times an odd factor.

    A difference within one word always changes it; any other damage does but once in 2^64. Against forgery stand the
    client's signatures; this is no help there, but fast: in C some 2.5 GB/s.
    """
    words = array.array("Q", data + bytes(-len(data) % 8))
    if sys.byteorder == "big":
        words.byteswap()
    total = 0
    for word in words:
        total = (total * _FACTOR + word) & _WORD
    return total


def differences(before: Mapping[str, tuple[int, str]], now: Mapping[str, tuple[int, str]]) -> list[str]:
    """What changed, a line for each file."""
    kinds = {
        "new": now.keys() - before.keys(),
        "gone": before.keys() - now.keys(),
        "changed": {name for name in now.keys() & before.keys() if now[name] != before[name]},
    }
    return [f"{kind}: {name}" for kind, names in kinds.items() for name in sorted(names)]


def load(path: Path) -> Bundle | None:
    """The stored record; None where nothing was ever built."""
    if not path.exists():
        return None
    record = json.loads(path.read_text(encoding="ascii"))
    return Bundle(record["number"], {name: (size, digest) for name, (size, digest) in record["files"].items()})


def store(path: Path, bundle: Bundle, glibc: str = "") -> None:
    """Keep the record; on Linux with the oldest glibc that the bundle runs with, for whoever sets the plan classes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"number": bundle.number, "glibc": glibc, "files": dict(sorted(bundle.files.items()))}
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="ascii")


def settle(stored: Bundle | None, files: Files, new: bool) -> Bundle:
    """The bundle with the number that these files must have; BundleChanged if that is a new one and `new` is not set.

    A bundle that is the same keeps its number, `new` or not.
    """
    if stored is None:
        return Bundle(1, files)
    changed = differences(stored.files, files)
    if not changed:
        return stored
    if not new:
        raise BundleChanged(
            f"the bundle is not what number {stored.number} stands for:\n  " + "\n  ".join(changed) + "\n"
            "Give --new-bundle if every volunteer shall download it anew; else build with what it was built with."
        )
    return Bundle(stored.number + 1, files)
