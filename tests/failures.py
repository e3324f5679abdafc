"""The table of every room's failures by exit code."""

from __future__ import annotations

import client.errors
import kernels.errors
import server_validator.errors
from kernels.errors import Failure

ROOMS = (kernels.errors, client.errors, server_validator.errors)


def table() -> dict[int, type[Failure]]:
    """Every exit code of a failure and its class; AssertionError if two share one."""
    by_code: dict[int, type[Failure]] = {}
    for kind in _subclasses(Failure):
        assert kind.code not in by_code, f"{kind} and {by_code[kind.code]} share exit code {kind.code}"
        by_code[kind.code] = kind
    return by_code


def _subclasses(kind: type[Failure]) -> list[type[Failure]]:
    return [kind, *(below for sub in kind.__subclasses__() for below in _subclasses(sub))]


TABLE = table()
