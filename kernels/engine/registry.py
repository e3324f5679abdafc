"""The table of engines: how results of each agree, which devices it computes on, and how it is loaded.

An engine's code and its libraries are imported when it is opened, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kernels.engine.contract import AGREEMENT, Agreement, DeviceUnavailable, EngineName, EngineUnavailable, Opened
from kernels.engine.devices import Device, DeviceKind


def _open_c(device: Device) -> Opened:
    from kernels.engine.exact.engine import ExactEngine

    return Opened(ExactEngine())


def _open_torch(device: Device) -> Opened:
    try:
        from kernels.engine.torch.opening import opened
    except ImportError as error:
        raise EngineUnavailable(f"torch cannot be loaded ({error})") from error
    return opened(device)


@dataclass(frozen=True)
class Entry:
    """One row of the table."""

    kinds: tuple[DeviceKind, ...]
    agreement: Agreement
    open: Callable[[Device], Opened]


ENGINES: dict[EngineName, Entry] = {
    "c": Entry(("cpu",), AGREEMENT["c"], _open_c),
    "torch": Entry(("cpu", "cuda"), AGREEMENT["torch"], _open_torch),
}


def default(device: Device) -> EngineName:
    """The engine that computes on a device unless another one is asked for: the first of the table that can."""
    return next(name for name, entry in ENGINES.items() if device.kind in entry.kinds)


def opened(name: EngineName, device: Device) -> Opened:
    """The engine on the device. EngineUnavailable or DeviceUnavailable if either is missing: never another instead."""
    entry = ENGINES[name]
    if device.kind not in entry.kinds:
        raise DeviceUnavailable(f"the engine {name} computes on {' and '.join(entry.kinds)} only")
    return entry.open(device)
