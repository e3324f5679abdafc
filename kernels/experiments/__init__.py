"""The registry: one row per experiment."""

from kernels.experiment import Experiment
from kernels.experiments import (
    compgen,
    featrank,
    neuronspec,
)

EXPERIMENTS: dict[str, Experiment] = {
    row.name: row
    for row in (
        compgen.EXPERIMENT,
        featrank.EXPERIMENT,
        neuronspec.EXPERIMENT,
    )
}
