"""What a report says, before it is a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kernels.claims import Verdict
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from server_validator.reporting import changes, numbers
from server_validator.reporting.alarms import Alarm
from server_validator.reporting.changes import Changes
from server_validator.reporting.gathering import Gathered
from server_validator.reporting.numbers import Kept


@dataclass(frozen=True)
class Report:
    """The findings of all experiments that have any, and what is to be said before them."""

    experiments: Sequence[Gathered]
    empty: Sequence[Experiment]  # those without any result yet
    alarms: Sequence[Alarm]
    changes: Changes | None  # None where there is no report to compare with
    why_no_changes: str  # a sentence where changes is None
    day: str  # of the newest data, as 2026-11-28
    made: str | None  # the day on which the report is made, where somebody tells it
    near: bool  # whether results that are not bit-exact count too

    @property
    def verdicts(self) -> Counter[Verdict]:
        """How many findings hold, are refuted, are undecided."""
        return Counter(decided.verdict for gathered in self.experiments for decided in gathered.findings.claims)

    @property
    def results(self) -> str:
        """Which results count, in words."""
        return "bit-exact and near results" if self.near else "bit-exact results only"


def compose(
    found: Sequence[Gathered],
    alarms: Sequence[Alarm],
    now: Kept,
    before: Kept | None,
    why_no_changes: str,
    made: str | None,
    near: bool,
) -> Report:
    """The report on what was found, whose numbers are `now`, compared with those of another one, if there is one."""
    told = {one.findings.experiment.name for one in found} | {alarm.experiment for alarm in alarms}
    return Report(
        experiments=found,
        empty=[row for name, row in EXPERIMENTS.items() if name not in told],
        alarms=alarms,
        changes=changes.between(numbers.numbered(before), numbers.numbered(now)) if before else None,
        why_no_changes=why_no_changes,
        day=numbers.numbered(now).day,
        made=made,
        near=near,
    )
