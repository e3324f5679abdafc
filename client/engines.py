"""Which engine computes, and on what. Torch is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from client import host
from kernels.engine.exact_engine import ExactEngine
from kernels.engine.exact_library import EngineUnavailable
from kernels.engine.seam import Engine, EngineClass
from kernels.errors import NoDevice, NoEngine
from kernels.result import Device


@dataclass(frozen=True)
class Choice:
    """An engine ready to be used, and what to call in every thread that uses it."""

    engine: Engine
    device: Device
    prepare_thread: Callable[[], None]


def choose(engine: EngineClass | None, device: str, threads: int) -> Choice:
    """The engine on the device; NoEngine or NoDevice if either is missing here: never another one instead.

    Without a choice of engine it is the exact one on processors, and torch elsewhere.
    """
    if (engine or ("exact" if device == "cpu" else "torch")) == "exact":
        return _exact(device, threads)
    return _torch(device, threads)


def _exact(device: str, threads: int) -> Choice:
    if device != "cpu":
        raise NoDevice(device, "the exact engine runs on processors only")
    try:
        engine = ExactEngine()
    except EngineUnavailable as error:
        raise NoEngine("exact", error) from error
    return Choice(engine, Device("cpu", host.processor(), host.system(), threads), lambda: None)


def _torch(device: str, threads: int) -> Choice:
    try:
        import torch

        from kernels.engine.torch_engine import TorchEngine
    except ImportError as error:
        raise NoEngine("torch", f"torch cannot be loaded ({error})") from error
    kind, _, number = device.partition(":")
    if device == "cpu":
        facts = Device("cpu", host.processor(), host.system(), threads)
    elif kind == "cuda":
        if not torch.cuda.is_available():
            raise NoDevice(device, "no usable NVIDIA driver and GPU were found")
        if not number.isdecimal() or int(number) >= torch.cuda.device_count():
            raise NoDevice(device, f"this computer has {torch.cuda.device_count()} NVIDIA GPUs, counted from 0")
        name = host.printable(torch.cuda.get_device_name(int(number)))
        facts = Device("cuda", name, host.system(), threads)
    else:
        raise NoDevice(device, "devices are cpu, cuda:0, cuda:1 and so on")
    return Choice(TorchEngine(device), facts, lambda: torch.set_num_threads(1))
