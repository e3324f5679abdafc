"""The table of engines: which one a device gets, what is refused, and that nothing is loaded before it is asked for."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import get_args

import pytest
import torch

from kernels.engine import registry
from kernels.engine.contract import AGREEMENT, DeviceUnavailable, EngineName
from kernels.engine.devices import CPU, Device, DeviceKind

GPU = Device("cuda", 0)
ANY_ENGINE = pytest.mark.parametrize("name", registry.ENGINES)


def test_every_engine_of_the_contract_is_in_the_table_and_agrees_as_the_contract_says() -> None:
    assert list(registry.ENGINES) == list(get_args(EngineName))
    assert {name: entry.agreement for name, entry in registry.ENGINES.items()} == AGREEMENT


def test_a_processor_gets_the_exact_engine_and_a_gpu_torch() -> None:
    assert registry.default(CPU) == "c"
    assert AGREEMENT[registry.default(CPU)] == "exact"
    assert registry.default(GPU) == "torch"


def test_every_kind_of_device_has_an_engine() -> None:
    for kind in get_args(DeviceKind):
        assert kind in registry.ENGINES[registry.default(Device(kind))].kinds


@ANY_ENGINE
def test_an_engine_is_opened_on_the_processor_under_its_name(name: EngineName) -> None:
    opened = registry.opened(name, CPU)
    assert (opened.engine.name, opened.engine.device, opened.accelerator) == (name, CPU, "")


def test_a_device_that_an_engine_cannot_use_is_refused_and_no_other_engine_is_taken() -> None:
    with pytest.raises(DeviceUnavailable, match="the engine c computes on cpu only"):
        registry.opened("c", GPU)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    why = "this computer has . NVIDIA GPUs" if torch.cuda.is_available() else "no usable NVIDIA driver and GPU"
    with pytest.raises(DeviceUnavailable, match=why):
        registry.opened("torch", Device("cuda", 9999))


@pytest.mark.gpu
def test_a_gpu_has_its_makers_name() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    opened = registry.opened("torch", GPU)
    assert (opened.engine.device, opened.accelerator) == (GPU, torch.cuda.get_device_name(0))


def test_each_of_our_threads_is_one_thread_of_torch() -> None:
    opened = registry.opened("torch", CPU)
    threads: list[int] = []

    def work() -> None:
        torch.set_num_threads(2)
        opened.prepare_thread()
        threads.append(torch.get_num_threads())

    before = torch.get_num_threads()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert threads == [1]


def run(program: str) -> str:
    """What a program prints in a process of its own."""
    start = "import sys\nfrom kernels.engine import registry\nfrom kernels.engine.devices import CPU\n"
    done = subprocess.run([sys.executable, "-c", start + program], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_library_is_loaded_with_its_engine_and_not_before() -> None:
    program = """
seen = ["torch" in sys.modules]
for name in ("c", "torch"):
    registry.opened(name, CPU)
    seen.append("torch" in sys.modules)
print(seen)
"""
    assert run(program) == "[False, False, True]"


def test_without_torch_its_engine_is_unavailable_and_says_why() -> None:
    program = """
sys.modules["torch"] = None  # Python then takes it for a module that is not installed
from kernels.engine.contract import EngineUnavailable
try:
    registry.opened("torch", CPU)
except EngineUnavailable as error:
    print(error)
print(registry.opened("c", CPU).engine.name)
"""
    sentence, exact = run(program).splitlines()
    assert sentence.startswith("torch cannot be loaded (")
    assert exact == "c"
