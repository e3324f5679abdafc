"""The registry: one row per experiment."""

from kernels.experiment import Experiment
from kernels.experiments import (
    compgen,
    featcomp,
    memdyn,
)

EXPERIMENTS: dict[str, Experiment] = {
    row.name: row
    for row in (
        compgen.EXPERIMENT,
        featcomp.EXPERIMENT,
        memdyn.EXPERIMENT,
    )
}
