"""Stacked products are those of NumPy in float64, whatever their shape, and do not depend on their neighbors."""

import numpy as np
import pytest

from depthsounder.engine.products import COPIED, SMALL, multiply, multiply_transposed, room_for_transposes, transpose

# Small, twice small, as wide as two halves that differ, and beyond both.
SHAPES = [(64, 64, 64), (64, 128, 128), (64, 128, 129), (128, 64, 128), (64, 256, 256), (1, 64, 1), (64, 10, 64)]


def stacks(shape, dtype=np.float32, n_networks=3):
    m, k, n = shape
    random = np.random.default_rng(m * k * n)
    return (random.normal(size=(n_networks, *sides)).astype(dtype) for sides in ((m, k), (k, n)))


def product(left, right):
    out = np.full((len(left), left.shape[1], right.shape[2]), np.nan, left.dtype)
    multiply(left, right, out=out)
    return out


def test_the_shapes_stand_on_both_sides_of_each_limit():
    sizes = {int(np.prod(shape)) for shape in SHAPES}
    assert min(sizes) <= SMALL < max(sizes)
    assert any(SMALL < size <= 2 * SMALL for size in sizes)
    assert any(size > 2 * SMALL for size in sizes)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_product_is_that_of_the_definition(shape, dtype):
    left, right = stacks(shape, dtype)
    expected = np.einsum("smk,skn->smn", left, right, dtype=np.complex128)
    bound = shape[1] * np.finfo(dtype).eps * np.einsum("smk,skn->smn", abs(left), abs(right))
    assert (np.abs(product(left, right) - expected) <= bound).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_of_transposed_and_strided_operands_is_the_same(shape):
    left, right = stacks(shape)
    wide = np.zeros((*right.shape[:2], right.shape[2] + 3), np.float32)
    wide[:, :, : right.shape[2]] = right
    upright = np.ascontiguousarray(left.swapaxes(1, 2))
    odd = product(upright.swapaxes(1, 2), wide[:, :, : right.shape[2]])
    np.testing.assert_allclose(odd, product(left, right), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_product_has_the_same_bits_alone_and_in_a_stack(shape):
    left, right = stacks(shape)
    together = product(left, right)
    for network in range(len(left)):
        alone = slice(network, network + 1)
        np.testing.assert_array_equal(product(left[alone], right[alone]), together[alone])


@pytest.mark.parametrize("sides", [(1, 1), (64, 64), (65, 10), (10, 65), (128, 128), (200, 130)])
def test_a_transpose_is_exact_and_fills_a_part_of_a_buffer(sides):
    random = np.random.default_rng(0)
    matrices = random.normal(size=(2, *sides)).astype(np.float32)
    buffer = np.full((2, 210, 210), np.nan, np.float32)
    transpose(matrices, out=buffer[:, : sides[1], : sides[0]])
    np.testing.assert_array_equal(buffer[:, : sides[1], : sides[0]], matrices.transpose(0, 2, 1))
    assert np.isnan(buffer[:, sides[1] :]).all()
    assert np.isnan(buffer[:, :, sides[0] :]).all()


@pytest.mark.parametrize("sides", [(64, 64), (10, 64), (64, 200), (200, 200), (201, 200), (300, 256)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_a_product_with_transposes_is_that_of_the_definition_and_has_the_same_bits_alone(sides, dtype):
    left, right = stacks((32, sides[1], sides[0]), dtype)
    right = np.ascontiguousarray(right.swapaxes(1, 2))
    together = product_transposed(left, right)
    alone = [product_transposed(left[[network]], right[[network]]) for network in range(len(left))]

    np.testing.assert_allclose(together, product(left, right.swapaxes(1, 2)), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(np.concatenate(alone), together)


def product_transposed(left, right):
    (room,) = room_for_transposes([right])
    out = np.full((len(left), left.shape[1], right.shape[1]), np.nan, left.dtype)
    multiply_transposed(left, right, room, out=out)
    return out


def test_only_matrices_that_are_copied_take_room_and_the_largest_of_them_is_enough():
    stack = [
        np.empty((2, rows, columns), np.float32) for rows, columns in ((64, 64), (200, 200), (201, 200), (10, 300))
    ]
    rooms = room_for_transposes(stack)

    assert [room.shape for room in rooms] == [(2, 64, 64), (2, 200, 200), (0, 0), (2, 300, 10)]
    assert sum(array.nbytes for array in {id(room.base): room.base for room in rooms}.values()) == 2 * 4 * COPIED
