"""The status message and the fraction done."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wrapper.channels import MAX_TEXT
from wrapper.status import fraction_to_send, status_message


def test_bytes_of_the_c_library() -> None:
    message = status_message(1.210055, 0.0, 0.075)
    assert message == (
        b"<current_cpu_time>1.210055e+00</current_cpu_time>\n"
        b"<checkpoint_cpu_time>0.000000e+00</checkpoint_cpu_time>\n"
        b"<fraction_done>7.500000e-02</fraction_done>\n"
    )
    assert len(message) == 150


def test_no_fraction_line_before_the_first_report() -> None:
    assert status_message(1e6, 12.5, None) == (
        b"<current_cpu_time>1.000000e+06</current_cpu_time>\n<checkpoint_cpu_time>1.250000e+01</checkpoint_cpu_time>\n"
    )


@given(st.floats(0, 1e300), st.floats(0, 1e300), st.none() | st.floats(0, 1))
def test_a_message_always_fits(now: float, checkpoint: float, fraction: float | None) -> None:
    assert len(status_message(now, checkpoint, fraction)) <= MAX_TEXT


@pytest.mark.parametrize(
    ("fraction", "start", "end", "last", "sent"),
    [
        (0.5, 0.0, 1.0, None, 0.5),
        (0.5, 0.2, 0.4, None, 0.3),
        (1.0, 0.2, 0.4, 0.3, 0.4),
        (0.1, 0.0, 1.0, 0.5, 0.5),
        (-3.0, 0.25, 1.0, None, 0.25),
        (math.inf, 0.0, 0.5, None, 0.5),
        (0.9, 0.0, 0.5, 0.6, 0.6),
    ],
)
def test_fraction(fraction: float, start: float, end: float, last: float | None, sent: float) -> None:
    assert fraction_to_send(fraction, start, end, last) == pytest.approx(sent, abs=1e-15)


def test_a_fraction_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        fraction_to_send(math.nan, 0.0, 1.0, None)


@given(st.lists(st.floats(allow_nan=False), min_size=1), st.floats(0, 0.5), st.floats(0.5, 1))
def test_fractions_never_go_back_nor_out_of_range(fractions: list[float], start: float, end: float) -> None:
    last: float | None = None
    for fraction in fractions:
        sent = fraction_to_send(fraction, start, end, last)
        assert start <= sent <= end
        assert last is None or sent >= last
        last = sent
