"""show: a result for a person and for a program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels.experiments import compgen
from kernels.formats import result
from kernels.formats.result import Result
from server_validator.reporting.result_text import spark
from tests.kernels import tiny
from tests.server_validator.data import Run
from tests.server_validator.forging import changed, curve, put


def test_json_has_the_header_and_every_cell(
    tiny_file: Path, tiny_result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    shown_result = json.loads(Run(capsys, "show", tiny_file, "--json").out)
    assert shown_result.keys() == {
        "format", "experiment", "version", "workunit", "app_version", "engine", "agreement", "device", "clock",
        "timings", "cells",
    }  # fmt: skip
    assert shown_result["workunit"] == tiny.unit().digest.hex()
    assert shown_result["device"] == {"kind": "cpu", "name": tiny.DEVICE.name, "platform": "linux-x86_64", "threads": 1}
    assert shown_result["timings"] == {"computing": 1.5, "cpu": 1.25}
    assert shown_result["clock"] == {"unit": compgen.EXPERIMENT.clock.unit, "ticks": list(compgen.MEASURED)}
    for shown, record in zip(shown_result["cells"], tiny_result.cells, strict=True):
        assert list(shown) == ["seed", "condition", "metrics", "digests"]
        assert shown["seed"] == record.seed
        assert shown["condition"] == {"width": 32, "depth": 1, "learning_rate": 0.05}
        assert shown["digests"] == [digest.hex() for digest in record.digests]
        assert list(shown["metrics"]) == list(compgen.METRICS)
        for name, values in shown["metrics"].items():
            assert np.float32(values).tobytes() == record.metrics[name].data


def test_a_person_sees_what_was_computed_where_and_how_long(
    tiny_file: Path, tiny_result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    done = Run(capsys, "show", tiny_file)
    assert done.code == 0
    for fact in (
        str(tiny_file), "compgen", tiny.unit().digest.hex(), "0.1.0", "torch", tiny.DEVICE.name,
        "linux-x86_64", "threads: 1", "1.5 s", "1.2 s of CPU", "1000 to 1001, 2 cells", "train loss", "effective rank",
    ):  # fmt: skip
        assert fact in done.out
    gaps = [result.unpack(cell.metrics["gap"])[-1] for cell in tiny_result.cells]
    assert f"{np.mean(gaps):.3f}" in done.out
    bars = re.findall(r"[▁▂▃▄▅▆▇█]+", done.out)
    assert len(bars) == len(compgen.METRICS)
    assert {len(bar) for bar in bars} == {len(compgen.MEASURED)}


def test_spark_goes_from_the_lowest_bar_to_the_highest() -> None:
    assert spark(np.arange(8, dtype=np.float32)) == "▁▂▃▄▅▆▇█"
    assert spark(np.array([5.0, -5.0, 5.0], np.float32)) == "█▁█"
    assert spark(np.full(3, 0.5, np.float32)) == "▁▁▁"


def shape(top: dict[str, Any]) -> None:
    top["cells"][0]["metrics"]["gap"]["shape"] = [5]


def no_metrics(top: dict[str, Any]) -> None:
    for cell in top["cells"]:
        cell["metrics"] = {}


def fewer_metrics(top: dict[str, Any]) -> None:
    del top["cells"][1]["metrics"]["gap"]


def uneven(top: dict[str, Any]) -> None:
    top["cells"][1]["metrics"]["gap"] |= {"shape": [1], "data": bytes(4)}


def matrix(top: dict[str, Any]) -> None:
    for cell in top["cells"]:
        cell["metrics"]["gap"]["shape"] = [6, 2]


def markup(top: dict[str, Any]) -> None:
    top["device"]["name"] = "CPU [/] [red]"


def no_numbers(top: dict[str, Any]) -> None:
    put(top, 0, "gap", np.full(12, np.nan))


def infinite(top: dict[str, Any]) -> None:
    put(top, 0, "gap", np.where(np.arange(12) % 2, np.inf, curve(top, 0, "gap")))


def both_infinities(top: dict[str, Any]) -> None:
    put(top, 0, "gap", np.full(12, np.inf))
    put(top, 1, "gap", np.full(12, -np.inf))


def too_large_to_add(top: dict[str, Any]) -> None:
    for cell in (0, 1):
        put(top, cell, "gap", np.full(12, 3e38))


def unknown_metric(top: dict[str, Any]) -> None:
    """As another version of the experiment may have."""
    for cell in top["cells"]:
        cell["metrics"]["tomorrow"] = cell["metrics"].pop("gap")


STRANGE = [
    shape, fewer_metrics, uneven, matrix, markup, no_numbers, infinite, both_infinities, too_large_to_add,
    unknown_metric,
]  # fmt: skip


@pytest.mark.parametrize("change", STRANGE)
def test_a_hostile_result_is_shown_or_refused_but_never_a_traceback(
    tmp_path: Path, tiny_bytes: bytes, change: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r"
    path.write_bytes(changed(tiny_bytes, change))
    for more in ([], ["--json"], ["--plot", tmp_path / "curves.png"]):
        done = Run(capsys, "show", path, *more)
        assert done.code in (0, 20, 23, 24)
        if more == ["--json"] and done.code == 0:
            json.loads(done.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_a_result_without_metrics_is_shown(
    tmp_path: Path, tiny_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    path = tmp_path / "r"
    path.write_bytes(changed(tiny_bytes, no_metrics))
    assert Run(capsys, "show", path).code == 0
    assert Run(capsys, "show", path, "--plot", tmp_path / "curves.png").code == 0


def test_curves_are_drawn(tmp_path: Path, tiny_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "curves.png"
    assert Run(capsys, "show", tiny_file, "--plot", picture).code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert Run(capsys, "show", tiny_file, "--plot", tmp_path / "none" / "curves.png").code == 33


def test_a_path_with_brackets_is_shown(
    tmp_path: Path, tiny_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    path = tmp_path / "result [" / "old].msgpack"
    path.parent.mkdir()
    path.write_bytes(tiny_bytes)
    assert "[/old]" in Run(capsys, "show", path).out


def test_an_experiment_of_another_program_is_shown(
    tmp_path: Path, tiny_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r"
    path.write_bytes(changed(tiny_bytes, lambda top: top.update(experiment="tomorrow")))
    assert "tomorrow" in Run(capsys, "show", path).out
