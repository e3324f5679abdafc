"""Names of devices: what is written is read again, and nothing else is."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.engine.devices import CPU, Device, DeviceKind, parse

ACCELERATORS = st.builds(Device, st.sampled_from(get_args(DeviceKind)[1:]), st.integers(0, 9999))


@given(device=ACCELERATORS | st.just(CPU))
def test_a_device_is_read_as_it_is_written(device: Device) -> None:
    assert parse(str(device)) == device


def test_devices_are_written_as_people_and_boincs_client_name_them() -> None:
    assert [str(device) for device in (CPU, Device("cuda"), Device("cuda", 3))] == ["cpu", "cuda:0", "cuda:3"]


REFUSED = [
    *("", "CPU", " cpu", "cpu\n", "cpu:0", "cuda", "cuda:", "cuda:-1", "cuda:+1", "cuda:1.0", "cuda:0 ", "cuda:10000"),
    *("CUDA:0", "cuda:0,1", "cuda:٣", "cuda0", ":0", "nvidia:0", "torch"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="devices are cpu, cuda:0, cuda:1 and so on"):
        parse(text)


@given(text=st.text(max_size=12) | st.from_regex(r"[a-z]{0,5}:?[0-9]{0,6}", fullmatch=True))
def test_whatever_is_read_is_a_device_that_can_be_written(text: str) -> None:
    try:
        device = parse(text)
    except ValueError:
        return
    assert device == CPU or device.number <= 9999
    assert parse(str(device)) == device
