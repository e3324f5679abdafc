"""Everything that a worker can write validates, and everything else does not, but for what a host may freely say.

Cells are computed by the exact engine, once each; validation is then handed them from memory instead of recomputing.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client import host
from kernels import limits
from kernels.engine.contract import EngineName
from kernels.errors import Failure, Inconsistent, ResultMismatch, ResultUnreadable
from kernels.experiment import compute
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.result import DeviceFacts, Result, Timings
from kernels.formats.workunit import WorkUnit
from server_validator.checking import recomputation
from server_validator.checking.check import Terms
from server_validator.checking.reading import Answer
from server_validator.errors import RecomputationDiffers
from tests.kernels import tiny
from tests.kernels.resultfile import Top, content, forged, seal, tree
from tests.server_validator import truth
from tests.server_validator.data import checked, issued
from tests.server_validator.fuzz import mutator

# What a host may say as it likes, within the format's limits: nothing that a finding rests on. Of near results it may
# besides say metrics within their tolerances; of exact ones, metrics of linear algebra
# within 1e-6. A host that says torch of what the exact engine computed gets only that; staff choose who may say it.
FREE = [("app_version",), *(("device", name) for name in ("kind", "name", "platform", "threads")),
        *(("timings", name) for name in ("computing", "cpu"))]  # of the header  # fmt: skip
CLASSES: tuple[EngineName, ...] = ("c", "torch")
SMALL = truth.unit("compgen", width=[32], depth=[1], learning_rate=[0.05])  # two cells


@pytest.fixture(autouse=True, scope="module")
def _from_memory() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recomputation, "compute", truth.remembered)
        yield


def judged(data: bytes, unit: WorkUnit) -> Result:
    """The result if it passes all that validation asks, every cell recomputed; else its Failure is raised."""
    decoded = result.decode(data, "r")
    answer = Answer(decoded, unit, data, result.check(decoded, unit, "r"))
    try:
        recomputation.recompute(answer, range(len(unit.cells)), math.inf)
    except recomputation.Differs as differs:
        raise RecomputationDiffers("r", differs) from differs
    return decoded


def refused(data: bytes, unit: WorkUnit) -> Failure | None:
    """Why it is refused; None if it passes, and then it must be true."""
    try:
        judged(data, unit)
    except Failure as failure:
        return failure
    truth.assert_true(tree(data), unit)
    return None


# --- what a worker writes


@st.composite
def units(draw: st.DrawFn) -> WorkUnit:
    """Work units of cheap cells: any experiment, any part of its grid, any of its seeds."""
    name = draw(st.sampled_from(sorted(EXPERIMENTS)))
    grid, seeds = truth.cheap(name)
    parts = {axis: draw(st.permutations(values)) for axis, values in grid.items()}
    narrowed = {axis: values[: draw(st.integers(1, len(values)))] for axis, values in parts.items()}
    skipped = draw(st.integers(0, seeds - 1))
    return truth.unit(name, truth.FIRST + skipped, draw(st.integers(1, seeds - skipped)), **narrowed)


SHORT = st.text("abcdefghijklmnopqrstuvwxyz0123456789_.+-", min_size=1, max_size=limits.NAME_BYTES)
SECONDS = st.floats(0, 1e9)
HEADERS: dict[str, st.SearchStrategy[Any]] = {
    "app_version": SHORT,
    "engine": st.sampled_from(CLASSES),
    "device": st.builds(
        DeviceFacts, st.sampled_from(["cpu", "cuda"]), st.text().map(host.printable), SHORT, st.integers(1, 4096)
    ),
    "timings": st.builds(Timings, SECONDS, SECONDS),
}


@settings(max_examples=150)
@given(unit=units(), header=st.fixed_dictionaries(HEADERS))
def test_what_a_worker_can_write_is_read_back_byte_for_byte_and_is_valid(
    unit: WorkUnit, header: dict[str, Any]
) -> None:
    made = truth.answer(unit, **header)
    data = result.encode(made)
    decoded = judged(data, workunit.decode(workunit.encode(unit), "wu.json", EXPERIMENTS))
    assert result.encode(decoded) == data
    assert forged(tree(data)) == data, "the independent library writes the same"
    assert {name: getattr(decoded.header, name) for name in header} == header
    truth.assert_true(tree(data), unit)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_whole_of_validation_accepts_every_experiments_true_result(tmp_path: Path, name: str) -> None:
    unit = truth.unit(name)
    data = issued(tmp_path, unit)
    for engine in CLASSES:
        path = tmp_path / f"{unit.name}_0_r1_{CLASSES.index(engine)}"
        path.write_bytes(result.encode(truth.answer(unit, engine=engine)))
        verdict = checked(path, data, Terms(cells=limits.CELLS))
        assert len(verdict.recomputed) == len(unit.cells)


def test_the_remembered_cells_are_what_the_engine_computes() -> None:
    """Memory stands in for recomputation here, so it must be the same: cells that came from blocks, one by one."""
    for cell in SMALL.cells:
        (one,) = compute(EXPERIMENTS["compgen"], [cell], tiny.engine("c"))
        (other,) = truth.remembered(EXPERIMENTS["compgen"], [cell])
        assert list(one.digests) == list(other.digests)
        for name, curve in one.metrics.items():
            assert curve.tobytes() == other.metrics[name].tobytes()


# --- what it cannot have written: bytes


@settings(max_examples=400)
@given(unit=units(), engine=st.sampled_from(CLASSES), data=st.data())
def test_any_change_of_bytes_is_refused(unit: WorkUnit, engine: EngineName, data: st.DataObject) -> None:
    good = result.encode(truth.answer(unit, engine=engine))
    at = data.draw(st.integers(0, len(good) - 1))
    new = data.draw(st.binary(min_size=1, max_size=3))
    changed = data.draw(
        st.sampled_from(
            [good[:at] + new + good[at:], good[:at] + good[at + len(new) :], good[:at] + new + good[at + 1 :]]
        )
    )
    if not another_coat(changed, good):
        assert isinstance(refused(changed, unit), ResultUnreadable)


def another_coat(changed: bytes, good: bytes) -> bool:
    """Whether a file is another whole one of the same content: some bits of deflate's say nothing."""
    inflater = zlib.decompressobj()
    try:
        return inflater.decompress(changed) == content(good) and inflater.eof and not inflater.unused_data
    except zlib.error:
        return False


