"""Whether two results of one work unit agree, as BOINC asks where it has sent out several copies."""

from __future__ import annotations

from pathlib import Path

from kernels.engine.seam import EngineClass
from kernels.errors import ResultsDiffer
from kernels.experiments import EXPERIMENTS
from server_validator.recompute import difference
from server_validator.validate import read


def compare(one: Path, other: Path, data: Path) -> str:
    """What two results agree in, as a sentence; ResultsDiffer if they do not, another Failure if one is none.

    Two of class exact must have the same digests; with one of class torch all is within its tolerances.
    """
    (mine, unit), (theirs, their_unit) = (read(path, data) for path in (one, other))
    if unit != their_unit:
        raise ResultsDiffer(one, other, f"they answer {unit.name} and {their_unit.name}")
    kind: EngineClass = "exact" if mine.engine == theirs.engine == "exact" else "torch"
    for a, b in zip(mine.cells, theirs.cells, strict=True):
        if wrong := difference(EXPERIMENTS[mine.experiment], a, b, kind):
            raise ResultsDiffer(one, other, f"cell {a.seed} {a.condition} differs in {wrong}")
    how = "bit for bit" if kind == "exact" else "within the tolerances of class torch"
    return f"{unit.name}: {len(mine.cells)} cells agree {how}"
