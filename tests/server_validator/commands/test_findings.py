"""findings: what is printed is what the results say, computed by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kernels.cells import Value
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.checking.check import Terms
from server_validator.dataset import files
from tests.kernels import tiny
from tests.server_validator.data import Run, checked, issued, one_line
from tests.server_validator.dataset.test_dataset import forged
from tests.server_validator.storing import damage, exact, filed, place, stored

WIDTHS: dict[str, list[Value]] = {"width": [32, 128]}


def assimilated(folder: Path, run: Callable[..., Run], *units: WorkUnit) -> tuple[Path, list[dict[str, Any]]]:
    """A data directory with the units' results, and all their cells by show --json."""
    data, cells = issued(folder, *units), []
    for unit in units:
        path = folder / f"{unit.name}.msgpack"
        path.write_bytes(result.encode(tiny.computed(unit, "c")))
        checked(path, data, Terms(("exact",), 1, 0.0))
        assert run("--data", data, "assimilate", 1, path).code == 0
        cells += json.loads(run("show", path, "--json").out)["cells"]
    return data, cells


def test_findings_are_what_show_json_gives_by_hand(tmp_path: Path, run: Callable[..., Run]) -> None:
    units = tiny.unit(0, 5, **WIDTHS), tiny.unit(5, 4, **WIDTHS)
    data, cells = assimilated(tmp_path, run, *units)
    gap = {(c["seed"], c["condition"]["width"]): c["metrics"]["gap"][-1] for c in cells}
    done = run("--data", data, "findings")
    assert done.code == 0, done.err
    assert "18 networks, seeds: 9;" in done.out
    for width, published in ((32, "0.645"), (128, "0.679")):
        gaps = np.array([gap[seed, width] for seed in range(9)])
        row = re.search(rf"│ +{width} │ +(\S+) │ +(\S+) \.\. (\S+) │ +9 │ +(\S+) │", done.out)
        assert row is not None, done.out
        assert float(row[1]) == pytest.approx(gaps.mean(), abs=0.00051)
        low, high = bootstrap(gaps)
        assert float(row[2]) == pytest.approx(low, abs=0.004)
        assert float(row[3]) == pytest.approx(high, abs=0.004)
        assert row[4] == published
    differences = np.array([gap[seed, 128] - gap[seed, 32] for seed in range(9)])
    low, high = bootstrap(differences)
    line = re.search(r"measured: .* (\S+) \[(\S+), (\S+)\], 9 seeds", done.out)
    assert line is not None, done.out
    assert float(line[1]) == pytest.approx(differences.mean(), abs=0.000051)
    assert float(line[2]) == pytest.approx(low, abs=0.004)
    assert float(line[3]) == pytest.approx(high, abs=0.004)
    shown = (float(line[2]), float(line[3]))
    verdict = "holds" if shown[0] > 0 else "refuted" if shown[1] < 0 else "undecided"
    assert f"#31 Wider networks generalize worse to unseen combinations: {verdict}" in done.out
    assert "published: gap .645 / .663 / .679" in done.out
    assert "needs at least" not in done.out
    assert run("--data", data, "findings").out == done.out, "the same data give the same numbers"


def bootstrap(values: np.ndarray) -> tuple[float, float]:
    """By numpy's own generator."""
    draw = np.random.default_rng(0)
    means = values[draw.integers(0, len(values), (50_000, len(values)))].mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def test_few_seeds_are_said_to_decide_nothing(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit(0, 2, **WIDTHS))
    done = run("--data", data, "findings", "compgen")
    assert ": undecided" in done.out
    assert "a decision needs at least 8 seeds" in done.out


