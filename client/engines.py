"""Which engine computes, and on what: chosen once, and never another one instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from client import host
from client.errors import NoDevice, NoEngine
from kernels.engine import registry
from kernels.engine.contract import DeviceUnavailable, Engine, EngineName, EngineUnavailable
from kernels.engine.devices import Device
from kernels.formats.result import DeviceFacts


@dataclass(frozen=True)
class Choice:
    """An engine ready to be used, and what to call in every thread that uses it."""

    engine: Engine
    device: DeviceFacts
    prepare_thread: Callable[[], None]


def choose(engine: EngineName | None, device: Device, threads: int) -> Choice:
    """The engine on the device, or without a choice of engine the first that computes there; NoEngine, NoDevice."""
    name = engine or registry.default(device)
    try:
        opened = registry.opened(name, device)
    except EngineUnavailable as error:
        raise NoEngine(name, error) from error
    except DeviceUnavailable as error:
        raise NoDevice(device, error) from error
    maker = host.printable(opened.accelerator) if opened.accelerator else host.processor()
    return Choice(opened.engine, DeviceFacts(device.kind, maker, host.system(), threads), opened.prepare_thread)