@pytest.mark.parametrize("engine", CLASSES)
def test_any_byte_changed_and_sealed_again_is_refused_unless_it_is_free_to_say(engine: EngineName) -> None:
    good = result.encode(truth.answer(SMALL, engine=engine))
    data, passed = bytearray(content(good)[:-16]), 0
    for at in range(len(data)):
        for flip in (0x01, 0x80, 1 << at % 8):
            data[at] ^= flip
            changed = seal(bytes(data))
            if refused(changed, SMALL) is None:
                passed += 1
                assert essence(tree(changed)) == essence(tree(good)), f"byte {at}"
            data[at] ^= flip
    assert passed > 50, "device, version and timings alone have as many bytes"


@settings(max_examples=400)
@given(unit=units(), data=st.data())
def test_bytes_put_in_or_taken_out_and_sealed_again_are_refused_unless_they_are_free_to_say(
    unit: WorkUnit, data: st.DataObject
) -> None:
    good = result.encode(truth.answer(unit))
    whole = content(good)[:-16]
    at = data.draw(st.integers(0, len(whole)))
    new = data.draw(st.binary(max_size=3))
    changed = seal(whole[:at] + new + whole[at + data.draw(st.integers(0, 3)) :])
    if refused(changed, unit) is None:
        assert essence(tree(changed)) == essence(tree(good))


def essence(top: Top) -> bytes:
    """A result without what a host may freely say, `truth.assert_true` having said that the rest is near enough."""
    header = copy.deepcopy(top["header"])
    for *spot, name in FREE:
        holder = header[spot[0]] if spot else header
        del holder[name]
    metrics = EXPERIMENTS[header["experiment"]].metrics
    told = [
        column.tobytes()
        for name, column in top["columns"].items()
        if header["agreement"] == "exact" and metrics[name].exact
    ]
    return b"".join([msgpack.packb(header), *told, top["digests"].tobytes()])


# --- what it cannot have written: structure, with the checksum made right


@settings(max_examples=600)
@given(
    unit=units(),
    engine=st.sampled_from(CLASSES),
    change=st.sampled_from(list(mutator.CHANGES)),
    rng=st.randoms(use_true_random=True),
)
def test_any_change_of_structure_is_refused_unless_it_is_free_to_say(
    unit: WorkUnit, engine: EngineName, change: mutator.Change, rng: random.Random
) -> None:
    good = result.encode(truth.answer(unit, engine=engine))
    top = mutator.parsed(good)
    change(top, rng)
    changed = seal(mutator.body(top))
    if refused(changed, unit) is None:
        # The class alone decides what of it is compared: a cell of no training has the same digest in both.
        same_class, said = tree(good), tree(changed)["header"]
        same_class["header"] |= {name: said[name] for name in ("engine", "agreement")}
        assert essence(tree(changed)) == essence(same_class)


