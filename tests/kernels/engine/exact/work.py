"""Engines of an instruction set, and a part of a block's cells as work of its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.exact import library
from kernels.engine.exact.engine import ExactEngine

AVAILABLE = library.available()
"""The instruction sets of this host, fastest first."""
Work = tuple[Block, Data, Schedule]


def engine_of(isa: str) -> ExactEngine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AXIOM_ISA", isa)
        return ExactEngine()


def agree(outcomes: list[Any]) -> bool:
    """Whether every instruction set gave the same."""
    return len(outcomes) == len(AVAILABLE) and all(outcome == outcomes[0] for outcome in outcomes)


def part(block: Block, data: Data, schedule: Schedule, cells: slice) -> Work:
    """The same work for some of the cells, on copies."""

    def cut(array: Any) -> Any:
        return None if array is None else array[cells].copy()

    return (
        dataclasses.replace(
            block,
            seeds=cut(block.seeds),
            params=cut(block.params),
            moments=block.moments[:, cells].copy(),
            mask=cut(block.mask),
        ),
        dataclasses.replace(data, task=cut(data.task)),
        Schedule(
            schedule.first,
            schedule.sizes,
            *(cut(getattr(schedule, name)) for name in ("order", "rate", "l2", "decay", "dropout")),
        ),
    )
