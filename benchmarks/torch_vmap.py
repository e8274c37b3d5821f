"""PyTorch's ensembling: one functional network, mapped over stacked parameters by `torch.func`."""

from time import perf_counter

import numpy as np
import torch
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from benchmarks.problem import LEARNING_RATE, Outcome, Problem
from benchmarks.torch_loop import build_networks

Tensors = dict[str, torch.Tensor]


def run(problem: Problem) -> Outcome:
    """Train all networks of a problem side by side."""
    torch.set_num_threads(1)
    inputs, labels = torch.from_numpy(problem.inputs), torch.from_numpy(problem.labels)
    batches = torch.from_numpy(problem.batches)
    networks = build_networks(problem)
    stacked, averages = stack_module_state(networks)
    parameters = {name: tensor.detach() for name, tensor in stacked.items()}

    def loss_of(of_one: Tensors, averages_of_one: Tensors, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return cross_entropy(functional_call(networks[0], (of_one, averages_of_one), (x,)), y)

    gradients_and_losses = vmap(grad_and_value(loss_of))
    losses = np.empty(problem.batches.shape[:2])
    start = perf_counter()
    for step, batch in enumerate(batches.unbind(1)):
        gradients, step_losses = gradients_and_losses(parameters, averages, inputs[batch], labels[batch])
        for name, tensor in parameters.items():
            tensor.sub_(gradients[name], alpha=LEARNING_RATE)
        losses[:, step] = step_losses.numpy()
    return Outcome(perf_counter() - start, 0.0, losses)
