"""The server side: creates work, checks what comes back, keeps it, and turns it into findings. Knows kernels only."""

import os

# Before numpy is loaded: its linear algebra would start a thread for every core, to recompute one small cell.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
