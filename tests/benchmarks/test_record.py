"""What was measured can be read again as it was written."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from benchmarks import host, record
from benchmarks.record import Measurement
from tests.benchmarks import records

LOAD = Measurement({"what": "load", "threads": 2}, "s", [0.0123456789, 1906.5, 3.0], 5_000_000_000)
SIZE = Measurement({"what": "size"}, "B", [2195800])


def test_a_run_is_written_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RESULTS", tmp_path / "here" / "results")
    written = record.finish("checkpoint", host.now(), [LOAD, SIZE], "make this")
    assert written.command == "make this"
    assert written.host == host.facts()
    read = record.read("checkpoint", written.host.processor)
    assert read.host == written.host
    assert read.load == written.load
    assert [m.values for m in read.measurements] == [[0.0123457, 1906.5, 3.0], [2195800]]
    assert [(m.labels, m.unit, m.operations) for m in read.measurements] == [
        (m.labels, m.unit, m.operations) for m in (LOAD, SIZE)
    ]


def test_the_bytes_are_json_in_one_order_with_a_line_for_each_measurement() -> None:
    data = record.encode(records.record(LOAD, SIZE))
    assert list(json.loads(data)) == ["format", "benchmark", "command", "program", "load", "host", "measurements"]
    assert sum('"labels"' in line for line in data.decode().splitlines()) == 2
    assert data == record.encode(record.decode(data, Path("x")))


def test_another_format_is_refused(tmp_path: Path) -> None:
    data = record.encode(records.record(SIZE))
    with pytest.raises(ValueError, match=r"x\.json: .*format 2"):
        record.decode(data.replace(b'"format": 1', b'"format": 2'), tmp_path / "x.json")
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        record.decode(data.replace(b'"unit"', b'"units"'), tmp_path / "x.json")


def test_each_processor_has_a_folder() -> None:
    one, other = (record.place("training", f"AMD EPYC, family 25, model {model}") for model in (1, 17))
    assert one.parent.name == "amd-epyc-family-25-model-1"
    assert (one.parent.parent, one.name) == (other.parent.parent, "training.json")
    assert one != other


def test_measurements_are_chosen_by_labels() -> None:
    whole = records.record(LOAD, SIZE)
    assert whole.only(what="load", threads=2) is LOAD
    assert whole.select(threads=2) == [LOAD]
    assert whole.label_values("what") == ["load", "size"]
    for labels in ({"what": "idle"}, {}):
        with pytest.raises(LookupError, match="measurements have the labels"):
            whole.only(**labels)


def test_the_median_and_its_speed() -> None:
    assert LOAD.median == 3.0
    assert LOAD.rate == pytest.approx(5e9 / 3)
