"""Failures of the worker: a class with its own exit code, whose docstring is the sentence that a person reads.

No other failure has one of these exit codes; see kernels/errors.py.
"""

from __future__ import annotations

from kernels.errors import Failure


class Stopped(Failure):
    """Stopped at {}; the same command goes on from the checkpoint {}."""

    code = 4


class NoDevice(Failure):
    """Cannot compute on {}: {}. Choose another device; this program never falls back by itself."""

    code = 30


class NoThreads(Failure):
    """No thread for the work can be started here ({}). End other programs, or let this user have more threads."""

    code = 37


class NoEngine(Failure):
    """The {} engine cannot run here: {}. Choose another with --engine, or another computer."""

    code = 31


class SelfTestFailed(Failure):
    """The program computes wrongly here: {}. Install it again; if that does not help, report this line."""

    code = 34


class NotInThisProgram(Failure):
    """The command {} is not in this program ({}). Install axiom-worker from its sources with the extra {}."""

    code = 35
