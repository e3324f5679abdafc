"""The checkpoint: whole or refused, and the older one until the newer is proven."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import CannotRead, CannotWrite
from kernels.formats import checkpoint
from kernels.formats.checkpoint import Checkpoint, CheckpointRefused, Header
from kernels.programs.program import State
from tests.kernels.disk import full_above

HEADER = Header(checkpoint.FORMAT, "ab" * 16, "0.1.0", "torch", "cpu", [2, 3], {1: 1.5e9}, 12.5, 11.25)


def made(number: int, header: Header = HEADER) -> Checkpoint:
    """A checkpoint that differs from those of other numbers in every part."""
    draw = np.random.default_rng(number)
    finished: State = {
        "metric/gap": draw.random((2, 4)).astype(np.float32),
        "digests": np.full((2, 4, 16), number, np.uint8),
    }
    begun: State = {
        "params": draw.random((3, 50)).astype(np.float32),
        "moments": np.zeros((0, 3, 50), np.float32),
        "progress": np.array([number, 2], np.int64),
    }
    return Checkpoint(msgspec.structs.replace(header, computing=float(number)), {0: finished, 1: begun})


def same(a: Checkpoint | None, b: Checkpoint) -> bool:
    return a is not None and checkpoint.encode(a) == checkpoint.encode(b)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "task.checkpoint"


def older(path: Path) -> Path:
    return path.with_name(path.name + ".old")


def test_a_checkpoint_is_read_back_bit_for_bit() -> None:
    mine = made(7)
    again = checkpoint.decode(checkpoint.encode(mine))
    assert again.header == mine.header
    assert again.states.keys() == mine.states.keys()
    for number, state in mine.states.items():
        assert again.states[number].keys() == state.keys()
        for name, array in state.items():
            found = again.states[number][name]
            assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_arrays_of_any_layout_keep_their_values() -> None:
    """A measure or a rule may hand on views; safetensors alone would write down their memory as it lies."""
    rows = np.arange(24, dtype=np.float32).reshape(4, 6)
    layouts: State = {
        "plain": rows,
        "columns": rows.copy(order="F"),
        "every_other": rows[:, ::2],
        "one": np.array([[3]], np.float32).T,
    }
    again = checkpoint.decode(checkpoint.encode(Checkpoint(HEADER, {1: layouts}))).states[1]
    finished = checkpoint.decode(checkpoint.encode(Checkpoint(HEADER, {0: {"metric/gap": rows[:, :2].T}}))).states[0]
    assert all(np.array_equal(again[name], array) for name, array in layouts.items())
    assert np.array_equal(finished["metric/gap"], rows[:, :2].T)


def test_finished_blocks_are_told_apart_again() -> None:
    header = msgspec.structs.replace(HEADER, blocks=[2, 3, 1, 4], begun={1: 1.5e9})
    states = dict(made(3).states)
    for number in (3, 2):  # finished in another order than theirs
        shape = (header.blocks[number], 4)
        states[number] = {
            "metric/gap": np.full(shape, number, np.float32),
            "digests": np.full((*shape, 16), number, np.uint8),
        }
    again = checkpoint.decode(checkpoint.encode(Checkpoint(header, states)))
    assert sorted(again.states) == [0, 1, 2, 3]
    for number, state in states.items():
        assert again.states[number].keys() == state.keys()
        assert all(np.array_equal(again.states[number][name], array) for name, array in state.items())


@pytest.mark.parametrize("blocks", [[3, 2], [1, 4], [5], []])
def test_finished_cells_that_do_not_fit_the_blocks_are_refused(blocks: list[int]) -> None:
    data = checkpoint.encode(made(1, msgspec.structs.replace(HEADER, blocks=blocks)))
    with pytest.raises(CheckpointRefused, match="do not fit its blocks"):
        checkpoint.decode(data)


def test_before_anything_is_begun_a_checkpoint_holds_nothing() -> None:
    empty = Checkpoint(msgspec.structs.replace(HEADER, begun={}), {})
    again = checkpoint.decode(checkpoint.encode(empty))
    assert again.header.begun == {}
    assert again.states == {}


def test_cut_off_anywhere_it_is_refused() -> None:
    data = checkpoint.encode(made(1))
    for length in range(len(data)):
        with pytest.raises(CheckpointRefused):
            checkpoint.decode(data[:length])


def test_with_any_byte_changed_it_is_refused() -> None:
    data = bytearray(checkpoint.encode(made(1)))
    for at in range(len(data)):
        data[at] ^= 1 << at % 8
        with pytest.raises(CheckpointRefused):
            checkpoint.decode(bytes(data))
        data[at] ^= 1 << at % 8


@settings(max_examples=100)
@given(data=st.binary(max_size=100))
def test_anything_else_is_refused(data: bytes) -> None:
    digest = hashlib.blake2b(data, digest_size=16).digest()
    for content in (data, b"AXIOMCP1" + data, b"AXIOMCP1" + digest + data):
        with pytest.raises(CheckpointRefused):
            checkpoint.decode(content)


def test_trailing_bytes_and_zeros_are_refused() -> None:
    data = checkpoint.encode(made(1))
    for content in (data + b"\0", b"\0" + data, bytes(len(data)), data + data):
        with pytest.raises(CheckpointRefused):
            checkpoint.decode(content)


def test_one_file_is_left_after_a_write_and_none_after_removal(path: Path) -> None:
    for number in range(3):
        checkpoint.write(path, made(number))
        assert [p.name for p in path.parent.iterdir()] == [path.name]
        found, refused = checkpoint.read(path, HEADER)
        assert same(found, made(number))
        assert refused == []
    checkpoint.remove(path)
    checkpoint.remove(path)
    assert list(path.parent.iterdir()) == []


def test_no_checkpoint_is_no_complaint(path: Path) -> None:
    assert checkpoint.read(path, HEADER) == (None, [])


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_the_older_one_is_used_when_the_newer_is_torn_and_the_log_says_so(path: Path, part: float) -> None:
    older(path).write_bytes(checkpoint.encode(made(1)))
    data = checkpoint.encode(made(2))
    path.write_bytes(data[: int(len(data) * part)])
    found, refused = checkpoint.read(path, HEADER)
    assert same(found, made(1))
    (sentence,) = refused
    assert path.name in sentence
    assert "\n" not in sentence


def test_the_newer_one_is_used_when_both_are_whole(path: Path) -> None:
    older(path).write_bytes(checkpoint.encode(made(1)))
    path.write_bytes(checkpoint.encode(made(2)))
    found, refused = checkpoint.read(path, HEADER)
    assert same(found, made(2))
    assert refused == []


def test_a_torn_one_that_was_refused_never_replaces_the_good_one(path: Path) -> None:
    older(path).write_bytes(checkpoint.encode(made(1)))
    path.write_bytes(b"torn")
    checkpoint.read(path, HEADER)
    with full_above(100), pytest.raises(CannotWrite):
        checkpoint.write(path, made(3))
    assert same(checkpoint.read(path, HEADER)[0], made(1))
    checkpoint.write(path, made(4))
    assert same(checkpoint.read(path, HEADER)[0], made(4))


def test_a_newer_one_that_a_disk_tore_never_replaces_the_good_one_within_one_run(path: Path) -> None:
    """The disk lies once: what write reads back is not what it wrote, so the older one stays. Then it is full."""
    older(path).write_bytes(checkpoint.encode(made(1)))
    path.write_bytes(b"torn")
    with full_above(100), pytest.raises(CannotWrite):
        checkpoint.write(path, made(3))
    assert same(checkpoint.read(path, HEADER)[0], made(1))


def test_two_torn_ones_are_both_named(path: Path) -> None:
    older(path).write_bytes(b"torn")
    path.write_bytes(b"")
    found, refused = checkpoint.read(path, HEADER)
    assert found is None
    assert len(refused) == 2


def test_a_crash_before_the_new_one_is_in_place_leaves_the_older(path: Path) -> None:
    """`write` has moved the former one away and half of the new one is on the disk."""
    checkpoint.write(path, made(1))
    path.rename(older(path))
    path.with_name(path.name + ".part").write_bytes(checkpoint.encode(made(2))[:100])
    found, refused = checkpoint.read(path, HEADER)
    assert same(found, made(1))
    assert refused == []
    checkpoint.write(path, made(3))
    assert same(checkpoint.read(path, HEADER)[0], made(3))
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("before", [1, 2, 3])
def test_a_full_disk_leaves_the_former_one(path: Path, before: int) -> None:
    for number in range(before):
        checkpoint.write(path, made(number))
    for _ in range(2):
        with full_above(100), pytest.raises(CannotWrite):
            checkpoint.write(path, made(99))
    assert same(checkpoint.read(path, HEADER)[0], made(before - 1))
    checkpoint.write(path, made(50))
    assert same(checkpoint.read(path, HEADER)[0], made(50))


@pytest.mark.parametrize(
    ("field", "value"),
    [("workunit", "cd" * 16), ("app_version", "0.2.0"), ("engine", "exact"), ("device", "cuda:0"), ("blocks", [2, 4]),
     ("blocks", [5, 0]), ("blocks", [6, -1]), ("blocks", []), ("format", checkpoint.FORMAT + 1)],
)  # fmt: skip
def test_a_foreign_one_is_refused_with_a_sentence(path: Path, field: str, value: object) -> None:
    checkpoint.write(path, made(1, msgspec.structs.replace(HEADER, **{field: value})))
    found, (sentence,) = checkpoint.read(path, HEADER)
    assert found is None
    assert sentence.startswith(f"checkpoint {path.name} is refused: ")
    assert "\n" not in sentence
    if field in ("workunit", "app_version", "engine", "device"):
        assert field in sentence
        assert str(value) in sentence
        assert getattr(HEADER, field) in sentence


def test_blocks_may_be_of_other_widths(path: Path) -> None:
    """Another host's cache, or another version of the plan: the checkpoint's own blocks are used."""
    checkpoint.write(path, made(1))
    found, refused = checkpoint.read(path, msgspec.structs.replace(HEADER, blocks=[1, 1, 1, 1, 1]))
    assert found is not None
    assert found.header.blocks == [2, 3]
    assert refused == []


def test_a_checkpoint_that_cannot_be_opened_now_is_not_taken_for_none(path: Path) -> None:
    """Whoever began again would soon write another one in its place."""
    import resource

    checkpoint.write(path, made(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))  # "Too many open files" passes; so do EIO and ESTALE
    try:
        with pytest.raises(CannotRead, match="Too many open files"):
            checkpoint.read(path, HEADER)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert path.exists()


@pytest.mark.parametrize("where", ["path", "older"])
def test_a_folder_in_the_way_is_cannot_write_unless_it_is_empty(path: Path, where: str) -> None:
    if where == "older":
        checkpoint.write(path, made(1))
    folder = {"path": path, "older": older(path)}[where]
    (folder / "somebody's").mkdir(parents=True)
    with pytest.raises(CannotWrite):
        checkpoint.write(path, made(2))
    (folder / "somebody's").rmdir()
    checkpoint.write(path, made(2))
    assert same(checkpoint.read(path, HEADER)[0], made(2))
    checkpoint.remove(path)
    assert list(path.parent.iterdir()) == []
