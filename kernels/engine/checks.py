"""The checks at the seam's door: what no engine is ever given."""

from __future__ import annotations

import numpy as np

from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.shapes import MOMENTS


def _require(array: object, name: str, dtype: type, shape: tuple[int, ...]) -> None:
    if (
        not isinstance(array, np.ndarray)
        or array.dtype != dtype
        or array.shape != shape
        or not array.flags.c_contiguous
    ):
        got = type(array).__name__
        if isinstance(array, np.ndarray):
            got = f"{'' if array.flags.c_contiguous else 'strided '}{array.dtype} {list(array.shape)}"
        raise ValueError(f"{name} must be a contiguous {np.dtype(dtype)} array {list(shape)}, not {got}")


def check_block(block: Block) -> None:
    """ValueError unless the block's arrays fit its network and optimizer."""
    shape = (len(block.params), block.network.parameters)
    if block.cells < 1:
        raise ValueError("a block needs at least one cell, not params [0, ...]")
    _require(block.params, "params", np.float32, shape)
    _require(block.moments, "moments", np.float32, (MOMENTS[block.optimizer.method], *shape))
    _require(block.seeds, "seeds", np.uint64, shape[:1])
    if block.mask is not None:
        _require(block.mask, "mask", np.float32, shape)
        if np.any((block.mask != 0) & (block.mask != 1)):
            raise ValueError("mask holds other values than 0 and 1")
    if block.step < 0:
        raise ValueError(f"step {block.step} is negative")


def check_data(block: Block, data: Data) -> None:
    """ValueError unless the data fits the block's network and cells."""
    check_block(block)
    if not isinstance(data.x, np.ndarray) or data.x.ndim != 3:
        raise ValueError(f"x must be [tasks, inputs, samples], not {getattr(data.x, 'shape', type(data.x))}")
    tasks, _, samples = data.x.shape
    _require(data.x, "x", np.float32, (tasks, block.network.sizes[0], samples))
    _require(data.y, "y", np.float32, (tasks, block.network.sizes[-1], samples))
    _require(data.task, "task", np.int64, (block.cells,))
    if samples < 1 or tasks < 1 or data.task.min() < 0 or data.task.max() >= tasks:
        raise ValueError(f"task indices {data.task.tolist()[:8]} do not fit x {list(data.x.shape)}")


def check_training(block: Block, data: Data, schedule: Schedule, steps: int) -> None:
    """ValueError unless `steps` steps from block.step on can be trained as the schedule says."""
    check_data(block, data)
    samples, offset = data.x.shape[2], block.step - schedule.first
    _require(schedule.sizes, "sizes", np.int32, (schedule.steps,))
    if offset < 0 or steps < 0 or offset + steps > schedule.steps:
        raise ValueError(
            f"steps {block.step}..{block.step + steps} are not in the schedule's "
            f"{schedule.first}..{schedule.first + schedule.steps}"
        )
    if schedule.sizes.size and schedule.sizes.min() < 0:
        raise ValueError(f"sizes hold a negative minibatch ({schedule.sizes.min()})")
    if schedule.order is None:
        if np.any(schedule.sizes != samples):
            raise ValueError(f"without an order every minibatch must be all {samples} samples")
    else:
        _require(schedule.order, "order", np.int32, (block.cells, int(schedule.starts[-1])))
        # Only what these steps use is looked at: a call of 0.1 s must not read a schedule of hours.
        used = schedule.order[:, schedule.starts[offset] : schedule.starts[offset + steps]]
        if used.size and not 0 <= used.min() <= used.max() < samples:
            raise ValueError(f"order holds an index outside 0..{samples - 1}")
    for name in ("rate", "l2", "decay"):
        values = getattr(schedule, name)
        if values is None and name != "rate":
            continue
        _require(values, name, np.float32, (block.cells, schedule.steps))
        used = values[:, offset : offset + steps]
        if not np.all(np.isfinite(used)) or np.any(used < 0):
            raise ValueError(f"{name} holds a negative or non-finite value")
    if schedule.dropout is not None:
        _require(schedule.dropout, "dropout", np.float32, (block.cells,))
        if not np.all((schedule.dropout >= 0) & (schedule.dropout < 1)):
            raise ValueError("dropout holds a probability outside [0, 1)")
