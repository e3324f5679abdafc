"""What findings rest on and leave out, in sentences and as JSON, so that nothing is missing without a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from server_validator.dataset.query import Contents
from server_validator.dataset.schema import Held

_NAMED = 10  # work units; there may be thousands in one file


def rests_on(contents: Contents) -> list[str]:
    """What the findings rest on, and each alarm."""
    kind = "bit-exact and near" if contents.near else "bit-exact"
    said = [f"{kind} results of {_count(len(contents.hosts), 'known host')}"]
    return said + [
        f"ALARM: {_count(one.cells, 'cell')} in two bit-exact results with different numbers, one of which is wrong: "
        f"{one.first}, and {one.second}; axiom-server validate --recheck tells which"
        for one in contents.disagreements
    ]


def sentences(contents: Contents, absent: Sequence[str]) -> list[str]:
    """One for each kind of thing that is left out and each damaged file."""
    left_out, said = contents.left_out, list[str]()
    if left_out.contradicted_seeds:
        said.append(
            f"{_count(len(left_out.contradicted_seeds), 'seed')} left out with {left_out.contradicted_cells} cells, "
            "since bit-exact results have different numbers for the same cell"
        )
    if left_out.near:
        said.append(f"{_results(left_out.near)} left out as near only; --near counts them")
    if left_out.unsound:
        said.append(f"{_count(len(left_out.unsound), 'file')} left out as damaged or foreign:")
        said += [f"  {path}: {why}" for path, why in left_out.unsound]
    if absent:
        said.append(f"no sound file has what is stored of {_listed(absent)}; axiom-server repair writes it anew")
    if left_out.withdrawn:
        said.append(f"{_results(left_out.withdrawn)} withdrawn; axiom-server withdraw lists them")
    if left_out.revoked:
        said.append(
            f"{_results(left_out.revoked)} left out that a later look found wrong; axiom-server status names their "
            "work units"
        )
    if left_out.repeated_cells:
        said.append(f"{_count(left_out.repeated_cells, 'cell')} in two results, counted once")
    if left_out.incomplete_seeds:
        seeds = len(np.unique(contents.table.seed))
        said.append(
            f"{left_out.incomplete_seeds} of {_count(seeds, 'seed')} incomplete: they have part of the grid, and "
            "count only where they have as much of it as any seed"
        )
    return said


def as_json(contents: Contents, absent: Sequence[str]) -> Mapping[str, object]:
    """The same for a program."""
    left_out = contents.left_out
    return {
        "files": [{"file": str(path), "why": why} for path, why in left_out.unsound],
        "absent": list(absent),
        "near": _numbers(left_out.near),
        "withdrawn": _numbers(left_out.withdrawn),
        "revoked": _numbers(left_out.revoked),
        "contradicted": {
            "results": [
                {"cells": one.cells, "uploads": [one.first.upload, one.second.upload],
                 "hosts": [one.first.host_id, one.second.host_id]}
                for one in contents.disagreements
            ],
            "seeds": list(left_out.contradicted_seeds),
            "cells": left_out.contradicted_cells,
        },
        "repeated": {"cells": left_out.repeated_cells},
        "incomplete": {"seeds": left_out.incomplete_seeds},
    }  # fmt: skip


def _numbers(results: Sequence[Held]) -> Mapping[str, int]:
    return {"results": len(results), "cells": sum(one.cells for one in results)}


def _results(results: Sequence[Held]) -> str:
    return f"{_count(len(results), 'result')} with {_count(sum(one.cells for one in results), 'cell')}"


def _listed(names: Sequence[str]) -> str:
    rest = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + rest


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
