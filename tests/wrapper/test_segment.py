"""System V shared memory, as clients make it for application versions without an api_version."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.wrapper.fake_client import FakeClient, make_slot
from wrapper import segment

IPC_CREAT, IPC_RMID = 0o1000, 0
LIBC = ctypes.CDLL(None, use_errno=True)


def make(size: int) -> tuple[int, int]:
    """Key and identifier of a new segment."""
    key = 0x01000000 + os.getpid()
    identifier = LIBC.shmget(key, ctypes.c_size_t(size), IPC_CREAT | 0o666)
    assert identifier >= 0, os.strerror(ctypes.get_errno())
    return key, identifier


@pytest.fixture
def key() -> Iterator[int]:
    key, identifier = make(8192)
    yield key
    LIBC.shmctl(identifier, IPC_RMID, None)


def test_two_attachments_see_the_same_bytes(key: int) -> None:
    one, other = segment.attach(key), segment.attach(key)
    one[0:3] = b"abc"
    one[8191:8192] = b"z"
    assert other[0:3] == b"abc"
    assert other[8190:8192] == b"\0z"
    one.close()
    other.close()
    with pytest.raises(ValueError, match="released"):
        other[0:1]


def test_a_missing_or_too_small_segment_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        segment.attach(0x01FFFFFF)
    key, identifier = make(4096)
    try:
        with pytest.raises(OSError, match=f"segment {key}"):
            segment.attach(key)
    finally:
        LIBC.shmctl(identifier, IPC_RMID, None)


def test_a_life_in_a_segment(key: int, tmp_path: Path) -> None:
    """The file is there too, as an old client leaves it, and is not touched."""
    slot = make_slot(tmp_path, shm_key=key)
    seen = FakeClient(slot, memory=segment.attach(key)).run(
        "work", [(1.3, b"<suspend/>"), (2.3, b"<resume/>"), (3.3, b"<quit/>")]
    )
    assert seen.code == 0
    assert all(abs(at - second) < 0.5 + seen.slack for (at, _), second in zip(seen.statuses[:2], (1, 3), strict=True))
    assert len(seen.reaction) == 3
    assert (slot / "boinc_mmap_file").read_bytes() == bytes(8192)
