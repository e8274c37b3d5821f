"""Drawing a stack of networks: each as it would be alone, and in no more memory than the stack and one network take."""

import tracemalloc

import numpy as np

from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import GLOROT_NORMAL
from depthsounder.engine.drawing import draw_network, draw_stack
from depthsounder.engine.spec import NetworkSpec

SPEC = NetworkSpec((64, 256, 256, 256, 10), TANH)


def test_a_network_of_a_stack_is_the_one_that_is_drawn_alone():
    stack = draw_stack(1, [3, 7], SPEC, GLOROT_NORMAL)

    assert stack.dtype == np.float32
    for parameters, seed in zip(stack, [3, 7], strict=True):
        np.testing.assert_array_equal(parameters, SPEC.pack(*draw_network(1, seed, SPEC, GLOROT_NORMAL)).astype("f4"))


def test_many_wide_networks_are_drawn_in_the_memory_of_the_stack_and_one_network():
    tracemalloc.start()
    stack = draw_stack(1, range(20), SPEC, GLOROT_NORMAL)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    # In float64: a network's layers, the same packed, and the normals of one layer, shaped.
    one_network = 8 * SPEC.parameter_count
    assert peak < stack.nbytes + 4 * one_network
