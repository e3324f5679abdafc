"""axiom-server's command line: the parser, made of the modules in commands/."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from kernels.errors import Failure
from kernels.exits import exit_code
from server_validator.commands import (
    assimilate,
    audit,
    compact,
    compare,
    export,
    findings,
    init,
    make_work,
    make_wu,
    rebuild,
    repair,
    report,
    show,
    status,
    upgrade_check,
    validate,
    withdraw,
)
from server_validator.commands.arguments import path


class Command(Protocol):
    """A module of commands/."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Give the command's parser what it takes."""

    def run(self, options: argparse.Namespace, /) -> int:
        """Do it; the exit code."""


COMMANDS: dict[str, Command] = {
    "init": init,
    "make-wu": make_wu,
    "make-work": make_work,
    "validate": validate,
    "compare": compare,
    "assimilate": assimilate,
    "audit": audit,
    "show": show,
    "findings": findings,
    "report": report,
    "export": export,
    "status": status,
    "compact": compact,
    "rebuild": rebuild,
    "repair": repair,
    "withdraw": withdraw,
    "upgrade-check": upgrade_check,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code, or that of the Failure it ends with."""
    return exit_code(lambda: _command(arguments), _complain)


def _command(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _complain(failure: Failure) -> None:
    print(f"axiom-server: {failure}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="axiom-server", description="Creates work, checks results, keeps and reads them."
    )
    default = Path(os.environ.get("AXIOM_DATA") or "axiom-data")
    parser.add_argument(
        "--data", type=path, default=default, metavar="DIR",
        help="ledger and data set (default: $AXIOM_DATA or axiom-data)",
    )  # fmt: skip
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.HELP)
        command.arguments(own)
        own.set_defaults(run=command.run)
    return parser
