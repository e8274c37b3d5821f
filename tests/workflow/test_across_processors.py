"""What is promised between machines: not the bits, but the digits that the verdicts rest on.

An older processor is played by the one that is there: OpenBLAS and NumPy are told to use the kernels of another
generation, which sum in another order and approximate exp and tanh by other polynomials.
"""

import platform

import by_hand
import numpy as np
import pytest
from numpy._core import _multiarray_umath

from depthsounder.elements.axes import Cell
from depthsounder.storage.tables import read_table

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the kernels are named for x86-64"),
]

NUMPY_KERNELS = " ".join(_multiarray_umath.__cpu_dispatch__)
OTHER_KERNELS = {
    "older products": {"OPENBLAS_CORETYPE": "Prescott"},
    "older everything": {"OPENBLAS_CORETYPE": "Prescott", "NPY_DISABLE_CPU_FEATURES": NUMPY_KERNELS},
}
CELLS = [
    Cell(10, "plain", "tanh", "glorot_normal"),
    Cell(10, "plain", "relu", "he_normal"),
    Cell(5, "plain", "sigmoid", "critical"),
    Cell(10, "residual_layer_norm", "relu", "he_normal"),
]

SAME_STATISTIC = 1e-9
"""Relative difference of a statistic before training, in float64: rounding of 1e-16, amplified by ten layers."""

SAME_LOSS = 1e-4
"""Relative difference of a loss in the first steps, in float32: rounding of 1e-7, amplified by layers and updates."""

SAME_END = 0.02
"""Relative difference of the median of a network's last losses, after forty updates."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The digits, and a passed gradient check of each cell."""
    folder = tmp_path_factory.mktemp("prepared")
    by_hand.prepare(folder)
    for cell in CELLS:
        by_hand.check(folder, cell)
    return folder


def compute(prepared, folder, cell, **environment):
    """Return a cell's networks before training, layers and singular values, and their losses (networks, steps + 1)."""
    by_hand.measure(prepared, folder, cell, **environment)
    by_hand.tune(prepared, folder, cell, **environment)
    losses = np.array(read_table(folder / "traces.parquet").column("train_loss"))
    signal, jacobian = (read_table(folder / f"{name}.parquet") for name in ("signal", "jacobian"))
    return signal, jacobian, losses.reshape(-1, by_hand.STEPS + 1)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: " ".join(cell.design))
@pytest.mark.parametrize("kernels", OTHER_KERNELS)
def test_other_kernels_give_the_same_statistics_and_the_same_training(prepared, tmp_path, cell, kernels):
    signal, jacobian, losses = compute(prepared, tmp_path / "here", cell)
    other_signal, other_jacobian, other_losses = compute(prepared, tmp_path / "there", cell, **OTHER_KERNELS[kernels])

    for name in ("z_second_moment", "z_batch_variance", "delta_second_moment", "weight_grad_rms"):
        ours, theirs = (np.array(table.column(name)) for table in (signal, other_signal))
        np.testing.assert_allclose(theirs, ours, rtol=SAME_STATISTIC, err_msg=name)
    ours, theirs = (np.array(table.column("log_singular_value")) for table in (jacobian, other_jacobian))
    np.testing.assert_allclose(theirs, ours, atol=SAME_STATISTIC, rtol=SAME_STATISTIC)
    np.testing.assert_allclose(other_losses[:, :5], losses[:, :5], rtol=SAME_LOSS)
    np.testing.assert_allclose(
        np.median(other_losses[:, -10:], axis=1), np.median(losses[:, -10:], axis=1), rtol=SAME_END
    )
