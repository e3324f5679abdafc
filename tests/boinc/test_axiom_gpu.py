"""A GPU task waits for a GPU that cannot be used now; it never computes on the processor instead."""

import pytest
import torch

from tests.boinc.lives.no_gpu import NoGpu
from tests.boinc.real_client import needs_client

pytestmark = [
    needs_client,
    pytest.mark.skipif(torch.cuda.is_available(), reason="this computer has the GPU that the test must not find"),
]


def test_a_gpu_task_without_a_usable_gpu_comes_back_later(no_gpu: NoGpu) -> None:
    """A driver's update takes the GPU away for minutes, and a queue of tasks would be emptied in seconds."""
    assert "Starting task gpu_0 using axiom version 100 (nvtorch)" in no_gpu.after.client_log
    assert (
        "Task gpu_0 postponed for 600 seconds: The assigned GPU is away; trying again later." in no_gpu.after.client_log
    )
    assert no_gpu.after.ending("gpu") == (203, 6)  # the user's abort, meanwhile
    (line,) = no_gpu.after.said("gpu").splitlines()
    assert "Cannot compute on cuda:0: no usable NVIDIA driver and GPU were found." in line


def test_a_gpu_task_never_computes_on_the_processor(no_gpu: NoGpu) -> None:
    assert "cells on" not in no_gpu.after.said("gpu")
    assert no_gpu.after.results == {}
