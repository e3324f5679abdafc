"""upgrade-check: whether this program can check all results still to come, asked before it replaces another."""

from __future__ import annotations

import argparse

from kernels import __version__
from kernels.experiments import EXPERIMENTS
from server_validator.errors import VersionsOut
from server_validator.ledger import Ledger, returned, standing

HELP = "whether this program can check all that is out, before it replaces another version"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing: it looks into the ledger of --data, and leaves every byte of it as it is."""
    del parser


def run(options: argparse.Namespace) -> int:
    """0 if the upgrade harms nothing; VersionsOut names what has to come back and be stored first."""
    from server_validator.dataset import store

    with Ledger(options.data, in_memory=True) as ledger:
        counts, unproven = standing.counts(ledger), returned.unproven_versions(ledger)
        late = {group: len(store.waiting(ledger, group)) for group in counts}
    out = {experiment: numbers["outstanding"] + numbers["checked"] for experiment, numbers in counts.items()}
    known = {(experiment.name, experiment.version) for experiment in EXPERIMENTS.values()}
    unknown = [f"{number} of {name} version {version}" for (name, version), number in out.items()
               if number and (name, version) not in known]  # fmt: skip
    unknown += [f"{number} results of {name} version {version} that axiom-server audit --days 0 has to prove"
                for (name, version), number in unproven.items() if (name, version) not in known]  # fmt: skip
    unknown += [f"{number} results of {name} version {version} that axiom-server compact has not written yet"
                for (name, version), number in late.items() if number and (name, version) not in known]  # fmt: skip
    if unknown:
        raise VersionsOut(__version__, ", ".join(unknown))
    print(f"version {__version__} can check all {sum(out.values())} work units that are out")
    return 0
