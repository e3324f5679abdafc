"""BOINC's names of uploads, and its daemons' words."""

from __future__ import annotations

from pathlib import Path

import pytest

from server_validator.boinc.names import Names, paths, upload


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("compgen_1_5_2_0_r77_0", Names("compgen_1_5_2", "compgen_1_5_2_0")),
        ("wu_12_r1234567_3", Names("wu", "wu_12")),
        ("a b_0_r1_0", Names("a b", "a b_0")),
        ("wu_0", None),
        ("_0_r1_0", None),
        ("wu_0_r_0", None),
        ("wu_0_r1_0.msgpack", None),
        ("wu_\u0660_r1_0", None),  # a digit, but none of BOINC's
        ("wu_0_r1_0\n", None),
    ],
)
def test_a_name_of_boincs_tells_work_unit_and_result(name: str, names: Names | None) -> None:
    file = upload(Path("/upload/1a3") / name)
    assert (file.path.name, file.names) == (name, names)


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        (["/a/x", "/b/y"], ["/a/x", "/b/y"]),
        (["/a", "place/x", "/b/y"], ["/a place/x", "/b/y"]),
        (["x", "y", "/b"], ["x y", "/b"]),
        ([], []),
    ],
)
def test_blanks_part_a_path_in_a_daemons_words(words: list[str], joined: list[str]) -> None:
    assert paths(words) == [Path(path) for path in joined]
