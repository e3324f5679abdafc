"""The torch engine: batched features-first products with a hand-written backward pass, on any torch device.

Results agree with other hosts within tolerances, not bit for bit: the order of a product's sums is the library's own.
On one machine, the same block with the same device and thread count gives the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kernels.arrays import F32
from kernels.engine.checks import check_data, check_training
from kernels.engine.contract import Block, Data, EngineName, Evaluation, Schedule
from kernels.engine.devices import CPU, Device
from kernels.engine.shapes import Network
from kernels.engine.torch.adam import bias_corrections
from kernels.engine.torch.foreseen import foreseen
from kernels.engine.torch.philox import bernoulli, stream
from kernels.philox import Purpose

_EVALUATION_CHUNK = 4096  # samples of one forward pass: bounds memory, not results of a cell's counts


class TorchEngine:
    """`kernels.engine.contract.Engine` on a torch device; float32 throughout, TF32 off."""

    name: EngineName = "torch"

    def __init__(self, device: Device = CPU) -> None:
        self.device = device
        self._on = torch.device(str(device))
        torch.backends.cuda.matmul.allow_tf32 = False

    def _put(self, array: np.ndarray) -> Tensor:
        """The array as a tensor: shared memory on the CPU, a copy elsewhere."""
        return torch.from_numpy(array).to(self._on)

    @foreseen
    def train(self, block: Block, data: Data, schedule: Schedule, steps: int) -> None:
        """See the seam."""
        check_training(block, data, schedule, steps)
        with torch.no_grad():
            step = _Step(self, block, data, schedule)
            for at in range(block.step - schedule.first, block.step - schedule.first + steps):
                step.run(at)
            if self._on.type != "cpu":
                block.params[...] = step.params.cpu().numpy()
                block.moments[...] = step.moments.cpu().numpy()
        block.step += steps

    @foreseen
    def evaluate(self, block: Block, data: Data) -> Evaluation:
        """See the seam."""
        loss = np.zeros(block.cells)
        correct = np.zeros(block.cells, dtype=np.int64)
        for outputs, targets in self._forward(block, data, len(block.network.sizes) - 2):
            loss += _losses(block.network, outputs, targets).sum(1, dtype=torch.float64).cpu().numpy()
            correct += _right(block.network, outputs, targets).sum(1).cpu().numpy()
        return Evaluation(loss / data.x.shape[2], correct)

    @foreseen
    def activations(self, block: Block, data: Data, layer: int) -> F32:
        """See the seam."""
        if not 0 <= layer < len(block.network.layers):
            raise ValueError(f"layer {layer} is not in 0..{len(block.network.layers) - 1}")
        found: F32 = torch.cat([a for a, _ in self._forward(block, data, layer)], dim=2).cpu().numpy()
        return found

    @foreseen
    def gradient(self, block: Block, data: Data) -> F32:
        """See the seam."""
        samples = data.x.shape[2]
        everything = Schedule(
            block.step, np.array([samples], np.int32), None, np.zeros((block.cells, 1), dtype=np.float32)
        )
        check_training(block, data, everything, 1)
        with torch.no_grad():
            step = _Step(self, block, data, everything)
            found: F32 = step.gradient(0).cpu().numpy()
        return found

    def _forward(self, block: Block, data: Data, layer: int) -> list[tuple[Tensor, Tensor]]:
        """Activations of `layer` [cells, width, samples] and targets, in chunks of samples."""
        check_data(block, data)
        found = []
        with torch.no_grad():
            views = _views(block.network, self._put(block.params))
            task = self._put(data.task)
            x, y = self._put(data.x), self._put(data.y)
            for start in range(0, data.x.shape[2], _EVALUATION_CHUNK):
                chunk = slice(start, start + _EVALUATION_CHUNK)
                a = x[:, :, chunk][task]
                for at, view in enumerate(views[: layer + 1]):
                    a = torch.baddbmm(view.biases, view.weights, a)
                    if at < len(views) - 1:
                        _activate(block.network, a)
                found.append((a, y[:, :, chunk][task]))
        return found


@dataclass(frozen=True)
class _View:
    """One layer of a flat buffer [cells, parameters]."""

    weights: Tensor  # [cells, outputs, inputs]
    biases: Tensor  # [cells, outputs, 1]


def _views(network: Network, flat: Tensor) -> list[_View]:
    return [
        _View(flat[:, at.weights].view(-1, at.outputs, at.inputs), flat[:, at.biases].unsqueeze(2))
        for at in network.layers
    ]


class _Step:
    """Everything that the steps of one call share; `run` does one step."""

    def __init__(self, engine: TorchEngine, block: Block, data: Data, schedule: Schedule) -> None:
        put = engine._put
        self.network, self.optimizer, self.schedule = block.network, block.optimizer, schedule
        self.params, self.moments = put(block.params), put(block.moments)
        self.mask = None if block.mask is None else put(block.mask)
        self.grads = torch.zeros_like(self.params)
        self.now, self.grad = _views(block.network, self.params), _views(block.network, self.grads)
        self.x, self.y, self.task = put(data.x), put(data.y), put(data.task)
        self.whole = (self.x[self.task], self.y[self.task]) if schedule.order is None else None
        self.order = None if schedule.order is None else put(schedule.order).long()
        self.rate = put(schedule.rate)
        self.l2 = None if schedule.l2 is None else put(schedule.l2)
        self.decay = None if schedule.decay is None else put(schedule.decay)
        self.adam = (
            put(bias_corrections(block.optimizer, schedule.first, schedule.steps))
            if self.moments.shape[0] == 2
            else None
        )
        self.is_weight = torch.zeros_like(self.params[0])
        for at in block.network.layers:
            self.is_weight[at.weights] = 1.0
        if schedule.dropout is None or not np.any(schedule.dropout):
            self.dropout = None
        else:
            scale = (np.float32(1) / (np.float32(1) - schedule.dropout)).astype(np.float32)
            self.dropout = (put(schedule.dropout), put(scale), stream(block.seeds, Purpose.DROPOUT, self.params.device))

    def minibatch(self, at: int) -> tuple[Tensor, Tensor]:
        """Inputs and targets [cells, feature, samples] of a step."""
        if self.whole is not None:
            return self.whole
        assert self.order is not None
        index = self.order[:, int(self.schedule.starts[at]) : int(self.schedule.starts[at + 1])]
        where = self.task[:, None]
        # Advanced indices on both sides of a slice put the sliced axis last: [cells, samples, feature].
        return self.x[where, :, index].transpose(1, 2), self.y[where, :, index].transpose(1, 2)

    def gradient(self, at: int) -> Tensor:
        """The gradient [cells, parameters] of a step's minibatch, in the shared buffer."""
        x, y = self.minibatch(at)
        samples = x.shape[2]
        if samples == 0:
            return self.grads.zero_()
        inputs, drops = [x], []
        for layer, view in enumerate(self.now[:-1]):
            a = torch.baddbmm(view.biases, view.weights, inputs[-1])
            _activate(self.network, a)
            drops.append(self.drop(a.shape, at, layer))
            inputs.append(a if drops[-1] is None else a * drops[-1])
        delta = _prediction(self.network, torch.baddbmm(self.now[-1].biases, self.now[-1].weights, inputs[-1]))
        delta.sub_(y).mul_(1.0 / samples)
        for layer in range(len(self.now) - 1, -1, -1):
            torch.bmm(delta, inputs[layer].transpose(1, 2), out=self.grad[layer].weights)
            torch.sum(delta, 2, keepdim=True, out=self.grad[layer].biases)
            if layer:
                below = torch.bmm(self.now[layer].weights.transpose(1, 2), delta)
                drop = drops[layer - 1]
                if drop is not None:
                    below *= drop
                delta = _times_slope(self.network, below, inputs[layer], drop)
        return self.grads

    def drop(self, shape: torch.Size, at: int, layer: int) -> Tensor | None:
        """Inverted dropout's factors [cells, width, samples]: 0 or 1 / (1 - p); word (unit * samples + sample)."""
        if self.dropout is None:
            return None
        probability, scale, keys = self.dropout
        _, width, samples = shape
        dropped = bernoulli(keys, probability, width * samples, (self.schedule.first + at, layer, 0)).view(shape)
        return ~dropped * scale[:, None, None]

    def run(self, at: int) -> None:
        """One step: gradient, decays, optimizer, mask."""
        g, o = self.gradient(at), self.optimizer
        rate = self.rate[:, at : at + 1]
        if self.l2 is not None:
            g.addcmul_(self.params, self.l2[:, at : at + 1] * self.is_weight)
        if self.decay is not None:
            self.params.sub_(self.params * (rate * self.decay[:, at : at + 1]) * self.is_weight)
        if o.method == "sgd":
            self.params.addcmul_(g, -rate)
        elif o.method == "momentum":
            v = self.moments[0].mul_(o.momentum).add_(g)
            self.params.addcmul_(v, -rate)
        else:
            assert self.adam is not None
            first = self.moments[0].mul_(o.beta1).add_(g, alpha=1.0 - o.beta1)
            second = self.moments[1].mul_(o.beta2).addcmul_(g, g, value=1.0 - o.beta2)
            size = (second / self.adam[at, 1]).sqrt_().add_(o.epsilon)
            self.params.sub_(rate * (first / self.adam[at, 0]) / size)
        if self.mask is not None:
            self.params.mul_(self.mask)


