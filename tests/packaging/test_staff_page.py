"""docs/staff.md names what is there: platforms, applications, scripts, templates, the commands' own words."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from xml.etree import ElementTree

import layout
import plan_classes
import pytest
import signing
import version_xml

from kernels.experiments import EXPERIMENTS
from kernels.text import one_line
from server_validator import cli as server

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
    # axiom_wait is what the others read.
    assert scripts | {"axiom_wait"} == {path.name for path in (ROOT / "packaging" / "server" / "bin").iterdir()}


def test_no_two_daemons_share_a_log_or_a_pid_file() -> None:
    """`bin/start` takes the program's name for both where there is none: then the second never starts."""
    daemons = block("daemons").findall("daemon")
    for tag, suffix in (("output", ".log"), ("pid_file", ".pid")):
        names = [daemon.findtext(tag) or f"{(daemon.findtext('cmd') or '').split()[0]}{suffix}" for daemon in daemons]
        assert sorted(set(names)) == sorted(names)


def test_replicas_go_to_different_users_and_uploads_stay_for_a_while() -> None:
    settings = {setting.tag: setting.text for setting in block("config")}
    assert settings["one_result_per_user_per_wu"] == "1"
    assert float(settings["delete_delay_hours"] or 0) >= 24


def test_the_project_is_made_for_the_servers_own_name() -> None:
    """Else the daemons write their logs into another folder than the scheduler, who may not write into theirs."""
    (line,) = re.findall(r"^    \./make_project .*?(?<!\\)$", PAGE, re.S | re.M)
    assert shlex.split(line.replace("\\\n", " "), comments=True)[3:5] == ["--project_host", "$(hostname)"]


def test_lines_of_a_crontab_have_the_variables_that_they_use() -> None:
    lines = [line.strip() for line in PAGE.splitlines()]
    used = {name for line in lines if re.match(r"\d+ \d+ \* \* \*", line) for name in re.findall(r"\$(\w+)", line)}
    assert used
    assert all(any(line.startswith(f"{name}=/") for line in lines) for name in used)


def test_credit_is_what_make_work_says() -> None:
    commands = [command.text or "" for command in block("daemons").iter("cmd")]
    validators = [command for command in commands if command.startswith("script_validator ")]
    assert validators
    assert all("--credit_from_wu" in text.split() for text in validators)


def commands() -> list[str]:
    """What follows axiom-server in the page's lines of commands."""
    lines = [line.split("#")[0] for line in PAGE.splitlines() if line.startswith("    ")]
    return [line.split("axiom-server ", 1)[1].strip() for line in lines if "axiom-server --data" in line]


@pytest.mark.parametrize("line", commands())
def test_lines_for_axiom_server_are_understood(line: str) -> None:
    options = server._parser().parse_args(shlex.split(line))
    assert callable(options.run)
    assert getattr(options, "experiment", None) in (None, *EXPERIMENTS)


def test_the_page_tells_every_command_that_staff_give() -> None:
    told = {shlex.split(line)[2] for line in commands()}
    assert told >= {"init", "upgrade-check", "make-work", "make-wu", "status", "findings", "withdraw", "repair"}


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
