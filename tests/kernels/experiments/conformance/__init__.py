"""What is asked of every experiment: checks that take a row of the registry, and what it computes, as arguments.

tests/kernels/experiments/test_conformance.py asks all of it of every row; tests/test_contributing.py asks it of the
example in CONTRIBUTING.md.
"""
