"""Claims: what data say of a question. Statistics over tables of cells, intervals over seeds, and verdicts."""

from kernels.claims.claim import Claim, Curve, curve
from kernels.claims.critical_batch import BatchSizes, log2_critical_size
from kernels.claims.crossings import fallen, fallen_at, first_at, first_epoch, first_peak, from_then_on, half_risen
from kernels.claims.estimate import DECIDING_SEEDS, LEVEL, RESAMPLES, Estimate, Verdict, estimate, verdict
from kernels.claims.power_law import PowerLaw, bend, exponent, pareto_front, power_law, r_squared
from kernels.claims.scaling import ScalingLaws
from kernels.claims.statistics import (
    at_best,
    averaged,
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
from kernels.claims.table import Position, Profile, Rows, Statistic, Table

__all__ = [
    "DECIDING_SEEDS",
    "LEVEL",
    "RESAMPLES",
    "BatchSizes",
    "Claim",
    "Curve",
    "Estimate",
    "Position",
    "PowerLaw",
    "Profile",
    "Rows",
    "ScalingLaws",
    "Statistic",
    "Table",
    "Verdict",
    "at_best",
    "averaged",
    "bend",
    "between",
    "contrast",
    "curve",
    "difference",
    "estimate",
    "exchanged",
    "exponent",
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
    "paired",
    "pareto_front",
    "per_seed",
    "points",
    "power_law",
    "r_squared",
    "verdict",
    "within",
]