def _activate(network: Network, a: Tensor) -> None:
    """The hidden activation, in place."""
    if network.activation == "relu":
        a.relu_()
    elif network.activation == "tanh":
        a.tanh_()
    elif network.activation == "sigmoid":
        a.sigmoid_()


def _times_slope(network: Network, delta: Tensor, a: Tensor, drop: Tensor | None) -> Tensor:
    """The gradient at a layer's input sums, from that at its outputs and the (possibly dropped) outputs a."""
    if network.activation == "relu":
        return delta.mul_(a > 0)
    if network.activation == "linear":
        return delta
    if drop is not None:  # undo the factor; where a unit was dropped, delta is zero and its slope does not matter
        a = torch.where(drop > 0, a / drop, a)
    return delta.mul_(1.0 - a * a if network.activation == "tanh" else a * (1.0 - a))


def _prediction(network: Network, outputs: Tensor) -> Tensor:
    """What the loss compares with the targets: softmax over outputs, logistic function, or the outputs themselves."""
    if network.loss == "softmax":
        return torch.softmax(outputs, dim=1)
    return torch.sigmoid(outputs) if network.loss == "binary" else outputs


def _losses(network: Network, outputs: Tensor, y: Tensor) -> Tensor:
    """The loss of every sample [cells, samples]."""
    if network.loss == "softmax":
        return -(y * torch.log_softmax(outputs, dim=1)).sum(1)
    if network.loss == "binary":
        return (outputs.clamp(min=0) - outputs * y + torch.log1p(torch.exp(-outputs.abs()))).sum(1)
    return 0.5 * ((outputs - y) ** 2).sum(1)


def _right(network: Network, outputs: Tensor, y: Tensor) -> Tensor:
    """Whether every sample's prediction is right [cells, samples]."""
    if network.loss == "softmax":
        return outputs.argmax(1) == y.argmax(1)
    if network.loss == "binary":
        return ((outputs > 0) == (y > 0.5)).all(1)
    return torch.zeros(outputs.shape[0], outputs.shape[2], dtype=torch.bool, device=outputs.device)
