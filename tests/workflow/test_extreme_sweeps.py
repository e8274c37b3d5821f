"""Sweeps at the edge: one of everything, and nothing that trains, still end in a true report."""

import pytest

pytestmark = pytest.mark.workflow

ONE_OF_EVERYTHING = {
    "depths": [1],
    "activations": ["relu"],
    "inits": ["he_normal"],
    "seeds": {"measure": 1, "tune": 1, "evaluate": 1},
    "training.steps": 1,
    "training.learning_rates": [0.1],
    "training.logged_steps": ["last"],
    "verdicts.tail_steps": 1,
    "gradient_check.depths": [1],
}
NOTHING_TRAINS = {
    "depths": [2, 40],
    "activations": ["linear", "relu"],
    "inits": ["gaussian_w100_b0"],
    "training.learning_rates": [1000.0],
    "training.steps": 20,
    "training.logged_steps": [0, 10, "last"],
}


def page_of(project):
    return (project / "reports/default/index.html").read_text()


def assert_no_warning(project, said):
    """Overflow and NaN are data: neither the terminal nor a log nor the page has a word of a warning."""
    assert "Warning" not in said
    logs = list((project / "logs").rglob("*.log"))
    assert logs
    for path in [*logs, project / "reports/default/index.html"]:
        assert "Warning" not in path.read_text(), path


def test_one_network_of_one_layer_gives_a_report(fresh):
    fresh.configure(ONE_OF_EVERYTHING)

    said = fresh.run()

    assert "1 cell: " in said
    assert_no_warning(fresh, said)
    (verdict,) = fresh.table("verdicts")
    assert verdict["signal_verdict"] is None
    assert verdict["seeds"] == 1
    assert "1 cell of activation" in page_of(fresh)


def test_a_sweep_in_which_every_cell_diverges_says_so(fresh):
    fresh.configure(NOTHING_TRAINS)

    said = fresh.run()

    assert "4 cells: 0 trains, 0 partial, 0 mixed, 0 stalled, 4 diverged" in said
    assert_no_warning(fresh, said)
    verdicts = fresh.table("verdicts")
    assert {verdict["training_verdict"] for verdict in verdicts} == {"diverged"}
    assert {verdict["signal_verdict"] for verdict in verdicts if verdict["depth"] == 40} == {"exploding"}
    # What overflowed is recorded as it is, and a network that ended early has no rows behind its end.
    losses = [row["train_loss"] for row in fresh.table("traces")]
    assert any(loss != loss or loss == float("inf") for loss in losses)
    assert len(losses) < 4 * (2 + 1) * 21
    assert "<b>4</b> diverged" in page_of(fresh)
