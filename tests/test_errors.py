"""Failures: exit codes of their own, and docstrings that are whole sentences wherever they are raised."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest

from client.errors import Stopped
from kernels.errors import Failure
from tests.failures import ROOMS, TABLE, by_code

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("patience", "kernels", "client", "server_validator", "wrapper", "packaging", "benchmarks")
KINDS = pytest.mark.parametrize("kind", TABLE.values(), ids=lambda kind: kind.__name__)


def placeholders(kind: type[Failure]) -> int:
    return sum(field is not None for _, field, _, _ in string.Formatter().parse(kind.__doc__ or ""))


def test_exit_codes_are_unique_and_below_boincs() -> None:
    assert len(TABLE) > 25, "the table does not find the failures any more"
    assert all(1 <= code < 192 for code in TABLE)
    assert 2 not in TABLE, "argparse's"


def test_exit_codes_keep_their_numbers() -> None:
    """Staff's scripts and BOINC's validator read them."""
    assert {kind.__name__: code for code, kind in TABLE.items()}.items() >= {
        "Failure": 1, "TryLater": 3, "Stopped": 4,
        "WorkUnitUnreadable": 10, "WorkUnitFormat": 11, "UnknownExperiment": 12, "ExperimentVersion": 13,
        "WorkUnitField": 14, "GridBeyondLimits": 15, "TooManyCells": 16,
        "ResultUnreadable": 20, "ResultFormat": 21, "NotIssued": 22, "ResultMismatch": 23, "Inconsistent": 24,
        "RecomputationDiffers": 25,
        "NoDevice": 30, "NoEngine": 31, "CannotRead": 32, "CannotWrite": 33,
        "Duplicate": 26, "WrongEngine": 27, "ResultsDiffer": 28,
        "SeedsTaken": 40, "NothingAssimilated": 41, "DataDirectory": 42, "NotValidated": 43, "LedgerVersion": 44,
    }.items()  # fmt: skip


def test_these_and_no_other_failures_blame_a_result() -> None:
    """BOINC's validator takes them, and only them, for an invalid result."""
    assert {kind.code for kind in TABLE.values() if kind.blames_result} == {
        20,
        21,
        22,
        23,
        24,
        25,
        26,
        27,
        28,
        29,
        32,
        38,
    }


def test_two_failures_with_one_code_are_found_out() -> None:
    with pytest.raises(AssertionError, match="share exit code 33"):
        by_code([*TABLE.values(), TABLE[33]])


def test_failures_are_defined_in_their_rooms_errors_and_nowhere_else() -> None:
    """Or they would be in no table, and their codes compared with no others."""
    names = {kind.__name__ for kind in TABLE.values()}
    files = {Path(str(room.__file__)) for room in ROOMS}
    defined = [
        (path, node)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        if names & {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}
    ]
    assert [f"{path.relative_to(ROOT)}: {node.name}" for path, node in defined if path not in files] == []
    assert {node.name for _, node in defined} == names - {"Failure"}, "the search does not find all of them"


@KINDS
def test_a_docstring_is_one_line_of_whole_sentences(kind: type[Failure]) -> None:
    text = str(kind(*["x"] * placeholders(kind)))
    assert "\n" not in text
    assert "{" not in text
    assert text.endswith((".", "x")) or kind is Stopped
    assert text[0].isupper() or text.startswith("x")


@KINDS
def test_braces_and_anything_else_in_arguments_are_left_alone(kind: type[Failure]) -> None:
    assert str(kind(*["{0} {} {x!r}"] * placeholders(kind))).count("{0} {} {x!r}") == placeholders(kind)


def raise_sites() -> list[tuple[str, type[Failure], int]]:
    """Every place in our code that makes a failure: where, which, and with how many arguments."""
    kinds = {kind.__name__: kind for kind in TABLE.values()}
    sites = []
    for room in ("kernels", "client", "server_validator"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    function = node.func
                    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                    if name in kinds:
                        assert not node.keywords
                        assert not any(isinstance(a, ast.Starred) for a in node.args)
                        where = f"{path.relative_to(ROOT)}:{name}:{node.lineno}"
                        sites.append((where, kinds[name], len(node.args)))
    return sites


def test_every_failure_is_made_with_the_arguments_its_sentence_needs() -> None:
    sites = raise_sites()
    assert len(sites) > 30, "the search does not find the places any more"
    wrong = [(where, given, placeholders(kind)) for where, kind, given in sites if given != placeholders(kind)]
    assert not wrong, "(place, arguments, placeholders)"
