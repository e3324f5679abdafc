"""Whose rows staff have taken out of all findings: rules in a small file, which hold for what comes later as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kernels.errors import CannotRead
from kernels.formats import atomic
from server_validator.dataset import lock
from server_validator.dataset.schema import Held
from server_validator.errors import DataDirectory

FILE = "withdrawn.json"
COLUMNS = {"host": "host_id", "upload": "upload", "app_version": "app_version"}
"""What results can be chosen by, and the column of each."""
_BYTES = 16 * 2**20
_ADVICE = "put a copy of it in its place"


@dataclass(frozen=True)
class Rule:
    """All results that have this value in this column."""

    column: str
    value: int | str

    def covers(self, held: Held) -> bool:
        """Whether a result is one of them."""
        return bool(getattr(held, self.column) == self.value)


@dataclass(frozen=True)
class Withdrawn:
    """The rules that hold: column -> its values."""

    values: Mapping[str, frozenset[int | str]]

    def covers(self, held: Held) -> bool:
        """Whether a result is withdrawn."""
        return any(getattr(held, column) in values for column, values in self.values.items())


def read(data: Path) -> Withdrawn:
    """What is withdrawn; nothing where there is no such file. DataDirectory where it cannot be read as one."""
    path = data / FILE
    if not path.exists():
        return Withdrawn({})
    try:
        told = json.loads(atomic.read(path, _BYTES))
        if set(told) != set(COLUMNS.values()) or not all(isinstance(values, list) for values in told.values()):
            raise DataDirectory(data, f"{FILE} has not the columns of withdrawals: {_ADVICE}")
        return Withdrawn({column: frozenset(values) for column, values in told.items()})
    except (ValueError, TypeError, CannotRead) as error:
        raise DataDirectory(data, f"{FILE} is not readable as JSON: {_ADVICE}") from error


def enter(data: Path, rule: Rule) -> None:
    """Take its results out of all findings. CannotWrite."""
    _change(data, rule, True)


def cancel(data: Path, rule: Rule) -> None:
    """Undo it. CannotWrite."""
    _change(data, rule, False)


def _change(data: Path, rule: Rule, holds: bool) -> None:
    with lock.changing(data):
        now = read(data).values
        values = {column: now.get(column, frozenset()) for column in COLUMNS.values()}
        own = {rule.value}
        values[rule.column] = values[rule.column] | own if holds else values[rule.column] - own
        listed = {column: sorted(values, key=str) for column, values in values.items()}
        atomic.write_beside_others(data / FILE, f"{json.dumps(listed, indent=1)}\n".encode())
