"""The program of experiments that train: resumable anywhere, bit for bit, whatever shares the block."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernels import philox
from kernels.cells import Cell
from kernels.engine.contract import Data, Engine
from kernels.engine.shapes import Method, Network, Optimizer
from kernels.metrics import Metric
from kernels.philox import Purpose
from kernels.programs import Measured, Snapshot
from kernels.programs.initial import he_normal
from kernels.programs.orders import epoch_order
from kernels.programs.program import State
from kernels.programs.recipe import Recipe, cell_work
from kernels.programs.training import Training
from tests.kernels import tiny

pytestmark = pytest.mark.timeout(600)  # what is broken here often never ends

NETWORK = Network((4, 6, 2))
SAMPLES, BATCH, MEASURED = 22, 5, (0, 1, 3)  # minibatches of 5, 5, 5, 5 and 2
STEPS = 15
EVERYTHING = 1e18  # floating-point operations: more than there are
SEEDS = st.integers(0, philox.SEED_LIMIT - 1)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return tiny.engine()


METRICS = {name: Metric(meaning=name, high=1e6, near=(0.0, 0.0)) for name in ("loss", "norm")}


def measure(now: Snapshot) -> Measured:
    return {"loss": now.evaluate("train").loss, "norm": np.square(now.params).sum(1)}


def program(
    engine: Engine, cells: int = 2, method: Method = "momentum", measured: tuple[int, ...] = MEASURED, **more: Any
) -> Training:
    """`more` are fields of the recipe."""
    seeds = list(range(40, 40 + cells))
    x = np.stack([philox.normal(s, Purpose.NOISE, 4 * SAMPLES).reshape(4, SAMPLES) for s in seeds]).astype(np.float32)
    y = np.stack([np.eye(2, dtype=np.float32)[:, philox.integers(s, Purpose.LABELS, SAMPLES, 2)] for s in seeds])
    sets = {"train": Data(x, np.ascontiguousarray(y), np.repeat(np.arange(cells), more.get("replicas", 1)))}
    fields = {"measure": measure, **more}
    recipe = Recipe(
        network=NETWORK, optimizer=Optimizer(method), samples=SAMPLES, batch=BATCH, measured=measured,
        rates=(0.1,) * cells, sets=sets, measure_work=NETWORK.forward_flops(SAMPLES), **fields,
    )  # fmt: skip
    return Training([Cell(seed, {}) for seed in seeds], engine, recipe, METRICS)


def copied(state: State) -> State:
    return {name: array.copy() for name, array in state.items()}


def finish(training: Training) -> State:
    while training.done < training.work:
        training.advance(EVERYTHING)
    return copied(training.export())


def equal(a: State, b: State) -> bool:
    return a.keys() == b.keys() and all(
        a[k].dtype == b[k].dtype and a[k].shape == b[k].shape and a[k].tobytes() == b[k].tobytes() for k in a
    )


@pytest.fixture(scope="module")
def uninterrupted(engine: Engine) -> State:
    return finish(program(engine))


def test_training_changes_what_is_measured_at_every_measurement(uninterrupted: State) -> None:
    norms = uninterrupted["metric/norm"]
    assert norms.shape == (2, 3)
    assert np.all(np.diff(norms) != 0)
    assert len(np.unique(uninterrupted["digests"].reshape(-1, 16), axis=0)) == 6
    losses = uninterrupted["metric/loss"].astype(np.float64)
    assert np.all(losses[:, -1] < losses[:, 0])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.integers(1, 6), max_size=12))
def test_stopping_and_going_on_anywhere_gives_the_same_bits(
    engine: Engine, uninterrupted: State, steps: list[int]
) -> None:
    """Stops lie inside segments, at their ends, and before and after measurements."""
    training = program(engine)
    one = NETWORK.training_flops(SAMPLES) * 2 / 5
    for count in steps:
        if training.done >= training.work:
            break
        training.advance(one * count)
        state, done = copied(training.export()), training.done
        training = program(engine)
        training.restore(state)
        assert training.done == done
    assert equal(finish(training), uninterrupted)


@pytest.mark.parametrize("method", ["sgd", "momentum", "adam"])
def test_stopping_after_every_single_step_gives_the_same_bits(engine: Engine, method: Method) -> None:
    want = finish(program(engine, method=method))
    training, stops = program(engine, method=method), 0
    while training.done < training.work:
        training.advance(0.0)
        stops += 1
        state = copied(training.export())
        training = program(engine, method=method)
        training.restore(state)
    assert equal(copied(training.export()), want)
    assert stops in (STEPS + 1, STEPS + len(MEASURED))


def test_a_restored_state_is_not_shared_with_the_file_it_came_from(engine: Engine) -> None:
    training = program(engine)
    training.advance(0.0)
    training.advance(0.0)
    state = copied(training.export())
    kept = copied(state)
    again = program(engine)
    again.restore(state)
    again.advance(EVERYTHING)
    assert equal(state, kept)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(works=st.lists(st.floats(-1, 1e6), min_size=40, max_size=40))
def test_progress_rises_strictly_to_exactly_the_work(engine: Engine, works: list[float]) -> None:
    training = program(engine)
    assert training.done == 0.0
    fractions = [0.0]
    for work in works:
        if training.done >= training.work:
            break
        training.advance(work)
        fractions.append(training.done / training.work)
    assert all(b > a for a, b in itertools.pairwise(fractions))
    assert fractions[-1] == 1.0, "a call that does nothing"


def test_a_call_does_about_the_work_it_is_given(engine: Engine) -> None:
    training = program(engine, measured=(0, 20))
    training.advance(0.0)  # the measurement before training
    one = NETWORK.training_flops(SAMPLES) * 2 / 5
    for steps in (1, 7, 20):
        before = training.done
        training.advance(one * steps)
        assert training.done - before == pytest.approx(one * steps)


def test_work_is_that_of_its_cells_and_counts_every_sample_once_an_epoch(engine: Engine) -> None:
    training = program(engine)
    one = cell_work(NETWORK, SAMPLES, MEASURED, NETWORK.forward_flops(SAMPLES))
    assert training.work == 2 * one
    # 2 operations per weight: forward, and gradients of the weights, and of the inputs of all but the first layer
    assert one == 3 * SAMPLES * 2 * (3 * (24 + 12) - 24) + 3 * SAMPLES * 2 * (24 + 12)


@pytest.mark.parametrize("cells", [1, 2, 5])
def test_neighbours_in_the_block_do_not_matter_on_this_machine(engine: Engine, cells: int) -> None:
    many, one = finish(program(engine, cells)), finish(program(engine, 1))
    for name in ("metric/loss", "metric/norm", "digests"):
        assert many[name][0].tobytes() == one[name][0].tobytes()


def test_a_state_of_other_cells_is_refused(engine: Engine) -> None:
    state = copied(program(engine).export())
    for name, array in state.items():
        for wrong in (array.astype(np.float64 if array.dtype != np.float64 else np.float32), array[:1], array[None]):
            if wrong.shape != array.shape or wrong.dtype != array.dtype:
                with pytest.raises(ValueError, match="does not belong"):
                    program(engine).restore(state | {name: wrong})
    with pytest.raises(ValueError, match="surprise"):
        program(engine).restore(state | {"surprise": np.zeros(1)})


def test_a_finished_state_holds_results_alone(uninterrupted: State) -> None:
    assert set(uninterrupted) == {"metric/loss", "metric/norm", "digests", "progress"}


# --- recipes of other kinds


def alone(engine: Engine, cell: int, **more: Any) -> State:
    """What the cell would be if both had its values."""
    same: dict[str, Any] = {name: (values[cell],) * 2 for name, values in more.items()}
    return finish(program(engine, 2, **same))


@pytest.mark.parametrize("field", ["l2", "decay", "dropout"])
def test_every_cell_is_regularized_by_its_own_value(engine: Engine, field: str) -> None:
    values: dict[str, Any] = {field: (0.0, 0.3)}
    both, plain = finish(program(engine, **values)), finish(program(engine))
    assert both["digests"][0].tobytes() == plain["digests"][0].tobytes()
    assert both["digests"][1, -1].tobytes() != plain["digests"][1, -1].tobytes()
    for cell in (0, 1):
        assert both["digests"][cell].tobytes() == alone(engine, cell, **values)["digests"][cell].tobytes()


def test_an_order_of_its_own_is_followed_and_resumed(engine: Engine) -> None:
    def backwards(first: int, end: int) -> np.ndarray[Any, Any]:
        return np.tile(np.arange(SAMPLES, dtype=np.int32)[::-1], (2, end - first))

    want = finish(program(engine, order=backwards))
    assert not equal(want, finish(program(engine)))
    training = program(engine, order=backwards)
    for _ in range(4):
        training.advance(0.0)
        state, training = copied(training.export()), program(engine, order=backwards)
        training.restore(state)
    assert equal(finish(training), want)


def norms(now: Snapshot) -> Measured:
    """Of three replicas: the mean and the spread of their squared norms."""
    squares = np.square(now.params).sum(1).reshape(-1, 3)
    return {"loss": squares.mean(1), "norm": squares.std(1)}


def test_replicas_of_a_cell_start_and_shuffle_differently_but_share_its_data(engine: Engine) -> None:
    training = program(engine, replicas=3, measure=norms)
    state = finish(training)
    assert state["metric/norm"].shape == (2, 3)
    assert state["digests"].shape == (2, 3, 16)
    assert np.all(state["metric/norm"].astype(np.float64) > 0)
    starts = [he_normal(NETWORK, 40, replica) for replica in range(3)]
    assert len({start.tobytes() for start in starts}) == 3
    assert starts[0].tobytes() == he_normal(NETWORK, 40).tobytes()
    orders = [epoch_order(40, 50, 0, replica).tolist() for replica in range(3)]
    assert len({tuple(order) for order in orders}) == 3
    assert training.work == 2 * cell_work(NETWORK, SAMPLES, MEASURED, NETWORK.forward_flops(SAMPLES), replicas=3)
    with pytest.raises(ValueError, match="replicas would drop the same units"):
        program(engine, replicas=3, dropout=(0.1, 0.1))
