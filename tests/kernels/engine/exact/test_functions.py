"""The exact library's functions against float64, and its streams against those of numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import philox
from kernels.philox import Purpose
from tests.kernels.engine import exhaustive
from tests.kernels.engine.exact import functions
from tests.kernels.engine.exact.work import AVAILABLE, agree


@pytest.mark.parametrize("function", exhaustive.REFERENCE)
def test_functions_are_within_two_ulp(function: str) -> None:
    """Every 199th float; exhaustive.py does all of them."""
    assert exhaustive.largest_error(function, 199) <= 2.0


SPECIAL = np.array(
    [0.0, np.inf, np.nan, 1e-45, 1e-38, 0.624, 0.625, 1.0, 9.01, 88.72283, 88.72284, 103.97, 104.0, 3.4e38], np.float32
)

SPECIAL = np.resize(np.concatenate([SPECIAL, -SPECIAL]), 32)


@pytest.mark.parametrize("isa", AVAILABLE)
@pytest.mark.parametrize("function", exhaustive.REFERENCE)
def test_functions_at_special_values(isa: str, function: str) -> None:
    with np.errstate(all="ignore"):
        want = exhaustive.REFERENCE[function](SPECIAL.astype(np.float64))
        assert exhaustive.ulps(functions.math(isa, function, SPECIAL), want) <= 2.0


@pytest.mark.parametrize("function", ["sigmoid", "log1p"])
def test_derived_functions(function: str) -> None:
    x = (
        np.linspace(0, 1, 160, dtype=np.float32)
        if function == "log1p"
        else np.linspace(-80, 80, 1600, dtype=np.float32)
    )
    wide = x.astype(np.float64)
    want = np.log1p(wide) if function == "log1p" else 1.0 / (1.0 + np.exp(-wide))
    values = [functions.math(isa, function, x) for isa in AVAILABLE]
    np.testing.assert_allclose(values[0], want, rtol=4e-7)
    assert agree([row.tobytes() for row in values])


# --- streams

KNOWN_ANSWERS = [  # Random123's known answers: counter, key, words
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "want"), KNOWN_ANSWERS)
def test_philox_gives_the_published_words(counter: str, key: str, want: str) -> None:
    c, k, w = (np.array([int(word, 16) for word in text.split()], np.uint32) for text in (counter, key, want))
    assert functions.philox_block(c, k).tolist() == w.tolist()
    assert philox.philox4x32(c, k).tolist() == w.tolist()


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, philox.SEED_LIMIT - 1),
    purpose=st.sampled_from(Purpose),
    count=st.integers(0, 400),
    at=st.tuples(*[st.integers(0, 2**32 - 1)] * 3),
)
def test_the_same_streams_in_c_and_numpy(seed: int, purpose: Purpose, count: int, at: tuple[int, int, int]) -> None:
    for name in ("words", "uniform", "normal", "permutation"):
        want = getattr(philox, name)(seed, purpose, count, at)
        drawn = getattr(functions, name)(seed, purpose, count, at)
        assert drawn.dtype == want.dtype
        assert drawn.tobytes() == want.tobytes(), name
    for p in (0.0, 0.3, 1.0 - 2.0**-24):
        want = philox.words(seed, purpose, count, at) < np.floor(p * 2.0**32)
        assert functions.bernoulli(seed, purpose, p, count, at).tolist() == want.tolist()


def test_long_streams_are_the_same_in_c_and_numpy() -> None:
    for name in ("uniform", "normal", "permutation"):
        want = getattr(philox, name)(5, Purpose.NOISE, 1_000_003)
        assert getattr(functions, name)(5, Purpose.NOISE, 1_000_003).tobytes() == want.tobytes(), name
