"""What an input reaches of the readers' lines and outcomes, seen without atheris; and a small corpus that keeps all."""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import kernels
import server_validator
from kernels.experiments import EXPERIMENTS
from kernels.formats import columns, result, workunit
from server_validator.boinc import names
from server_validator.checking import agreement, check, drawing, looking, others, reading, recomputation, spans
from server_validator.ledger import database, issued, returned, taken_back, uploads, verdicts
from tests.server_validator.fuzz.readers import Readers, kind

MODULES = (
    result, columns, workunit, names, agreement, check, drawing, looking, others, reading, recomputation, spans,
    database, issued, returned, taken_back, uploads, verdicts,
)  # fmt: skip
FILES = 300  # at most, of the kept corpus
BYTES = 300_000  # of them all

Feature = str | tuple[str, int, int]
"""An outcome, or two lines of a file of which one ran after the other."""


def features(inputs: Iterable[bytes]) -> dict[bytes, frozenset[Feature]]:
    """What each input reaches; any fault of the readers is raised."""
    rooms = tuple(str(Path(str(room.__file__)).parent) for room in (kernels, server_validator))
    reached: dict[bytes, frozenset[Feature]] = {}
    with tempfile.TemporaryDirectory() as folder:
        readers = Readers(Path(folder))
        for data in sorted(inputs):
            readers(data)  # once without being watched: true cells are computed only once
            lines: set[Feature] = set()
            sys.settrace(_watch(rooms, lines))
            try:
                outcome = readers(data)
            finally:
                sys.settrace(None)
            reached[data] = frozenset(lines | {_coarse(outcome), _look(outcome)})
    return reached


def _coarse(outcome: str) -> str:
    """A kind of outcome, but not of which metric or experiment, nor which wrong type was found."""
    plain = kind(outcome).removeprefix("uploaded: ")
    return re.sub(
        r", got `\w+`|(?<=metric )\S+(?= is)|(?<=differs in )\S+|(?<=(?:fit|for) )\w+|(?<=metrics of )\w+", "", plain
    )


def _look(outcome: str) -> str:
    """Of a refusal: whether its sentence had to be cut or cleaned, or is long."""
    name = outcome.removeprefix("uploaded: ").split(":")[0]
    return f"{name}, {'...' in outcome}, {'?' in outcome}, {len(outcome) > 300}"


def _watch(rooms: tuple[str, ...], lines: set[Feature]) -> Any:
    last: dict[FrameType, int] = {}

    def trace(frame: FrameType, event: str, _: object) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(rooms):
            return None
        if event == "line":
            lines.add((file, last.get(frame, 0), frame.f_lineno))
            last[frame] = frame.f_lineno
        return trace

    return trace


def smallest(seen: Mapping[bytes, frozenset[Feature]]) -> list[bytes]:
    """Inputs, short ones first, that reach together what all reach."""
    kept: list[bytes] = []
    reached: set[Feature] = set()
    for data in sorted(seen, key=lambda data: (len(data), data)):
        if seen[data] - reached:
            kept.append(data)
            reached |= seen[data]
    # What later, longer ones reach as well need not be reached by an early one of its own.
    for data in list(kept):
        others = set().union(*(seen[other] for other in kept if other is not data))
        if seen[data] <= others:
            kept.remove(data)
    return kept


def keep(inputs: list[bytes], folder: Path) -> None:
    """Make the folder hold these and no others, named by what they hold."""
    assert len(inputs) <= FILES, f"{len(inputs)} files"
    assert sum(map(len, inputs)) <= BYTES, f"{sum(map(len, inputs))} bytes"
    for path in folder.iterdir():
        path.unlink()
    for data in inputs:
        (folder / hashlib.blake2b(data, digest_size=8).hexdigest()).write_bytes(data)


def report(seen: Iterable[frozenset[Feature]]) -> str:
    """How many lines of the readers and of the experiments' `contradiction` were reached, and how many outcomes."""
    everything: set[Feature] = set().union(*seen)
    lines = {(one[0], one[2]) for one in everything if not isinstance(one, str)}
    parts = [_part(str(module.__file__), _executable(str(module.__file__)), lines) for module in MODULES]
    for experiment in EXPERIMENTS.values():
        code = experiment.contradiction.__code__
        parts.append(_part(code.co_filename, _lines(code), lines) + " of contradiction")
    outcomes = sum(isinstance(one, str) for one in everything)  # and how they look
    return f"{outcomes} outcomes, {len(everything) - outcomes} pairs of lines; lines: {', '.join(parts)}"


def _part(file: str, executable: set[int], lines: set[tuple[str, int]]) -> str:
    return f"{Path(file).stem} {sum((file, line) in lines for line in executable)} of {len(executable)}"


def _lines(code: CodeType) -> set[int]:
    """Of a function, those inside it included; its first line is not run when it is called."""
    own = {line for *_, line in code.co_lines() if line and line > code.co_firstlineno}
    return own.union(*(_lines(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _executable(file: str) -> set[int]:
    """Lines of a module's functions."""
    top = compile(Path(file).read_text(encoding="utf-8"), file, "exec")
    lines: set[int] = set()
    for inner in top.co_consts:
        if isinstance(inner, CodeType) and inner.co_flags & 0x1:  # a function: a class body is not optimized
            lines |= _lines(inner)
    return lines
