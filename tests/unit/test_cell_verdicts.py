"""The verdicts table, from collected tables: every cell is judged on its own rows, and on the right ones."""

from dataclasses import replace

import numpy as np
import pytest
from support import DEFAULT_THRESHOLDS, FlatReferences

from depthsounder.elements.axes import Cell
from depthsounder.judging.cell_verdicts import judge_cells
from depthsounder.storage.schemas import SIGNAL, TRACES, VERDICTS
from depthsounder.storage.tables import write_rows

THRESHOLDS = replace(DEFAULT_THRESHOLDS, tail_steps=4)
STEPS, H = 8, 2.0
N_SEEDS = 8
DEEP, SHALLOW, EXPLODED, DEAD = (
    Cell(3, "plain", "tanh", "he_normal"),
    Cell(1, "plain", "tanh", "he_normal"),
    Cell(3, "plain", "relu", "naive_unit"),
    Cell(3, "plain", "relu", "zeros"),
)
CELLS = [DEEP, SHALLOW, EXPLODED, DEAD]
TAILS = {DEEP: 0.1, SHALLOW: 1.0, EXPLODED: np.nan, DEAD: 2.0}


def cell_of_row(row):
    return Cell(*(row[axis] for axis in Cell._fields))


def signal_rows(cell, step=0, delta=(4.0, 2.0, 1.0), q=(1.0, 2.0, 3.0), **spoiled):
    depth = cell[0]
    for seed in range(N_SEEDS):
        for layer in range(1, depth + 2):
            hidden = layer <= depth
            row = dict.fromkeys(SIGNAL.names)
            row |= cell._asdict()
            row |= {"seed": seed, "step": step, "layer": layer, "fan_in": 4, "fan_out": 4}
            row |= {
                "z_second_moment": q[layer - 1] * (1.0 + seed) if hidden else 9.0,
                "z_batch_variance": 0.5 * q[layer - 1] * (1.0 + seed) if hidden else 1e-9,
                "h_variance": 1.0 if hidden else None,
                "delta_second_moment": delta[layer - 1] * (1.0 + seed) if hidden else 1e30,
                "weight_grad_rms": 1.0,
            }
            if layer == 2 and seed in spoiled.get("seeds", ()):
                row[spoiled["column"]] = spoiled["value"]
            yield row


def trace_rows(cell, phase, seeds, rates, tail):
    for seed in seeds:
        for rate in rates:
            diverged = np.isnan(tail)
            losses = [2.5, np.nan] if diverged else [2.5] * 5 + [tail] * 4
            for step, loss in enumerate(losses):
                row = dict.fromkeys(TRACES.names)
                row |= cell._asdict()
                row |= {"phase": phase, "seed": seed, "learning_rate": rate, "step": step, "train_loss": loss}
                yield row


def judge(tmp_path, signal, traces=None, cells=CELLS):
    if traces is None:
        # As collect leaves them: the tuning of all cells first, and only then their evaluation.
        traces = [
            row for cell in CELLS for row in trace_rows(cell, "tune", range(10_000, 10_002), (0.1, 0.3), TAILS[cell])
        ]
        traces += [row for cell in CELLS for row in trace_rows(cell, "evaluate", range(5), (0.3,), TAILS[cell])]
    write_rows(tmp_path / "signal.parquet", list(signal), SIGNAL)
    write_rows(tmp_path / "traces.parquet", traces, TRACES)
    references = FlatReferences(H, STEPS)
    rows = judge_cells(tmp_path / "signal.parquet", tmp_path / "traces.parquet", cells, references, THRESHOLDS)
    return {cell_of_row(row): row for row in rows}


@pytest.fixture
def initial():
    return [
        *signal_rows(DEEP),
        *signal_rows(SHALLOW, delta=(1.0,), q=(1.0,)),
        *signal_rows(EXPLODED, delta=(1e9, 1e3, 1.0), q=(1.0, 1e3, 1e6)),
        *signal_rows(DEAD, delta=(0.0, 0.0, 1.0), q=(0.0, 0.0, 0.0)),
    ]


def test_every_cell_has_its_words(tmp_path, initial):
    rows = judge(tmp_path, initial)
    assert {cell: (row["signal_verdict"], row["training_verdict"]) for cell, row in rows.items()} == {
        DEEP: ("healthy", "trains"),
        SHALLOW: (None, "partial"),
        EXPLODED: ("exploding", "diverged"),
        DEAD: ("vanishing", "stalled"),
    }


def test_the_rows_are_those_of_the_table_in_the_order_of_the_cells(tmp_path, initial):
    rows = judge(tmp_path, initial, cells=CELLS[::-1])
    assert list(rows) == CELLS[::-1]
    assert all(set(row) == set(VERDICTS.names) for row in rows.values())
    write_rows(tmp_path / "verdicts.parquet", list(rows.values()), VERDICTS)


def test_d_is_of_the_first_and_the_last_hidden_layer_and_not_of_the_readout(tmp_path, initial):
    row = judge(tmp_path, initial)[DEEP]
    assert row["delta_ratio"] == pytest.approx(2.0)
    assert (row["delta_ratio_low"], row["delta_ratio_high"]) == (pytest.approx(2.0), pytest.approx(2.0))
    assert row["forward_ratio"] == pytest.approx(3.0)


