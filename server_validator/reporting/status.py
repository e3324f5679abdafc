"""Where work units stand, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from server_validator.ledger.standing import AGAIN, STANDINGS, Issued
from server_validator.ledger.taken_back import Taken
from server_validator.reporting import taken

_ALWAYS = ("issued", "outstanding", "checked", "stored")  # columns that the table has even where they are all 0

Group = tuple[str, int]
"""An experiment and its version."""


@dataclass(frozen=True)
class State:
    """What ledger, data set and the work that waits for BOINC tell together."""

    units: Sequence[Issued]  # by experiment, version and first seed
    waiting: Sequence[str]  # names of work units that BOINC may not have yet
    left_aside: Mapping[Group, int]  # how many files of the data set are not sound
    without_rows: Sequence[str]  # names of work units whose stored result nothing has any more
    withdrawn: Mapping[Group, int]  # how many results staff took out of the findings
    taken_back: Sequence[Taken]
    owing: int  # results of which cells are left to the audit


def show(console: Console, state: State) -> None:
    """Print a row for each experiment and version, then a sentence for each thing that somebody has to do."""
    # Narrow, and without what is nowhere in need of somebody: all numbers have to be legible in 80 columns.
    counts = _counts(state)
    headings = [
        heading
        for heading in ("issued", *STANDINGS, "left aside", "withdrawn")
        if heading in _ALWAYS or any(numbers[heading] for numbers in counts.values())
    ]
    grid = Table(title="work units", title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    grid.add_column("experiment", overflow="fold")
    for heading in headings:
        grid.add_column(heading.replace(" ", "\n"), justify="right", no_wrap=True)
    for (experiment, version), numbers in counts.items():
        grid.add_row(f"{experiment} {version}", *(str(numbers[heading]) for heading in headings))
    console.print(grid)
    for sentence in _sentences(state):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)


def as_json(state: State) -> Mapping[str, object]:
    """The same for a program, with the names of all that somebody has to look after."""
    return {
        "experiments": [
            {"experiment": experiment, "version": version}
            | {heading.replace(" ", "_"): number for heading, number in numbers.items()}
            for (experiment, version), numbers in _counts(state).items()
        ],
        "again": [
            {"workunit": unit.name, "standing": unit.standing, "reason": unit.reason}
            for unit in state.units
            if unit.standing in AGAIN
        ],
        "to_submit": list(state.waiting),
        "without_rows": list(state.without_rows),
        "taken_back": [
            {
                "host": one.host,
                "upload": one.upload,
                "operations": one.work,
                "wrong": None if one.wrong is None else bool(one.wrong),
                "credit": one.credit,
                "reason": one.reason,
            }
            for one in state.taken_back
        ],
        "owing": state.owing,
    }


def _counts(state: State) -> Mapping[Group, Mapping[str, int]]:
    """The numbers of each experiment and version, by their headings."""
    by_group: dict[Group, Counter[str]] = {group: Counter() for group in [*state.left_aside, *state.withdrawn]}
    for unit in state.units:
        by_group.setdefault((unit.experiment, unit.version), Counter())[unit.standing] += 1
    return {
        group: {"issued": standings.total()}
        | {standing: standings[standing] for standing in STANDINGS}
        | {"left aside": state.left_aside.get(group, 0), "withdrawn": state.withdrawn.get(group, 0)}
        for group, standings in sorted(by_group.items())
    }


def _sentences(state: State) -> list[str]:
    said = [f"{unit.name} is {unit.standing}: {unit.reason}" for unit in state.units if unit.standing in AGAIN]
    if said:
        said.append("axiom-server make-work EXPERIMENT --again gives these out again")
    if state.waiting:
        said.append(
            f"issued, and not known to be in BOINC: {', '.join(state.waiting)}; any make-work goes on with them"
        )
    if state.left_aside:
        damaged = sum(state.left_aside.values())
        said.append(f"damaged or foreign files of the data set: {damaged}; axiom-server repair mends what it can")
    if state.without_rows:
        said.append(
            f"stored, and neither in the data set nor in the archive: {', '.join(state.without_rows)}; "
            "axiom-server repair records them as lost"
        )
    if state.withdrawn:
        said.append(
            f"withdrawn results of the data set: {sum(state.withdrawn.values())}; axiom-server withdraw lists them"
        )
    if state.owing:
        said.append(f"results with cells still to be recomputed: {state.owing}; axiom-server audit does it")
    return said + taken.sentences(state.taken_back)
