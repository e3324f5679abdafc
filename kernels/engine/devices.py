"""Devices: what an engine can compute on, as people and BOINC's client name it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

DeviceKind = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Device:
    """A processor, or an accelerator by its number among those of its kind; the number is an accident of scheduling."""

    kind: DeviceKind
    number: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.number}"


CPU = Device("cpu")


def parse(text: str) -> Device:
    """The device of a text as "cpu" or "cuda:0"; ValueError for any other text."""
    if text == "cpu":
        return CPU
    accelerator = re.fullmatch(r"([a-z]+):([0-9]{1,4})", text)
    for kind in get_args(DeviceKind):
        if accelerator and accelerator[1] == kind != "cpu":
            return Device(kind, int(accelerator[2]))
    raise ValueError("devices are cpu, cuda:0, cuda:1 and so on")
