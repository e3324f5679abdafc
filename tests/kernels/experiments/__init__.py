"""Tests of the experiments: what is asked of all of them, and of each what it has of its own."""

import pytest

pytest.register_assert_rewrite("tests.kernels.experiments.conformance", "tests.kernels.experiments.runs")
