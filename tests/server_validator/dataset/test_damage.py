"""Files that changed while they were kept: none of their numbers is read, and each is named."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from server_validator.dataset import files
from server_validator.dataset.query import Contents, load
from server_validator.errors import NothingSound
from tests.kernels import tiny
from tests.server_validator.storing import COMPGEN, GROUP, brought_in, damage, filed, listed

OTHER = tiny.unit(2000, 1)
DAMAGES = 300


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """The files of two work units: that of `tiny.unit()`, and that of OTHER."""
    return filed(tmp_path, tiny.unit()), filed(tmp_path, OTHER)


def bits_turned(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.choice([1, 1, 1, 2, 8])):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def zeros_at_the_end(content: bytes, draw: random.Random) -> bytes:
    """As a file system leaves it that has given out blocks and not written them."""
    kept = draw.randrange(len(content))
    return content[:kept] + bytes(len(content) - kept)


def block_of_another_place(content: bytes, draw: random.Random) -> bytes:
    size = draw.randrange(1, 512)
    source, target = draw.randrange(len(content) - size), draw.randrange(len(content) - size)
    return content[:target] + content[source : source + size] + content[target + size :]


def longer(content: bytes, draw: random.Random) -> bytes:
    return content + draw.randbytes(draw.randrange(1, 64))


KINDS: list[Callable[[bytes, random.Random], bytes]] = [
    bits_turned, bits_turned, cut, zeros_at_the_end, block_of_another_place, longer,
]  # fmt: skip


def same_numbers(first: Contents, second: Contents) -> bool:
    return first.table.seed.tolist() == second.table.seed.tolist() and all(
        np.array_equal(first.table.metrics[name], second.table.metrics[name]) for name in COMPGEN.metrics
    )


def test_no_damage_of_a_file_changes_a_number_and_each_is_told(tmp_path: Path, two: tuple[Path, Path]) -> None:
    kept = two[0].read_bytes()
    two[0].unlink()
    without = load(tmp_path, COMPGEN)
    draw, damages = random.Random(13), 0
    while damages < DAMAGES:
        content = KINDS[damages % len(KINDS)](kept, draw)
        if content == kept:
            continue
        damages += 1
        two[0].write_bytes(content)
        contents = load(tmp_path, COMPGEN)
        assert same_numbers(contents, without)
        assert [path for path, _ in contents.left_out.unsound] == [two[0]]


def foreign(path: Path) -> None:
    path.rename(path.with_name("other.parquet"))


def under_the_name_of_another(path: Path) -> None:
    (other,) = (file for file in path.parent.glob("*.parquet") if file != path)
    path.write_bytes(other.read_bytes())


def of_another_experiment(path: Path) -> None:
    """Sound, in the wrong folder."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"seed": [1]}), path)
    path.rename(path.with_name(files.name(GROUP, memoryview(path.read_bytes()))))


def no_parquet(path: Path) -> None:
    path.write_bytes(b"no table")
    path.rename(path.with_name(files.name(GROUP, memoryview(b"no table"))))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def gone_behind_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(10**11)


@pytest.mark.parametrize(
    "change",
    [foreign, under_the_name_of_another, of_another_experiment, no_parquet, folder, pipe, gone_behind_a_link, huge],
)
def test_what_is_no_sound_file_is_left_aside_and_named(
    tmp_path: Path, two: tuple[Path, Path], change: Callable[[Path], None]
) -> None:
    change(two[0])
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [2000]
    (unsound,) = contents.left_out.unsound
    assert unsound[0].parent == two[0].parent
    assert unsound[0].is_symlink() or unsound[0].exists(), "nothing is deleted"


def test_with_no_sound_file_at_all_the_failure_names_the_first(tmp_path: Path, two: tuple[Path, Path]) -> None:
    for path in two:
        path.write_bytes(b"")
    with pytest.raises(NothingSound, match=f"Nothing of compgen .*{min(two).name}"):
        load(tmp_path, COMPGEN)


def test_a_file_that_does_not_even_tell_its_results_keeps_none_from_being_written_again(
    tmp_path: Path, two: tuple[Path, Path]
) -> None:
    two[0].write_bytes(b"torn")
    torn = two[0].rename(two[0].with_name(files.name(GROUP, memoryview(b"other bytes"))))
    assert brought_in(tmp_path) == []
    contents = load(tmp_path, COMPGEN)
    assert contents.table.seed.tolist() == [1000, 1001, 2000]
    assert [file for file, _ in contents.left_out.unsound] == [torn]
    assert set(listed(tmp_path)) == {*two, torn}


def test_a_file_that_goes_while_the_folder_is_read_is_looked_for_again(
    tmp_path: Path, two: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a compaction ends between the listing and the opening."""
    lists = [[*two, tmp_path / "gone.parquet"], list(two)]
    monkeypatch.setattr(files, "listed", lambda place: lists.pop(0))
    assert load(tmp_path, COMPGEN).table.seed.tolist() == [1000, 1001, 2000]
    assert lists == []


def test_what_was_opened_is_read_though_its_file_is_gone(tmp_path: Path, two: tuple[Path, Path]) -> None:
    table = load(tmp_path, COMPGEN).table
    for path in two:
        path.unlink()
    assert table.metrics["gap"].shape == (3, COMPGEN.measurements)


def test_a_turned_bit_is_told_with_the_file(tmp_path: Path, two: tuple[Path, Path]) -> None:
    damage(two[0])
    ((path, why),) = load(tmp_path, COMPGEN).left_out.unsound
    assert path == two[0]
    assert f"its {two[0].stat().st_size} bytes do not have the digest in its name" in why
