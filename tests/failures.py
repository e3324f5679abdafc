"""The table of every room's failures by exit code."""

from __future__ import annotations

from collections.abc import Iterable

import client.errors
import kernels.errors
import server_validator.errors
from kernels.errors import Failure

ROOMS = (kernels.errors, client.errors, server_validator.errors)
"""The modules that define failures; tests/test_errors.py sees to it that no other does."""


def by_code(kinds: Iterable[type[Failure]]) -> dict[int, type[Failure]]:
    """Failures by their exit codes; AssertionError if two share one."""
    table: dict[int, type[Failure]] = {}
    for kind in kinds:
        assert kind.code not in table, f"{kind} and {table[kind.code]} share exit code {kind.code}"
        table[kind.code] = kind
    return table


TABLE = by_code(
    kind
    for room in ROOMS
    for kind in vars(room).values()
    if isinstance(kind, type) and issubclass(kind, Failure) and kind.__module__ == room.__name__
)
"""Every failure by its exit code."""
