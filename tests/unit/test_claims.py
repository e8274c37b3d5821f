"""The ledger of claims, and those of its claims that ask the engine itself and no run."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import AS_A_PROGRAM, DEFAULT_THRESHOLDS, balanced_dataset

from depthsounder.checking.checked_network import draw_checked_network
from depthsounder.claims import (
    Evidence,
    Settings,
    chains,
    check_cost,
    check_formula,
    check_under_dropout,
    columns_read,
    judge,
    ledger,
    load_evidence,
    sigmoid_slopes,
    zero_weights,
)
from depthsounder.claims.ledger import VERDICT_WORDS
from depthsounder.claims.xavier_for_sigmoid import chi_1
from depthsounder.elements.activations import ACTIVATIONS, LINEAR, SIGMOID, TANH
from depthsounder.elements.initializers import INITIALIZERS, initializer
from depthsounder.elements.streams import stream
from depthsounder.engine.spec import NetworkSpec
from depthsounder.judging.reference import References
from depthsounder.storage.schemas import CLAIMS, SCHEMAS
from depthsounder.storage.tables import read_table, write_rows, write_table

SETTINGS = Settings(
    root_seed=1,
    depths=(2, 10),
    activations=("linear", "sigmoid", "tanh", "relu"),
    inits=("naive_small", "naive_unit", "glorot_normal", "critical"),
    width=64,
    optimizer="sgd",
    steps=300,
    clip_norm=None,
    references=References(1, np.arange(200) % 10, batch_size=20, steps=300),
    thresholds=DEFAULT_THRESHOLDS,
)

DATASET = balanced_dataset(n_inputs=64, n_classes=10)
TABLES = ("signal", "traces", "gradient_check", "theory", "verdicts", "comparisons")
NO_CELLS = Evidence(SETTINGS, DATASET, *(SCHEMAS[table].empty_table().to_pandas() for table in TABLES), diverged=())
LEDGER = {claim.name: claim for claim in ledger()}
WITH_A_SWEEP_OF_THEIR_OWN = {"he_for_relu", "he_for_leaky_relu"}
OF_A_RUN = [name for name, claim in LEDGER.items() if claim.reads and name not in WITH_A_SWEEP_OF_THEIR_OWN]
OF_THE_ENGINE = [name for name, claim in LEDGER.items() if not claim.reads]


def judged(name, evidence=NO_CELLS):
    return LEDGER[name].test(evidence)


def test_every_claim_of_the_note_is_in_the_ledger():
    assert set(LEDGER) >= {
        *("chain_0.9_depth_4", "chain_0.9_depth_20", "chain_1.2_depth_20"),
        *("sigmoid_slope_bound", "sigmoid_gradient_rate"),
        *(f"preactivation_variance_{init}" for init in ("lecun_normal", "naive_large", "naive_small")),
        *("range_xavier", "range_he", "range_convention"),
        *("xavier_formula", "xavier_note_tanh", "xavier_note_sigmoid", "xavier_for_sigmoid"),
        *("he_for_relu", "he_for_leaky_relu"),
        *("naive_small", "naive_large", "naive_at_any_width", "zero_weights"),
        *("vanishing_weights", "vanishing_loss", "exploding_symptoms"),
        *("difference_quotient", "check_formula", "check_bands", "check_cost", "check_under_dropout"),
        *("weight_gradient_ratio", "sigmoid_activations"),
    }


def test_a_claim_is_added_by_adding_a_file(tmp_path):
    library = Path(chains.__file__).parents[1]
    copy = shutil.copytree(library, tmp_path / library.name)
    added = Path(chains.__file__).read_text().replace("chain_{", "added_{")
    (copy / "claims" / "added.py").write_text(added)
    program = "from depthsounder.claims import ledger; print(*[claim.name for claim in ledger()])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.split()) - set(LEDGER) == {"added_0.9_depth_4", "added_0.9_depth_20", "added_1.2_depth_20"}


def test_two_claims_of_one_name_are_refused(monkeypatch):
    monkeypatch.setattr(zero_weights, "CLAIMS", chains.CLAIMS)

    with pytest.raises(ValueError, match=r"chain_0\.9_depth_20"):
        ledger()


@pytest.mark.parametrize("name", LEDGER)
def test_a_claim_says_what_it_is_and_reads_what_exists(name):
    claim = LEDGER[name]

    texts = (claim.statement, claim.source, claim.hypothesis)
    assert all(text.endswith(".") for text in texts)
    assert not AS_A_PROGRAM.search(" ".join(texts))
    assert all(set(columns) <= set(SCHEMAS[table].names) for table, columns in claim.reads.items())


@pytest.mark.parametrize("name", OF_A_RUN)
def test_a_claim_that_a_run_does_not_test_is_inconclusive_and_says_why(name):
    judgement = judged(name)

    assert judgement.verdict == "inconclusive"
    assert judgement.observed == "not tested"
    assert judgement.evidence.startswith("The run has no ")


@pytest.mark.parametrize("name", OF_THE_ENGINE)
def test_a_judgement_is_one_of_four_words_with_its_figures_and_evidence(name):
    judgement = judged(name)

    assert judgement.verdict in VERDICT_WORDS
    assert all((judgement.observed, judgement.expected))
    assert judgement.evidence.endswith(".")
    assert not AS_A_PROGRAM.search(" ".join((judgement.observed, judgement.expected, judgement.evidence)))


def test_the_claims_of_a_stored_run_become_rows_of_the_claims_table(tmp_path):
    for table in TABLES:
        schema = SCHEMAS[table]
        write_table(tmp_path / f"{table}.parquet", {column: [] for column in schema.names}, schema)
    evidence = load_evidence(tmp_path, SETTINGS, DATASET, columns_read(LEDGER.values()))
    write_rows(tmp_path / "claims.parquet", judge(LEDGER.values(), evidence), CLAIMS)

    rows = read_table(tmp_path / "claims.parquet").to_pylist()
    assert [row["claim"] for row in rows] == list(LEDGER)
    assert "step" not in evidence.verdicts.columns


@pytest.mark.parametrize(
    ("name", "verdict", "observed"),
    [
        ("chain_0.9_depth_4", "confirmed", "0.6561"),
        ("chain_0.9_depth_20", "confirmed", "0.1216"),
        ("chain_1.2_depth_20", "confirmed", "38.34"),
        ("sigmoid_slope_bound", "confirmed", "9.54 × 10⁻⁷"),
        ("preactivation_variance_lecun_normal", "confirmed", "Var(z) = 1.0"),
        ("preactivation_variance_naive_large", "confirmed", "Var(z) = 25."),
        ("preactivation_variance_naive_small", "confirmed", "Var(z) = 0.010"),
        ("range_xavier", "conditional", "is 1 σ"),
        ("range_he", "confirmed", "is 2 σ"),
        ("range_convention", "refuted", "±0.08 is 0.98"),
        ("xavier_formula", "refuted", "n·Var(W) = 0.500 at width 64"),
        ("naive_at_any_width", "refuted", "1.00 at width 10,000"),
        ("difference_quotient", "confirmed", "6.000"),
        ("check_formula", "conditional", "right ≤ 10⁻⁷; doubled 0.333"),
        ("check_cost", "confirmed", "328 forward passes for 164 parameters"),
        ("check_under_dropout", "conditional", "1.00 with fresh masks, ≤ 10⁻⁶ with the mask"),
        ("zero_weights", "confirmed", "after 50 steps ≤ 10⁻¹⁰"),
    ],
)
def test_the_notes_numbers_have_their_verdicts(name, verdict, observed):
    judgement = judged(name)

    assert judgement.verdict == verdict
    assert observed in judgement.observed


@pytest.mark.parametrize(
    ("width", "small", "large"),
    [
        (4, r"4\.\d+ × 10⁻⁴ at width 4, 1\.00 at width 10,000", r"1\.00 at width 4, 1\.00 at width 4"),
        (64, r"0\.006\d+ at width 64, 1\.00 at width 10,000", r"16\.0 at width 64, 1\.00 at width 4"),
        (10_000, r"1\.00 at width 10,000, 1\.00 at width 10,000", r"2,5\d\d at width 10,000, 1\.00 at width 4"),
    ],
)
def test_a_fixed_scale_is_right_at_its_own_width_and_the_runs_is_named(width, small, large):
    judgement = judged("naive_at_any_width", replace(NO_CELLS, settings=replace(SETTINGS, width=width)))

    assert judgement.verdict == "refuted"
    assert re.fullmatch(rf"σ = 0\.01: n·Var\(W\) = {small}; σ = 0\.5: n·Var\(W\) = {large}", judgement.observed)
    assert "right for one width, too small below it and too large above" in judgement.evidence


@pytest.mark.parametrize("name", ["range_xavier", "range_he", *(name for name in OF_THE_ENGINE if "variance" in name)])
@pytest.mark.parametrize("root_seed", [2, 3, 4])
def test_verdicts_on_draws_do_not_hang_on_the_root_seed(name, root_seed):
    evidence = replace(NO_CELLS, settings=replace(SETTINGS, root_seed=root_seed))

    assert judged(name, evidence).verdict == judged(name).verdict


def test_a_chain_has_as_many_factors_as_layers_and_its_delta_ratio_one_less():
    chain = chains.run_chain(0.9, 20, root_seed=1)

    assert chain.derivative == pytest.approx(0.9**20, rel=1e-12)
    assert chain.variance_ratio == pytest.approx(0.9**40, rel=1e-12)
    assert chain.delta_ratio == pytest.approx(0.9**19, rel=1e-12)


def test_a_chain_claim_stands_or_falls_with_the_engines_backward_pass(monkeypatch):
    def halved(z, h, out):
        out.fill(0.5)

    monkeypatch.setattr(chains, "LINEAR", replace(LINEAR, derivative=halved))

    assert judged("chain_0.9_depth_4").verdict == "conditional"


def test_a_variance_claim_stands_or_falls_with_the_drawn_weights(monkeypatch):
    monkeypatch.setitem(
        INITIALIZERS,
        "naive_large",
        replace(INITIALIZERS["naive_large"], shape=lambda normals, variance: 0.52 * normals),
    )

    assert judged("preactivation_variance_naive_large").verdict == "refuted"


def test_the_slope_bound_knows_nothing_of_the_weights():
    found = {init: sigmoid_slopes.drawn_slopes(init, NO_CELLS) for init in ("naive_small", "naive_unit")}

    assert all(slopes.product <= 0.25**10 * sigmoid_slopes.ROUNDING for slopes in found.values())
    assert all(slopes.jacobian <= slopes.bound for slopes in found.values())
    assert found["naive_small"].jacobian < 0.25**10 < found["naive_unit"].jacobian


def test_sigmoids_growth_of_squared_errors_is_the_quoted_one():
    assert chi_1(1.0) == pytest.approx(0.056, abs=5e-4)
    assert chi_1(16.0) == pytest.approx(0.399, abs=5e-4)


def test_planted_errors_are_told_by_tensor_and_can_drown_in_the_whole_gradient():
    network = draw_checked_network(1, 3, 8, 5, SIGMOID, initializer("naive_small"))
    errors = check_formula.planted_errors(network)

    assert errors["doubled, all parameters"] < 1e-4
    assert errors["doubled"] == pytest.approx(1 / 3, rel=0.1)


def test_the_gradient_check_takes_two_forward_passes_for_each_parameter():
    parameters, passes = check_cost.count_passes(NO_CELLS)

    assert passes == 2 * parameters


def test_the_gradient_under_dropout_is_right_for_its_own_mask():
    network = draw_checked_network(1, 2, 8, 5, TANH, initializer("glorot_normal"))

    assert check_under_dropout.check(network, stream(1, "test"), fresh=False) < 1e-7
    assert check_under_dropout.check(network, stream(1, "test"), fresh=True) > 0.9


def test_dropout_drops_whole_units_and_keeps_their_mean():
    spec = NetworkSpec((6, 40, 40, 4), TANH)
    masks = check_under_dropout.draw_masks(stream(1, "test"), spec)
    rows = masks[:, 6 * 40 + 40 : 6 * 40 + 40 + 40 * 40].reshape(-1, 40, 40)

    assert set(np.unique(rows)) == {0.0, 2.0}
    assert (np.ptp(rows, axis=2) == 0).all()
    assert (masks[:, : 6 * 40 + 40] == 1.0).all()


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus"])
def test_units_that_start_at_zero_stay_alike(name):
    trained = zero_weights.train_from_zero(ACTIVATIONS[name], 1, zero_readout=True)

    assert max(trained.spreads) < 1e-10


def test_a_drawn_readout_parts_the_units_of_the_layer_below_it_and_no_others():
    first, last = zero_weights.train_from_zero(SIGMOID, 1, zero_readout=False).spreads

    assert first < 1e-10
    assert last > 1e-2
