"""The studies: each has its preset, is told for every run, and its numbers are what their definitions say."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_run import ENTROPY, write_run
from matplotlib.figure import Figure
from scipy import stats
from scipy.stats import entropy

from depthsounder.claims.comparisons import STALL_OR_DEATH
from depthsounder.config import STUDY_NAMES, validate_files
from depthsounder.data.dataset import load_dataset
from depthsounder.figures.style import save
from depthsounder.studies import (
    STUDIES,
    figures_of,
    glorot2010,
    glorot2010_stated,
    he2015,
    plateau,
    schoenholz2017,
    trainability,
)
from depthsounder.studies.depth_scale import Brackets, DepthScaleFit, bracket, fit
from depthsounder.studies.escapes import ESCAPE, TRAINED, milestone_steps, summary
from depthsounder.sweep.runs import load_run

ROOT = Path(__file__).resolve().parents[2]
FALLING = np.exp(-0.15 * np.arange(31))
GAUSSIANS = ["gaussian_w1.2_b0.05", "gaussian_w1.76_b0.05", "gaussian_w2.4_b0.05"]
RUNS = {
    "glorot2010": {
        "depths": [2, 5],
        "activations": ["sigmoid", "tanh"],
        "inits": ["uniform_standard", "glorot_uniform"],
    },
    "he2015": {"depths": [3, 6], "activations": ["relu"], "inits": ["glorot_normal", "he_normal"]},
    "plateau": {"depths": [5, 10], "activations": ["sigmoid", "relu"], "inits": ["naive_small", "glorot_normal"]},
    "rescue": {
        "depths": [2, 5],
        "activations": ["tanh", "relu"],
        "inits": ["naive_small", "he_normal"],
        "architectures": ["plain", "batch_norm", "residual"],
    },
    "schoenholz2017": {"depths": [2, 5, 9], "activations": ["tanh"], "inits": GAUSSIANS},
    "trainability": {"depths": [2, 5, 9], "activations": ["tanh", "relu"], "inits": ["glorot_normal", "naive_small"]},
    "withheld": {"depths": [2, 5], "activations": ["tanh"], "inits": GAUSSIANS, "withheld": GAUSSIANS[:2]},
    "withheld throughout": {"depths": [2, 5], "activations": ["tanh"], "inits": GAUSSIANS, "withheld": GAUSSIANS},
    "not made for it": {"depths": [1, 2], "activations": ["erf"], "inits": ["he_normal"]},
    "dead": {"depths": [2, 4], "activations": ["tanh"], "inits": ["zeros"], "factor": lambda *cell: 0.0},
    "diverged": {"depths": [2, 4], "activations": ["relu"], "inits": ["he_normal"], "factor": lambda *cell: 1e200},
}
ODD = [name for name in RUNS if name not in STUDY_NAMES]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return {name: load_run(write_run(tmp_path_factory.mktemp("run"), **run)) for name, run in RUNS.items()}


def test_a_study_has_the_name_that_the_config_knows():
    assert set(STUDIES) == set(STUDY_NAMES)
    assert (
        {study.name for study in STUDIES.values()}
        == {study.figure.name for study in STUDIES.values()}
        == set(STUDY_NAMES)
    )


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_a_study_has_a_preset_that_is_made_for_it(name):
    config = validate_files([ROOT / "config" / "config.yaml", ROOT / "config" / f"{name}.yaml"])

    assert (config.run, config.study) == (name, name)
    assert (ROOT / "workflow" / "report" / f"{name}.rst").is_file()


@pytest.mark.parametrize(("name", "run"), [(name, run) for name in STUDY_NAMES for run in (name, *ODD)])
def test_a_study_is_drawn_and_told_for_its_own_run_and_for_odd_ones(runs, name, run, tmp_path):
    study, made = STUDIES[name], runs[run]

    drawn = study.figure.draw(made)
    save(drawn, tmp_path / "figure.svg")

    assert isinstance(drawn, Figure)
    assert study.figure.message(made).endswith(".")
    texts = [text for finding in study.findings(made) for text in (finding.quantity, finding.observed, finding.remark)]
    assert "nan" not in " ".join([*texts, study.figure.alternative_text(made)]).split()


@pytest.mark.parametrize("name", STUDY_NAMES)
def test_a_study_finds_something_in_the_run_that_is_made_for_it(runs, name):
    assert STUDIES[name].findings(runs[name])


def test_only_a_run_with_a_study_has_its_figure(runs):
    config = runs["plateau"].config

    assert "plateau" not in figures_of(config)
    assert list(figures_of(config.model_copy(update={"study": "plateau"})))[-1] == "plateau"


def test_milestones_are_the_first_steps_below_their_levels(runs):
    run = runs["plateau"]
    table = milestone_steps(run, (ESCAPE, TRAINED)).query("init == 'glorot_normal' and depth == 5 and seed == 0")
    # The made-up loss: H exp(-0.15 step). It is trained by the mean of five of them at a time.
    losses = pd.Series(ENTROPY * np.exp(-0.15 * np.arange(31)))
    batches = run.references.guessing(0, 5).class_counts

    steps = table.drop_duplicates("milestone").set_index("milestone")["step"]

    own = [entropy(counts) for counts in batches]
    assert steps[ESCAPE.name] == losses.lt(0.98 * np.array(own)).idxmax() < 4
    assert steps[TRAINED.name] == losses.rolling(5).mean().lt(0.1 * ENTROPY).idxmax()


def test_networks_that_never_arrive_are_counted_as_such():
    assert summary(pd.Series([np.inf, np.inf]), 1000) == "none of 2 within 1,000 steps"
    assert summary(pd.Series([10.0, 30.0, np.inf]), 1000) == "2 of 3 networks after 10 to 30 steps, median 30"
    assert summary(pd.Series([10.0, np.inf, np.inf]), 1000) == "1 of 3 networks after 10 steps"


def test_the_plateau_is_compared_with_the_default_sweep():
    assert validate_files([ROOT / "config" / "config.yaml"]).training.steps == plateau.DEFAULT_STEPS


def test_the_claims_cite_the_plateau_by_its_length():
    steps = validate_files([ROOT / "config" / "config.yaml", ROOT / "config" / "plateau.yaml"]).training.steps

    assert f"config/plateau.yaml tells: such networks, trained for {steps:,} updates" in STALL_OR_DEATH


def of_he(he, glorot, compare):
    return compare(pd.Series(he, dtype=float), pd.Series(glorot, dtype=float))


LATE = [[16.0] * 10, [*[592.0] * 9, np.inf]]


def test_networks_that_the_paper_saw_stall_and_that_are_slow_here_are_no_agreement():
    # Nine of ten of Glorot's networks leave their plateau, 37 times as late: that is slower, and not stalled.
    assert of_he(*LATE, he2015.stalls) == (
        "differs",
        "slower, not stalled: Glorot's take 37 times as many steps, by the medians",
    )
    assert of_he([16.0] * 10, [np.inf] * 10, he2015.stalls) == ("agrees", "")
    assert of_he([16.0] * 10, [*[592.0] * 2, *[np.inf] * 8], he2015.stalls)[0] == "open"
    assert of_he([592.0] * 10, [16.0] * 10, he2015.stalls) == ("differs", "not stalled")
    assert of_he([np.inf] * 10, [16.0] * 10, he2015.stalls)[0] == "differs"
    assert of_he([np.inf] * 10, [np.inf] * 10, he2015.stalls)[0] == "open"


def test_an_order_agrees_and_convergence_is_of_both():
    assert of_he(*LATE, he2015.earlier) == ("agrees", "Glorot's take 37 times as many steps, by the medians")
    assert of_he(*reversed(LATE), he2015.earlier)[0] == "differs"
    assert of_he([np.inf] * 2, [9.0] * 2, he2015.earlier)[0] == "differs"
    assert of_he([9.0] * 2, [np.inf] * 2, he2015.earlier) == ("agrees", "")
    assert of_he([np.inf] * 2, [np.inf] * 2, he2015.earlier)[0] == "open"
    assert of_he([0.0] * 2, [9.0] * 2, he2015.earlier) == ("agrees", "")
    assert of_he([9.0] * 2, [900.0] * 2, he2015.both) == ("agrees", "")
    assert of_he([9.0] * 2, [np.inf] * 2, he2015.both)[0] == "open"


def test_a_paper_of_two_depths_agrees_and_differs_at_these_alone(runs, tmp_path):
    assert {(found.agreement, found.published) for found in he2015.findings(runs["he2015"])} == {
        ("open", "of 22 and 30 layers only")
    }
    # Networks of both learn, at both depths.
    run = load_run(write_run(tmp_path, [22, 30], ["relu"], ["glorot_normal", "he_normal"], losses=FALLING))
    found = {finding.quantity: finding for finding in he2015.findings(run)}
    assert found["depth 30: steps until the loss begins to fall"].agreement == "differs"
    assert found["depth 30: steps until trained"].agreement == "differs"
    assert found["depth 22: steps until trained"].agreement == "agrees"


def test_an_init_that_the_run_lacks_is_not_said_to_stay_on_the_plateau(runs):
    assert he2015.message(runs["not made for it"]).startswith("This run has no ReLU networks with both")
    assert "depth 3 networks with He's variance leave" in he2015.message(runs["he2015"])


@pytest.mark.parametrize(
    ("ratio", "shrinks", "stays"),
    [
        (0.0, "agrees", "differs"),
        (0.3, "agrees", "differs"),
        (0.6, "open", "open"),
        (0.9, "differs", "agrees"),
        (1.4, "differs", "agrees"),
        (1.8, "differs", "open"),
        (100.0, "differs", "differs"),
        (np.inf, "differs", "differs"),
    ],
)
def test_what_stays_the_same_neither_shrinks_nor_grows(ratio, shrinks, stays):
    assert glorot2010_stated.shrinking(ratio) == shrinks
    assert glorot2010_stated.staying(ratio) == stays


@pytest.mark.parametrize(
    ("depth", "escape", "within", "agreement", "remark"),
    [
        (4, 90.0, 150.0, "agrees", ""),
        (4, 3.0, 150.0, "differs", "it leaves, but sooner"),
        (4, 400.0, 500.0, "differs", "it leaves, but later"),
        (4, np.nan, 68.0, "open", "the run ends before the 100 epochs of the paper"),
        (4, np.nan, 150.0, "differs", ""),
        (5, 30.0, 68.0, "differs", "slow, not dead"),
        (5, np.nan, 68.0, "open", "the run ends before the 100 epochs of the paper"),
        (5, np.nan, 150.0, "agrees", ""),
        (2, 3.0, 150.0, "open", ""),
        (9, np.nan, 150.0, "open", ""),
    ],
)
def test_sigmoid_networks_are_compared_with_what_the_paper_says_of_their_depth_and_time(
    depth, escape, within, agreement, remark
):
    assert glorot2010_stated.leaving(depth, escape, within)[1:] == (agreement, remark)


def test_epochs_are_passes_through_the_training_part(runs):
    # Batches of 8 from 16 examples.
    assert glorot2010.epochs(runs["glorot2010"], 30) == 15


def test_only_what_loses_signal_is_said_to_saturate(tmp_path):
    for factor, said in ((1.0, False), (0.2, True)):
        changed = load_run(write_run(tmp_path / str(factor), [5], ["tanh"], ["glorot_uniform"], width=16))
        table = glorot2010.rows(changed)
        scale = table["layer"].astype(float) if factor == 1.0 else 1 / table["layer"].astype(float) ** 2
        table["sd"] = np.where(table["kind"] == "h", scale, 1 / scale)
        table["jacobian"] = 2.0 if factor == 1.0 else 0.1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(glorot2010, "rows", lambda run, table=table: table)
            found = glorot2010.findings(changed)
        assert {finding.agreement for finding in found} == {"differs"}
        assert all((finding.remark != "") == said for finding in found)


@pytest.mark.parametrize(
    ("escapes", "learns", "agreement", "remark"),
    [
        ([20.0, 30.0, np.inf], True, "agrees", ""),
        ([20.0, 30.0, 40.0], False, "differs", "it left, and did not stay below the plateau"),
        ([400.0, 500.0, 600.0], True, "differs", "slow, not dead"),
        ([400.0, np.inf, np.inf], False, "differs", "some of its networks slow, not dead"),
        ([np.inf] * 3, False, "open", "a plateau longer than this run"),
    ],
)
def test_what_a_short_run_says_is_held_against_how_the_long_one_ends(escapes, learns, agreement, remark):
    assert plateau.lasting(pd.Series(escapes), learns) == (agreement, remark)


def test_a_run_whose_cells_all_leave_early_is_not_said_to_have_none_that_leave(tmp_path):
    early = load_run(write_run(tmp_path / "early", [2], ["tanh"], ["glorot_normal"]))
    assert plateau.message(early) == "In every cell some network has left its plateau after 300 steps."
    never = load_run(write_run(tmp_path / "never", [2], ["tanh"], ["glorot_normal"], losses=np.ones(31)))
    assert plateau.message(never).startswith("In 1 cell no network has left its plateau after 300 steps")


@pytest.mark.parametrize(
    ("learns", "agreement"),
    [([2, 9, 5], "agrees"), ([9, 9, 5], "agrees"), ([9, 5, 9], "differs"), ([9, 9, 9], "open"), ([0, 0, 0], "open")],
)
def test_a_peak_of_depth_stands_where_networks_get_deeper_than_elsewhere(learns, agreement):
    table = pd.DataFrame({"weight_gain": [1.2, 1.76, 2.4], "learns": learns})
    assert schoenholz2017.peaking(table, 1.76) == agreement


@pytest.mark.parametrize(
    ("low", "high", "agreement", "words"),
    [
        (4.0, 8.0, "agrees", "5.7"),
        (1.0, 2.0, "differs", "1.4"),
        (20.0, 30.0, "differs", "24"),
        (7.0, np.inf, "open", "at least 7.0"),
        (10.0, np.inf, "differs", "at least 10"),
    ],
)
def test_a_multiple_that_no_deeper_network_bounds_is_a_bound(low, high, agreement, words):
    multiples = pd.DataFrame({"low": [low], "high": [high], "middle": [np.sqrt(low * high)]})
    assert schoenholz2017.reaching(multiples) == agreement
    assert schoenholz2017._reach(multiples) == words


def test_a_cusp_is_that_of_its_bias_variance_alone(runs, tmp_path):
    inits = ["gaussian_w1.2_b0.2", "gaussian_w1.76_b0.2"]
    other = load_run(write_run(tmp_path, [2, 5], ["tanh"], inits))
    assert schoenholz2017.findings(other)[0].agreement == "open"


def test_where_no_loss_halves_no_depth_is_said_to_learn(tmp_path):
    run = load_run(write_run(tmp_path, [2, 5], ["tanh"], GAUSSIANS, losses=np.ones(31)))
    assert schoenholz2017.message(run) == "The loss of no cell's networks halves within 30 steps."
    assert schoenholz2017.findings(run)[0].agreement == "open"


def test_a_multiple_of_another_scale_neither_agrees_nor_differs(runs):
    found = trainability.findings(runs["trainability"])[0]
    assert found.agreement == "open"
    assert re.search(r"6 lies (within|outside) the interval", found.remark)


def test_a_law_is_said_to_be_deeper_or_less_deep_than_its_scale_only_where_it_is():
    law = {"low": 5.0, "high": 9.0}
    assert trainability._beyond({**law, "fitted": 3.0}).startswith("deeper")
    assert trainability._beyond({**law, "fitted": 20.0}).startswith("less deep")
    assert trainability._beyond({**law, "fitted": 7.0}) == ""


def test_the_jacobian_of_linear_layers_has_the_singular_values_of_random_matrices(tmp_path):
    inits = ["uniform_standard", "glorot_uniform"]
    folder = write_run(tmp_path, [3], ["linear"], inits, width=64, seeds={"measure": 10, "tune": 1, "evaluate": 1})
    run = load_run(folder)
    dataset = load_dataset(folder / "data.npz")

    standard, normalized = (glorot2010.layers_of(run, dataset, "linear", init).jacobian for init in inits)

    # The quarter circle law (Marchenko & Pastur 1967): the mean singular value of a square matrix is 8/(3π) √(n Var W).
    assert normalized == pytest.approx(8 / (3 * np.pi), rel=0.01)
    assert standard == pytest.approx(8 / (3 * np.pi) / np.sqrt(3), rel=0.01)


def test_histograms_are_densities(runs):
    table = glorot2010.rows(runs["glorot2010"])
    widths = table.groupby(["activation", "init", "layer", "kind"])["value"].diff().median()
    areas = table[table["kind"] == "h"].groupby(["activation", "init", "layer"])["density"].sum()

    assert widths > 0
    step = (
        table[table["kind"] == "h"].groupby(["activation", "init", "layer"])["value"].agg(lambda v: v.diff().median())
    )
    assert (areas * step).to_numpy() == pytest.approx(1.0, abs=1e-9)


def test_the_cusp_of_tanh_is_the_published_one(runs):
    assert schoenholz2017._cusp(runs["schoenholz2017"]) == "1.761"


def test_the_deepest_networks_that_learn_end_before_the_first_that_do_not(runs):
    run = runs["schoenholz2017"]
    table = schoenholz2017.deepest(run)

    assert table["weight_gain"].tolist() == [1.2, 1.76, 2.4]
    for row in table.itertuples():
        cells = schoenholz2017.rows(run).query("weight_gain == @row.weight_gain")
        assert cells.loc[cells["depth"] <= row.learns, "learned"].all()
        assert not cells.loc[cells["depth"] == row.fails, "learned"].any()


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([1.0, 0.6, 0.4, 0.0], (4, 8)),
        ([1.0, 1.0, 1.0, 0.5], (16, np.inf)),
        ([0.2, 0.0, 0.0, 0.0], (0, 2)),
        # Depth can only harm: one failure among deeper successes is chance or a badly chosen rate.
        ([0.2, 1.0, 1.0, 1.0], (16, np.inf)),
        ([1.0, 0.2, 1.0, 0.0], (8, 16)),
        ([1.0, 0.0, 0.6, 0.0], (2, 4)),
    ],
)
def test_a_bracket_ends_where_fewer_than_half_train(shares, expected):
    assert bracket(np.array([2, 4, 8, 16]), np.array(shares)) == expected


def test_a_bracket_has_the_probability_of_the_logistic_law():
    model = DepthScaleFit(multiple=5.0, budget=40.0, scatter=0.2)
    brackets = Brackets(np.array([2.0, np.inf, 1.0]), np.array([8.0, 30.0, 0.0]), np.array([12.0, np.inf, 3.0]))
    law = stats.logistic(loc=np.log(model.median_depth(brackets.scale)), scale=0.2)

    with np.errstate(divide="ignore"):
        expected = law.cdf(np.log(brackets.high)) - law.cdf(np.log(brackets.low))

    assert model.likelihoods(brackets) == pytest.approx(expected, rel=1e-12)


def test_the_fit_finds_the_law_behind_fine_brackets():
    law = DepthScaleFit(multiple=4.0, budget=60.0, scatter=0.1)
    scale = np.append(np.geomspace(0.3, 300.0, 40), np.inf)
    noise = stats.logistic(scale=law.scatter).rvs(len(scale), random_state=np.random.default_rng(5))
    depth = law.median_depth(scale) * np.exp(noise)

    found = fit(Brackets(scale, 0.97 * depth, 1.03 * depth))

    assert found.multiple == pytest.approx(law.multiple, rel=0.1)
    assert found.budget == pytest.approx(law.budget, rel=0.1)
    assert found.scatter == pytest.approx(law.scatter, rel=0.4)


def test_the_fit_stays_finite_where_all_networks_train_or_none_do():
    scale = np.array([1.0, 10.0, np.inf])
    for low, high in ((np.full(3, 50.0), np.full(3, np.inf)), (np.zeros(3), np.full(3, 2.0))):
        found = fit(Brackets(scale, low, high))

        assert np.isfinite([found.multiple, found.budget, found.scatter]).all()
        assert (found.median_depth(scale)[1:] > low[1:]).all()
        assert (found.median_depth(scale) < high).all()


def test_no_bracket_is_no_fit():
    with pytest.raises(ValueError, match="no bracket"):
        fit(Brackets(*[np.array([])] * 3))


def test_inits_of_one_law_count_once(tmp_path):
    run = load_run(write_run(tmp_path, [2, 5], ["tanh"], ["glorot_normal", "critical", "he_normal"]))

    # Their made-up χ1 is 1, 1 and 2.
    assert trainability.rows(run)["init"].tolist() == ["glorot_normal", "he_normal"]


def test_networks_whose_theory_is_withheld_have_no_place_on_a_map_of_theory(runs):
    run = runs["withheld"]
    assert set(schoenholz2017.rows(run)["init"]) == set(GAUSSIANS[2:])
    assert not set(trainability.rows(run)["init"]) & set(GAUSSIANS[:2])
    assert schoenholz2017.rows(runs["withheld throughout"]).empty
