"""What torch says where memory or the device is lacking, in the words of the seam."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

from kernels.engine.contract import DeviceAway

Arguments = ParamSpec("Arguments")
Value = TypeVar("Value")


def foreseen(function: Callable[Arguments, Value]) -> Callable[Arguments, Value]:
    """The function, raising MemoryError and DeviceAway instead of RuntimeErrors that only their texts tell apart."""

    @functools.wraps(function)
    def called(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        try:
            return function(*args, **kwargs)
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
                raise MemoryError(str(error).partition("\n")[0]) from error
            if "CUDA error" in str(error):
                raise DeviceAway(str(error).partition("\n")[0]) from error
            raise

    return called
