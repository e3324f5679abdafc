"""The registry: one row per experiment."""

from kernels.experiment import Experiment
from kernels.experiments import (
    batchsize,
    cellauto,
    compgen,
    curriculum,
    featcomp,
    featrank,
    infobottleneck,
    memdyn,
    microscale,
    neuronspec,
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
        featcomp.EXPERIMENT,
        memdyn.EXPERIMENT,
        curriculum.EXPERIMENT,
        microscale.EXPERIMENT,
        repalign.EXPERIMENT,
        featrank.EXPERIMENT,
        neuronspec.EXPERIMENT,
        infobottleneck.EXPERIMENT,
        cellauto.EXPERIMENT,
        batchsize.EXPERIMENT,
    )
}
