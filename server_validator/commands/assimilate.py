"""assimilate: adds a validated result to the data set, or records that BOINC gave a work unit up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from server_validator.boinc import names
from server_validator.checking.reading import read
from server_validator.commands.arguments import number
from server_validator.errors import NotValidated
from server_validator.ledger import Ledger, issued, verdicts

HELP = "add a validated result to the data set, or record a work unit's failure"


def arguments(parser: argparse.ArgumentParser) -> None:
    """WU_ID F ... | --error MASK NAME ID BATCH."""
    parser.usage = "axiom-server assimilate WU_ID F... | --error MASK NAME ID BATCH"
    parser.add_argument(
        "--error", type=number, metavar="MASK", help="BOINC gave the work unit up; its error mask, decimal"
    )
    parser.add_argument(
        "words", nargs="+", metavar="WU_ID F...",
        help="BOINC's number of the work unit and its result files, which are checked but not recomputed; "
        "after --error: the work unit's name, BOINC's number of it, and its batch",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Store what was found valid, or remember why nothing will come. Twice is harmless."""
    if options.error is not None:
        name, boinc_id, batch = _error_words(options.words)
        with Ledger(options.data) as ledger:
            issued.record_failure(ledger, name, options.error, boinc_id, batch)
        print(f"{name}: failed with error mask {options.error}, recorded")
        return 0
    boinc_id, paths = _success_words(options.words)
    with Ledger(options.data) as ledger:
        for path in paths:
            _store(ledger, path, boinc_id)
    return 0


def _store(ledger: Ledger, path: Path, boinc_id: int) -> None:
    from server_validator.dataset.store import store

    upload = names.upload(path)
    answer = read(upload, ledger)
    if upload.names and verdicts.accepted(ledger, path.name) != answer.result.checksum:
        raise NotValidated(path)
    print(f"{path}: {len(answer.result.cells)} cells in {store(ledger.data, answer.unit, answer.result, boinc_id)}")


def _success_words(words: Sequence[str]) -> tuple[int, list[Path]]:
    if len(words) < 2:
        raise _usage("assimilate needs WU_ID and at least one file")
    return _word(words[0], "WU_ID"), [Path(word) for word in words[1:]]


def _error_words(words: Sequence[str]) -> tuple[str, int, int]:
    if len(words) != 3:
        raise _usage("assimilate --error needs MASK NAME ID BATCH")
    return words[0], _word(words[1], "ID"), _word(words[2], "BATCH")


def _word(text: str, name: str) -> int:
    try:
        return number(text)
    except argparse.ArgumentTypeError as error:
        raise _usage(f"{name}: {error}") from error


def _usage(sentence: str) -> SystemExit:
    print(f"axiom-server: {sentence}", file=sys.stderr)
    return SystemExit(2)
