"""PyTorch as it is mostly written: an eager loop over batches, one network after another."""

from time import perf_counter

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.problem import LEARNING_RATE, Outcome, Problem

ACTIVATION_MODULES: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh}


def build_networks(problem: Problem) -> list[nn.Sequential]:
    """Return the problem's networks with their initial weights."""
    nonlinearity = ACTIVATION_MODULES[problem.case.activation]
    networks = []
    for network in range(problem.case.networks):
        modules: list[nn.Module] = []
        for weights, biases in problem.layers():
            linear = nn.Linear(*weights.shape[1:])
            linear.weight.data = torch.from_numpy(weights[network].T.copy())
            linear.bias.data = torch.from_numpy(biases[network, 0].copy())
            modules += [linear, nonlinearity()]
        networks.append(nn.Sequential(*modules[:-1]))
    return networks


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
