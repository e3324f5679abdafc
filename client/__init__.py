"""The program volunteers run: reads a work unit, picks a device, drives kernels under a runtime, writes the result."""

from kernels import one_thread_of_linear_algebra

one_thread_of_linear_algebra()  # the volunteer allowed us no others
