"""Pseudonyms: one for each host as long as the key is there, and nothing without it."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from kernels.errors import CannotWrite
from server_validator.dataset import pseudonyms
from server_validator.dataset.pseudonyms import Pseudonyms
from server_validator.errors import DataDirectory


def test_a_host_has_one_name_in_all_exports_and_no_two_hosts_have_one(tmp_path: Path) -> None:
    first, second = pseudonyms.opened(tmp_path), pseudonyms.opened(tmp_path)
    names = [first.of(host) for host in range(2000)]
    assert names == [second.of(host) for host in range(2000)]
    assert len(set(names)) == 2000


def test_another_key_gives_other_names(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    here, there = pseudonyms.opened(tmp_path), pseudonyms.opened(tmp_path / "other")
    assert here.key != there.key
    assert not {here.of(host) for host in range(500)} & {there.of(host) for host in range(500)}


def test_a_name_is_none_that_anybody_gets_without_the_key(tmp_path: Path) -> None:
    name = pseudonyms.opened(tmp_path).of(12)
    number = (12).to_bytes(8, "little")
    assert name != hashlib.blake2b(number, digest_size=8).hexdigest()
    assert name != Pseudonyms(bytes(32)).of(12)


def test_a_host_that_nobody_knows_has_no_name(tmp_path: Path) -> None:
    assert pseudonyms.opened(tmp_path).of(None) is None


def test_the_key_is_its_owners_alone_and_is_not_shown(tmp_path: Path) -> None:
    opened = pseudonyms.opened(tmp_path)
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == opened.key
    assert opened.key.hex() not in repr(opened)
    assert repr(opened.key) not in repr(opened)


@pytest.mark.parametrize("content", [b"", bytes(31), bytes(33)])
def test_a_damaged_key_is_no_key_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / pseudonyms.FILE
    path.write_bytes(content)
    with pytest.raises(DataDirectory, match="put a copy of it in its place"):
        pseudonyms.opened(tmp_path)
    assert path.read_bytes() == content


def test_a_key_that_cannot_be_written_is_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        pseudonyms.opened(tmp_path / "none")
