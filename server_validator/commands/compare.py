"""compare: whether two results of a work unit agree, as BOINC asks where it has sent out several copies."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from server_validator.boinc import exit_codes, names
from server_validator.checking.comparison import compare
from server_validator.commands.arguments import add_project
from server_validator.errors import TryLater
from server_validator.ledger import Ledger

HELP = "whether two results of a work unit agree"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--project DIR] A ... B."""
    add_project(parser)
    parser.add_argument("files", nargs="+", metavar="A... B", help="the files of one result, then those of the other")


def run(options: argparse.Namespace) -> int:
    """Compare the first half of the files with the second, pair by pair; 0 if all agree, else the code of the worst."""
    if options.project:
        return exit_codes.asked_by_daemon(lambda: _compare_all(options.data, names.paths(options.files), True))
    if len(options.files) % 2:
        print(f"axiom-server: {len(options.files)} files are not as many of one result as of another", file=sys.stderr)
        return 2
    return _compare_all(options.data, [Path(word) for word in options.files], False)


def _compare_all(data: Path, paths: list[Path], in_a_log: bool) -> int:
    half = len(paths) // 2
    if len(paths) != 2 * half:
        raise TryLater(f"{len(paths)} files cannot be compared with each other, only as many with as many")
    with Ledger(data) as ledger:
        return max(
            exit_codes.told(first, partial(compare, names.upload(first), names.upload(second), ledger), in_a_log)
            for first, second in zip(paths[:half], paths[half:], strict=True)
        )
