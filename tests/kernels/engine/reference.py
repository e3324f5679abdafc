"""One network at a time, plain and slow, float64 autograd: what every engine feature is checked against."""

from __future__ import annotations

import numpy as np
import torch

from kernels.engine.contract import Block, Data, Schedule
from kernels.engine.shapes import Activation, Network
from kernels.philox import Purpose, words


def activate(name: Activation, x: torch.Tensor) -> torch.Tensor:
    """A hidden activation."""
    if name == "relu":
        return torch.relu(x)
    if name == "tanh":
        return torch.tanh(x)
    return torch.sigmoid(x) if name == "sigmoid" else x


def forward(
    network: Network, p: torch.Tensor, x: torch.Tensor, drops: list[torch.Tensor] | None = None
) -> list[torch.Tensor]:
    """All layers' outputs [width, samples] of one network on x [inputs, samples]."""
    outputs = []
    for number, layer in enumerate(network.layers):
        w = p[layer.weights].reshape(layer.outputs, layer.inputs)
        x = w @ x + p[layer.biases][:, None]
        if number < len(network.layers) - 1:
            x = activate(network.activation, x)
            if drops is not None:
                x = x * drops[number]
        outputs.append(x)
    return outputs


def losses(network: Network, o: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The loss of every sample."""
    if network.loss == "softmax":
        return torch.nn.functional.cross_entropy(o.T, y.T, reduction="none")
    if network.loss == "binary":
        return torch.nn.functional.binary_cross_entropy_with_logits(o, y, reduction="none").sum(0)
    return (0.5 * (o - y) ** 2).sum(0)


def gradient(
    network: Network, p: torch.Tensor, x: torch.Tensor, y: torch.Tensor, drops: list[torch.Tensor] | None = None
) -> torch.Tensor:
    """The gradient of the mean loss by autograd; zero for no samples."""
    if x.shape[1] == 0:
        return torch.zeros_like(p)
    p = p.detach().clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(losses(network, forward(network, p, x, drops)[-1], y).mean(), [p])
    return slope


def dropout(network: Network, seed: int, probability: float, step: int, samples: int) -> list[torch.Tensor]:
    """Inverted dropout's factors of every hidden layer, by the stream's definition."""
    found = []
    for layer, width in enumerate(network.sizes[1:-1]):
        drawn = words(seed, Purpose.DROPOUT, width * samples, (step, layer, 0)).reshape(width, samples)
        kept = drawn >= np.floor(probability * 2.0**32)
        found.append(torch.from_numpy(kept / (1.0 - probability)))
    return found


def train(block: Block, data: Data, schedule: Schedule, steps: int) -> np.ndarray:
    """Parameters [cells, parameters] float64 after `steps` steps; the block is left as it is."""
    network, o = block.network, block.optimizer
    is_weight = torch.zeros(network.parameters, dtype=torch.float64)
    for layer in network.layers:
        is_weight[layer.weights] = 1.0
    rows = []
    for cell in range(block.cells):
        p = torch.from_numpy(block.params[cell].astype(np.float64))
        moments = [torch.from_numpy(s.astype(np.float64)) for s in block.moments[:, cell]]
        x_all = torch.from_numpy(data.x[data.task[cell]].astype(np.float64))
        y_all = torch.from_numpy(data.y[data.task[cell]].astype(np.float64))
        for step in range(block.step, block.step + steps):
            at = step - schedule.first
            if schedule.order is None:
                x, y = x_all, y_all
            else:
                chosen = schedule.order[cell, schedule.starts[at] : schedule.starts[at + 1]].astype(np.int64)
                x, y = x_all[:, chosen], y_all[:, chosen]
            p_drop = 0.0 if schedule.dropout is None else float(schedule.dropout[cell])
            drops = dropout(network, int(block.seeds[cell]), p_drop, step, x.shape[1]) if p_drop else None
            g = gradient(network, p, x, y, drops)
            rate = float(schedule.rate[cell, at])
            if schedule.l2 is not None:
                g = g + float(schedule.l2[cell, at]) * is_weight * p
            if schedule.decay is not None:
                p = p - rate * float(schedule.decay[cell, at]) * is_weight * p
            if o.method == "sgd":
                p = p - rate * g
            elif o.method == "momentum":
                moments[0] = o.momentum * moments[0] + g
                p = p - rate * moments[0]
            else:
                moments[0] = o.beta1 * moments[0] + (1 - o.beta1) * g
                moments[1] = o.beta2 * moments[1] + (1 - o.beta2) * g * g
                first = moments[0] / (1 - o.beta1 ** (step + 1))
                second = moments[1] / (1 - o.beta2 ** (step + 1))
                p = p - rate * first / (second.sqrt() + o.epsilon)
            if block.mask is not None:
                p = p * torch.from_numpy(block.mask[cell].astype(np.float64))
        rows.append(p.numpy())
    return np.stack(rows)
