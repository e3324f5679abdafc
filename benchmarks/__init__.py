"""Programs that measure what the code and the documents claim; each writes what it measured to results/ as JSON."""

from kernels import one_thread_of_linear_algebra

one_thread_of_linear_algebra()  # as the worker and the check compute
