"""Logical names: the table of everything that can lie under a logical name."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wrapper.fake_client import make_slot
from wrapper.softlink import link_target, resolve

PHYSICAL = "../../projects/example.org_axiom/wu_1.json"
LINK = f"<soft_link>{PHYSICAL}</soft_link>".encode()


@pytest.mark.parametrize(
    ("content", "target"),
    [
        (LINK + b"\n", PHYSICAL),
        (LINK, PHYSICAL),
        (LINK + b"\r\n", PHYSICAL),
        (b"<soft_link> /abs/file </soft_link>\nmore", "/abs/file"),
        (b"<soft_link>../../projects/a b/\xff</soft_link>\n", "../../projects/a b/\udcff"),
        (b"", None),
        (b'{"format": 1}\n', None),
        (b"\n" + LINK, None),  # not in the first line
        (b"<soft_link></soft_link>\n", None),
        (b"<soft_link>../x\n</soft_link>", None),
        (b"\0" + LINK, None),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), None),
        (b"<soft_link>" + b"d/" * 240 + b"f</soft_link>", "d/" * 240 + "f"),
        (b"<soft_link>" + b"d/" * 250 + b"f</soft_link>\n", None),  # 524 bytes: longer than the reference reads
        (b" " * 512 + LINK, None),
    ],
)
def test_first_lines(tmp_path: Path, content: bytes, target: str | None) -> None:
    slot = make_slot(tmp_path)
    (slot / "name").write_bytes(content)
    assert link_target(content) == target
    assert resolve(slot, "name") == (slot / target if target else slot / "name")


def test_a_link_leads_to_the_file_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slot = make_slot(tmp_path)
    monkeypatch.chdir("/")
    assert resolve(slot, "wu.json").read_text() == "{}"


def test_an_output_not_yet_there_can_be_written_through_its_link(tmp_path: Path) -> None:
    slot = make_slot(tmp_path)
    (slot / "result").write_text("<soft_link>../../projects/example.org_axiom/wu_1_0_r1_0</soft_link>\n")
    resolve(slot, "result").write_bytes(b"done")
    assert (tmp_path / "projects/example.org_axiom/wu_1_0_r1_0").read_bytes() == b"done"


def test_symlink_missing_file_and_directory_are_their_own_answer(tmp_path: Path) -> None:
    slot = make_slot(tmp_path)
    (slot / "sub").mkdir()
    (slot / "sub" / "link").write_bytes(LINK.replace(b"../../", b"../../../"))
    (slot / "symlink").symlink_to("wu.json")
    (slot / "dangling").symlink_to("nowhere")
    for name in ("symlink", "dangling", "missing", "sub", "no/such/folder"):
        assert resolve(slot, name) == slot / name
    assert resolve(slot, "sub/link") == slot / "../../../projects/example.org_axiom/wu_1.json"


@given(st.binary(max_size=600))
def test_any_content_resolves(content: bytes) -> None:
    target = link_target(content)
    assert target is None or os.fsencode(target) in content