def test_one_hidden_layer_has_neither_ratio(tmp_path, initial):
    row = judge(tmp_path, initial)[SHALLOW]
    assert {row[name] for name in ("signal_borderline", "delta_ratio", "delta_ratio_low", "forward_ratio")} == {None}


def test_training_is_judged_at_the_rate_and_on_the_seeds_of_the_evaluation(tmp_path, initial):
    row = judge(tmp_path, initial)[DEEP]
    assert (row["best_learning_rate"], row["edge_of_grid"], row["seeds"], row["successes"]) == (0.3, True, 5, 5)
    assert row["tail_loss"] == pytest.approx(0.1)


def test_only_the_signal_before_training_counts(tmp_path, initial):
    later = [*signal_rows(DEEP, step=8, delta=(0.0, 0.0, 0.0))]
    assert judge(tmp_path, [*initial, *later])[DEEP] == judge(tmp_path, initial)[DEEP]


@pytest.mark.parametrize("column", ["z_second_moment", "h_variance", "weight_grad_rms"])
@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize(("n_spoiled", "expected"), [(3, "healthy"), (5, "exploding")])
def test_a_seed_that_is_not_finite_in_any_layer_explodes(tmp_path, initial, column, value, n_spoiled, expected):
    others = [row for row in initial if cell_of_row(row) != DEEP]
    spoiled = signal_rows(DEEP, seeds=range(n_spoiled), column=column, value=value)
    assert judge(tmp_path, [*spoiled, *others])[DEEP]["signal_verdict"] == expected


@pytest.mark.parametrize("value", [np.inf, np.nan])
@pytest.mark.parametrize(("n_spoiled", "expected"), [(3, 3.0), (5, np.inf)])
def test_seeds_that_overflow_count_as_infinite_growth(tmp_path, initial, value, n_spoiled, expected):
    others = [row for row in initial if cell_of_row(row) != DEEP]
    grown = list(signal_rows(DEEP))
    for row in grown:
        if row["layer"] == DEEP[0] and row["seed"] < n_spoiled:
            row["z_second_moment"] = value
    assert judge(tmp_path, [*grown, *others])[DEEP]["forward_ratio"] == pytest.approx(expected)


def test_a_silent_first_layer_has_no_forward_ratio(tmp_path, initial):
    assert judge(tmp_path, initial)[DEAD]["forward_ratio"] is None


def test_cells_of_one_activation_and_init_are_told_apart_by_their_depth(tmp_path, initial):
    rows = judge(tmp_path, initial)
    assert rows[DEEP]["training_verdict"] != rows[SHALLOW]["training_verdict"]


def test_the_reason_says_both_verdicts(tmp_path, initial):
    reason = judge(tmp_path, initial)[DEAD]["reason"]
    assert "vanishing" in reason
    assert "Stalled within 8 steps" in reason


def test_the_forward_verdict_is_of_the_last_hidden_layer_and_not_of_the_readout(tmp_path, initial):
    rows = judge(tmp_path, initial)
    assert (rows[DEEP]["forward_verdict"], rows[DEEP]["variance_share"]) == ("distinct", pytest.approx(0.5))
    # A network with one hidden layer has no ratio, but it tells inputs apart or not.
    assert (rows[SHALLOW]["forward_verdict"], rows[SHALLOW]["variance_share"]) == ("distinct", pytest.approx(0.5))
    assert (rows[DEAD]["forward_verdict"], rows[DEAD]["variance_share"]) == ("collapsed", 0.0)


def test_a_healthy_ratio_of_errors_is_no_word_on_the_inputs(tmp_path, initial):
    for row in initial:
        if cell_of_row(row) == DEEP and row["layer"] == DEEP.depth:
            row["z_batch_variance"] = 1e-6
    row = judge(tmp_path, initial)[DEEP]
    assert (row["signal_verdict"], row["forward_verdict"]) == ("healthy", "collapsed")


def test_dead_units_are_the_median_share_of_the_last_hidden_layer_and_null_but_for_rectifiers(tmp_path, initial):
    for row in initial:
        if row["activation"] == "relu" and row["layer"] <= row["depth"]:
            row["dead_fraction"] = 0.1 * row["seed"] if row["layer"] == row["depth"] else 0.9
    rows = judge(tmp_path, initial)
    assert rows[DEAD]["dead_units"] == pytest.approx(0.35)
    assert rows[DEEP]["dead_units"] is None


def test_evaluation_seeds_without_an_error_in_some_hidden_layer_were_dead_at_birth(tmp_path, initial):
    for row in initial:
        # Seed 1 loses it in layer 1, seed 2 in layer 2; seed 7 is not trained, and the readout is no hidden layer.
        if row["activation"] == "tanh" and (row["seed"], row["layer"]) in {(1, 1), (2, 2), (7, 1), (3, 4)}:
            row["delta_second_moment"] = 0.0
    rows = judge(tmp_path, initial)
    assert {cell: row["dead_at_birth"] for cell, row in rows.items()} == {DEEP: 2, SHALLOW: 1, EXPLODED: 0, DEAD: 5}
    assert "(2 dead at birth)" in rows[DEEP]["reason"]


def test_the_counts_of_the_seeds_sum_up(tmp_path, initial):
    counted = ("successes", "learning", "falling", "on_plateau", "above_plateau", "diverged_seeds")
    for row in judge(tmp_path, initial).values():
        assert sum(row[name] for name in counted) == row["seeds"] == 5
        assert row["reference_loss"] == H
