"""PyTorch as it is mostly written: an eager loop over batches, one network after another."""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.problem import LEARNING_RATE, Outcome, Problem
from depthsounder.elements.architectures import BATCH_NORM, EPSILON, LAYER_NORM, RMS_NORM, Normalization

ACTIVATION_MODULES: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}

NORMALIZATION_MODULES: dict[Normalization, Callable[..., nn.Module]] = {
    BATCH_NORM: nn.BatchNorm1d,
    LAYER_NORM: nn.LayerNorm,
    RMS_NORM: nn.RMSNorm,
}
"""Each begins with γ = 1 and β = 0."""


class Shortcut(nn.Module):
    """z + α branch(z)."""

    def __init__(self, branch: nn.Module, alpha: float) -> None:
        super().__init__()
        self.branch, self.alpha = branch, alpha

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return the stream behind the branch."""
        return torch.add(z, self.branch(z), alpha=self.alpha)


def build_networks(problem: Problem) -> list[nn.Sequential]:
    """Return the problem's networks with their initial weights."""
    return [_build_network(problem, network) for network in range(problem.case.networks)]


def _build_network(problem: Problem, network: int) -> nn.Sequential:
    architecture, depth = problem.spec.architecture, problem.case.depth
    linears = []
    for weights, biases, *_ in problem.layers():
        linear = nn.Linear(*weights.shape[1:])
        linear.weight.data = torch.from_numpy(weights[network].T.copy())
        linear.bias.data = torch.from_numpy(biases[network, 0].copy())
        linears.append(linear)
    first, *hidden, readout = linears
    modules: list[nn.Module] = [first]
    for linear in hidden:
        branch = [*_activated(problem), linear]
        modules += (
            [Shortcut(nn.Sequential(*branch), architecture.branch_scale(depth))] if architecture.shortcut else branch
        )
    return nn.Sequential(*modules, *_activated(problem), readout)


def _activated(problem: Problem) -> list[nn.Module]:
    """Return what leads from z to h."""
    normalization = problem.spec.architecture.normalization
    normalized = (
        [] if normalization is None else [NORMALIZATION_MODULES[normalization](problem.case.width, eps=EPSILON)]
    )
    return [*normalized, ACTIVATION_MODULES[problem.case.activation]()]


def run(problem: Problem) -> Outcome:
    """Train the networks of a problem one by one."""
    torch.set_num_threads(1)
    inputs, labels = torch.from_numpy(problem.inputs), torch.from_numpy(problem.labels)
    batches = torch.from_numpy(problem.batches)
    networks = build_networks(problem)
    optimizers = [torch.optim.SGD(network.parameters(), lr=LEARNING_RATE) for network in networks]
    losses = np.empty(problem.batches.shape[:2])
    start = perf_counter()
    for index, (network, optimizer) in enumerate(zip(networks, optimizers, strict=True)):
        for step, batch in enumerate(batches[index]):
            optimizer.zero_grad()
            loss = cross_entropy(network(inputs[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses[index, step] = loss.item()
    return Outcome(perf_counter() - start, 0.0, losses)
