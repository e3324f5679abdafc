"""What several commands take on their command lines, and the types of their values."""

from __future__ import annotations

import argparse
from pathlib import Path

from kernels.cost import DEFAULT_SECONDS, PACE
from kernels.errors import UnknownExperiment
from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.philox import SEED_LIMIT


def add_project(parser: argparse.ArgumentParser) -> None:
    """The option by which a daemon's script says that BOINC asks."""
    parser.add_argument(
        "--project", type=Path, metavar="DIR", help="the BOINC project whose daemon asks: for its scripts in bin/"
    )


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """The name of an experiment, for `experiment`."""
    parser.add_argument("experiment", metavar="EXPERIMENT", help=f"one of {', '.join(EXPERIMENTS)}")


def experiment(name: str) -> Experiment:
    """The experiment of this name; UnknownExperiment."""
    if name not in EXPERIMENTS:
        raise UnknownExperiment(name, ", ".join(EXPERIMENTS))
    return EXPERIMENTS[name]


def number(text: str) -> int:
    """A whole number that SQLite can hold."""
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def positive(text: str) -> int:
    """A whole number above 0."""
    if number(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def seed(text: str) -> int:
    """A cell's seed."""
    if number(text) >= SEED_LIMIT:
        raise argparse.ArgumentTypeError(f"seed {text} is not below {SEED_LIMIT}")
    return int(text)


def seconds(text: str) -> float:
    """A time up to a day."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 86400.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to a day")
    return value


def minutes(text: str) -> float:
    """The length of a work unit, up to a day."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1440.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes up to a day")
    return value


def add_minutes(parser: argparse.ArgumentParser) -> None:
    """The length of work units, for `minutes`."""
    parser.add_argument(
        "--minutes", type=minutes, default=DEFAULT_SECONDS / 60, metavar="M",
        help=f"length of a work unit on one core of {PACE / 1e9:.0f} GFLOP/s, or of the speed that results of the "
        f"experiment tell (default: {DEFAULT_SECONDS / 60:.0f})",
    )  # fmt: skip


def path(text: str) -> Path:
    """A file or folder; an empty word, as of a variable that is not set, is none."""
    if not text:
        raise argparse.ArgumentTypeError("a path is empty")
    return Path(text)


def png(text: str) -> Path:
    """A file for a picture."""
    if Path(text).suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .png")
    return Path(text)
