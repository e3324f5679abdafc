"""The science: tasks, experiments, engines, measures and the two file formats. Imports nothing else of ours."""

import os

__version__ = "0.1.0"


def one_thread_of_linear_algebra() -> None:
    """Keep numpy, once it is loaded, from starting a thread for every core: call it before the first import of it."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = "1"
