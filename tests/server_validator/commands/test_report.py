"""report: the page is written, and the next one tells what changed."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kernels.formats import atomic
from kernels.formats.result import Result
from kernels.refusals import cannot_write
from server_validator.ledger import Ledger, verdicts
from server_validator.ledger.verdicts import Verdict
from tests.kernels import tiny
from tests.server_validator.commands.test_findings import WIDTHS, assimilated
from tests.server_validator.data import Run, one_line
from tests.server_validator.dataset.test_dataset import forged
from tests.server_validator.reporting.html.parsed import Node, parse
from tests.server_validator.storing import damage, exact, filed, stored


@pytest.fixture(autouse=True)
def no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def written(path: Path) -> Node:
    return parse(path.read_text(encoding="utf-8"))


def text(path: Path) -> str:
    return written(path).text


def test_the_page_says_what_findings_says(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit(0, 9, **WIDTHS))
    done = run("--data", data, "report", "--out", tmp_path / "report.html")
    assert (done.code, done.err) == (0, "")
    (card,) = written(tmp_path / "report.html").all("article")
    (claim,) = json.loads(run("--data", data, "findings", "--json").out)["claims"]
    for number in (claim["mean"], claim["low"], claim["high"]):
        assert f"{number:+.4f}".replace("-", "−") in card.text
    assert claim["verdict"] in card.text
    assert "9 seeds" in card.text


def test_the_same_data_are_the_same_bytes(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    out = tmp_path / "report.html"
    pages = []
    for _ in range(3):
        assert run("--data", data, "report", "--out", out).code == 0
        pages.append(out.read_bytes())
    assert pages[0] == pages[1] == pages[2]
    assert b"This is the first report." in pages[0]


def test_more_data_are_a_change_that_stays_until_the_next(tmp_path: Path, run: Callable[..., Run]) -> None:
    out = tmp_path / "report.html"
    stored(tmp_path, tiny.unit(0, 4, **WIDTHS))
    run("--data", tmp_path, "report", "--out", out)
    stored(tmp_path, tiny.unit(4, 5, **WIDTHS))
    for _ in range(2):
        run("--data", tmp_path, "report", "--out", out)
        assert "9 seeds (+5)" in text(out)
        assert "This is the first report." not in text(out)


def test_near_results_count_only_where_they_are_asked_for(
    tmp_path: Path, run: Callable[..., Run], tiny_result: Result
) -> None:
    """And what changed is told of the same class of results."""
    stored(tmp_path, tiny.unit(), tiny_result, 13)
    stored(tmp_path, tiny.unit(50, 3))
    out = tmp_path / "report.html"
    for words, seeds, said in (([], 3, "bit-exact results only"), (["--near"], 5, "bit-exact and near results")):
        assert run("--data", tmp_path, "report", "--out", out, *words).code == 0
        assert f"{seeds} seeds" in text(out)
        assert said in text(out)
        assert "This is the first report." in text(out)
    run("--data", tmp_path, "report", "--out", out)
    assert "1 result with 2 cells left out as near only" in text(out)


def test_a_result_that_was_taken_back_is_an_alarm_with_its_reason(tmp_path: Path, run: Callable[..., Run]) -> None:
    wrong = tiny.unit(5, 4, **WIDTHS)
    stored(tmp_path, tiny.unit(0, 3, **WIDTHS))
    checksum = stored(tmp_path, wrong)
    with Ledger(tmp_path) as ledger:
        verdicts.record(ledger, Verdict("", checksum, wrong.name, 25, "cell 2 differs"))
    assert run("--data", tmp_path, "report", "--out", tmp_path / "report.html").code == 0
    (alarms,) = (node for node in written(tmp_path / "report.html").all("section") if "alarms" in node.classes)
    assert f"work unit {wrong.name}: found valid once, and taken back after a later look: cell 2 differs" in alarms.text
    assert "3 seeds" in text(tmp_path / "report.html")


def test_hosts_whose_cells_disagree_are_named(tmp_path: Path, run: Callable[..., Run]) -> None:
    answer = exact(tiny.unit())
    filed(tmp_path, tiny.unit(), answer, 12)
    filed(tmp_path, tiny.unit(), forged(answer), 4711, 1)
    run("--data", tmp_path, "report", "--out", tmp_path / "report.html")
    (alarms,) = (node for node in written(tmp_path / "report.html").all("section") if "alarms" in node.classes)
    for host, number in ((12, 0), (4711, 1)):
        assert f"host {host} ({tiny.unit().name}_{number}_r77_0)" in alarms.text


def test_what_is_damaged_is_said_on_the_page(tmp_path: Path, run: Callable[..., Run]) -> None:
    damage(filed(tmp_path, tiny.unit(0, 3, **WIDTHS)))
    filed(tmp_path, tiny.unit(5, 4, **WIDTHS))
    assert run("--data", tmp_path, "report", "--out", tmp_path / "report.html").code == 0
    assert "1 file left out as damaged or foreign" in text(tmp_path / "report.html")


def test_an_experiment_without_a_sound_file_is_an_alarm_and_48(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = filed(tmp_path, tiny.unit())
    folder = tmp_path / "results" / "experiment=prunecomp" / "version=1"
    folder.mkdir(parents=True)
    (folder / "torn.parquet").write_bytes(b"")
    done = run("--data", tmp_path, "report", "--out", tmp_path / "report.html")
    assert done.code == 48
    assert "prunecomp" in one_line(done)
    assert "prunecomp" in next(node for node in written(tmp_path / "report.html").all("section")).text
    (tmp_path / "ledger.sqlite").unlink()
    path.unlink()
    (tmp_path / "report.html").unlink()
    assert run("--data", tmp_path, "report", "--out", tmp_path / "report.html").code == 48
    assert not (tmp_path / "report.html").exists(), "there is nothing to tell"


def test_without_data_it_is_41(data: Path, tmp_path: Path, run: Callable[..., Run]) -> None:
    done = run("--data", data, "report", "--out", tmp_path / "report.html")
    assert done.code == 41
    assert not (tmp_path / "report.html").exists()


def test_numbers_are_kept_only_of_a_page_that_was_written(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    done = run("--data", data, "report", "--out", tmp_path / "no folder" / "report.html")
    assert done.code == 33
    assert "no folder" in one_line(done)
    assert not list(data.glob("report*"))

    def full(path: Path, content: bytes) -> None:
        if path.parent == data:
            raise cannot_write(path, OSError(errno.ENOSPC, "No space left on device"))
        path.write_bytes(content)

    monkeypatch.setattr(atomic, "write_beside_others", full)
    assert run("--data", data, "report", "--out", tmp_path / "report.html").code == 33
    assert "This is the first report." in text(tmp_path / "report.html")


def test_numbers_that_cannot_be_read_are_told_and_replaced(tmp_path: Path, run: Callable[..., Run]) -> None:
    data, _ = assimilated(tmp_path, run, tiny.unit())
    kept, out = data / "report.json", tmp_path / "report.html"
    kept.write_bytes(b"{}")
    done = run("--data", data, "report", "--out", out)
    assert done.code == 0
    assert f"{kept} is left out and replaced: it is not what axiom-server report keeps" in one_line(done)
    assert "The last report's numbers cannot be read" in text(out)
    assert json.loads(kept.read_bytes())["format"] == 1


def test_the_day_is_that_of_the_data_and_the_reports_own_is_told(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path
    os.utime(filed(data, tiny.unit()), (1.7e9, 1.7e9))
    words = ("--data", data, "report", "--out", tmp_path / "report.html")
    assert run(*words).code == 0
    assert "On data up to 14 November 2023" in text(tmp_path / "report.html")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    assert run(*words).code == 0
    assert "Report of 15 January 2027, on data up to 14 November 2023" in text(tmp_path / "report.html")
    for nonsense in ("yesterday", "9" * 30):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", nonsense)
        done = run(*words)
        assert done.code == 2
        assert "SOURCE_DATE_EPOCH is no time in seconds" in one_line(done)
