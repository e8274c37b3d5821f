"""The axis of architectures: plain networks are what they were before there was one, and no two are ever mixed."""

import ast
import hashlib
import json
import shutil
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import yaml
from made_up_run import write_run

from depthsounder.claims import load_evidence
from depthsounder.config import ConfigError, validate_files
from depthsounder.elements.activations import TANH
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.axes import Cell, Design, spoken
from depthsounder.elements.initializers import initializer
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.figures import FIGURES
from depthsounder.figures.outcomes import outcomes
from depthsounder.figures.style import save
from depthsounder.judging.run_changes import compare_runs, load_snapshot
from depthsounder.process.definitions import Library
from depthsounder.process.fingerprint import code_fingerprint
from depthsounder.report.headline import scope, tallies
from depthsounder.report.opening import points, title
from depthsounder.storage import schemas, tables
from depthsounder.sweep.runs import load_run

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "config/config.yaml"
RUN = {"depths": [2, 5], "activations": ["tanh", "relu"], "inits": ["naive_small", "glorot_normal", "critical"]}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return load_run(write_run(tmp_path_factory.mktemp("plain"), **RUN))


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    return load_run(write_run(tmp_path_factory.mktemp("several"), **RUN, architectures=["layer_norm", "plain"]))


# --- the config ---


def configured(folder, **changes):
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({"run": "mine", **changes}, sort_keys=False))
    return validate_files([DEFAULT, path])


@pytest.mark.parametrize(
    ("found", "meant"),
    [("layer_nrom", "layer_norm"), ("BatchNorm", "batch_norm"), ("resnet", "residual"), ("mlp", "plain")],
)
def test_an_unknown_architecture_is_refused_by_file_line_and_the_nearest_name(tmp_path, found, meant):
    with pytest.raises(ConfigError) as refused:
        configured(tmp_path, architectures=["plain", found])
    message = str(refused.value)
    for words in ("mine.yaml, line 4: architectures[1]", repr(found), f"did you mean {meant}?", *ARCHITECTURES):
        assert words in message


@pytest.mark.parametrize("architectures", [[], ["plain", "plain"], "plain", [1]])
def test_architectures_are_a_list_of_different_names(tmp_path, architectures):
    with pytest.raises(ConfigError, match="architectures"):
        configured(tmp_path, architectures=architectures)


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        ("training.batch_size", {"training": {"batch_size": 1}}),
        ("probe_examples", {"probe_examples": 1}),
    ],
)
def test_one_example_is_refused_where_examples_are_normalized_over(tmp_path, place, changes):
    with pytest.raises(ConfigError, match=place) as refused:
        configured(tmp_path, architectures=["plain", "batch_norm"], **changes)
    assert "is one example, which batch_norm normalizes to 0" in str(refused.value)
    assert "allowed: 2 and more, or architectures that normalize over no examples" in str(refused.value)

    configured(tmp_path, architectures=["plain", "layer_norm"], **changes)


def test_only_architectures_of_the_sweep_are_compared_within(tmp_path):
    pair = {"activation": "tanh", "depth": 20, "init": "glorot_normal", "against": "xavier_note"}
    (compared,) = configured(tmp_path, comparisons=[pair]).comparisons
    assert compared.architecture == "plain"
    with pytest.raises(ConfigError, match="found 'rms_norm', which is not among this sweep's architectures"):
        configured(tmp_path, comparisons=[pair | {"architecture": "rms_norm"}])
    with pytest.raises(ConfigError, match="not among this sweep's architectures"):
        configured(tmp_path, architectures=["layer_norm"], comparisons=[pair])
    same = [pair, pair | {"architecture": "layer_norm"}]
    assert len(configured(tmp_path, architectures=["plain", "layer_norm"], comparisons=same).comparisons) == 2


# --- plain numbers are what they were ---


