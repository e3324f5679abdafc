"""Templates of work units and results as BOINC reads them: well-formed and complete."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import plan_classes
import pytest

from client import commands, task
from kernels import limits
from server_validator import cli as server

TEMPLATES = Path(__file__).parents[3] / "packaging" / "server" / "templates"


@pytest.mark.parametrize(("application", "quorum"), [("axiom", "1"), ("axiom_torch", "2")])
def test_input_templates(application: str, quorum: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert application in plan_classes.APPLICATIONS.values()
    root = ElementTree.parse(TEMPLATES / f"{application}_in.xml").getroot()
    assert [part.tag for part in root] == ["file_info", "workunit"]
    unit = root[1]
    tags = [tag.tag for tag in unit]
    assert len(set(tags)) == len(tags)
    assert unit.findtext("file_ref/open_name") == task.WORKUNIT
    assert unit.findtext("min_quorum") == unit.findtext("target_nresults") == quorum
    # Each check that BOINC takes for inconclusive costs a copy: above these numbers the work unit and all its honest
    # results are given up.
    assert unit.findtext("max_success_results") == "10"
    assert unit.findtext("max_total_results") == "16"
    # The bounds differ from work unit to work unit: make-wu prints them as options of create_work.
    assert not [tag for tag in tags if tag.startswith("rsc_")]
    words = ["--data", str(tmp_path), "make-wu", "compgen", "--first", "1", "--out", str(tmp_path / "wu.json")]
    assert server.main([*words[:2], "init"]) == server.main(words) == 0
    said = capsys.readouterr().err
    assert re.findall(r"--rsc_(\w+) ", said) == ["fpops_est", "fpops_bound", "memory_bound", "disk_bound"]


@pytest.mark.parametrize(("application", "engine"), [("axiom", None), ("axiom_torch", "torch")])
def test_an_applications_tasks_compute_with_the_engine_that_its_validator_wants(
    application: str, engine: str | None
) -> None:
    """On processors too, where the program would take the exact one."""
    words = ElementTree.parse(TEMPLATES / f"{application}_in.xml").findtext("workunit/command_line", "").split()
    assert commands._parser().parse_args(words).slot_engine == engine


@pytest.mark.parametrize("application", ["axiom", "axiom_torch"])
def test_output_templates(application: str) -> None:
    root = ElementTree.parse(TEMPLATES / f"{application}_out.xml").getroot()
    assert [part.tag for part in root] == ["file_info", "result"]
    info, reference = root[0], root[1].find("file_ref")
    assert {tag.tag for tag in info} == {"name", "generated_locally", "upload_when_present", "max_nbytes", "url"}
    assert info.findtext("max_nbytes") == str(limits.RESULT_BYTES)
    # BOINC fills these in.
    assert [info.find("name/OUTFILE_0"), info.find("url/UPLOAD_URL")].count(None) == 0
    assert reference is not None
    assert reference.find("file_name/OUTFILE_0") is not None
    assert reference.findtext("open_name") == task.RESULT
