"""Shapes: which networks there are, where their parameters lie, and which optimizers train them.

Parameters of a network are one flat row: layer after layer, each its weights, then its biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kernels import limits

Activation = Literal["relu", "tanh", "sigmoid", "linear"]
Loss = Literal["softmax", "binary", "squared"]
Method = Literal["sgd", "momentum", "adam"]

MOMENTS: dict[Method, int] = {"sgd": 0, "momentum": 1, "adam": 2}
"""Optimizer arrays per parameter: momentum keeps its velocity, Adam its two moments."""


@dataclass(frozen=True)
class Layer:
    """Where one layer lies in a flat parameter row: weights [outputs, inputs] row by row, then biases [outputs]."""

    inputs: int
    outputs: int
    start: int

    @property
    def weights(self) -> slice:
        """The slice of the weights."""
        return slice(self.start, self.start + self.inputs * self.outputs)

    @property
    def biases(self) -> slice:
        """The slice of the biases."""
        return slice(self.weights.stop, self.weights.stop + self.outputs)


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron's shape: sizes (inputs, hidden widths ..., outputs), hidden activation, and loss.

    Outputs are linear. Per sample, with outputs o and targets y [outputs]: `softmax` is the cross-entropy
    -sum y log softmax(o) of a target distribution y; `binary` is the sum over outputs of the logistic cross-entropy
    of y in [0, 1]; `squared` is half the sum of (o - y)^2. The loss of a minibatch is the mean over its samples, so
    the gradient at the outputs is (prediction - y) / samples for all three.
    """

    sizes: tuple[int, ...]
    activation: Activation = "relu"
    loss: Loss = "softmax"

    def __post_init__(self) -> None:
        hidden = self.sizes[1:-1]
        if not 2 <= len(self.sizes) <= limits.DEPTH + 2:
            raise ValueError(f"a network has 0 to {limits.DEPTH} hidden layers, not sizes {self.sizes}")
        if any(not limits.WIDTH_MIN <= w <= limits.WIDTH_MAX for w in hidden):
            raise ValueError(f"hidden widths {hidden} are not all in {limits.WIDTH_MIN}..{limits.WIDTH_MAX}")
        if any(not 1 <= n <= limits.WIDTH_MAX for n in (self.sizes[0], self.sizes[-1])):
            raise ValueError(f"inputs and outputs of {self.sizes} are not both in 1..{limits.WIDTH_MAX}")
        if self.loss == "softmax" and self.sizes[-1] < 2:
            raise ValueError("softmax needs at least two outputs")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, first to last."""
        found, start = [], 0
        for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False):
            found.append(Layer(inputs, outputs, start))
            start += (inputs + 1) * outputs
        return tuple(found)

    @property
    def parameters(self) -> int:
        """Parameters of one network: all weights and biases."""
        return sum((inputs + 1) * outputs for inputs, outputs in zip(self.sizes, self.sizes[1:], strict=False))

    def training_flops(self, samples: int) -> int:
        """Floating-point operations of one training step: 2 per multiply-add, forward, weights' and inputs' gradients.

        The first layer's inputs need no gradient.
        """
        products = [i * o for i, o in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2 * samples * (3 * sum(products) - products[0])

    def forward_flops(self, samples: int) -> int:
        """Floating-point operations of one forward pass."""
        return 2 * samples * sum(i * o for i, o in zip(self.sizes, self.sizes[1:], strict=False))


@dataclass(frozen=True)
class Optimizer:
    """How a gradient g changes a parameter p at rate r; L2 and decoupled decay d act on weights, never on biases.

    First g += l2 p and p -= r d p (Loshchilov & Hutter 2019), then: `sgd` p -= r g; `momentum` v = momentum v + g,
    p -= r v (Polyak 1964); `adam` with bias correction (Kingma & Ba 2015). Masked parameters are set to zero last.
    """

    method: Method = "sgd"
    momentum: float = 0.9
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("momentum", "beta1", "beta2"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name} {getattr(self, name)} is not in [0, 1)")
        if not 0.0 < self.epsilon < 1.0:
            raise ValueError(f"epsilon {self.epsilon} is not in (0, 1)")