def test_a_claim_without_its_widths_is_undecided(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    done = run("--data", data, "findings", "--plots", tmp_path / "plots")
    assert done.code == 0, done.err
    assert "no complete seed" in done.out
    assert ": undecided" in done.out


def test_findings_without_data_are_41(data: Path, run: Callable[..., Run]) -> None:
    done = run("--data", data, "findings")
    assert done.code == 41
    assert "Assimilate results first" in one_line(done)


def test_results_of_another_version_alone_are_named(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    assert run("--data", data, "compact").code == 0
    folder = data / "results" / "experiment=compgen"
    (folder / "version=1").rename(folder / "version=7")
    (data / "ledger.sqlite").unlink()
    for words in ([], ["compgen"]):
        done = run("--data", data, "findings", *words)
        assert done.code == 41
        assert "there are results of compgen version 7, which another version of this program reads" in one_line(done)


def test_plots_that_cannot_be_written_are_33(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    (tmp_path / "file").write_bytes(b"")
    assert run("--data", data, "findings", "--plots", tmp_path / "file").code == 33


def test_findings_go_on_without_a_damaged_file_and_say_so(tmp_path: Path, run: Callable[..., Run]) -> None:
    lost, kept = tiny.unit(0, 3, **WIDTHS), tiny.unit(5, 4, **WIDTHS)
    path, _ = filed(tmp_path, lost), filed(tmp_path, kept)
    damage(path)
    done = run("--data", tmp_path, "findings")
    assert (done.code, done.err) == (0, "")
    assert "8 networks, seeds: 4;" in done.out
    assert "1 file left out as damaged or foreign:" in done.out
    assert f"  {path}: its {path.stat().st_size} bytes do not have the digest in its name" in done.out
    assert f"no sound file has what is stored of {lost.name}; axiom-server repair" in done.out
    (line,) = run("--data", tmp_path, "findings", "--json").out.splitlines()
    left_out = json.loads(line)["left_out"]
    assert [marked["file"] for marked in left_out["files"]] == [str(path)]
    assert left_out["absent"] == [lost.name]


def test_findings_rest_on_exact_results_unless_near_ones_are_asked_for(
    tmp_path: Path, run: Callable[..., Run], tiny_result: Result
) -> None:
    stored(tmp_path, tiny.unit(), tiny_result, 13)
    assert run("--data", tmp_path, "findings").code == 48
    stored(tmp_path, tiny.unit(5, 4))
    done = run("--data", tmp_path, "findings")
    assert "seeds: 4;" in done.out
    assert "bit-exact results of 1 known host\n" in done.out
    assert "1 result with 2 cells left out as near only; --near counts them" in done.out
    found = json.loads(run("--data", tmp_path, "findings", "--json").out)
    assert (found["agreement"], found["left_out"]["near"]) == (["exact"], {"results": 1, "cells": 2})
    done = run("--data", tmp_path, "findings", "--near")
    assert "seeds: 6;" in done.out
    assert "bit-exact and near results of 2 known hosts\n" in done.out
    found = json.loads(run("--data", tmp_path, "findings", "--near", "--json").out)
    assert (found["agreement"], found["hosts"]) == (["exact", "near"], 2)


def test_exact_results_that_disagree_are_an_alarm_with_both_hosts(tmp_path: Path, run: Callable[..., Run]) -> None:
    answer = exact(tiny.unit())
    filed(tmp_path, tiny.unit(), answer, 12)
    filed(tmp_path, tiny.unit(), forged(answer), 13, 1)
    found = run("--data", tmp_path, "findings").out
    (alarm,) = (line for line in found.splitlines() if line.startswith("ALARM: 1 cell in two bit-exact results"))
    for number, host in ((0, 12), (1, 13)):
        assert f"{tiny.unit().name}_{number}_r77_0, host {host}" in alarm
    assert "1 seed left out with 1 cells" in found
    told = json.loads(run("--data", tmp_path, "findings", "--json").out)["left_out"]["contradicted"]
    assert sorted(told["results"][0]["hosts"]) == [12, 13]


def test_a_file_that_no_ledger_knows_is_named_without_its_cells(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    assert run("--data", data, "compact").code == 0
    (place(data) / "other.parquet").write_bytes(b"damaged")
    (data / "ledger.sqlite").unlink()
    done = run("--data", data, "findings")
    assert done.code == 0
    assert "1 file left out as damaged or foreign:" in done.out
    assert "other.parquet: its name has no digest" in done.out


def test_an_experiment_without_a_sound_file_is_48_after_the_others(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    folder = files.folder(data, ("prunecomp", 1))  # before compgen or after it: compgen is printed
    folder.mkdir(parents=True)
    (folder / "torn.parquet").write_bytes(b"")
    done = run("--data", data, "findings")
    assert done.code == 48
    assert "2 networks, seeds: 2;" in done.out
    assert "Nothing of prunecomp" in one_line(done)
    assert run("--data", data, "findings", "prunecomp").code == 48


def test_incomplete_seeds_are_counted(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    done = run("--data", data, "findings")
    assert "2 of 2 seeds incomplete: they have part of the grid" in done.out


def test_json_has_the_numbers_of_the_tables(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, cells = assimilated(tmp_path, run, tiny.unit(0, 9, **WIDTHS))
    found = json.loads(run("--data", data, "findings", "compgen", "--json").out)
    assert (found["experiment"], found["version"], found["cells"], found["seeds"]) == ("compgen", 1, 18, 9)
    gap = {(c["seed"], c["condition"]["width"]): c["metrics"]["gap"][-1] for c in cells}
    claim = next(claim for claim in found["claims"] if claim["finding"] == "#31")
    assert claim["mean"] == pytest.approx(np.mean([gap[seed, 128] - gap[seed, 32] for seed in range(9)]))
    text = run("--data", data, "findings").out
    assert f"#31 {claim['text']}: {claim['verdict']}" in text
    points = {point["at"]: point["mean"] for point in found["curves"][0]["points"]}
    assert points[32] == pytest.approx(np.mean([gap[seed, 32] for seed in range(9)]))
    assert found["left_out"]["files"] == []


def test_json_of_too_few_seeds_has_no_numbers_that_json_does_not_have(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    text = run("--data", data, "findings", "--json").out
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_an_unknown_experiment_has_no_findings(run: Callable[..., Run]) -> None:
    assert run("findings", "nope").code == 12
