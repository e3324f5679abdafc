"""export: writes the cells that findings rest on into a folder that can be given to others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kernels.experiment import Experiment
from kernels.experiments import EXPERIMENTS
from kernels.text import printable
from server_validator.commands.arguments import path
from server_validator.errors import NothingSound
from server_validator.ledger import Ledger, standing, verdicts

if TYPE_CHECKING:
    from server_validator.dataset.export import Exported

HELP = "write a data set for others: Parquet files, data card, metadata, digests"
CARD = "README.md"


def arguments(parser: argparse.ArgumentParser) -> None:
    """DIR."""
    parser.add_argument("folder", type=path, metavar="DIR", help="a folder that is new or empty")


def run(options: argparse.Namespace) -> int:
    """Write the export, whole or not at all, and print the digest of everything.

    Stored results that wait are written to the data set first. Where one of several experiments has nothing that can be
    used, the card says so, and the command ends as `findings`.
    """
    from server_validator.dataset import export, new_folder, pseudonyms, query, store
    from server_validator.reporting import croissant, export_words

    exported: list[Exported] = []
    unusable: list[tuple[Experiment, NothingSound]] = []
    with Ledger(options.data) as ledger:
        store.bring_in(ledger, EXPERIMENTS.values())
        revoked = verdicts.revoked(ledger)
        rows = [EXPERIMENTS[name] for name in query.assimilated(options.data)]
        hidden = pseudonyms.opened(options.data)
        with new_folder.written(options.folder, (export.FOLDER, CARD, croissant.FILE, export_words.SUMS)) as place:
            for row in rows:
                try:
                    contents = query.load(options.data, row, revoked)
                except NothingSound as failure:
                    unusable.append((row, failure))
                    continue
                stored = standing.stored(ledger, row.name, row.version)
                absent = sum(one.checksum.hex() not in contents.checksums for one in stored)
                exported.append(export.write(place, row, contents, hidden, absent))
            if not exported:
                raise unusable[0][1]
            digest = _describe(place, exported, [row for row, _ in unusable])
    said = ", ".join(f"{one.cells} cells of {one.experiment.name}" for one in exported)
    print(printable(f"{options.folder}: {said}"))
    print(f"SHA-256 of {export_words.SUMS}: {digest}")
    if unusable:
        raise unusable[0][1]
    return 0


def _describe(place: Path, exported: list[Exported], unusable: list[Experiment]) -> str:
    """Write what an export says of itself, and the digests of all files; the digest of these."""
    from server_validator.dataset import export
    from server_validator.reporting import card, croissant, export_words

    files = [file for one in exported for file in one.files]
    files.append(export.save(place, croissant.FILE, croissant.described(exported).encode()))
    files.append(export.save(place, CARD, card.card(exported, unusable).encode()))
    sums = "".join(f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path))
    return export.save(place, export_words.SUMS, sums.encode()).sha256
