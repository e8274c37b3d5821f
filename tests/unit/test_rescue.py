"""The study of what rescues a failing cell: its counts, its depths and its costs are those of the tables."""

import numpy as np
import pytest
from made_up_run import write_run

from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.report.headline import other_runs
from depthsounder.report.opening import points, title
from depthsounder.studies import STUDIES, rescue, rescue_stated
from depthsounder.studies.rescue_costs import costs
from depthsounder.sweep.runs import load_run

CELLS = {"depths": [2, 5, 50], "activations": ["tanh", "relu"], "inits": ["naive_small", "naive_large", "he_normal"]}
ARCHITECTURE_NAMES = ["plain", "batch_norm", "residual", "residual_sqrt", "residual_layer_norm"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    # Made up: whatever is not plain keeps its signal and trains.
    folder = tmp_path_factory.mktemp("run")
    return load_run(write_run(folder, **CELLS, architectures=ARCHITECTURE_NAMES))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return load_run(write_run(tmp_path_factory.mktemp("plain"), **CELLS))


def test_each_architecture_has_the_deepest_networks_that_train(run):
    table = rescue.rows(run).set_index(["activation", "init", "architecture"])

    assert len(table) == 2 * 3 * len(ARCHITECTURE_NAMES)
    lost = table.loc[("tanh", "naive_small", "plain")]
    assert np.isnan(lost["deepest_training"])
    # Two layers lose a tenth of the error, and five too much.
    assert lost["deepest_predicted"] == 2
    assert lost["failing_depths"] == "2 5 50"
    cured = table.loc[("tanh", "naive_small", "residual")]
    assert (cured["deepest_training"], cured["deepest_slow"], cured["deepest_predicted"]) == (50, 50, 50)
    assert cured["failing_depths"] == ""


def test_the_cells_that_fail_without_a_remedy_are_counted_under_each(run):
    plain = run.verdicts[run.verdicts["architecture"] == "plain"]
    lost = int(plain["training_verdict"].isin(["stalled", "diverged"]).sum())

    message = rescue.message(run)

    assert lost > 5
    assert f"Of 18 plain cells {lost} fail: of these batch norm trains {lost} and leaves 0 failing" in message
    assert (
        "Relu trains to 50 layers with batch norm, residual, residual sqrt and residual layer norm and to 5 layers "
        "with plain." in message
    )


def test_a_single_layer_is_one_layer(tmp_path):
    shallow = write_run(tmp_path, [1, 20], ["tanh"], ["naive_small", "he_normal"], architectures=["plain", "residual"])

    assert "Tanh trains to 20 layers with residual and to 1 layer with plain." in rescue.remedies(load_run(shallow))


def test_the_page_opens_with_what_rescues(run, plain):
    assert title(run) == "What rescues networks that fail"
    assert next(point.about for point in points(run)) == "What rescues"
    assert rescue.message(run) in points(run)[0].text.unescape()
    assert "rescue" not in title(plain)
    assert "What rescues" not in [point.about for point in points(plain)]
    assert not rescue.remedies(plain)


def test_a_run_of_one_architecture_says_so(plain):
    assert rescue.message(plain) == "All networks of this run are plain networks."
    assert not costs(plain)


def test_sources_stand_beside_the_architectures_that_the_run_has(run, plain):
    found = " ".join(finding.published for finding in rescue_stated.findings(run))

    assert all(source in found for source in ("Yang et al. 2019", "Yang & Schoenholz 2017", "Hayou", "Doshi"))
    assert not rescue_stated.findings(plain)
    assert STUDIES["rescue"].asides(plain) == []


def test_growth_per_layer_is_that_of_second_moments(run):
    cells = run.verdicts.assign(delta_ratio=8.0, depth=4)

    assert rescue_stated._growth(cells).tolist() == [pytest.approx(4.0)] * len(cells)


def test_costs_are_parameters_and_paired_times(run):
    for architecture, seconds in (("plain", 2.0), ("batch_norm", 3.0), ("residual", 2.5)):
        for init in CELLS["inits"]:
            path = "train_networks/depth=50/architecture={}/activation=tanh/init={}/seeds=0-9.tsv"
            path = run.folder / "benchmarks" / path.format(architecture, init)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"s\tcpu_time\n9.0\t{seconds}\n")

    parameters, times = costs(run)

    width, n_inputs, n_classes = run.config.width, run.data.n_inputs, len(run.data.classes)
    own = (n_inputs + 1) * width + 49 * (width + 1) * width + (width + 1) * n_classes
    share = 100 * 2 * 50 * width / own
    assert f"batch norm {share:.2g} %" in parameters
    assert "residual 0 %" in parameters
    assert "batch norm 1.50 and residual 1.25" in times


def test_the_preset_has_architectures_of_the_registry():
    assert set(ARCHITECTURE_NAMES) <= set(ARCHITECTURES)


def test_only_a_plain_run_in_which_cells_fail_points_to_the_preset(run, plain):
    (sentence,) = other_runs(plain)

    assert "make report CONFIG=config/rescue.yaml" in sentence
    assert not other_runs(run)
