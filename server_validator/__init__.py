"""The server side: creates work, checks what comes back, keeps it, and turns it into findings. Knows kernels only."""

from kernels import one_thread_of_linear_algebra

one_thread_of_linear_algebra()  # to recompute one small cell
