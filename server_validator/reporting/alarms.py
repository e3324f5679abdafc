"""What somebody has to look at before findings are believed, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server_validator.dataset.doubles import Disagreement
from server_validator.ledger.verdicts import TakenBack
from server_validator.reporting.gathering import Gathered

Kind = Literal["disagreement", "taken back", "unusable"]


@dataclass(frozen=True)
class Alarm:
    """One thing to look at: of which experiment, and in a sentence or two what it is and what to do."""

    kind: Kind
    experiment: str
    words: str

    @property
    def key(self) -> str:
        """What tells it from all others, in this report and the next."""
        return f"{self.experiment}: {self.words}"


def of(gathered: Gathered) -> list[Alarm]:
    """Of one experiment: hosts whose bit-exact cells disagree, then results that were taken back."""
    name = gathered.findings.experiment.name
    differ = [Alarm("disagreement", name, _differ(one)) for one in gathered.disagreements]
    return differ + [Alarm("taken back", name, words) for words in _taken_back(gathered.taken_back)]


def _differ(one: Disagreement) -> str:
    cells = "1 bit-exact cell" if one.cells == 1 else f"{one.cells} bit-exact cells"
    pair = " and ".join(_source(held.host_id, held.upload) for held in (one.first, one.second))
    return (
        f"{pair} have different numbers for {cells} of work unit {one.first.workunit}, one of which is wrong; "
        "its seeds are left out. axiom-server validate --recheck tells which."
    )


def _taken_back(results: Sequence[TakenBack]) -> list[str]:
    """A sentence for each host and reason: one wrong result may take all with it that its host returned since."""
    groups: dict[tuple[int | None, str], list[TakenBack]] = {}
    for result in results:
        groups.setdefault((result.host, result.reason), []).append(result)
    said = []
    for (host, reason), (first, *others) in groups.items():
        source = f"{_source(host, first.upload or None)}, work unit {first.workunit}"
        more = f" and {len(others)} more of its results" if others else ""
        said.append(f"{source}{more}: found valid once, and taken back after a later look: {reason}")
    return said


def _source(host: int | None, upload: str | None) -> str:
    """A host and its upload, as far as BOINC tells."""
    named = "a host that is not known" if host is None else f"host {host}"
    return f"{named} ({upload or 'an upload that BOINC did not name'})"
