"""The theory table: each cell's theory, or nulls and the reason."""

import numpy as np
import pytest

from depthsounder.elements.activations import RELU, TANH
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.initializers import HE_NORMAL, INITIALIZERS, Initializer
from depthsounder.storage.schemas import CELL_KEYS, THEORY
from depthsounder.storage.tables import read_table, write_cells
from depthsounder.theory.columns import theory_columns
from depthsounder.theory.predicting import predict_cells, sweep_fans

INPUTS, LABELS = np.ones((4, 11)), np.array([0, 1, 2, 1])
MINE = Initializer("mine", lambda fan_in, fan_out, activation: 1.0 / fan_in, "a test", shape=lambda normals, _: normals)


@pytest.fixture
def table(monkeypatch, tmp_path):
    """The theory table of a sweep with an init whose shape forgets the variance, beside one that is right."""
    monkeypatch.setitem(INITIALIZERS, "mine", MINE)
    cells = [("plain", activation, init) for activation in ("tanh", "relu") for init in ("mine", "he_normal")]
    write_cells(tmp_path / "theory.parquet", dict(predict_cells(cells, [1, 3], INPUTS, 16, 1, LABELS)), THEORY)
    return read_table(tmp_path / "theory.parquet").to_pandas()


def test_theory_is_null_and_its_note_the_reason_where_weights_are_not_as_stated(table):
    withheld = table[table["init"] == "mine"]
    assert len(withheld) == 2 * (1 + 3)
    assert withheld["layer"].tolist() == [1, 1, 2, 3] * 2
    assert withheld.drop(columns=[*CELL_KEYS, "layer", "note"]).isna().all(axis=None)
    (note,) = set(withheld["note"])
    # The first layer has eleven inputs, and its weights the variance of a standard normal.
    assert note.startswith("theory is withheld: weights of 'mine' at fans 11 → 16 have variance ")
    assert note.endswith(", and theory takes it to be 0.0909")
    assert float(note.split("variance ")[1].split(",")[0]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("activation", [TANH, RELU], ids=["tanh", "relu"])
def test_the_theory_of_other_inits_is_what_it_is_without_them(table, activation):
    for depth in (1, 3):
        chosen = (table["depth"] == depth) & (table["activation"] == activation.name) & (table["init"] == "he_normal")
        columns = theory_columns([1, 3], PLAIN, activation, HE_NORMAL, INPUTS, LABELS, 16)[depth]
        np.testing.assert_array_equal(table.loc[chosen, "z_second_moment"], columns["z_second_moment"])
        assert (table.loc[chosen, "chi_1"] == columns["chi_1"][0]).all()


def test_only_the_fans_of_the_sweep_are_looked_at():
    assert sweep_fans(11, 16, 1) == [(11, 16)]
    assert sweep_fans(11, 16, 2) == [(11, 16), (16, 16)]
    assert sweep_fans(16, 16, 5) == [(16, 16)]
