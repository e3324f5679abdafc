"""What computes a block of cells, and can be resumed anywhere with the same bits."""

from kernels.programs.course import TrainingCourse
from kernels.programs.evolution import EvolutionCourse
from kernels.programs.recipe import Measured
from kernels.programs.snapshot import Snapshot

__all__ = ["EvolutionCourse", "Measured", "Snapshot", "TrainingCourse"]
