"""The registry: one row per experiment."""

from kernels.experiment import Experiment
from kernels.experiments import (
    compgen,
    curriculum,
    infobottleneck,
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
        curriculum.EXPERIMENT,
        repalign.EXPERIMENT,
        infobottleneck.EXPERIMENT,
    )
}
