"""assimilate: adds a validated result to the data set, or records that BOINC gave a work unit up."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from kernels import limits
from kernels.errors import CannotRead, Failure, ResultUnreadable
from kernels.formats import atomic, result
from server_validator.boinc import database, exit_codes, names
from server_validator.boinc.names import Upload
from server_validator.checking.check import known_as, refusal
from server_validator.checking.reading import read_for_verdict
from server_validator.commands.arguments import add_project, number
from server_validator.errors import NotValidated, ResultLost, TryLater
from server_validator.ledger import Ledger, issued, standing, verdicts

HELP = "add a validated result to the data set, or record a work unit's failure"


def arguments(parser: argparse.ArgumentParser) -> None:
    """[--project DIR] WU_ID F ... | --error MASK NAME ID BATCH."""
    parser.usage = "axiom-server assimilate [--project DIR] WU_ID F... | --error MASK NAME ID BATCH"
    add_project(parser)
    parser.add_argument(
        "--error", type=number, metavar="MASK", help="BOINC gave the work unit up; its error mask, decimal"
    )
    parser.add_argument(
        "words", nargs="+", metavar="WU_ID F...",
        help="BOINC's number of the work unit and its result files, which were found valid; "
        "after --error: the work unit's name, BOINC's number of it, and its batch",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Store what was found valid, or remember why nothing will come. Twice is harmless."""
    if options.error is not None:
        return _give_up(options.data, bool(options.project), options.error, *_error_words(options.words))
    boinc_id, paths = _success_words(options.words)
    if not options.project:
        with Ledger(options.data) as ledger:
            for path in paths:
                print(_store(ledger, names.upload(path), boinc_id))
        return 0
    lost: ResultLost | None = None
    with Ledger(options.data) as ledger:
        for path in names.paths([str(path) for path in paths]):
            try:
                print(exit_codes.logged(_store_for_daemon(ledger, names.upload(path), boinc_id, options.project)))
            except ResultLost as failure:
                lost = failure
    if lost:
        raise lost
    return 0


def _give_up(data: Path, in_a_log: bool, mask: int, name: str, boinc_id: int, batch: int) -> int:
    with Ledger(data) as ledger:
        issued.record_failure(ledger, name, mask, boinc_id, batch)
        unit = standing.named(ledger, name)
    stored = unit is not None and unit.standing == "stored"
    words = f"{name}: failed with error mask {mask}, recorded{'; the data set has it already' if stored else ''}"
    print(exit_codes.logged(words) if in_a_log else words)
    return 0


def _store(ledger: Ledger, upload: Upload, boinc_id: int, host_id: int | None = None) -> str:
    """Enter a result that was found valid as stored, once its bytes are in the archive. What is done, in words.

    The archive's copy stands for an upload that was damaged or replaced since. NotValidated, the failure of a refusal,
    or what else is wrong with the upload.
    """
    name = known_as(upload)
    found = _at_hand(ledger, upload) or _archived(ledger, name)
    if found is None or issued.find_named(ledger, found[0]) is None:
        read_for_verdict(upload, ledger)  # tells what is wrong with the file itself, if anything is
        raise NotValidated(upload.path)
    workunit, checksum = found
    standing.store(ledger, workunit, name, checksum, boinc_id, host_id)
    return f"{upload.path}: the result of {workunit} is stored"


def _at_hand(ledger: Ledger, upload: Upload) -> tuple[str, bytes] | None:
    """The work unit and checksum of an upload that was found valid, which the archive has then; None of any other.

    The failure with which it was refused, if it was.
    """
    from server_validator.dataset import archive

    try:
        content = atomic.read(upload.path, limits.RESULT_BYTES)
        checksum = result.checksum_of(content, str(upload.path))
    except (CannotRead, ResultUnreadable):
        return None
    verdict = verdicts.given(ledger, known_as(upload), checksum)
    if verdict is None:
        return None
    if verdict.code:
        raise refusal(upload.path, verdict)
    archive.keep(ledger.data, checksum, content)
    return verdict.workunit, checksum


def _archived(ledger: Ledger, name: str) -> tuple[str, bytes] | None:
    """The same of a valid result that came under a name that BOINC gave, and that the archive has whole."""
    from server_validator.dataset import archive

    for workunit, checksum in standing.valid_under(ledger, name):
        with contextlib.suppress(Failure):
            if result.decode(archive.read(ledger.data, checksum), name).checksum == checksum:
                return workunit, checksum
    return None


def _store_for_daemon(ledger: Ledger, upload: Upload, boinc_id: int, project: Path) -> str:
    """As `_store`; ResultLost where neither upload nor archive has what was found valid, which no waiting mends."""
    if upload.names is None:
        raise TryLater(f"{upload.path} has no name that BOINC gives, so nothing tells which work unit it has to answer")
    try:
        return _store(ledger, upload, boinc_id, database.host_if_known(project, upload.names.result))
    except Failure as failure:
        name = upload.path.name
        replaced = isinstance(failure, NotValidated) and verdicts.any_given(ledger, name)
        if not (failure.blames_result or replaced) or issued.find_named(ledger, upload.names.workunit) is None:
            raise
        standing.record_lost(ledger, upload.names.workunit, name, str(failure))
        raise ResultLost(upload.path, f"it is no longer what was found valid ({failure})") from failure


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
