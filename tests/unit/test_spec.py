"""What a network is: the shapes of its tensors, and where they lie in flat parameters."""

import numpy as np

from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import HE_NORMAL
from depthsounder.engine.drawing import draw_network
from depthsounder.engine.spec import NetworkSpec, layer_sizes

SPEC = NetworkSpec((4, 3, 5, 2), TANH)


def test_sizes_run_from_the_input_to_the_readout():
    spec = NetworkSpec(layer_sizes(784, 64, 3, 10), TANH)
    assert spec.sizes == (784, 64, 64, 64, 10)
    assert spec.depth == 3
    assert spec.fans == [(784, 64), (64, 64), (64, 64), (64, 10)]


def test_flat_parameters_and_layers_are_two_views_of_one_memory():
    flat = np.arange(2.0 * SPEC.parameter_count).reshape(2, -1)
    weights, biases, scales, shifts = SPEC.views(flat)
    assert scales == shifts == []
    assert [w.shape for w in weights] == [(2, 4, 3), (2, 3, 5), (2, 5, 2)]
    assert [b.shape for b in biases] == [(2, 1, 3), (2, 1, 5), (2, 1, 2)]
    assert all(np.shares_memory(part, flat) for part in [*weights, *biases])
    covered = np.concatenate([part[1].ravel() for part in [*weights, *biases]])
    assert sorted(covered) == flat[1].tolist()


def test_packing_is_the_inverse_of_cutting():
    weights, biases = draw_network(1, 0, SPEC, HE_NORMAL)
    flat = SPEC.pack(weights, [bias + 1.0 for bias in biases])
    assert flat.shape == (SPEC.parameter_count,) == (4 * 3 + 3 + 3 * 5 + 5 + 5 * 2 + 2,)
    cut_weights, cut_biases, *_ = SPEC.views(flat[None])
    assert all(np.array_equal(w, cut[0]) for w, cut in zip(weights, cut_weights, strict=True))
    assert all((cut == 1.0).all() for cut in cut_biases)


def test_names_point_at_the_numbers_that_the_views_show():
    flat = np.arange(float(SPEC.parameter_count))[None]
    weights, biases, *_ = SPEC.views(flat)
    views = {
        **{f"W{layer}": w for layer, w in enumerate(weights, start=1)},
        **{f"b{layer}": b for layer, b in enumerate(biases, start=1)},
    }
    tensors = SPEC.tensors()
    assert list(tensors) == ["W1", "b1", "W2", "b2", "W3", "b3"]
    for name, entries in tensors.items():
        np.testing.assert_array_equal(flat[0, entries], views[name].ravel())


def test_the_working_set_is_the_memory_that_a_network_takes_in_a_stack():
    # Parameters and gradients, and of every layer of 3 examples what goes in and what comes out.
    assert SPEC.working_set(3, 4) == 4 * (2 * SPEC.parameter_count + 3 * ((4 + 3 + 5) + (3 + 5 + 2)))
