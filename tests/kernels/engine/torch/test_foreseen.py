"""What torch says of memory and of a GPU that is lost, in the words of the seam."""

from __future__ import annotations

import pytest
import torch

from kernels.engine.contract import DeviceAway
from kernels.engine.torch.foreseen import foreseen


def test_torchs_want_of_memory_is_pythons() -> None:
    with pytest.raises(MemoryError, match="can't allocate memory"):
        foreseen(torch.empty)(1 << 50)


def test_a_gpus_want_of_memory_is_too() -> None:
    def full() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    with pytest.raises(MemoryError, match="out of memory"):
        foreseen(full)()


def test_a_lost_gpu_is_away() -> None:
    def lost() -> None:
        raise RuntimeError("CUDA error: unspecified launch failure\nCompile with `TORCH_USE_CUDA_DSA`")

    with pytest.raises(DeviceAway, match=r"unspecified launch failure$"):
        foreseen(lost)()


def test_any_other_error_is_its_own() -> None:
    with pytest.raises(RuntimeError, match="shape") as caught:
        foreseen(torch.ones(2, 3).view)(7)
    assert type(caught.value) is RuntimeError
