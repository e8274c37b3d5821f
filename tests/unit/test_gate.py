"""The gate: what is known to be wrong, and what nobody has seen to be right, is not computed."""

import json

import pytest

from depthsounder.elements.axes import Cell, Design
from depthsounder.engine.gate import (
    NothingLeft,
    RefusedCells,
    WrongCheck,
    check_schema,
    read_refusals,
    refusal_reason,
    refused,
    standing,
)
from depthsounder.process.text import in_words
from depthsounder.storage.schemas import GRADIENT_CHECK
from depthsounder.storage.tables import write_rows


def row(parameter, method="complex_step", verdict="passed", depth=1, **changes):
    return {
        "depth": depth, "parameter": parameter, "method": method, "relative_error": 1e-16, "noise_floor": 2e-16,
        "verdict": verdict, "found": None, **changes,
    }  # fmt: skip


def checked(depth=1, **verdicts):
    """The rows of a network of depth 1, all passed but for those named, such as ``W1="blind"``."""
    names = [f"{letter}{layer}" for layer in range(1, depth + 2) for letter in "Wb"]
    methods = ("complex_step", "central_difference")
    return [row(name, method, verdicts.get(name, "passed"), depth) for name in names for method in methods]


def changed(rows, parameter, method, **changes):
    return [{**one, **changes} if (one["parameter"], one["method"]) == (parameter, method) else one for one in rows]


def test_cells_are_computed_where_everything_passed():
    assert refusal_reason(checked()) is None


@pytest.mark.parametrize(
    ("method", "named"), [("complex_step", "complex step"), ("central_difference", "central diff")]
)
def test_a_failure_of_either_method_stops_the_cells_and_says_where_and_by_how_much(method, named):
    rows = changed(checked(17), "b17", method, verdict="failed", relative_error=0.25, noise_floor=3e-9)
    reason = refusal_reason(rows)
    for part in (
        "b17 (layer 17)",
        "depth 17",
        "relative error 0.25",
        named,
        "rounding explains 3e-09",
        "1 comparisons",
    ):
        assert part in reason


def test_of_two_failures_the_complex_steps_is_told():
    rows = changed(checked(), "W1", "central_difference", verdict="failed")
    rows = changed(rows, "b2", "complex_step", verdict="failed")
    assert "b2 (layer 2)" in refusal_reason(rows)
    assert "2 comparisons failed" in refusal_reason(rows)


def test_a_kind_of_parameter_that_nobody_saw_stops_the_cells():
    reason = refusal_reason(checked(W1="blind"))
    assert "the weights of the hidden layers could see anything at depth 1" in reason


def test_blindness_in_one_network_is_made_up_by_another():
    assert refusal_reason([*checked(2, W1="blind", W2="blind"), *checked(1)]) is None
    assert refusal_reason([*checked(2, W1="blind"), *checked(1, W1="blind")]) is None


@pytest.mark.parametrize("missing", ["W1", "b1", "W2", "b2"])
def test_a_kind_of_parameter_that_was_never_checked_was_not_seen(missing):
    assert refusal_reason([one for one in checked() if one["parameter"] != missing]) is not None
    assert "could see anything at depth any" in refusal_reason([])


@pytest.mark.parametrize("verdict", ["blind", "skipped"])
def test_central_differences_that_see_nothing_stop_nothing(verdict):
    rows = checked()
    for name in ("W1", "b1", "W2", "b2"):
        rows = changed(rows, name, "central_difference", verdict=verdict)
    assert refusal_reason(rows) is None


def test_without_a_complex_step_central_differences_must_have_seen_every_kind():
    rows = [one for one in checked() if one["method"] == "central_difference"]
    assert refusal_reason(rows) is None
    assert "biases of the readout" in refusal_reason(changed(rows, "b2", "central_difference", verdict="blind"))


def test_a_broken_promise_is_told_as_it_was_found():
    broken = row("activation.finite", "contract", "failed", 0, found="φ is inf at z = 88.75.")
    assert refusal_reason([row("activation.computes", "contract", depth=0), broken]) == "φ is inf at z = 88.75."


def test_a_promise_that_nothing_rests_on_stops_nothing():
    unused = row("activation.analytic", "contract", "skipped", 0, found="φ is not analytic.")
    assert refusal_reason([unused, *checked()]) is None


OWN = Design("layer_norm", "relu", "he_normal")


def write_check(path, rows, design=OWN):
    write_rows(path, rows, check_schema(), {"checked": json.dumps(design._asdict())})
    return path


def test_a_job_reads_its_own_check(tmp_path):
    assert refused(write_check(tmp_path / "a.parquet", checked()), OWN) is None
    assert refused(write_check(tmp_path / "a.parquet", checked(b1="failed")), OWN)


@pytest.mark.parametrize("other", [{"architecture": "rms_norm"}, {"activation": "tanh"}, {"init": "he_uniform"}])
def test_the_check_of_another_architecture_activation_or_init_is_refused(tmp_path, other):
    design = OWN._replace(**other)
    path = write_check(tmp_path / "a.parquet", checked(), design)
    with pytest.raises(WrongCheck, match=f"{path}: found the check of {in_words(design)}; .* {in_words(OWN)}"):
        refused(path, OWN)


def test_a_table_is_read_cell_by_cell(tmp_path):
    rows = [
        {**one, "architecture": "plain", "activation": activation, "init": init}
        for activation, init, of_pair in (
            ("tanh", "he_normal", checked()),
            ("tanh", "zeros", checked(W1="failed")),
            ("relu", "zeros", checked()),
        )
        for one in of_pair
    ]
    write_rows(tmp_path / "t.parquet", rows, GRADIENT_CHECK)
    (found,) = read_refusals(tmp_path / "t.parquet")
    assert found.design == ("plain", "tanh", "zeros")
    assert "W1" in found.reason


REFUSED = [RefusedCells(Design("plain", "tanh", "zeros"), "Because.")]


def test_the_other_cells_stand():
    lost, *others = (
        Design(*names)
        for names in (
            ("plain", "tanh", "zeros"),
            ("layer_norm", "tanh", "zeros"),
            ("plain", "tanh", "he_normal"),
            ("plain", "relu", "zeros"),
        )
    )
    assert standing([lost, *others], REFUSED) == others
    assert standing([Cell(2, *lost), Cell(2, *others[0])], REFUSED) == [Cell(2, *others[0])]


def test_a_sweep_of_which_nothing_stands_is_refused_with_the_first_reason():
    with pytest.raises(NothingLeft, match=r"nothing is left to report\. tanh with zeros: Because\."):
        standing([Design("plain", "tanh", "zeros")], REFUSED)
