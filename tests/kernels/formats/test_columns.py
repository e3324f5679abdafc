"""Columns of a result: bytes and values come back as they were, and of counts none is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from kernels.cells import Condition
from kernels.experiments import EXPERIMENTS
from kernels.formats import columns
from kernels.formats.columns import Kind
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.metrics import Metric, Samples, accuracy
from tests.kernels import resultfile

KINDS: tuple[Kind, ...] = ("<f4", "<u2", "<u4")
CONDITIONS: list[Condition] = [{"size": 100}, {"size": 7}, {"size": 65_535}]


def share(samples: Samples, high: float = 1.0) -> Metric:
    return Metric(meaning="a share", near=(0.0, 0.0), samples=samples, high=high)


@st.composite
def any_column(draw: st.DrawFn) -> NDArray[Any]:
    """Of any kind and size; floats with any bits, NaN of every sort among them."""
    kind = draw(st.sampled_from(KINDS))
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    whole = f"<u{columns.width(kind)}"
    return draw(arrays.arrays(whole, shape)).view(kind)


@settings(max_examples=300)
@given(column=any_column())
def test_bytes_are_planes_and_come_back_bit_for_bit(column: NDArray[Any]) -> None:
    kind: Kind = next(kind for kind in KINDS if np.dtype(kind) == column.dtype)
    data = columns.to_bytes(column)
    assert data == resultfile.planes(column), "as the page says"
    again = columns.from_bytes(memoryview(data), kind, *column.shape)
    assert again.dtype == column.dtype
    assert again.tobytes() == column.tobytes()


def test_planes_by_hand() -> None:
    """Two cells with three measurements each: the lower bytes first, then the higher; cells run fastest."""
    column = np.array([[0x0102, 0x0304, 0x0506], [0x1112, 0x1314, 0x1516]], "<u2")
    assert columns.to_bytes(column).hex() == "021204140616" + "011103130515"
    assert columns.to_bytes(np.array([[1.0], [-2.0]], "<f4")).hex() == "0000" + "0000" + "8000" + "3fc0"


def test_bytes_of_a_view_are_those_of_its_copy() -> None:
    column = np.arange(48, dtype="<f4").reshape(4, 12)
    for view in (column[:, ::2], column[::-1], column.T, np.asfortranarray(column)):
        assert columns.to_bytes(view) == columns.to_bytes(view.copy())


@settings(max_examples=200)
@given(data=st.data(), seeds=st.integers(1, 3), measurements=st.integers(1, 5))
def test_shares_of_samples_come_back_bit_for_bit(data: st.DataObject, seeds: int, measurements: int) -> None:
    """As they are measured: a count over the samples of the cell's condition, rounded to float32 once."""
    metric = share(lambda condition: int(condition["size"]))
    totals = np.repeat([int(condition["size"]) for condition in CONDITIONS], seeds)[:, None]
    drawn = data.draw(arrays.arrays(np.int64, (len(totals), measurements), elements=st.integers(0, 65_535)))
    counts = drawn % (totals + 1)
    values = (counts / totals).astype(np.float32)
    column = columns.from_values(values, metric, CONDITIONS, seeds)
    assert np.array_equal(column, counts)
    assert columns.to_values(column, metric, CONDITIONS, seeds).tobytes() == values.tobytes()


@settings(max_examples=200)
@given(values=arrays.arrays(np.uint32, (3, 4)))
def test_floats_come_back_bit_for_bit(values: NDArray[np.uint32]) -> None:
    metric = Metric(meaning="a loss", near=(0.0, 0.0))
    floats = values.view(np.float32)
    column = columns.from_values(floats, metric, [{}], 3)
    assert column.dtype == np.dtype("<f4")
    assert columns.to_values(column, metric, [{}], 3).tobytes() == floats.tobytes()


@pytest.mark.parametrize(
    ("samples", "high", "kind"),
    [(1, 1.0, "<u2"), (65_535, 1.0, "<u2"), (65_536, 1.0, "<u4"), (1_000, 65.0, "<u2"), (1_000, 66.0, "<u4")],
)
def test_counts_take_two_bytes_as_long_as_all_of_them_fit(samples: int, high: float, kind: Kind) -> None:
    """Of a metric that can be more than 1 there are more counts than samples."""
    metric = share(samples, high)
    assert columns.kind(metric, [{}]) == kind
    most = round(samples * high)
    values = (np.array([[0, 1, most - 1, most]]) / samples).astype(np.float32)
    column = columns.from_values(values, metric, [{}], 1)
    assert column.dtype == np.dtype(kind)
    assert columns.to_values(column, metric, [{}], 1).tobytes() == values.tobytes()


def test_one_condition_with_many_samples_decides_for_all_of_the_column() -> None:
    metric = share(lambda condition: int(condition["size"]))
    assert columns.kind(metric, CONDITIONS) == "<u2"
    assert columns.kind(metric, [*CONDITIONS, {"size": 65_536}]) == "<u4"


@pytest.mark.parametrize("value", [0.5005, 1.0005, -0.001, np.nextafter(np.float32(0.5), np.float32(1))])
def test_shares_that_are_no_counts_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no counts"):
        columns.from_values(np.array([[value]], np.float32), accuracy("a share", 1_000, (0.0, 0.0)), [{}], 1)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_count_that_an_experiment_can_have_comes_back(name: str) -> None:
    """Up to its bound, under the conditions of its whole grid."""
    experiment = EXPERIMENTS[name]
    conditions = WorkUnit(experiment, Seeds(1, 1)).conditions
    for metric in columns.recorded(experiment.metrics).values():
        if metric.samples is None:
            continue
        totals = np.array([metric.samples(c) if callable(metric.samples) else metric.samples for c in conditions])
        most = np.floor(totals[:, None] * metric.high)
        counts = np.floor(most * np.linspace(0, 1, 257))
        values = (counts / totals[:, None]).astype(np.float32)
        column = columns.from_values(values, metric, conditions, 1)
        assert np.array_equal(column, counts)


def test_what_follows_from_other_metrics_has_no_column() -> None:
    compgen = EXPERIMENTS["compgen"].metrics
    assert [*columns.recorded(compgen)] == [name for name in compgen if name != "gap"]
