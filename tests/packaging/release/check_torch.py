"""The torch flavour for processors computes what torch computes outside of it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import layout
from PyInstaller.archive.readers import CArchiveReader

from kernels.formats import result, workunit
from tests.boinc import app_tree, axiom
from tests.boinc.project_server import ProjectServer
from tests.boinc.real_client import RealClient, needs_client
from tests.client.sessions import cells
from tests.kernels import tiny
from tests.packaging.builds import patient
from tests.packaging.release.program import TORCH, UNIT, names, run

pytestmark = patient

TEMPLATES = Path(__file__).parents[3] / "packaging" / "server" / "templates"
LEFT_OUT = (
    "triton|cuda|tensorboard|ssl|tkinter|psutil|matplotlib|mpl_toolkits|duckdb|pyarrow|rich|server_validator"
    "|packaging|_?pytest|pluggy"
)


def test_it_computes_rightly_with_nothing_around_it(torch_tree: Path, slot: Path) -> None:
    code, out, err = run(torch_tree, slot, "selftest")
    assert (code, err) == (0, "")
    assert [line.partition(":")[0] for line in out.splitlines()] == ["engine", "experiments", "checkpoint", "torch"]
    assert names(slot) == set()


def test_a_task(torch_tree: Path, slot: Path) -> None:
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    code, _, err = run(torch_tree, slot, "--engine", "torch")
    assert code == 0, err
    assert "Warning" not in err
    computed = result.read(slot / "result.msgpack")
    result.check(computed, UNIT, "r")
    assert computed.header.engine == "torch"
    assert cells(computed) == cells(tiny.computed(UNIT, "torch"))


@needs_client
def test_a_task_under_the_real_client(torch_tree: Path, tmp_path: Path) -> None:
    """With the arguments of the template of its application."""
    template = ElementTree.parse(TEMPLATES / "axiom_torch_in.xml")
    arguments = template.findtext("workunit/command_line", "")
    unit = replace(axiom.unit("torch", workunit.encode(UNIT)), command_line=arguments)
    with ProjectServer(app_tree.read(torch_tree, signed=False), tmp_path / "project") as project:
        name = project.add_work(unit)
        with RealClient(tmp_path / "client", project.url, project.account_key) as client:
            client.wait_until(lambda: project.report(name), "the report")
        report = project.report(name)
        assert report is not None
        assert (report.exit_status, report.state) == (0, 5), report.stderr
        computed = result.read(project.uploads.folder / unit.upload_name)
    assert computed.header.engine == "torch"
    assert cells(computed) == cells(tiny.computed(UNIT, "torch"))


def test_without_a_gpu_it_stops(torch_tree: Path, slot: Path) -> None:
    (slot / "wu.json").write_bytes(workunit.encode(UNIT))
    code, _, err = run(torch_tree, slot, "--device", "0")
    assert code == 30
    assert "never falls back by itself" in err
    assert names(slot) == {"wu.json"}


def test_what_is_in_it(torch_tree: Path) -> None:
    layout.check(layout.files(torch_tree))
    assert names(torch_tree) - {"version.xml"} == {TORCH.main, TORCH.bundle(1)}
    modules = CArchiveReader(str(torch_tree / TORCH.program(1))).open_embedded_archive("PYZ.pyz").toc
    assert "torch.nn.functional" in modules
    assert not [name for name in modules if re.match(rf"({LEFT_OUT})\b", name)]
    text = (torch_tree / TORCH.bundle(1) / "LICENCES.txt").read_text(encoding="utf-8")
    for name in ("torch", "numpy", "sympy", "pyinstaller"):
        assert f"{'=' * 100}\n{name}\n" in text
