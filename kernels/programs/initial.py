"""Initial parameters of networks, drawn from the seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kernels.arrays import F32
from kernels.engine.shapes import Network
from kernels.philox import Purpose, normal

Initial = Callable[[Network, int, int], F32]
"""(network, seed, replica) -> initial parameters [parameters]."""


def he_normal(network: Network, seed: int, replica: int = 0) -> F32:
    """Initial parameters [parameters]: weights normal with variance 2 / inputs, biases zero (He et al. 2015)."""
    return _normal(network, seed, replica, lambda inputs, outputs: 2.0 / inputs)


def glorot_normal(network: Network, seed: int, replica: int = 0) -> F32:
    """Initial parameters [parameters]: weights normal with variance 2 / (inputs + outputs), biases zero.

    For tanh and sigmoid. Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (AISTATS 2010).
    """
    return _normal(network, seed, replica, lambda inputs, outputs: 2.0 / (inputs + outputs))


def _normal(network: Network, seed: int, replica: int, variance: Callable[[int, int], float]) -> F32:
    row = np.zeros(network.parameters, dtype=np.float32)
    for number, layer in enumerate(network.layers):
        drawn = normal(seed, Purpose.WEIGHTS, layer.inputs * layer.outputs, (number, replica, 0))
        row[layer.weights] = drawn * np.sqrt(variance(layer.inputs, layer.outputs))
    return row
