"""Data directories, and the command line in this process, for the tests of the server side."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernels.formats.workunit import WorkUnit
from server_validator import cli
from server_validator.boinc import names
from server_validator.checking.check import Passed, Terms, check
from server_validator.commands.archived import Archived
from server_validator.ledger import Ledger, create
from server_validator.ledger.issued import issue
from tests.kernels import tiny


def issued(folder: Path, *units: WorkUnit) -> Path:
    """A data directory whose ledger has the work units."""
    data = folder / "data"
    create(data)
    with Ledger(data) as ledger:
        for unit in units or (tiny.unit(),):
            issue(ledger, unit)
    return data


def checked(path: Path, data: Path, terms: Terms) -> Passed:
    """What passed of a file, or the Failure, as a command that opens the ledger would get it."""
    with Ledger(data) as ledger:
        return check(names.upload(path), ledger, Archived(data), terms)


class Run:
    """axiom-server in this process: exit code, and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: object) -> None:
        capsys.readouterr()
        try:
            self.code = cli.main([str(a) for a in arguments])
        except SystemExit as stopped:
            self.code = int(stopped.code or 0)
        self.out, self.err = capsys.readouterr()
        assert "Traceback" not in self.err


def one_line(run: Run) -> str:
    """The one line of complaint that a command printed."""
    (line,) = run.err.splitlines()
    assert line.startswith("axiom-server: ")
    return line
