"""How near results of each host differ from what their cells compute to: numbers, sums and squares of differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kernels.arrays import F64
from server_validator.ledger.database import Ledger


@dataclass(frozen=True)
class Deviations:
    """Of one metric, over cells: how many, and the sums of their differences and of the squares of these."""

    cells: int
    sums: F64  # [measurements]
    squares: F64  # [measurements]


def add(
    ledger: Ledger, host: int, experiment: str, version: int, seen: Mapping[str, Deviations]
) -> dict[str, Deviations]:
    """Add what was seen of a result to what is known of its host, by metric; what is known then."""
    totals = {}
    with ledger.writing() as db:
        for metric, new in seen.items():
            key = [host, experiment, version, metric]
            row = db.execute(
                "SELECT cells, sums, squares FROM deviations WHERE (host, experiment, version, metric) = (?, ?, ?, ?)",
                key,
            ).fetchone()
            total = new
            if row:
                sums, squares = (np.frombuffer(column, "<f8") for column in row[1:])
                total = Deviations(row[0] + new.cells, sums + new.sums, squares + new.squares)
            db.execute(
                "INSERT OR REPLACE INTO deviations VALUES (?, ?, ?, ?, ?, ?, ?)",
                [*key, total.cells, *(column.astype("<f8").tobytes() for column in (total.sums, total.squares))],
            )
            totals[metric] = total
    return totals