def normals(*names):
    """The stream of a name, written out: seeds' streams know no architecture."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("init", "gain", "bias"), [("he_normal", 2.0, 0.0), ("gaussian_w1.5_b0.05", 1.5, 0.05)])
def test_every_architecture_draws_the_weights_that_plain_networks_always_had(name, init, gain, bias):
    depth, width, root_seed = 3, 5, 7
    spec = NetworkSpec(layer_sizes(4, width, depth, 3), TANH, ARCHITECTURES[name])
    stack = draw_stack(root_seed, [2, 11], spec, initializer(init))
    drawn = spec.views(stack)
    for row, seed in enumerate([2, 11]):
        for layer, (fan_in, fan_out) in enumerate([(4, 5), (5, 5), (5, 5), (5, 3)], start=1):
            # The readout is LeCun's, without biases, whatever the init.
            of_weights, of_biases = (gain, bias) if layer <= depth else (1.0, 0.0)
            weights = normals(root_seed, "weights", seed, depth, layer).standard_normal((fan_in, fan_out))
            biases = normals(root_seed, "biases", seed, depth, layer).standard_normal(fan_out)
            expected = (weights * sqrt(of_weights / fan_in)).astype(np.float32)
            np.testing.assert_allclose(drawn.weights[layer - 1][row], expected, rtol=2e-7, atol=0)
            expected = (biases * sqrt(of_biases)).astype(np.float32)
            np.testing.assert_allclose(drawn.biases[layer - 1][row, 0], expected, rtol=2e-7, atol=0)


def test_plain_networks_have_no_parameters_but_weights_and_biases():
    spec = NetworkSpec(layer_sizes(4, 5, 3, 2), TANH, ARCHITECTURES["plain"])
    assert spec == NetworkSpec(layer_sizes(4, 5, 3, 2), TANH)
    assert list(spec.tensors()) == ["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"]


# --- what an edit reruns ---


def test_an_edit_of_one_architecture_reruns_its_cells_alone(tmp_path):
    shutil.copytree(ROOT / "src/depthsounder", tmp_path / "depthsounder", ignore=shutil.ignore_patterns("__pycache__"))
    script = ROOT / "scripts/measure_signal.py"

    def digests():
        library = Library(tmp_path / "depthsounder")
        return {name: code_fingerprint(script, Design(name, "tanh", "he_normal"), library) for name in ARCHITECTURES}

    before = digests()
    path = tmp_path / "depthsounder/elements/architectures.py"
    tree = ast.parse(path.read_text())
    (decay,) = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == 0.5)
    decay.value = 0.25
    path.write_text(ast.unparse(tree))
    after = digests()
    assert {name for name in ARCHITECTURES if before[name] != after[name]} == {"residual_sqrt"}
    assert len(set(before.values())) == len(ARCHITECTURES)


# --- names ---


def test_sentences_name_every_architecture_but_plain():
    assert spoken(Design("plain", "tanh", "zeros")) == ["tanh", "zeros"]
    assert spoken(Design("layer_norm", "tanh", "zeros")) == ["tanh", "zeros", "layer_norm"]
    assert spoken(Cell(2, "residual", "relu", "zeros").design.model) == ["relu", "residual"]


# --- runs ---


def test_a_run_from_before_the_axis_is_a_plain_one(plain, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(plain.folder, old)
    for name in ("verdicts", "comparisons"):
        schema = schemas.SCHEMAS[name]
        without = schema.remove(schema.get_field_index("architecture"))
        rows = tables.read_table(old / f"{name}.parquet").drop_columns(["architecture"]).to_pylist()
        tables.write_rows(old / f"{name}.parquet", rows, without)
    config = json.loads((old / "config.json").read_text())
    del config["architectures"]
    (old / "config.json").write_text(json.dumps(config))
    for before, after in ((old, plain.folder), (plain.folder, old)):
        changes = compare_runs(load_snapshot(before), load_snapshot(after))
        assert (changes.common, changes.gone, changes.new) == (12, 0, 0)
        assert changes.settings == changes.flipped == changes.moved == []


def test_an_added_architecture_is_new_and_changes_nothing_else(plain, several):
    changes = compare_runs(load_snapshot(plain.folder), load_snapshot(several.folder))
    assert (changes.common, changes.gone, changes.new) == (12, 0, 12)
    assert changes.flipped == changes.moved == []
    assert [change.quantity for change in changes.settings] == ["architectures"]


def test_the_home_of_a_run_are_its_plain_cells(plain, several):
    assert plain.home is plain
    assert several.home.architectures == ["plain"]
    for name in ("verdicts", "theory", "comparisons", "signal", "evaluation_traces", "compared_gradients"):
        home, own = (getattr(run, name).reset_index(drop=True) for run in (several.home, plain))
        assert home.astype(str).equals(own.astype(str)), name


def test_without_plain_cells_the_first_architecture_is_the_home(tmp_path):
    run = load_run(write_run(tmp_path, [2], ["tanh"], ["he_normal"], architectures=["rms_norm", "residual"]))
    assert run.home.architectures == ["rms_norm"]
    assert list(run.home.verdicts["architecture"]) == ["rms_norm"]


@pytest.mark.parametrize("name", FIGURES)
def test_the_figures_of_a_home_are_those_of_a_plain_run(plain, several, tmp_path, name):
    for run, file in ((plain, "plain.svg"), (several.home, "home.svg")):
        save(FIGURES[name].draw(run), tmp_path / file)
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "home.svg").read_bytes()
    assert FIGURES[name].message(plain) == FIGURES[name].message(several.home)


@pytest.mark.parametrize("name", ["failure_map", "learning_rates", "forward_signal", "backward_signal", "loss_traces"])
def test_figures_have_a_panel_for_each_model(several, name):
    figure = FIGURES[name].draw(several)
    titles = [text for panel in figure.axes for text in (panel.get_title("left"), panel.get_ylabel())]
    for model in ("tanh", "relu", "tanh, layer norm", "relu, layer norm"):
        lines = model.replace(", ", ",\n")
        assert any(title == lines or title.startswith(f"{model}\n") for title in titles), model


def test_no_row_of_a_figure_mixes_architectures(plain, several):
    for name, record in FIGURES.items():
        rows = record.rows(several)
        # The phase diagram has plain networks alone, and needs no column.
        mine = rows[rows["architecture"] == "plain"] if "architecture" in rows else rows
        assert len(mine) == len(record.rows(plain)), name
    table = outcomes(several)
    assert len(table) == 12
    assert set(table["architecture"]) == {"plain", "layer_norm"}
    # Within the plain cells initializations of one law stand as they did.
    same, expected = (
        list(found.loc[found["architecture"] == "plain", "same_law_as"].fillna("no other"))
        for found in (table, outcomes(plain))
    )
    assert same == expected == 2 * ["no other", "no other", "glorot_normal"]


def test_the_first_screen_speaks_of_plain_networks_and_says_so(plain, several):
    assert scope(plain) == ""
    assert "about the plain networks" in scope(several)
    assert "layer norm" in scope(several)
    assert title(several.home) == title(plain)
    assert points(several.home) == points(plain)
    assert tallies(several.home) == tallies(plain)


def test_claims_look_at_plain_networks_alone(plain, several):
    columns = {"verdicts": {*schemas.CELL_KEYS, "training_verdict"}, "signal": {*schemas.CELL_KEYS, "seed", "layer"}}
    own, others = (load_evidence(run.folder, None, None, columns) for run in (plain, several))
    for name in ("verdicts", "signal", "traces", "theory", "gradient_check", "comparisons"):
        one, other = (getattr(evidence, name).astype(str).reset_index(drop=True) for evidence in (own, others))
        assert one.equals(other), name
