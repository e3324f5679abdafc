"""What BOINC's program create_work must be told of a work unit."""

from __future__ import annotations

from kernels.cost import Cost


def bounds(cost: Cost) -> str:
    """A work unit's operations, memory and disk as options of create_work, with room where they are limits."""
    options = {
        "rsc_fpops_est": cost.operations,
        "rsc_fpops_bound": 100 * cost.operations,  # the client ends a task that takes longer: slow hosts must not
        "rsc_memory_bound": 2 * cost.memory,
        "rsc_disk_bound": 2 * cost.disk + 64e6,  # the log, and what the client itself puts there
    }
    return " ".join(f"--{name} {value:.3g}" for name, value in options.items())
