"""show: a result for a person and for a program."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kernels.experiments import compgen
from kernels.formats.result import Result
from server_validator.reporting.result_text import spark
from tests.kernels import tiny
from tests.kernels.resultfile import Top
from tests.server_validator.data import Run
from tests.server_validator.forging import changed, curve, put


def test_json_has_the_header_and_every_cell(
    tiny_file: Path, tiny_result: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    shown_result = json.loads(Run(capsys, "show", tiny_file, "--json").out)
    assert shown_result.keys() == {
        "format", "experiment", "version", "workunit", "app_version", "engine", "agreement", "device", "clock",
        "timings", "shares_are_counts", "cells",
    }  # fmt: skip
    assert shown_result["workunit"] == tiny.unit().digest.hex()
    assert shown_result["device"] == {"kind": "cpu", "name": tiny.DEVICE.name, "platform": "linux-x86_64", "threads": 1}
    assert shown_result["timings"] == {"computing": 1.5, "cpu": 1.25}
    assert shown_result["clock"] == {"unit": compgen.EXPERIMENT.clock.unit, "ticks": list(compgen.MEASURED)}
    values = tiny_result.values(compgen.EXPERIMENT)
    for row, (shown, cell) in enumerate(zip(shown_result["cells"], tiny.unit().cells, strict=True)):
        assert list(shown) == ["seed", "condition", "metrics", "digest"]
        assert shown["seed"] == cell.seed
        assert shown["condition"] == {"width": 32, "depth": 1, "learning_rate": 0.05}
        assert shown["digest"] == tiny_result.digests[row].tobytes().hex()
        assert list(shown["metrics"]) == list(compgen.METRICS)
        for name, curve_of in shown["metrics"].items():
            assert np.float32(curve_of).tobytes() == values[name][row].tobytes()
    assert shown_result["shares_are_counts"] is False


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
    gaps = tiny_result.values(compgen.EXPERIMENT)["gap"][:, -1]
    assert f"{np.mean(gaps):.3f}" in done.out
    bars = re.findall(r"[▁▂▃▄▅▆▇█]+", done.out)
    assert len(bars) == len(compgen.METRICS)
    assert {len(bar) for bar in bars} == {len(compgen.MEASURED)}


def test_spark_goes_from_the_lowest_bar_to_the_highest() -> None:
    assert spark(np.arange(8, dtype=np.float32)) == "▁▂▃▄▅▆▇█"
    assert spark(np.array([5.0, -5.0, 5.0], np.float32)) == "█▁█"
    assert spark(np.full(3, 0.5, np.float32)) == "▁▁▁"


def no_columns(top: Top) -> None:
    top["header"]["columns"], top["columns"] = {}, {}


def fewer_columns(top: Top) -> None:
    del top["header"]["columns"]["train_loss"], top["columns"]["train_loss"]


def short_column(top: Top) -> None:
    top["columns"]["train_loss"] = top["columns"]["train_loss"][:1]


def columns_in_another_order(top: Top) -> None:
    for holder in (top["header"], top):
        holder["columns"] = dict(reversed(holder["columns"].items()))


def other_axes(top: Top) -> None:
    top["header"]["axes"] = {"tomorrow": ["a", "b"]}
    top["header"]["seeds"]["count"] = 1


def no_axes(top: Top) -> None:
    top["header"]["axes"] = {}


def markup(top: Top) -> None:
    top["header"]["device"]["name"] = "CPU [/] [red]"


def no_numbers(top: Top) -> None:
    put(top, 0, "train_loss", np.full(12, np.nan))


def infinite(top: Top) -> None:
    put(top, 0, "train_loss", np.where(np.arange(12) % 2, np.inf, curve(top, 0, "train_loss")))


def both_infinities(top: Top) -> None:
    put(top, 0, "train_loss", np.full(12, np.inf))
    put(top, 1, "train_loss", np.full(12, -np.inf))


def too_large_to_add(top: Top) -> None:
    for cell in (0, 1):
        put(top, cell, "train_loss", np.full(12, 3e38))


def counts_above_the_samples(top: Top) -> None:
    top["columns"]["train_accuracy"][:] = 65535


def unknown_metric(top: Top) -> None:
    """As another version of the experiment may have."""
    for holder in (top["header"], top):
        holder["columns"]["tomorrow"] = holder["columns"].pop("train_loss")


STRANGE = [
    fewer_columns, short_column, columns_in_another_order, other_axes, no_axes, markup, no_numbers, infinite,
    both_infinities, too_large_to_add, counts_above_the_samples, unknown_metric,
]  # fmt: skip


@pytest.mark.parametrize("change", STRANGE)
def test_a_hostile_result_is_shown_or_refused_but_never_a_traceback(
    tmp_path: Path, tiny_bytes: bytes, change: Callable[[Top], None], capsys: pytest.CaptureFixture[str]
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
    path.write_bytes(changed(tiny_bytes, no_columns))
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
    path.write_bytes(changed(tiny_bytes, lambda top: top["header"].update(experiment="tomorrow")))
    shown = Run(capsys, "show", path).out
    assert "tomorrow" in shown
    assert "shares of samples are shown as counts" in shown
    assert json.loads(Run(capsys, "show", path, "--json").out)["shares_are_counts"] is True
