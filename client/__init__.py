"""The program volunteers run: reads a work unit, picks a device, drives kernels under a runtime, writes the result."""