def leaves(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every leaf of a structure and the way to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield at, value
    else:
        yield from itertools.chain.from_iterable(leaves(v, (*at, key)) for key, v in inner)


OTHER = {
    "kind": "cuda", "engine": "torch", "agreement": "near", "unit": "steps",
    "experiment": "memdyn", "app_version": "9.9", "name": "other", "platform": "other",
}  # fmt: skip
KINDS = {"<f4": "<u4", "<u2": "<u4"}


def another(spot: tuple[Any, ...], value: Any) -> Any:
    """Another value of the same type, one that the format allows wherever it allows more than one."""
    if isinstance(value, str):
        return KINDS.get(value) or OTHER[spot[-1]]
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return value + 1


def test_every_single_value_of_a_header_is_either_free_to_say_or_decides() -> None:
    """Of exact results. So the list above is complete, and holds nothing that is refused."""
    good = result.encode(truth.answer(SMALL))
    spots = dict(leaves(tree(good)["header"]))
    assert len(spots) == 4 + 2 + 3 + 3 + 4 + 2 + 1 + 12 + 5, "seeds, axes, device, timings, clock, columns and the rest"
    free = []
    for spot, value in spots.items():
        top = tree(good)
        holder = top["header"]
        for step in spot[:-1]:
            holder = holder[step]
        holder[spot[-1]] = another(spot, value)
        if refused(forged(top), SMALL) is None:
            free.append(spot)
    assert set(free) == {*FREE}


def test_every_single_number_decides_but_for_the_last_bits_of_linear_algebra() -> None:
    """Of exact results."""
    good = result.encode(truth.answer(SMALL))
    for name, column in tree(good)["columns"].items():
        for cell, at in np.ndindex(*column.shape):
            top = tree(good)
            top["columns"][name].view("<u4" if column.dtype == np.float32 else column.dtype)[cell, at] += 1
            assert (refused(forged(top), SMALL) is None) == (name == "effective_rank"), name
    for cell, at in np.ndindex(2, 8):
        top = tree(good)
        top["digests"][cell, at] ^= 1
        assert isinstance(refused(forged(top), SMALL), RecomputationDiffers)


def test_a_condition_and_a_metric_that_other_work_units_have_is_refused() -> None:
    """The true result of one work unit is no result of another, whatever they have in common."""
    whole = truth.unit("compgen")
    parts = [whole, SMALL, truth.unit("compgen", count=1), truth.unit("compgen", first=1001, count=1),
             truth.unit("compgen", depth=[2]), truth.unit("regcomp"), truth.unit("prunecomp")]  # fmt: skip
    for one, other in itertools.permutations(parts, 2):
        assert isinstance(refused(result.encode(truth.answer(one)), other), ResultMismatch)


@settings(max_examples=200)
@given(unit=units(), data=st.data())
def test_any_other_number_in_an_exact_result_is_refused(unit: WorkUnit, data: st.DataObject) -> None:
    """Any float32 or count in the place of any other, the sign of a zero too; but for linear algebra's last bits."""
    top = tree(result.encode(truth.answer(unit)))
    name, column = data.draw(st.sampled_from(sorted(top["columns"].items())))
    values = column[data.draw(st.integers(0, len(column) - 1))]
    before, at = values.copy(), data.draw(st.integers(0, len(values) - 1))
    old = before[at]
    if column.dtype == np.float32:
        near = [np.nextafter(old, np.float32(9)), np.nextafter(old, np.float32(-9)), -old, 0.0, math.nan, math.inf]
        values[at] = data.draw(st.sampled_from(near) | st.floats(width=32))
    else:
        values[at] = data.draw(st.integers(0, int(np.iinfo(column.dtype).max)))
    if values.tobytes() == before.tobytes():
        return
    exact = unit.experiment.metrics[name].exact
    failure = refused(forged(top), unit)
    if exact or abs(float(values[at]) - float(old)) > 2e-6 * abs(float(old)):
        assert isinstance(failure, Inconsistent | RecomputationDiffers)
