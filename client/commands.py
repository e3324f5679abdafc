"""axiom-worker's commands and their arguments. Without any it is a task in a BOINC slot directory."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from client import engines, task
from client.errors import NoDevice, NotInThisProgram
from kernels import __version__
from kernels.engine import devices
from kernels.engine.devices import Device
from kernels.engine.registry import ENGINES
from kernels.exits import exit_code
from kernels.experiments import EXPERIMENTS
from wrapper import is_slot, open_stderr

SLOT = Path()  # the working directory; relative, for what is logged there is read by others

log = logging.getLogger("client")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code from the table in kernels/errors.py."""
    return exit_code(lambda: _run(_options(arguments)), lambda failure: log.error("%s", failure))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for; from then on there is a log."""
    options = _parser().parse_args(arguments)
    if options.command is None and is_slot(SLOT):
        with contextlib.suppress(OSError):  # without a log the task is done all the same
            open_stderr(SLOT)
    logging.raiseExceptions = False  # where the disk is full, it would fill the log with what it says about that
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s (%(process)d): %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
    )
    return options


def _run(options: argparse.Namespace) -> int:
    if options.command is None:
        return task.run(SLOT, options.nthreads, options.slot_engine, options.device_number, options.trickle)
    if options.command == "wrapped":
        return task.run_wrapped(SLOT, options.nthreads)
    if options.command == "experiments":
        for row in EXPERIMENTS.values():
            print(f"{row.name:16} version {row.version}  {row.title}")
    elif options.command == "selftest":
        from client import selftest

        selftest.run(print)
    else:
        try:
            from client import terminal
        except ImportError as error:  # it is not in the program that volunteers download, nor is what it needs
            raise NotInThisProgram("run", "volunteers need not download its libraries", "terminal") from error
        choice = engines.choose(options.engine, _device(options.device), options.threads)
        terminal.run(options.workunit, options.out, choice, options.threads)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="axiom-worker",
        description="Trains tiny neural networks for a work unit. Without a command: a task in a BOINC slot directory.",
    )
    parser.add_argument("--version", action="version", version=f"axiom-worker {__version__}")
    slot = parser.add_argument_group("in a slot directory", "what BOINC's client or the project's staff may add")
    slot.add_argument("--nthreads", type=_threads, default=1, metavar="N", help="threads to compute with (default: 1)")
    slot.add_argument("--engine", choices=ENGINES, dest="slot_engine", help="default: c, or torch on a GPU")
    slot.add_argument(
        "--trickle", type=_seconds, default=math.inf, metavar="S", help="tell the server the progress every S seconds"
    )
    slot.add_argument("--device", type=int, dest="device_number", metavar="N", help="the GPU, named by old clients")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    wrapped = commands.add_parser("wrapped", help="a task in a slot directory, under BOINC's stock wrapper")
    wrapped.add_argument(
        "--nthreads", type=_threads, default=1, metavar="N", help="threads to compute with (default: 1)"
    )
    run = commands.add_parser("run", help="compute a work unit here, with a progress bar")
    run.add_argument("workunit", type=_path, metavar="WU.json")
    run.add_argument("--out", type=_path, metavar="F", help="result file (default: the work unit's name.msgpack)")
    run.add_argument(
        "--threads", type=_threads, default=1, metavar="N", help="blocks computed side by side (default: 1)"
    )
    run.add_argument("--device", default="cpu", metavar="cpu|cuda:0", help="default: cpu")
    run.add_argument("--engine", choices=ENGINES, help="default: c on cpu, torch on cuda")
    commands.add_parser("experiments", help="list the experiments this program computes")
    commands.add_parser("selftest", help="whether this program computes rightly here; a few seconds")
    return parser


def _path(text: str) -> Path:
    if not text:  # Path would make the working folder of it
        raise argparse.ArgumentTypeError("the name of a file is empty")
    return Path(text)


def _device(text: str) -> Device:
    try:
        return devices.parse(text)
    except ValueError as error:
        raise NoDevice(text, error) from error


def _threads(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads from 1 to 4096")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 60 <= seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time from 60 to 1000000 seconds")
    return seconds
