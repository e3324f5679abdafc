"""What has to be true of a data directory when all has been asked again without kills."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.formats import atomic, result, workunit
from server_validator.dataset.query import load
from server_validator.ledger import Ledger, create, issued, standing, verdicts
from tests.server_validator import storing
from tests.server_validator.boinc import mariadb
from tests.server_validator.kills.daemons import FIRST, Daemons
from tests.server_validator.kills.fleet import GRIDS, Fleet


def settle(daemons: Daemons) -> None:
    """Everything is asked once more: twice, as the first audit closes what the second look settles."""
    fleet = daemons.fleet
    for _ in range(2):
        daemons.once("validate", "--project", fleet.project, *(one.path for one in fleet.sent))
        code, _, err = daemons.once("audit", "--project", fleet.project, "--days", "0")
    assert code == 0, err
    _age_partial_files(fleet.data)
    assert daemons.once("compact")[0] == 0
    assert daemons.once("repair")[0] == 0


def assert_nothing_is_lost_or_doubled(daemons: Daemons, reference: Path) -> None:
    """Of uploads, verdicts, credit, data set, findings, ledger, folders and seeds. `reference` is an empty folder."""
    fleet = daemons.fleet
    complaints = "".join(daemons.said)
    assert "locked" not in complaints, complaints
    _verdicts_are_right(fleet, daemons)
    assert mariadb.told(fleet.port, "SELECT name FROM result WHERE validate_state != 1 AND granted_credit != 0") == []
    _ledger_is_sound(fleet.data)
    assert list(fleet.data.rglob(f"*{atomic.PARTIAL}")) == []
    _seeds_are_given_once(daemons)
    _data_set_is_that_of_a_quiet_run(daemons, reference)


def _verdicts_are_right(fleet: Fleet, daemons: Daemons) -> None:
    with Ledger(fleet.data) as ledger:
        stored = {one.digest: one for one in standing.stored(ledger)}
        for one in fleet.sent:
            verdict = verdicts.given(ledger, one.path.name, _checksum(one.path))
            assert verdict, f"{one.path} has no verdict"
            assert not one.forged or verdict.code, f"{one.path} is forged and valid"
            if one in fleet.honest:
                assert (verdict.code, daemons.codes_of[one.path]) == (0, {0}), verdict
                assert stored[one.unit.digest].checksum == verdict.checksum
        with ledger.reading() as db:
            assert db.execute("SELECT count(*) FROM returned WHERE owed IS NOT 0").fetchone() == (0,)
            assert db.execute("SELECT count(*) FROM lost").fetchone()[0] <= len(fleet.sent) - len(fleet.honest)


def _ledger_is_sound(data: Path) -> None:
    with contextlib.closing(sqlite3.connect(data / "ledger.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def _seeds_are_given_once(daemons: Daemons) -> None:
    with Ledger(daemons.fleet.data) as ledger:
        with ledger.reading() as db:
            rows = db.execute(
                "SELECT experiment, first, last FROM issued WHERE first >= ? ORDER BY experiment, first", [FIRST]
            ).fetchall()
        for (experiment, _, last), (other, first, _) in itertools.pairwise(rows):
            assert experiment != other or last < first, "a seed was given out twice"
        for path in filter(Path.exists, daemons.made):
            unit = workunit.read(path, EXPERIMENTS)
            assert issued.find(ledger, unit.digest) == unit, f"{path} is not in the ledger"
    assert rows, "no work unit was made"


def _data_set_is_that_of_a_quiet_run(daemons: Daemons, reference: Path) -> None:
    """Of the same results, stored one after the other in another data directory."""
    fleet = daemons.fleet
    create(reference)
    with Ledger(fleet.data) as ledger:
        revoked = verdicts.revoked(ledger)
        stored = {one.digest for one in standing.stored(ledger) if one.checksum not in revoked}
    for one in fleet.sent:
        if one.unit.digest in stored:
            answer = result.decode(one.path.read_bytes(), one.path.name)
            storing.stored(reference, one.unit, answer, one.host)
    assert Daemons.of(reference).once("compact")[0] == 0
    for name, _ in GRIDS:
        assert _told(fleet.data, EXPERIMENTS[name]) == _told(reference, EXPERIMENTS[name])
        assert _findings(fleet.data, name) == _findings(reference, name)


def _told(data: Path, experiment: Experiment) -> dict[str, Any]:
    with Ledger(data) as ledger:
        contents = load(data, experiment, verdicts.revoked(ledger))
    assert contents.left_out.repeated_cells == 0
    return {
        "seeds": contents.table.seed.tolist(),
        "conditions": {axis: list(values) for axis, values in contents.table.condition.items()},
        "curves": {name: curves.tobytes() for name, curves in contents.table.metrics.items()},
        "disagreements": contents.disagreements,
    }


def _findings(data: Path, name: str) -> dict[str, Any]:
    code, out, err = Daemons.of(data).once("findings", name, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return {key: value for key, value in found.items() if key != "left_out"}  # what was taken back is told there


def _checksum(path: Path) -> bytes:
    return result.checksum_of(path.read_bytes(), path.name)


def _age_partial_files(data: Path) -> None:
    """What killed commands have left in the archive goes when it is a day old."""
    for path in data.glob(f"archive/*/*{atomic.PARTIAL}"):
        os.utime(path, (time.time() - 2 * 86400,) * 2)
