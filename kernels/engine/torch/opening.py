"""A torch engine on a device that is there."""

from __future__ import annotations

import torch

from kernels.engine.contract import DeviceAway, Opened
from kernels.engine.devices import Device
from kernels.engine.torch.engine import TorchEngine
from kernels.engine.torch.foreseen import foreseen


@foreseen
def opened(device: Device) -> Opened:
    """The engine on the device, a thread of torch for each of ours. DeviceAway."""
    name = ""
    if device.kind == "cuda":
        if not torch.cuda.is_available():
            raise DeviceAway("no usable NVIDIA driver and GPU were found")
        if not 0 <= device.number < torch.cuda.device_count():
            raise DeviceAway(f"this computer has {torch.cuda.device_count()} NVIDIA GPUs, counted from 0")
        name = torch.cuda.get_device_name(device.number)
    return Opened(TorchEngine(device), name, lambda: torch.set_num_threads(1))
