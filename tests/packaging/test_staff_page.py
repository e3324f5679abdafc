"""docs/staff.md names what is there: platforms, applications, scripts, templates, the commands' own words."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import layout
import plan_classes
import pytest
import signing
import version_xml

from kernels.text import one_line

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "staff.md").read_text(encoding="utf-8")


def block(tag: str) -> ElementTree.Element:
    """The one block of XML with this root in the page."""
    (text,) = re.findall(rf"^    <{tag}>\n.*?^    </{tag}>\n", PAGE, re.S | re.M)
    return ElementTree.fromstring(text)


def test_the_project_gets_every_platform_and_application() -> None:
    project = block("boinc")
    assert [name.text for name in project.findall("platform/name")] == list(layout.PLATFORMS.values())
    assert [name.text for name in project.findall("app/name")] == sorted(set(plan_classes.APPLICATIONS.values()))


def test_daemons_name_scripts_by_their_bare_names() -> None:
    commands = [command.text or "" for command in block("daemons").findall("daemon/cmd")]
    for application in set(plan_classes.APPLICATIONS.values()):
        ours = [command for command in commands if f"--app {application} " in command]
        assert [command.split()[0] for command in ours] == ["script_validator", "script_assimilator"]
    scripts = {word for command in commands for word in re.findall(r'"(.*?)"', command)}
    assert scripts == {path.name for path in (ROOT / "packaging" / "server" / "bin").iterdir()}


def test_files_that_the_page_names_are_there() -> None:
    for name in re.findall(r"(?:packaging|tests|kernels|templates)/[a-z_/]+\.(?:py|xml)", PAGE):
        assert (ROOT / name).exists() or (ROOT / "packaging" / "server" / name).exists(), name


@pytest.mark.parametrize("line", [line for line in PAGE.splitlines() if "signing.py" in line and "--key" in line])
def test_lines_for_signing_are_understood(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split("#")[0].split()[2:]
    # No such key here: everything before that was read.
    assert signing.main(words) == 1
    assert re.search(r"signing: cannot read the key \w+", capsys.readouterr().err)


def test_the_line_for_version_xml_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = re.findall(r"^    python packaging/version_xml\.py (.*?--record)$", PAGE, re.S | re.M)
    assert version_xml.main(line.replace("\\\n", " ").split()) == 1
    assert "has no files" in one_line(capsys.readouterr().err)
