"""What findings leave out, in sentences and as JSON, so that nothing is missing without a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernels.formats.workunit import WorkUnit
from server_validator.dataset.query import LeftOut


@dataclass(frozen=True)
class Missing:
    """A file that is left out because it is not sound, and what the ledger knows of its work unit, if anything."""

    path: Path
    why: str
    unit: WorkUnit | None

    @property
    def cells(self) -> int | None:
        """How many it had."""
        return len(self.unit.conditions) * self.unit.seeds.count if self.unit else None


def sentences(left_out: LeftOut, missing: list[Missing], table_seeds: int) -> list[str]:
    """One for each kind of thing that is left out, and one for each file that is not sound."""
    said = []
    if missing:
        known = [lost for lost in missing if lost.unit]
        cells, seeds = sum(lost.cells or 0 for lost in known), sum(lost.unit.seeds.count for lost in known if lost.unit)
        said.append(
            f"{_count(len(missing), 'file')} left out as damaged or foreign, with {_count(cells, 'cell')} of "
            f"{_count(seeds, 'seed')}{_and_unknown(len(missing) - len(known))}; axiom-server repair mends what it can:"
        )
        said += [f"  {lost.path}: {lost.why}" for lost in missing]
    if left_out.withdrawn:
        said.append(
            f"{_count(len(left_out.withdrawn), 'file')} withdrawn, with {_count(left_out.withdrawn_cells, 'cell')}; "
            "axiom-server withdraw lists them"
        )
    if left_out.revoked:
        said.append(
            f"{_count(len(left_out.revoked), 'file')} of results that a later look found wrong, with "
            f"{_count(left_out.revoked_cells, 'cell')}; axiom-server status names their work units"
        )
    if left_out.contradicted_seeds:
        said.append(
            f"{_count(len(left_out.contradicted_seeds), 'seed')} left out with {left_out.contradicted_cells} cells, "
            f"since files have different numbers for the same cell: {', '.join(map(str, left_out.contradicting))}"
        )
    if left_out.repeated_cells:
        said.append(f"{_count(left_out.repeated_cells, 'cell')} in two files with the same numbers, counted once")
    if left_out.incomplete_seeds:
        said.append(
            f"{left_out.incomplete_seeds} of {_count(table_seeds, 'seed')} incomplete: they have part of the grid, and "
            "count only where they have as much of it as any seed"
        )
    return said


def as_json(left_out: LeftOut, missing: list[Missing], absent: list[str]) -> Mapping[str, object]:
    """The same for a program; null where nobody knows how many."""
    return {
        "files": [
            {
                "file": str(lost.path),
                "why": lost.why,
                "workunit": lost.unit.name if lost.unit else None,
                "seeds": lost.unit.seeds.count if lost.unit else None,
                "cells": lost.cells,
            }
            for lost in missing
        ],
        "absent": absent,
        "withdrawn": {"files": [str(path) for path in left_out.withdrawn], "cells": left_out.withdrawn_cells},
        "revoked": {"files": [str(path) for path in left_out.revoked], "cells": left_out.revoked_cells},
        "contradicted": {
            "files": [str(path) for path in left_out.contradicting],
            "seeds": list(left_out.contradicted_seeds),
            "cells": left_out.contradicted_cells,
        },
        "repeated": {"cells": left_out.repeated_cells},
        "incomplete": {"seeds": left_out.incomplete_seeds},
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _and_unknown(files: int) -> str:
    return f", and {_count(files, 'file')} of no work unit that the ledger knows" if files else ""
