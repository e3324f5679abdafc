"""version.xml: complete for every tree that BOINC takes, and a sentence for every tree that it would choke on."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import layout
import pytest
import version_xml
from layout import LayoutError

MAIN = "axiom_0.01_x86_64-pc-linux-gnu__cpu"
BUNDLE = "axiomrt_1_x86_64-pc-linux-gnu__cpu"
PROGRAM = f"{BUNDLE}/axiom"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small version as the build makes it, signed."""
    return grown(tmp_path / "tree")


def grown(tree: Path) -> Path:
    add(tree, MAIN, secrets.token_bytes(20_000), 0o755)
    add(tree, PROGRAM, secrets.token_bytes(20_000), 0o755)
    add(tree, f"{BUNDLE}/libstdc++.so.6", bytes(50_000))
    add(tree, f"{BUNDLE}/numpy/core/empty")
    add(tree, f"{BUNDLE}/numpy.libs/libm.so", b"short")
    for name in layout.files(tree):
        add(tree, f"{name}.sig", b"signature")
    return tree


def add(tree: Path, name: str, content: bytes = b"", mode: int = 0o644) -> Path:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def read(path: Path) -> dict[str, set[str]]:
    """The files of a version.xml with their flags. Strict: every tag is known, and stands where it must."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == "version"
    assert root.findtext("api_version") == "7.24.0"
    files: dict[str, set[str]] = {}
    for element in root:
        assert element.tag in ("api_version", "file")
        if element.tag == "file":
            tags = {tag.tag: tag.text or "" for tag in element}
            assert len(tags) == len(element)
            name = tags.pop("physical_name")
            assert name not in files
            assert tags.pop("logical_name") == "axiom"
            assert tags.keys() <= {"main_program", "gzip"}
            assert not any(tags.values())
            files[name] = set(tags)
    assert len(root.findall("api_version")) == 1
    return files


def test_every_file_is_listed_with_what_it_is(tree: Path) -> None:
    version_xml.write(tree, MAIN)
    assert read(tree / version_xml.NAME) == {
        MAIN: {"main_program"},
        PROGRAM: set(),
        f"{BUNDLE}/libstdc++.so.6": {"gzip"},
        f"{BUNDLE}/numpy/core/empty": set(),
        f"{BUNDLE}/numpy.libs/libm.so": set(),
    }


def test_the_same_tree_gives_the_same_bytes(tree: Path) -> None:
    version_xml.write(tree, MAIN)
    first = (tree / version_xml.NAME).read_bytes()
    version_xml.write(tree, MAIN)
    assert (tree / version_xml.NAME).read_bytes() == first
    assert b"\r" not in first


def emptied(tree: Path) -> None:
    for name in layout.files(tree):
        (tree / name).unlink()


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no files": (emptied, "has no files"),
    "too many": (lambda tree: [add(tree, f"{BUNDLE}/{n}") for n in range(layout.MAX_FILES)], "BOINC takes 350"),
    "much XML": (
        lambda tree: [add(tree, f"{BUNDLE}/{'long' * 35}{n}") for n in range(240)],
        "the server's XML of 245 files",
    ),
    "blank": (lambda tree: add(tree, f"{BUNDLE}/Lorem ipsum.txt"), "would choke on"),
    "quote": (lambda tree: add(tree, f"{BUNDLE}/it's"), "would choke on"),
    "per cent": (lambda tree: add(tree, f"{BUNDLE}/100%"), "would choke on"),
    "dollar": (lambda tree: add(tree, f"{BUNDLE}/$HOME"), "would choke on"),
    "new line": (lambda tree: add(tree, f"{BUNDLE}/a\nb"), "would choke on"),
    "letters": (lambda tree: add(tree, f"{BUNDLE}/größe"), "would choke on"),
    "two dots": (lambda tree: add(tree, f"{BUNDLE}/a..b"), "would choke on"),
    "long": (lambda tree: add(tree, f"{BUNDLE}/{'x' * 170}"), "would choke on"),
    "case": (lambda tree: add(tree, f"{BUNDLE}/LIBSTDC++.so.6"), "one file on Windows"),
    "folder's case": (lambda tree: add(tree, f"{BUNDLE}/NumPy/other"), "one folder on Windows"),
    "file and folder": (
        lambda tree: (add(tree, f"{BUNDLE}/Core"), add(tree, f"{BUNDLE}/core/x")),
        "one folder on Windows",
    ),
    "device": (lambda tree: add(tree, f"{BUNDLE}/Aux.py"), "on Windows"),
    "last dot": (lambda tree: add(tree, f"{BUNDLE}/a./b"), "on Windows"),
    "option": (lambda tree: add(tree, f"{BUNDLE}/-rf"), "as an option"),
    "hidden": (lambda tree: add(tree, ".hidden"), "is hidden"),
    "compressed": (lambda tree: add(tree, f"{BUNDLE}/libstdc++.so.6.gz"), "compresses another file"),
    "link": (lambda tree: (tree / BUNDLE / "link").symlink_to("numpy"), "nothing else"),
    "dangling link": (lambda tree: (tree / BUNDLE / "link").symlink_to("nowhere"), "nothing else"),
    "signature of nothing": (lambda tree: add(tree, f"{BUNDLE}/gone.so.sig"), "of no file"),
    "no main program": (lambda tree: (tree / MAIN).rename(tree / "other"), "of no file|is not in"),
    "main not executable": (lambda tree: (tree / MAIN).chmod(0o644), "is not executable"),
    "program not executable": (lambda tree: (tree / PROGRAM).chmod(0o644), "is not executable"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_boinc_would_choke_on_is_refused_in_one_sentence(name: str, tree: Path) -> None:
    change, sentence = BREAKS[name]
    change(tree)
    with pytest.raises(LayoutError, match=sentence) as caught:
        version_xml.write(tree, MAIN)
    assert "\n" not in str(caught.value)
    assert not (tree / version_xml.NAME).exists()


def test_a_missing_main_program_is_refused(tree: Path) -> None:
    with pytest.raises(LayoutError, match="the main program nothing is not in"):
        version_xml.write(tree, "nothing")


def test_the_estimate_of_the_servers_xml_is_near_what_was_measured(tmp_path: Path) -> None:
    # 74 files of a torch build: 50,555 bytes in the database of a real server, on loopback and without compression.
    entries = [version_xml.Entry(f"{n:050}", False, False) for n in range(74)]
    estimate = sum(version_xml._xml_bytes(entry) for entry in entries)
    assert 50_555 < estimate < 1.1 * 50_555


def test_a_name_that_was_released_keeps_its_bytes(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    released = tmp_path / "released.json"
    command = [str(tree), "--main", MAIN, "--released", str(released)]
    assert version_xml.main([*command, "--record"]) == 0
    assert version_xml.main(command) == 0
    # The next version: other code, the same bundle.
    following = MAIN.replace("0.01", "0.02")
    (tree / MAIN).rename(tree / following)
    (tree / f"{MAIN}.sig").rename(tree / f"{following}.sig")
    command[2] = following
    assert version_xml.main([*command, "--record"]) == 0
    assert {name[:10] for name in version_xml.read_released(released)} == {"axiom_0.01", "axiom_0.02", "axiomrt_1_"}

    add(tree, f"{BUNDLE}/numpy.libs/libm.so", b"other")
    capsys.readouterr()
    assert version_xml.main([*command, "--record"]) == 1
    said = capsys.readouterr().err
    assert re.fullmatch(r"version_xml: \S+/numpy.libs/libm.so was released with other bytes[^\n]+\n", said)


@pytest.mark.parametrize("content", ["", "[]", '{"name": 1}'])
def test_a_list_that_is_none_is_refused(content: str, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "released.json").write_text(content)
    assert version_xml.main([str(tree), "--main", MAIN, "--released", str(tmp_path / "released.json")]) == 1
