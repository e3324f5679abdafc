"""The program volunteers run: reads a work unit, picks a device, drives kernels under a runtime, writes the result."""

import os

# Before numpy is loaded: its linear algebra would start a thread for every core, whatever the volunteer allowed us.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_name] = "1"
