"""axiom-server's command line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kernels import result
from kernels.errors import Failure, NotValidated, UnknownExperiment, exit_code
from kernels.experiments import EXPERIMENTS
from kernels.philox import SEED_LIMIT
from server_validator import ledger, upload


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code from the table in kernels/errors.py."""
    options = _parser().parse_args(arguments)
    return exit_code(lambda: int(options.run(options)), _complain)


def _complain(failure: Failure) -> int:
    print(f"axiom-server: {failure}", file=sys.stderr)
    return failure.code


def _make_wu(options: argparse.Namespace) -> int:
    from server_validator import make_wu

    make_wu.run(options.data, options.experiment, options.first, options.count, options.out)
    return 0


def _validate(options: argparse.Namespace) -> int:
    from server_validator import judge

    return judge.run_validate(options.files, options.data, options.project, options.torch, options.budget)


def _compare(options: argparse.Namespace) -> int:
    from server_validator import judge

    return judge.run_compare(options.files, options.data, options.project)


def _assimilate(options: argparse.Namespace) -> int:
    if options.error is not None:
        mask, (name, boinc_id, batch) = options.error, _error_words(options.words)
        ledger.record_failure(options.data, name, mask, boinc_id, batch)
        print(f"{name}: failed with error mask {mask}, recorded")
        return 0
    from server_validator import dataset
    from server_validator.validate import read

    boinc_id, files = _success_words(options.words)
    for path in files:
        found, unit = read(path, options.data)
        if upload.named(path) and ledger.accepted(options.data, path.name) != found.checksum:
            raise NotValidated(path)
        print(f"{path}: {len(found.cells)} cells in {dataset.store(options.data, unit, found, boinc_id)}")
    return 0


def _show(options: argparse.Namespace) -> int:
    found = result.read(options.file)
    from server_validator import show

    if options.plot:
        show.plot(options.plot, found)
    if options.json:
        print(show.as_json(found))
    else:
        from rich.console import Console

        show.show(Console(), options.file, found)
    return 0


def _findings(options: argparse.Namespace) -> int:
    from rich.console import Console

    from server_validator import dataset, report

    console = Console()
    # Without a name: every experiment that has data. With one: its name in the failure if it has none.
    if options.experiment and options.experiment not in EXPERIMENTS:
        raise UnknownExperiment(options.experiment, ", ".join(EXPERIMENTS))
    names = [options.experiment] if options.experiment else dataset.assimilated(options.data)
    for name in names:
        experiment = EXPERIMENTS[name]
        table = dataset.load(options.data, experiment)
        report.show(console, experiment, table)
        if options.plots:
            for path in report.plot(options.plots, experiment, table):
                console.print(f"\nplot: {path}", highlight=False, markup=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="axiom-server", description="Creates work, checks results, keeps and reads them."
    )
    default = Path(os.environ.get("AXIOM_DATA", "axiom-data"))
    parser.add_argument(
        "--data",
        type=Path,
        default=default,
        metavar="DIR",
        help="ledger and data set (default: $AXIOM_DATA or axiom-data)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("make-wu", help="issue a work unit")
    make.add_argument("experiment", metavar="EXPERIMENT", help=f"one of {', '.join(EXPERIMENTS)}")
    make.add_argument("--first", type=_seed, required=True, metavar="S", help="first seed")
    make.add_argument(
        "--count", type=_positive, metavar="N",
        help="number of seeds (default: ten minutes of a 4 GFLOPS core; a longer seed becomes several work units)",
    )  # fmt: skip
    make.add_argument(
        "--out", type=Path, metavar="F",
        help="file to write (default: standard output); several are numbered, F-1, F-2 ...",
    )  # fmt: skip
    make.set_defaults(run=_make_wu)

    project = argparse.ArgumentParser(add_help=False)
    project.add_argument(
        "--project", type=Path, metavar="DIR", help="the BOINC project whose daemon asks: for its scripts in bin/"
    )

    validate = commands.add_parser(
        "validate", parents=[project], help="check results against the ledger and by recomputing cells"
    )
    validate.add_argument("files", nargs="+", metavar="F", help="result files")
    validate.add_argument(
        "--torch", action="store_true", help="with --project: accept class torch as well, for work with a quorum of two"
    )
    validate.add_argument(
        "--budget", type=_seconds, default=60.0, metavar="S",
        help="begin no further cell after S seconds; one is recomputed always (default: 60)",
    )  # fmt: skip
    validate.set_defaults(run=_validate)

    compare = commands.add_parser("compare", parents=[project], help="whether two results of a work unit agree")
    compare.add_argument("files", nargs="+", metavar="A... B", help="the files of one result, then those of the other")
    compare.set_defaults(run=_compare)

    assimilate = commands.add_parser(
        "assimilate", help="add a validated result to the data set, or record a work unit's failure",
        usage="axiom-server assimilate WU_ID F... | --error MASK NAME ID BATCH",
    )  # fmt: skip
    assimilate.add_argument(
        "--error", type=_number, metavar="MASK", help="BOINC gave the work unit up; its error mask, decimal"
    )
    assimilate.add_argument(
        "words", nargs="+", metavar="WU_ID F...",
        help="BOINC's number of the work unit and its result files, which are checked but not recomputed; "
        "after --error: the work unit's name, BOINC's number of it, and its batch",
    )  # fmt: skip
    assimilate.set_defaults(run=_assimilate)

    show = commands.add_parser("show", help="print a result")
    show.add_argument("file", type=Path, metavar="F", help="result file")
    show.add_argument("--json", action="store_true", help="everything, as JSON")
    show.add_argument("--plot", type=Path, metavar="F.png", help="write the curves there as PNG")
    show.set_defaults(run=_show)

    findings = commands.add_parser("findings", help="print findings from the data set")
    findings.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="default: all that have data")
    findings.add_argument("--plots", type=Path, metavar="DIR", help="write plots there as PNG")
    findings.set_defaults(run=_findings)
    return parser


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0.0 <= found <= 86400.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to a day")
    return found


def _seed(text: str) -> int:
    if _number(text) >= SEED_LIMIT:
        raise argparse.ArgumentTypeError(f"seed {text} is not below {SEED_LIMIT}")
    return int(text)


def _positive(text: str) -> int:
    if _number(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def _success_words(words: Sequence[str]) -> tuple[int, list[Path]]:
    if len(words) < 2:
        raise _usage("assimilate needs WU_ID and at least one file")
    return _word(words[0], "WU_ID"), [Path(word) for word in words[1:]]


def _error_words(words: Sequence[str]) -> tuple[str, int, int]:
    if len(words) != 3:
        raise _usage("assimilate --error needs MASK NAME ID BATCH")
    return words[0], _word(words[1], "ID"), _word(words[2], "BATCH")


def _word(text: str, what: str) -> int:
    try:
        return _number(text)
    except argparse.ArgumentTypeError as error:
        raise _usage(f"{what}: {error}") from error


def _usage(sentence: str) -> SystemExit:
    print(f"axiom-server: {sentence}", file=sys.stderr)
    return SystemExit(2)
