"""The registry: one row per experiment."""

from kernels.experiment import Experiment
from kernels.experiments import (
    compgen,
    prunecomp,
    regcomp,
    repalign,
)

EXPERIMENTS: dict[str, Experiment] = {
    row.name: row
    for row in (
        compgen.EXPERIMENT,
        prunecomp.EXPERIMENT,
        regcomp.EXPERIMENT,
        repalign.EXPERIMENT,
    )
}
