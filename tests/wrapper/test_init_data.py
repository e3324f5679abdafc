"""init_data.xml: what a client writes, and what it never should."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wrapper.fake_client import SECRET, init_data
from wrapper.init_data import MAX_BYTES, InitData, parse


def wrap(inside: bytes) -> bytes:
    return b"<app_init_data>\n" + inside + b"\n</app_init_data>\n"


def test_a_file_as_a_client_writes_it() -> None:
    fields = {"client_pid": 4711, "wu_cpu_time": "12.500000", "gpu_type": "NVIDIA", "gpu_device_num": 1}
    assert parse(init_data(comm_obj_name=None, **fields)) == InitData(
        major_version=7,
        minor_version=20,
        release=5,
        app_version=100,
        userid=1,
        app_name="axiom",
        wu_name="wu_1",
        result_name="wu_1_0",
        project_dir=Path("/var/lib/boinc/projects/example.org_axiom"),
        boinc_dir=Path("/var/lib/boinc"),
        slot=3,
        client_pid=4711,
        shm_key=-1,
        using_sandbox=False,
        wu_cpu_time=12.5,
        starting_elapsed_time=0.0,
        checkpoint_period=60.0,
        fraction_done_start=0.0,
        fraction_done_end=1.0,
        gpu_type="NVIDIA",
        gpu_device_num=1,
        ncpus=1.0,
        rsc_memory_bound=5e8,
        rsc_disk_bound=1e9,
    )


def test_the_secret_is_nowhere_in_the_result() -> None:
    content = init_data()
    assert SECRET.encode() in content
    data = parse(content)
    assert SECRET not in repr(data)
    assert all(SECRET not in str(value) for value in dataclasses.asdict(data).values())
    assert not hasattr(data, "authenticator")


def test_every_field_may_be_missing() -> None:
    assert parse(wrap(b"")) == InitData()
    for name in ("client_pid", "checkpoint_period", "fraction_done_end", "slot", "ncpus"):
        assert getattr(parse(init_data(**{name: None})), name) == getattr(InitData(), name)


@pytest.mark.parametrize(
    ("tag", "value", "field"),
    [
        ("client_pid", "-5", 0),
        ("client_pid", "99999999999999999999", 0),
        ("client_pid", "many", 0),
        ("checkpoint_period", "nan", 0.0),
        ("checkpoint_period", "-1", 0.0),
        ("checkpoint_period", "1e999", 0.0),
        ("wu_cpu_time", "inf", 0.0),
        ("wu_cpu_time", "1.5e3", 1500.0),
        ("gpu_device_num", "", -1),
        ("shm_key", "16788704", 16788704),
        ("using_sandbox", "1", True),
        ("fraction_done_end", "7", 1.0),
        ("ncpus", " 4.000000 ", 4.0),
    ],
)
def test_odd_values(tag: str, value: str, field: object) -> None:
    assert getattr(parse(init_data(**{tag: value})), tag) == field


def test_a_fraction_range_upside_down_is_the_whole_range() -> None:
    data = parse(init_data(fraction_done_start="0.8", fraction_done_end="0.2"))
    assert (data.fraction_done_start, data.fraction_done_end) == (0.0, 1.0)


def test_unknown_fields_and_foreign_bytes_are_ignored() -> None:
    data = parse(wrap(b"<new_thing><slot>9</slot></new><wu_name>w\xff\xfe</wu_name><a><b></a>\x80<ncpus>2</ncpus>"))
    assert data.wu_name == "w\udcff\udcfe"
    assert data.ncpus == 2.0


def test_preferences_cannot_speak_for_the_client() -> None:
    raw = b"<project_preferences><client_pid>1</client_pid></project_preferences><slot>8</slot></project_preferences>"
    assert parse(wrap(raw + b"<slot>2</slot>")) == InitData(slot=2)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 500, b"not XML at all", init_data()[:-20], b"\x7fELF", init_data().ljust(MAX_BYTES + 1)],
    ids=["empty", "zeros", "text", "torn", "binary", "huge"],
)
def test_files_that_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="the client must write it again"):
        parse(content)


def test_a_large_file_is_read() -> None:
    assert parse(init_data().rstrip().ljust(MAX_BYTES)).slot == 3


@given(st.binary(max_size=400))
def test_garbage_gives_defaults_or_values_in_range(inside: bytes) -> None:
    data = parse(wrap(inside))
    assert 0 <= data.fraction_done_start < data.fraction_done_end <= 1
    assert 0 <= data.client_pid < 2**31


numbers = st.floats().map(str) | st.integers().map(str) | st.text(max_size=20).filter(lambda text: "<" not in text)


@given(st.sampled_from([f.name for f in dataclasses.fields(InitData)]), numbers)
def test_any_value_in_any_field(name: str, value: str) -> None:
    parse(wrap(f"<{name}>{value}</{name}>".encode("utf-8", "surrogatepass")))
