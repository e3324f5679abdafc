"""The work unit: what is read, what is refused and how, which cells it names."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client import cli
from kernels import errors, limits
from kernels.errors import Failure
from kernels.experiments import EXPERIMENTS
from kernels.formats import workunit
from kernels.formats.workunit import Seeds, WorkUnit
from kernels.philox import SEED_LIMIT

GOOD: dict[str, Any] = {"format": 1, "experiment": "compgen", "version": 1, "seeds": {"first": 1000, "count": 16}}
GRID = EXPERIMENTS["compgen"].grid
LONG = "9" * 400
ONE_CONDITION = {"width": [32], "depth": [1], "learning_rate": [0.05]}


def fields(**changed: Any) -> bytes:
    return json.dumps(GOOD | changed).encode()


def first(text: str) -> bytes:
    """A work unit whose first seed is written as `text`."""
    return fields(seeds={"first": "HERE", "count": 1}).replace(b'"HERE"', text.encode())


def without(name: str) -> bytes:
    return json.dumps({key: value for key, value in GOOD.items() if key != name}).encode()


BAD: dict[str, tuple[bytes, type[Failure]]] = {
    "empty": (b"", errors.WorkUnitUnreadable),
    "blank": (b" \n", errors.WorkUnitUnreadable),
    "not JSON": (b"seeds: 5", errors.WorkUnitUnreadable),
    "cut off": (fields()[:-1], errors.WorkUnitUnreadable),
    "trailing garbage": (fields() + b" x", errors.WorkUnitUnreadable),
    "two objects": (fields() + fields(), errors.WorkUnitUnreadable),
    "not UTF-8": (b'\xff\xfe{"format": 1}', errors.WorkUnitUnreadable),
    "UTF-16": (fields().decode().encode("utf-16"), errors.WorkUnitUnreadable),
    "byte order mark": (b"\xef\xbb\xbf" + fields(), errors.WorkUnitUnreadable),
    "NUL bytes": (fields() + b"\0\0", errors.WorkUnitUnreadable),
    "an array": (b"[]", errors.WorkUnitUnreadable),
    "a number": (b"5", errors.WorkUnitUnreadable),
    "null": (b"null", errors.WorkUnitUnreadable),
    "NaN": (b"NaN", errors.WorkUnitUnreadable),
    "nested arrays": (b"[" * 60_000, errors.WorkUnitUnreadable),
    "nested arrays, closed": (b"[" * 30_000 + b"]" * 30_000, errors.WorkUnitUnreadable),
    "100,000 nested arrays": (b"[" * 100_000, errors.WorkUnitUnreadable),
    "nested objects": (b'{"a":' * 9_000, errors.WorkUnitUnreadable),
    "too large": (fields() + b" " * limits.WORKUNIT_BYTES, errors.WorkUnitUnreadable),
    "a key twice": (b'{"format": 1, ' + fields()[1:], errors.WorkUnitUnreadable),
    "a key twice inside": (
        fields().replace(b'"first": 1000', b'"first": 1000, "first": 1000'),
        errors.WorkUnitUnreadable,
    ),
    "an integer of 5000 digits": (first("9" * 5000), errors.WorkUnitUnreadable),
    "no format": (without("format"), errors.WorkUnitUnreadable),
    "format as text": (fields(format="1"), errors.WorkUnitUnreadable),
    "format true": (fields(format=True), errors.WorkUnitUnreadable),
    "format 1.0": (fields(format=1.0), errors.WorkUnitUnreadable),
    "format NaN": (fields(format=float("nan")), errors.WorkUnitUnreadable),
    "format 2": (fields(format=2), errors.WorkUnitFormat),
    "format 0": (fields(format=0), errors.WorkUnitFormat),
    "format 2 with other fields": (b'{"format": 2, "tasks": []}', errors.WorkUnitFormat),
    "unknown experiment": (fields(experiment="hegemony"), errors.UnknownExperiment),
    "experiment with line breaks": (fields(experiment="a\r\nb\u2028c\x1b[31m"), errors.UnknownExperiment),
    "experiment with braces": (fields(experiment="{} {0} {x}"), errors.UnknownExperiment),
    "experiment of 30,000 letters": (fields(experiment="x" * 30_000), errors.UnknownExperiment),
    "experiment with a lone surrogate": (fields(experiment="\ud800"), errors.UnknownExperiment),
    "version 2": (fields(version=2), errors.ExperimentVersion),
    "version 0": (fields(version=0), errors.ExperimentVersion),
    "no experiment": (without("experiment"), errors.WorkUnitField),
    "experiment a number": (fields(experiment=5), errors.WorkUnitField),
    "no version": (without("version"), errors.WorkUnitField),
    "version as text": (fields(version="1"), errors.WorkUnitField),
    "version true": (fields(version=True), errors.WorkUnitField),
    "version 1.0": (fields(version=1.0), errors.WorkUnitField),
    "no seeds": (without("seeds"), errors.WorkUnitField),
    "seeds a list": (fields(seeds=[1, 2]), errors.WorkUnitField),
    "seed as text": (first('"5"'), errors.WorkUnitField),
    "seed 1.5": (first("1.5"), errors.WorkUnitField),
    "seed 1000.0": (first("1000.0"), errors.WorkUnitField),
    "seed 1e3": (first("1e3"), errors.WorkUnitField),
    "seed true": (first("true"), errors.WorkUnitField),
    "seed null": (first("null"), errors.WorkUnitField),
    "seed NaN": (first("NaN"), errors.WorkUnitField),
    "seed Infinity": (first("Infinity"), errors.WorkUnitField),
    "seed -1": (first("-1"), errors.WorkUnitField),
    "seed 2**48": (first(str(2**48)), errors.WorkUnitField),
    "seed 2**64": (first(str(2**64)), errors.WorkUnitField),
    "seed of 400 digits": (first(LONG), errors.WorkUnitField),
    "seed a list": (first("[5]"), errors.WorkUnitField),
    "no count": (fields(seeds={"first": 5}), errors.WorkUnitField),
    "count 0": (fields(seeds={"first": 5, "count": 0}), errors.WorkUnitField),
    "count -1": (fields(seeds={"first": 5, "count": -1}), errors.WorkUnitField),
    "count 1.0": (fields(seeds={"first": 5, "count": 1.0}), errors.WorkUnitField),
    "seeds end beyond": (fields(seeds={"first": SEED_LIMIT - 1, "count": 2}), errors.WorkUnitField),
    "unknown field": (fields(url="http://example.org"), errors.WorkUnitField),
    "unknown field with line breaks": (fields(**{"a\nb\u2028c": 1}), errors.WorkUnitField),
    "unknown field of the seeds": (fields(seeds={"first": 5, "count": 1, "step": 2}), errors.WorkUnitField),
    "grid null": (fields(grid=None), errors.WorkUnitField),
    "grid a list": (fields(grid=[32]), errors.WorkUnitField),
    "axis not a list": (fields(grid={"width": 32}), errors.WorkUnitField),
    "value true": (fields(grid={"depth": [True]}), errors.WorkUnitField),
    "value null": (fields(grid={"depth": [None]}), errors.WorkUnitField),
    "value a list": (fields(grid={"depth": [[1]]}), errors.WorkUnitField),
    "unknown axis": (fields(grid={"height": [1]}), errors.GridBeyondLimits),
    "axis with line breaks": (fields(grid={"a\nb\x1b[2J": [1]}), errors.GridBeyondLimits),
    "axis with a lone surrogate": (fields(grid={"\udfff": [1]}), errors.GridBeyondLimits),
    "unknown value": (fields(grid={"width": [33]}), errors.GridBeyondLimits),
    "value as text": (fields(grid={"width": ["32"]}), errors.GridBeyondLimits),
    "value with line breaks": (fields(grid={"width": ["a\nb"]}), errors.GridBeyondLimits),
    "value 1.0 for 1": (fields(grid={"depth": [1.0]}), errors.GridBeyondLimits),
    "value NaN": (fields(grid={"learning_rate": [float("nan")]}), errors.GridBeyondLimits),
    "value of 400 digits": (fields(grid={"width": [int(LONG)]}), errors.GridBeyondLimits),
    "no values": (fields(grid={"width": []}), errors.GridBeyondLimits),
    "a value twice": (fields(grid={"width": [32, 64, 32]}), errors.GridBeyondLimits),
    "a thousand values": (fields(grid={"width": [32] * 1000}), errors.GridBeyondLimits),
    "a million cells": (fields(seeds={"first": 0, "count": 10**6 // 24 + 1}), errors.TooManyCells),
    "one cell too many": (
        fields(seeds={"first": 0, "count": limits.CELLS + 1}, grid=ONE_CONDITION),
        errors.TooManyCells,
    ),
    "all seeds there are": (fields(seeds={"first": 0, "count": SEED_LIMIT}), errors.TooManyCells),
}  # fmt: skip
EACH = pytest.mark.parametrize(("data", "kind"), BAD.values(), ids=BAD.keys())


def one_sentence(text: str) -> bool:
    return text.isprintable() and 20 < len(text) < 600 and text.endswith(".") and "Traceback" not in text


@EACH
def test_a_bad_work_unit_is_refused_with_its_own_failure_and_one_sentence(data: bytes, kind: type[Failure]) -> None:
    with pytest.raises(Failure) as caught:
        workunit.decode(data, "wu.json", EXPERIMENTS)
    assert type(caught.value) is kind
    assert one_sentence(str(caught.value)), str(caught.value)


@EACH
def test_the_worker_exits_with_its_code_and_one_line_and_computes_nothing(
    data: bytes, kind: type[Failure], tmp_path: Path, caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "wu.json"
    path.write_bytes(data)
    code = cli.main(["run", str(path), "--out", str(tmp_path / "result.msgpack")])
    assert code == kind.code
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert record.exc_info is None
    assert capsys.readouterr().out == ""
    assert [p.name for p in tmp_path.iterdir()] == ["wu.json"]


def test_the_faults_of_a_work_unit_have_different_exit_codes() -> None:
    codes = {kind.code for _, kind in BAD.values()}
    assert codes == {10, 11, 12, 13, 14, 15, 16}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            fields(**{"\ud800": 1}),
            id="unknown field with a lone surrogate",
        ),
        pytest.param(
            fields(**{"\x1b[31m": 1}),
            id="unknown field with control characters",
        ),
        pytest.param(
            fields(format=int("9" * 4000)),
            id="format of 4000 digits",
        ),
        pytest.param(
            fields(version=int("9" * 4000)),
            id="version of 4000 digits",
        ),
    ],
)
def test_hostile_names_and_numbers_give_a_sentence_fit_to_print(data: bytes) -> None:
    with pytest.raises(Failure) as caught:
        workunit.decode(data, "wu.json", EXPERIMENTS)
    assert one_sentence(str(caught.value))


@settings(max_examples=300)
@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_failures(data: bytes) -> None:
    with pytest.raises(Failure):
        workunit.decode(data, "wu.json", EXPERIMENTS)


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=400)
@given(
    changed=st.dictionaries(st.sampled_from(["format", "experiment", "version", "seeds", "grid", "more"]), JSON),
    seeds=st.dictionaries(st.sampled_from(["first", "count", "more"]), JSON),
    grid=st.dictionaries(st.sampled_from([*GRID, "more"]), JSON),
)
def test_arbitrary_values_raise_nothing_but_failures(
    changed: dict[str, Any], seeds: dict[str, Any], grid: dict[str, Any]
) -> None:
    good: dict[str, Any] = GOOD["seeds"]
    data = json.dumps(GOOD | {"seeds": good | seeds, "grid": grid} | changed).encode()
    try:
        unit = workunit.decode(data, "wu.json", EXPERIMENTS)
    except Failure as failure:
        assert one_sentence(str(failure))  # noqa: PT017
    else:
        assert 1 <= len(unit.cells) <= limits.CELLS
        assert json.loads(data)["seeds"]["first"] == unit.seeds.first


@st.composite
def units(draw: st.DrawFn) -> WorkUnit:
    grid: dict[str, list[int | float | str]] = {}
    for axis in draw(st.lists(st.sampled_from(list(GRID)), unique=True)):
        grid[axis] = draw(st.lists(st.sampled_from(GRID[axis]), min_size=1, unique=True))
    count = draw(st.integers(1, limits.CELLS // 24))
    return WorkUnit(EXPERIMENTS["compgen"], Seeds(draw(st.integers(0, SEED_LIMIT - count)), count), grid)


@given(unit=units())
def test_a_work_unit_written_and_read_is_the_same(unit: WorkUnit) -> None:
    assert workunit.decode(workunit.encode(unit), "wu.json", EXPERIMENTS) == unit
    assert workunit.encode(unit).count(b"\n") == 1


@given(unit=units(), data=st.data())
def test_the_digest_does_not_depend_on_blanks_and_the_order_of_fields(unit: WorkUnit, data: st.DataObject) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = data.draw(st.permutations(list(value)))
        return {key: shuffled(value[key]) for key in keys}

    written = json.dumps(shuffled(json.loads(workunit.encode(unit))), indent=data.draw(st.integers(0, 4)))
    again = workunit.decode(f"\n {written}\r\n\t".encode(), "wu.json", EXPERIMENTS)
    assert len(unit.digest) == 16
    assert again.digest == unit.digest
    assert again.cells == unit.cells


@given(a=units(), b=units())
def test_other_cells_have_another_digest(a: WorkUnit, b: WorkUnit) -> None:
    if a.cells != b.cells:
        assert a.digest != b.digest


def test_the_digest_of_a_work_unit_never_changes() -> None:
    """Results carry it, and the ledger is keyed by it."""
    assert workunit.decode(fields(), "wu.json", EXPERIMENTS).digest.hex() == "fb47e77cf83cdde98546fa23dc9e0e2a"


@given(unit=units())
def test_cells_are_every_condition_with_every_seed_in_the_documented_order(unit: WorkUnit) -> None:
    axes = [[v for v in GRID[axis] if v in unit.grid.get(axis, GRID[axis])] for axis in GRID]
    seeds = range(unit.seeds.first, unit.seeds.first + unit.seeds.count)
    want = [(dict(zip(GRID, values, strict=True)), seed) for values in itertools.product(*axes) for seed in seeds]
    assert [(cell.condition, cell.seed) for cell in unit.cells] == want


def test_the_order_of_a_grids_values_does_not_change_the_order_of_cells() -> None:
    a, b = (WorkUnit(EXPERIMENTS["compgen"], Seeds(0, 2), {"width": w}) for w in ([32, 128], [128, 32]))
    assert a.cells == b.cells


def test_without_a_grid_all_conditions_are_computed() -> None:
    unit = workunit.decode(fields(), "wu.json", EXPERIMENTS)
    conditions = 1
    for values in EXPERIMENTS["compgen"].grid.values():
        conditions *= len(values)
    assert len(unit.cells) == 16 * conditions == 384
    assert unit.name == "compgen_1_1000_16"


def test_the_last_seed_there_is_can_be_asked_for() -> None:
    unit = workunit.decode(first(str(SEED_LIMIT - 1)), "wu.json", EXPERIMENTS)
    assert unit.cells[0].seed == SEED_LIMIT - 1


def test_the_largest_work_unit_is_allowed() -> None:
    grid = {"width": [32], "depth": [1], "learning_rate": [0.05]}
    unit = workunit.decode(fields(seeds={"first": 0, "count": limits.CELLS}, grid=grid), "wu.json", EXPERIMENTS)
    assert len(unit.cells) == limits.CELLS


def test_a_file_that_cannot_be_read_is_another_failure(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(errors.CannotRead):
            workunit.read(path, EXPERIMENTS)
