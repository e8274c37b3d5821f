"""The claims' own small sweep: what it finds is He's, and falls with He's variance or with a rectifier's slope."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from support import DEFAULT_THRESHOLDS
from threadpoolctl import threadpool_limits

from depthsounder.claims import Evidence, Settings, he_for_rectifiers, ledger, small_sweep
from depthsounder.data.prepare import prepare_dataset
from depthsounder.elements.activations import ACTIVATIONS, LEAKY_SLOPE
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.judging.reference import References
from depthsounder.storage.schemas import SCHEMAS

HE, GLOROT = "he_normal", "glorot_normal"
SETTINGS = Settings(
    root_seed=1,
    depths=(2, 5),
    activations=("sigmoid", "tanh"),
    inits=("glorot_normal", "orthogonal"),
    width=64,
    optimizer="adam",
    steps=300,
    clip_norm=None,
    references=References(1, np.arange(200) % 10, batch_size=20, steps=300),
    thresholds=DEFAULT_THRESHOLDS,
)
TABLES = ("signal", "traces", "gradient_check", "theory", "verdicts", "comparisons")
LEDGER = {claim.name: claim for claim in ledger()}


@pytest.fixture(scope="module")
def evidence():
    """A run on the digits that has no rectifiers."""
    dataset = prepare_dataset("digits", None, 0.2, SETTINGS.root_seed, 256)
    return Evidence(SETTINGS, dataset, *(SCHEMAS[table].empty_table().to_pandas() for table in TABLES), diverged=())


@pytest.fixture(scope="module")
def leaky(evidence):
    return small_sweep.small_sweep("leaky_relu", (HE, GLOROT), evidence)


@pytest.fixture
def shallow(monkeypatch):
    """A small sweep in which each cell costs little."""
    monkeypatch.setattr(small_sweep, "DEPTHS", (10, 20))


def cell(found, init, depth):
    return found.by_depth("leaky_relu", init).loc[depth]


@pytest.mark.parametrize("depth", small_sweep.DEPTHS)
def test_errors_of_leaky_networks_fall_by_half_the_squared_slopes_with_glorots_and_stay_with_hes(leaky, depth):
    # Half of the units are off, but for their leak: E[φ'²] = (1 + 0.01²)/2 a layer, where n·Var(W) = 1.
    slope = (1.0 + LEAKY_SLOPE**2) / 2.0
    glorot, he = cell(leaky, GLOROT, depth), cell(leaky, HE, depth)

    assert he["signal_verdict"] == "healthy"
    assert glorot["signal_verdict"] == "vanishing"
    assert np.log(glorot["delta_ratio"]) == pytest.approx((depth - 1) * np.log(slope) / 2.0, rel=0.05)
    # The same normals stand behind both, and leaky networks are homogeneous: for an example, D differs by √2 a layer.
    # What the softmax makes of the larger logits gives the examples other weights in the mean, and no more.
    for end in ("delta_ratio", "delta_ratio_low", "delta_ratio_high"):
        assert np.log2(he[end] / glorot[end]) == pytest.approx((depth - 1) / 2.0, rel=0.02)


def test_leaky_relu_has_its_claim_judged_without_cells_and_the_text_says_on_what(evidence, leaky, monkeypatch):
    monkeypatch.setattr(he_for_rectifiers, "small_sweep", lambda *arguments: leaky)

    judgement = LEDGER["he_for_leaky_relu"].test(evidence)

    assert judgement.verdict == "confirmed"
    assert judgement.observed.startswith("He better at depth 20")
    assert judgement.evidence.startswith(
        "The run has no leaky_relu cells with both he_normal and glorot_normal. So this rests on a small sweep of its "
        "own: 20 networks of each init at depth 20 and 50 and width 64, measured on the run's data, and 8 of each "
        "trained for 100 steps of gradient descent (batches of 32; the tail is the last 25), at the rate that was best "
        "for 2 others, of 0.01, 0.03 and 0.1."
    )
    assert "χ1 = 1.00 with He's weights and 0.500 with Glorot's" in judgement.evidence


def test_the_runs_own_cells_decide_where_it_has_them(evidence, leaky, monkeypatch):
    # The same cells as a sweep's: the same rule must come to the same words about them.
    monkeypatch.setattr(he_for_rectifiers, "small_sweep", lambda *arguments: pytest.fail("there are cells"))
    own = LEDGER["he_for_leaky_relu"].test(leaky)
    monkeypatch.setattr(he_for_rectifiers, "small_sweep", lambda *arguments: leaky)
    without = LEDGER["he_for_leaky_relu"].test(evidence)

    assert (own.verdict, own.observed, own.expected) == (without.verdict, without.observed, without.expected)
    assert without.evidence.endswith(own.evidence)
    assert "small sweep" not in own.evidence


def test_with_half_of_its_variance_he_is_no_better(evidence, shallow, monkeypatch):
    half = replace(INITIALIZERS[HE], weight_variance=lambda fan_in, fan_out, activation: 1.0 / fan_in)
    monkeypatch.setitem(INITIALIZERS, HE, half)

    judgement = LEDGER["he_for_leaky_relu"].test(evidence)

    assert judgement.verdict == "inconclusive"
    assert judgement.observed == "no difference at depth 10 and 20"


def test_what_rectifies_nothing_is_not_helped_by_hes_variance(evidence, shallow, monkeypatch):
    linear = replace(ACTIVATIONS["linear"], name="leaky_relu")
    monkeypatch.setitem(ACTIVATIONS, "leaky_relu", linear)

    judgement = LEDGER["he_for_leaky_relu"].test(evidence)

    assert judgement.verdict == "refuted"
    assert "He worse at depth 10 and 20" in judgement.observed
    assert "signal is not healthy at depth 20" in judgement.evidence


def test_the_small_sweep_has_the_same_bits_whatever_the_threads_and_the_rest_of_the_run(evidence, monkeypatch):
    monkeypatch.setattr(small_sweep, "DEPTHS", (20,))
    others = replace(SETTINGS, depths=(7,), inits=("he_normal",), activations=("erf",), steps=5, optimizer="sgd")
    sweep = partial(small_sweep.small_sweep, "leaky_relu", (HE, GLOROT))
    with threadpool_limits(2):
        once = sweep(evidence)
    again = sweep(replace(evidence, settings=others))
    seeded = sweep(replace(evidence, settings=replace(SETTINGS, root_seed=2)))

    pd.testing.assert_frame_equal(once.verdicts, again.verdicts, check_exact=True)
    pd.testing.assert_frame_equal(once.comparisons, again.comparisons, check_exact=True)
    assert (once.verdicts["tail_loss"] != seeded.verdicts["tail_loss"]).all()


def test_a_wide_sweep_makes_the_small_one_no_wider(evidence):
    wide = replace(evidence, settings=replace(SETTINGS, width=4096))
    narrow = replace(evidence, settings=replace(SETTINGS, width=16))

    assert "width 64," in small_sweep.described(wide)
    assert "width 16," in small_sweep.described(narrow)
