"""What fuzzing found worth keeping is read again in every test run, without atheris: see the package `fuzz`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kernels.arrays import F32
from kernels.errors import ResultUnreadable
from kernels.formats import result
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator.errors import TryLater
from tests.server_validator.fuzz import reached
from tests.server_validator.fuzz.__main__ import CORPUS
from tests.server_validator.fuzz.readers import Readers

INPUTS = [path.read_bytes() for path in sorted(CORPUS.iterdir())]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each input of the corpus ends with; a fault of a reader is raised here."""
    readers = Readers(tmp_path_factory.mktemp("fuzz"))
    return [readers(data) for data in INPUTS]


def test_the_corpus_is_small_enough_to_keep() -> None:
    assert 100 < len(INPUTS) <= reached.FILES
    assert sum(map(len, INPUTS)) <= reached.BYTES


def test_every_input_is_refused_cleanly_or_true(outcomes: list[str]) -> None:
    assert len(outcomes) == len(INPUTS)


@pytest.mark.parametrize(
    "outcome",
    [
        "WorkUnitUnreadable", "WorkUnitFormat", "UnknownExperiment", "ExperimentVersion", "WorkUnitField",
        "GridBeyondLimits", "TooManyCells", "ResultUnreadable", "ResultFormat", "NotIssued", "ResultMismatch",
        "Inconsistent", "RecomputationDiffers", "WrongEngine", "work unit of", "possible result of", "valid result of",
    ],
)  # fmt: skip
def test_the_corpus_reaches_every_refusal_and_every_success(outcomes: list[str], outcome: str) -> None:
    assert any(ended.removeprefix("uploaded: ").startswith(outcome) for ended in outcomes)


def raises_something_else(*_: object) -> None:
    raise ValueError("unforeseen")


def says_two_lines(*_: object) -> None:
    raise ResultUnreadable("file", "one\ntwo")


def says_too_much(*_: object) -> None:
    raise ResultUnreadable("file", "x" * 1000)


def blames_the_server(*_: object) -> None:
    raise TryLater("file")


def accepts_everything(found: Result, unit: WorkUnit, name: str) -> dict[str, F32]:
    with np.errstate(all="ignore"):
        return found.values(unit.experiment)


@pytest.mark.parametrize(
    "broken", [raises_something_else, says_two_lines, says_too_much, blames_the_server, accepts_everything]
)
def test_a_broken_check_is_found_by_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: list[str], broken: Callable[..., object]
) -> None:
    """A check of values that does what no reader may do: were it not found, the tests above would prove nothing."""
    monkeypatch.setattr(result, "_possible", broken)
    readers = Readers(tmp_path)
    found = [data for data, ended in zip(INPUTS, outcomes, strict=True) if data[:1] == b"r" and "is not in" in ended]
    assert found
    for data in found:
        with pytest.raises((AssertionError, ValueError)):
            readers(data)
