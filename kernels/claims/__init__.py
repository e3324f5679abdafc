"""Claims: what data say of a question. Statistics over tables of cells, intervals over seeds, and verdicts."""

from kernels.claims.claim import Claim, Curve, curve
from kernels.claims.critical_batch import BatchSizes, log2_critical_size
from kernels.claims.crossings import fallen, fallen_at, first_at, first_epoch, first_peak, from_then_on, half_risen
from kernels.claims.estimate import DECIDING_SEEDS, LEVEL, RESAMPLES, Estimate, Verdict, estimate, estimates, verdict
from kernels.claims.power_law import Fronts, PowerLaw, pareto_fronts, power_law
from kernels.claims.scaling import ScalingLaws
from kernels.claims.statistics import (
    PerSeed,
    averaged,
    best_rows,
    between,
    contrast,
    difference,
    exchanged,
    measured,
    on_grid,
    paired,
    per_seed,
    points,
    within,
)
from kernels.claims.table import Cells, Position, Profile, Rows, Statistic, Table, once

__all__ = [
    "DECIDING_SEEDS",
    "LEVEL",
    "RESAMPLES",
    "BatchSizes",
    "Cells",
    "Claim",
    "Curve",
    "Estimate",
    "Fronts",
    "PerSeed",
    "Position",
    "PowerLaw",
    "Profile",
    "Rows",
    "ScalingLaws",
    "Statistic",
    "Table",
    "Verdict",
    "averaged",
    "best_rows",
    "between",
    "contrast",
    "curve",
    "difference",
    "estimate",
    "estimates",
    "exchanged",
    "fallen",
    "fallen_at",
    "first_at",
    "first_epoch",
    "first_peak",
    "from_then_on",
    "half_risen",
    "log2_critical_size",
    "measured",
    "on_grid",
    "once",
    "paired",
    "pareto_fronts",
    "per_seed",
    "points",
    "power_law",
    "verdict",
    "within",
]
