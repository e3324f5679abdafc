"""A GPU task where no GPU can be used ends; it never computes on the processor instead."""

import pytest
import torch

from tests.boinc.lives.no_gpu import NoGpu
from tests.boinc.real_client import needs_client

pytestmark = [
    needs_client,
    pytest.mark.skipif(torch.cuda.is_available(), reason="this computer has the GPU that the test must not find"),
]


def test_a_gpu_task_without_a_usable_gpu_is_an_error(no_gpu: NoGpu) -> None:
    assert "Starting task gpu_0 using axiom version 100 (nvtorch)" in no_gpu.after.client_log
    assert no_gpu.after.ending("gpu") == (30, 3)
    (line,) = no_gpu.after.said("gpu").splitlines()
    assert "Cannot compute on cuda:0: no usable NVIDIA driver and GPU were found." in line


def test_a_gpu_task_never_computes_on_the_processor(no_gpu: NoGpu) -> None:
    assert "cells on" not in no_gpu.after.said("gpu")
    assert no_gpu.after.results == {}
