"""What is asked of every engine is asked with this fixture."""

from __future__ import annotations

import sys

import pytest

from kernels.engine.contract import Engine
from kernels.engine.devices import CPU, Device
from kernels.engine.exact.engine import ExactEngine

# Windows' Python of the tests has no torch.
TORCH = [] if sys.platform == "win32" else ["torch", pytest.param("cuda", marks=pytest.mark.gpu)]


@pytest.fixture(params=["exact", *TORCH])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "exact":
        return ExactEngine()
    import torch

    from kernels.engine.torch.engine import TorchEngine

    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    return TorchEngine(Device("cuda", 0) if request.param == "cuda" else CPU)
