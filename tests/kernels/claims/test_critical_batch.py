"""The critical batch size: fits of exact curves, and what is read off invented sweeps of sizes and rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.claims import BatchSizes, Table, log2_critical_size
from kernels.metrics import NOISE_LIMIT
from tests.kernels.claims.invented_sweep import EPOCH, MEASURED, SIZES, bent, hyperbola, table, without_a_cell

SWEEP = BatchSizes(SIZES, [EPOCH * epoch for epoch in MEASURED])


@given(
    least=st.floats(-10, 40),
    critical=st.integers(-3 * 16, 14 * 16),
    sizes=st.lists(st.sampled_from(SIZES), min_size=3, unique=True),
)
def test_an_exact_curve_has_its_critical_size(least: float, critical: int, sizes: list[int]) -> None:
    """To a sixteenth of an octave; the samples that all sizes need more say nothing. Far outside, next to nothing."""
    size = 2.0 ** (critical / 16)
    samples = least + np.log2(1 + np.array(sizes) / size)
    found = log2_critical_size(samples, sizes)
    assert found.shape == ()
    want = np.log2(1 + np.array(sizes) / 2.0**found)
    assert want - want.mean() == pytest.approx(samples - samples.mean(), abs=1e-6)


def test_of_several_curves_each_has_its_own() -> None:
    critical = np.array([[2.0, 5.0], [8.0, 11.0]])
    samples = 7.0 + np.log2(1 + np.array(SIZES) / 2.0 ** critical[..., None])
    assert log2_critical_size(samples, SIZES).tolist() == critical.tolist()


@pytest.mark.parametrize("critical", [16.0, 256.0, 1024.0])
def test_samples_steps_and_the_critical_size_are_found(critical: float) -> None:
    true = hyperbola(30_000.0, critical)
    invented = table(lambda size: min(true(size), 700_000.0))
    known = [min(true(size), 700_000.0) for size in SIZES]
    # the loss is straight, and so is what lies between measurements: nothing is lost but where it is cut off
    assert SWEEP.log2_steps(0.3)(invented) == pytest.approx(
        SWEEP.log2_samples(0.3)(invented) - np.arange(12), abs=1e-12
    )
    assert 2.0 ** SWEEP.log2_samples(0.3)(invented) == pytest.approx(np.array([known, known]), rel=0.01)
    if critical > 100:
        assert SWEEP.log2_critical(0.3)(invented) == pytest.approx([np.log2(critical)] * 2, abs=0.1)


def test_what_never_gets_there_counts_as_all_samples() -> None:
    invented = table(lambda size: 1e9 if size == 2048 else 20_000.0)
    assert SWEEP.log2_samples(0.3)(invented)[0, -1] == np.log2(384 * 2048)


def test_a_seed_without_all_its_cells_does_not_count() -> None:
    part = without_a_cell(table(hyperbola(20_000.0, 256.0), seeds=3))
    assert SWEEP.log2_samples(0.3)(part).shape == (2, 12)
    assert SWEEP.log2_critical(0.3)(part).shape == SWEEP.log2_critical(0.25)(part).shape == (2,)


def test_the_critical_size_rises_where_large_batches_fall_behind_later() -> None:
    def rise(of: Table) -> np.ndarray:
        return SWEEP.log2_critical(0.25)(of) - SWEEP.log2_critical(0.4)(of)

    assert np.all(rise(bent(200.0, 800.0)) > 0.5)
    assert np.all(rise(bent(400.0, 100.0)) < -0.5)


def test_noise_scale_is_the_median_of_sizes_where_the_loss_is_reached() -> None:
    invented = table(hyperbola(20_000.0, 256.0), noise_scale=lambda size: NOISE_LIMIT if size > 100 else 2.0 * size)
    assert SWEEP.log2_noise_scale(0.3)(invented) == pytest.approx([np.log2(96.0)] * 2)


def test_noise_scale_is_that_of_the_measurement_at_which_the_loss_is_reached() -> None:
    samples = hyperbola(20_000.0, 256.0)
    invented = table(samples, noise_scale=lambda size: 1.0)
    invented.metrics["noise_scale"][:] = 2.0 ** np.arange(len(MEASURED))
    reached = [next(at for at, epoch in enumerate(MEASURED) if EPOCH * epoch >= samples(size)) for size in SIZES]
    assert len({*reached}) > 3
    assert SWEEP.log2_noise_scale(0.3)(invented) == pytest.approx([np.log2(np.median(2.0 ** np.array(reached)))] * 2)


def test_what_ends_is_of_the_rate_with_the_least_training_loss() -> None:
    invented = table(hyperbola(20_000.0, 256.0), minibatch_noise=lambda size: 4.0 / size)
    assert SWEEP.ended("minibatch_noise")(invented) == pytest.approx(np.array([4.0 / np.array(SIZES)] * 2))
    assert SWEEP.log10_ended("minibatch_noise")(invented) == pytest.approx(np.log10([4.0 / np.array(SIZES)] * 2))


def test_without_cells_there_is_nothing_to_say() -> None:
    whole = table(hyperbola(20_000.0, 256.0), noise_scale=lambda size: 512.0)
    none = Table(
        whole.seed[:0],
        {axis: values[:0] for axis, values in whole.condition.items()},
        {name: values[:0] for name, values in whole.metrics.items()},
    )
    assert SWEEP.log2_samples(0.3)(none).shape == (0, 12)
    assert SWEEP.log2_critical(0.3)(none).shape == SWEEP.log2_noise_scale(0.3)(none).shape == (0,)
