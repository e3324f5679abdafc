"""What must hold for whatever bytes are read: a refusal of the table in one short line, or the truth in its only form.

Recomputation is the one thing that is not real here: the true cells were computed once, by the exact engine, when the
process began, and validation is handed them from memory. All else is the code that staff run, with a ledger on a disk.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from kernels import errors, limits
from kernels.errors import Failure
from kernels.experiments import EXPERIMENTS
from kernels.formats import result, workunit
from kernels.formats.result import Result
from kernels.formats.workunit import WorkUnit
from server_validator import errors as server_errors
from server_validator.checking.check import Terms
from server_validator.errors import Duplicate
from tests.kernels import resultfile
from tests.server_validator import truth
from tests.server_validator.data import checked, issued

LONGEST = 600  # characters of a sentence
ALL_CELLS = limits.CELLS
OF_WORK_UNITS = frozenset(
    (
        errors.WorkUnitUnreadable, errors.WorkUnitFormat, errors.UnknownExperiment, errors.ExperimentVersion,
        errors.WorkUnitField, errors.GridBeyondLimits, errors.TooManyCells,
    )
)  # fmt: skip
# Not among them: TryLater, by which a stranger would make the server check again for ever, and CannotRead.
OF_RESULTS = frozenset(
    (
        errors.ResultUnreadable, errors.ResultFormat, errors.ResultMismatch, errors.Inconsistent,
        server_errors.NotIssued, server_errors.RecomputationDiffers, server_errors.WrongEngine,
    )
)  # fmt: skip


def units() -> list[WorkUnit]:
    """A work unit of every experiment, of one or two cells; as many cells as are cheap, of those that have no seeds."""
    cheap = [truth.unit(name) for name in EXPERIMENTS]
    return [replace(unit, grid={axis: values[:1] for axis, values in unit.grid.items()}) for unit in cheap]


class Readers:
    """The readers, a ledger that issued `units`, and a folder for uploads."""

    def __init__(self, folder: Path) -> None:
        self.units = {unit.digest: unit for unit in units()}
        self.data = issued(folder, *self.units.values())
        self.upload = folder / "result.msgpack"
        self._readers: dict[bytes, Callable[[bytes], str]] = {
            b"w": self._work_unit, b"r": self._result, b"v": self._validate, b"u": self._uploaded_twice,
        }  # fmt: skip

    def __call__(self, data: bytes) -> str:
        """What one input ends with, as a sentence; any exception is a fault found."""
        # A warning would be a line on staff's terminal that says nothing about the file.
        with warnings.catch_warnings(), mock.patch("server_validator.checking.recomputation.compute", truth.remembered):
            warnings.simplefilter("error")
            return self._readers.get(data[:1], self._result)(data[1:])

    def _work_unit(self, data: bytes) -> str:
        try:
            decoded = workunit.decode(data, "wu.json", EXPERIMENTS)
        except Failure as failure:
            return _sentence(failure, OF_WORK_UNITS)
        top = {"grid": {}} | json.loads(data, object_pairs_hook=_unique)
        plain = json.loads(workunit.encode(decoded))
        assert json.dumps(top, sort_keys=True) == json.dumps(plain, sort_keys=True)  # 1 is not 1.0
        again = workunit.decode(workunit.encode(decoded), "wu.json", EXPERIMENTS)
        assert again.digest == decoded.digest
        assert workunit.encode(again) == workunit.encode(decoded)
        cells = decoded.cells
        assert 1 <= len(cells) <= limits.CELLS
        assert len({repr(cell) for cell in cells}) == len(cells)
        assert decoded.name.isprintable()
        return f"work unit of {decoded.experiment.name}"

    def _result(self, data: bytes) -> str:
        try:
            decoded = result.decode(data, "r.msgpack")
        except Failure as failure:
            return _sentence(failure, OF_RESULTS, "r.msgpack")
        tree = _same_otherwise(decoded, data)
        unit = self.units.get(decoded.header.workunit) or next(iter(self.units.values()))
        try:
            result.check(decoded, unit, "r.msgpack")
        except Failure as failure:
            return _sentence(failure, OF_RESULTS, "r.msgpack")
        truth.assert_possible(tree, unit)
        return f"possible result of {unit.experiment.name}, {decoded.header.engine}"

    def _validate(self, data: bytes) -> str:
        return self._validated(data, self.upload, Terms(cells=ALL_CELLS, anew=True), OF_RESULTS)

    def _validated(self, data: bytes, path: Path, terms: Terms, allowed: frozenset[type[Failure]]) -> str:
        path.write_bytes(data)
        try:
            verdict = checked(path, self.data, terms)
        except Failure as failure:
            return _sentence(failure, allowed, str(path))
        tree = _same_otherwise(verdict.answer.result, data)
        unit = self.units[tree["header"]["workunit"]]
        assert len(verdict.recomputed) == len(unit.cells)
        truth.assert_true(tree, unit)
        return f"valid result of {unit.experiment.name}, {verdict.answer.result.header.engine}"

    def _uploaded_twice(self, data: bytes) -> str:
        """The second upload of a file is refused as the first was, or as its copy; a near one always."""
        one, other = (self.upload.with_name(f"{self._named(data)}_{number}_r1_0") for number in (0, 1))
        terms = Terms(agreements=("exact",), cells=ALL_CELLS, anew=True)
        first = self._validated(data, one, terms, OF_RESULTS)
        second = self._validated(data, other, terms, OF_RESULTS | {Duplicate})
        assert second.startswith("Duplicate") or (first == second and first.startswith(_BEFORE_COPIES)), second
        return f"uploaded: {first}"

    def _named(self, data: bytes) -> str:
        """The name of the work unit that was sent out: the one that the file says if it says any, else the first."""
        head = resultfile.inflated(data)[:300]
        issued = (unit for digest, unit in self.units.items() if digest in head)
        return next(issued, next(iter(self.units.values()))).name


def _same_otherwise(decoded: Result, data: bytes) -> resultfile.Top:
    """The structure of a file, as it is read and written without the code that validates."""
    content = resultfile.content(data)
    made_anew = replace(decoded, header=decoded.header)
    assert made_anew.content == content, "there are two contents of one result"
    assert decoded.checksum == content[-16:]
    tree = resultfile.tree(data)
    assert resultfile.sealed(resultfile.body(tree)) == content, "written without our own code it is otherwise"
    return tree


def kind(outcome: str) -> str:
    """An outcome without what is of one file alone: numbers, digests, words in quotes, characters that are no UTF-8."""
    if "codec can't" in outcome:
        return outcome.split(":")[0] + ": no UTF-8"
    return re.sub(_OF_ONE_FILE, "", outcome)[:200]


_OF_ONE_FILE = (
    r"[0-9a-f]{12,}|\d+|\[[^]]*\]|(?<!\w)'[^']*'|\"[^\"]*\"|\{[^}]*\}?|"
    r"(?<=field )`.*`(?= - at|\. )|(?<=field )`.*\.\.\.|(?<=value ).*(?= - at)"
)
_BEFORE_COPIES = ("ResultUnreadable", "ResultFormat", "NotIssued", "ResultMismatch", "Inconsistent", "WrongEngine")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a key occurs twice"
    return dict(pairs)


def _sentence(failure: Failure, allowed: frozenset[type[Failure]], name: str = "") -> str:
    text = str(failure)
    assert type(failure) in allowed, f"{type(failure).__name__}: {text}"
    assert name in text
    assert text.isprintable(), repr(text)
    assert len(text) - len(name) <= LONGEST, f"{len(text)} characters: {text}"
    return f"{type(failure).__name__}: {text.replace(name, 'FILE') if name else text}"
