"""withdraw: takes somebody's rows out of all findings, brings them back, or lists what was taken out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kernels.text import printable
from server_validator.commands.arguments import number
from server_validator.errors import DataDirectory, NoRows

HELP = "take a host's, an upload's or a program version's rows out of all findings"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--host N | --upload NAME | --app-version V] [--undo]."""
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--host", type=number, metavar="N", help="all rows of this host, by BOINC's number of it")
    whose.add_argument("--upload", metavar="NAME", help="all rows of this uploaded file")
    whose.add_argument("--app-version", metavar="V", help="all rows that this version of the program computed")
    parser.add_argument("--undo", action="store_true", help="bring the rows back")


def run(options: argparse.Namespace) -> int:
    """Move the files of whom the options name, a line each; without one list what is withdrawn. NoRows."""
    from server_validator.dataset import provenance

    if not options.data.is_dir():
        raise DataDirectory(options.data, "there is no such folder")
    chosen = {name: value for name in provenance.COLUMNS if (value := getattr(options, name)) is not None}
    if not chosen:
        if options.undo:
            print("axiom-server: withdraw --undo needs --host, --upload or --app-version", file=sys.stderr)
            return 2
        return _list(options.data)
    ((name, value),) = chosen.items()
    among, move, done = provenance.kept, provenance.withdraw, "withdrawn"
    if options.undo:
        among, move, done = provenance.withdrawn, provenance.bring_back, "brought back"
    moved = cells = unknown = 0
    for source in among(options.data):
        if isinstance(source, tuple):
            print(printable(f"axiom-server: {source[0]} is left as it is: {source[1]}"), file=sys.stderr)
        elif getattr(source, provenance.COLUMNS[name]) == value:
            move(source)
            print(printable(f"{done}: {source}"))
            moved, cells = moved + 1, cells + source.cells
        elif name == "host" and source.host_id is None:
            unknown += 1
    if unknown:
        said = f"files that tell no host stay as they are: {unknown}; --upload chooses one"
        print(f"axiom-server: {said}", file=sys.stderr)
    if not moved:
        raise NoRows(options.data, "withdrawn" if options.undo else "kept", f"{name.replace('_', '-')} {value}")
    print(f"{moved} files with {cells} cells {done}")
    return 0


def _list(data: Path) -> int:
    from server_validator.dataset import provenance

    for source in provenance.withdrawn(data):
        print(printable(f"{source[0]}: {source[1]}" if isinstance(source, tuple) else str(source)))
    return 0
