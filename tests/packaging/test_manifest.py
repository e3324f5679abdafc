"""A bundle's number stands for the same bytes for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import manifest
import pytest
from hypothesis import given
from hypothesis import strategies as st

FILES: manifest.Files = {"a": (1, "aa"), "b/c": (2, "bb"), "d": (3, "dd")}


def test_what_a_folder_holds(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_bytes(b"content")
    (tmp_path / "empty").touch()
    assert manifest.of_folder(tmp_path) == {
        "b/c": (7, hashlib.sha256(b"content").hexdigest()),
        "empty": (0, hashlib.sha256(b"").hexdigest()),
    }


def test_the_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "bundles" / "x.json"
    assert manifest.load(path) is None
    manifest.store(path, manifest.Bundle(4, FILES))
    assert manifest.load(path) == manifest.Bundle(4, FILES)


@pytest.mark.parametrize("new", [False, True])
def test_the_first_bundle_and_one_that_is_the_same(new: bool) -> None:
    assert manifest.settle(None, FILES, new) == manifest.Bundle(1, FILES)
    stored = manifest.Bundle(4, FILES)
    assert manifest.settle(stored, dict(reversed(FILES.items())), new) == stored


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (FILES | {"e": (1, "ee")}, "new: e"),
        ({"a": (1, "aa"), "d": (3, "dd")}, "gone: b/c"),
        (FILES | {"a": (1, "ab")}, "changed: a"),
        (FILES | {"d": (4, "dd")}, "changed: d"),
    ],
)
def test_a_bundle_that_changed_takes_a_new_number_only_when_told(files: manifest.Files, line: str) -> None:
    stored = manifest.Bundle(4, FILES)
    with pytest.raises(manifest.BundleChanged, match="--new-bundle") as refused:
        manifest.settle(stored, files, new=False)
    assert [text.strip() for text in str(refused.value).splitlines()[1:-1]] == [line]
    assert manifest.settle(stored, files, new=True) == manifest.Bundle(5, files)


def test_known_checksums() -> None:
    assert manifest.checksum(b"") == 0
    assert manifest.checksum(b"\x02") == 2
    assert manifest.checksum(bytes([1, *[0] * 7, 2])) == 0x9E3779B97F4A7C15 + 2


@given(st.binary(min_size=1, max_size=100), st.data())
def test_any_damaged_byte_changes_the_checksum(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content) - 1))
    damaged = bytearray(content)
    damaged[at] ^= data.draw(st.integers(1, 255))
    assert manifest.checksum(bytes(damaged)) != manifest.checksum(content)
