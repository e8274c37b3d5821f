"""The studies: each has its preset, is told for every run, and its numbers are what their definitions say."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_run import ENTROPY, write_run
from matplotlib.figure import Figure
from scipy import stats
from scipy.stats import entropy

from depthsounder.claims.wording import STALL_OR_DEATH
from depthsounder.config import STUDIES as NAMES
from depthsounder.config import validate_files
from depthsounder.data.dataset import load_dataset
from depthsounder.figures.style import save
from depthsounder.studies import STUDIES, figures_of, glorot2010, he2015, plateau, schoenholz2017, trainability
from depthsounder.studies.depth_scale import Brackets, DepthScaleFit, bracket, fit
from depthsounder.studies.escapes import ESCAPE, TRAINED, milestone_steps, summary
from depthsounder.sweep.runs import load_run

ROOT = Path(__file__).resolve().parents[2]
GAUSSIANS = ["gaussian_w1.2_b0.05", "gaussian_w1.76_b0.05", "gaussian_w2.4_b0.05"]
RUNS = {
    "glorot2010": {
        "depths": [2, 5],
        "activations": ["sigmoid", "tanh"],
        "inits": ["uniform_standard", "glorot_uniform"],
    },
    "he2015": {"depths": [3, 6], "activations": ["relu"], "inits": ["glorot_normal", "he_normal"]},
    "plateau": {"depths": [5, 10], "activations": ["sigmoid", "relu"], "inits": ["naive_small", "glorot_normal"]},
    "schoenholz2017": {"depths": [2, 5, 9], "activations": ["tanh"], "inits": GAUSSIANS},
    "trainability": {"depths": [2, 5, 9], "activations": ["tanh", "relu"], "inits": ["glorot_normal", "naive_small"]},
    "withheld": {"depths": [2, 5], "activations": ["tanh"], "inits": GAUSSIANS, "withheld": GAUSSIANS[:2]},
    "withheld throughout": {"depths": [2, 5], "activations": ["tanh"], "inits": GAUSSIANS, "withheld": GAUSSIANS},
    "not made for it": {"depths": [1, 2], "activations": ["erf"], "inits": ["he_normal"]},
    "dead": {"depths": [2, 4], "activations": ["tanh"], "inits": ["zeros"], "factor": lambda *cell: 0.0},
    "diverged": {"depths": [2, 4], "activations": ["relu"], "inits": ["he_normal"], "factor": lambda *cell: 1e200},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return {name: load_run(write_run(tmp_path_factory.mktemp("run"), **run)) for name, run in RUNS.items()}


def test_a_study_has_the_name_that_the_config_knows():
    assert set(STUDIES) == set(NAMES)
    assert {study.name for study in STUDIES.values()} == {study.figure.name for study in STUDIES.values()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_a_preset_that_is_made_for_it(name):
    config = validate_files([ROOT / "config" / f"{name}.yaml"])

    assert (config.run, config.study) == (name, name)
    assert (ROOT / "workflow" / "report" / f"{name}.rst").is_file()


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", NAMES)
def test_a_study_is_drawn_and_told_for_every_run(runs, name, run, tmp_path):
    study, made = STUDIES[name], runs[run]

    drawn = study.figure.draw(made)
    save(drawn, tmp_path / "figure.svg")

    assert isinstance(drawn, Figure)
    assert study.figure.message(made).endswith(".")
    texts = [text for finding in study.findings(made) for text in (finding.quantity, finding.observed, finding.remark)]
    assert "nan" not in " ".join([*texts, study.figure.alternative_text(made)]).split()


@pytest.mark.parametrize("name", NAMES)
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
    steps = validate_files([ROOT / "config" / "plateau.yaml"]).training.steps

    assert f"config/plateau.yaml tells: such networks, trained for {steps:,} updates" in STALL_OR_DEATH


def test_he_and_glorot_are_told_apart_by_their_order(runs):
    # He's factor 2 a layer makes the made-up networks learn faster than Glorot's 1 does not: they are equal there.
    assert {finding.agreement for finding in he2015.findings(runs["he2015"])} <= {"agrees", "differs", "open"}
    assert he2015._order(50.0, 600.0) == he2015._order(50.0, np.inf) == "agrees"
    assert he2015._order(600.0, 50.0) == he2015._order(np.inf, 50.0) == "differs"
    assert he2015._order(np.inf, np.inf) == "open"


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
