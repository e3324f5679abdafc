"""An experiment's findings and all that is to be said of their data, from data set and ledger, without the cells."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernels.experiment import Experiment
from server_validator.dataset import query
from server_validator.dataset.doubles import Disagreement
from server_validator.errors import NoLedger
from server_validator.ledger import Ledger, standing, verdicts
from server_validator.ledger.verdicts import TakenBack
from server_validator.reporting import findings, left_out
from server_validator.reporting.findings import Findings


@dataclass(frozen=True)
class Gathered:
    """Findings, whose data they are, and what of the data they leave out: all that a report tells of an experiment."""

    findings: Findings
    rests_on: Sequence[str]  # on whose results, and alarms, for a terminal
    sentences: Sequence[str]  # what is left out
    left_out: Mapping[str, object]  # the same for a program
    near: bool  # whether cells of near results count
    hosts: frozenset[int]  # BOINC's numbers of the hosts that computed the cells
    unknown_hosts: bool  # whether some cells tell no host
    disagreements: Sequence[Disagreement]
    taken_back: Sequence[TakenBack]
    newest: float  # when the newest file was written, in seconds since 1970


def gather(data: Path, row: Experiment, ledger: Ledger, near: bool) -> Gathered:
    """All of an experiment's present version; without `near` by bit-exact results alone.

    NothingAssimilated, NothingSound.
    """
    revoked = _revoked(ledger)
    contents = query.load(data, row, revoked or (), near)
    absent = _absent(ledger, row, contents.checksums)
    said = left_out.sentences(contents, absent)
    if revoked is None:
        said.append("there is no ledger: results that a later look found wrong are not left out")
    return Gathered(
        findings=findings.of(row, contents.table),
        rests_on=left_out.rests_on(contents),
        sentences=said,
        left_out=left_out.as_json(contents, absent),
        near=contents.near,
        hosts=contents.hosts,
        unknown_hosts=contents.unknown_hosts,
        disagreements=contents.disagreements,
        taken_back=verdicts.taken_back(ledger, row.name, row.version) if revoked else [],
        newest=contents.newest,
    )


def _revoked(ledger: Ledger) -> frozenset[bytes] | None:
    """The checksums of results that a later look found wrong; None where no ledger tells."""
    with contextlib.suppress(NoLedger):
        return verdicts.revoked(ledger)
    return None


def _absent(ledger: Ledger, row: Experiment, there: frozenset[str]) -> list[str]:
    """The work units that the ledger has as stored, and whose results no sound file has."""
    with contextlib.suppress(NoLedger):
        return [one.name for one in standing.stored(ledger, row.name, row.version) if one.checksum.hex() not in there]
    return []
