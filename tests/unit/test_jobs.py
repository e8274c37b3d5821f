"""The jobs of a cell, run as by hand: what they refuse, what they note, and that blocks of seeds leave no trace."""

import json
import runpy
import sys
from dataclasses import asdict, field, make_dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import small_dataset
from tiny_sweep import TINY_SWEEP

from depthsounder.checking.gradcheck import TensorCheck
from depthsounder.config import Config, model, stage_arguments, stage_settings
from depthsounder.data.dataset import save_dataset
from depthsounder.elements.activations import TANH
from depthsounder.elements.initializers import HE_NORMAL
from depthsounder.engine import jobs
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.gate import check_schema
from depthsounder.engine.jobs import OF_TRAINING, add_recipe, cell_parser, describe, recipe, start_cell
from depthsounder.engine.spec import NetworkSpec
from depthsounder.engine.training import Recipe
from depthsounder.process.commands import Refusal
from depthsounder.storage.schemas import JACOBIAN, SIGNAL, TRACES, part_schema
from depthsounder.storage.tables import read_table, write_rows

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ["--optimizer", "sgd", "--batch-size", "16", "--steps", "8", "--logged-steps", "0", "1", "8"]


@pytest.fixture
def data(tmp_path):
    save_dataset(tmp_path / "data.npz", small_dataset())
    return tmp_path / "data.npz"


def write_check(path, verdict="passed", activation="tanh"):
    checks = [TensorCheck(name, "complex_step", 0.5, 2e-16, verdict) for name in ("W1", "b1", "W2", "b2")]
    checked = {"checked": json.dumps({"architecture": "plain", "activation": activation, "init": "he_normal"})}
    write_rows(path, [{"depth": 1, **asdict(check), "found": None} for check in checks], check_schema(), checked)
    return path


@pytest.fixture
def cell(data, tmp_path):
    """The arguments of every job of a cell."""
    check = write_check(tmp_path / "check.parquet")
    return [
        *["--data", str(data), "--check", str(check), "--depth", "2", "--architecture=plain"],
        *["--activation", "tanh", "--init", "he_normal"],
        *["--seeds", "3-5", "--width", "7", "--root-seed", "1", "--code", "abc"],
    ]


def run(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    runpy.run_path(str(ROOT / "scripts" / script), run_name="__main__")


def with_seeds(cell, seeds):
    return [seeds if previous == "--seeds" else word for previous, word in zip(["", *cell], cell, strict=False)]


def test_a_command_line_becomes_the_networks_that_it_names(cell):
    job = start_cell(cell_parser("a job").parse_args(cell))
    assert job.init is HE_NORMAL
    assert list(job.seeds) == [3, 4, 5]
    assert job.spec == NetworkSpec((6, 7, 7, 3), TANH)
    assert job.root_seed == 1
    assert (job.draw(job.seeds) == draw_stack(1, [3, 4, 5], job.spec, HE_NORMAL)).all()


def test_a_training_job_has_a_recipe(cell):
    parser = cell_parser("a job")
    add_recipe(parser)
    assert recipe(parser.parse_args([*cell, *RECIPE]), small_dataset()) == Recipe("sgd", 16, 8, (0, 1, 8))
    clipped = parser.parse_args([*cell, *RECIPE, "--clip-norm=0.5"])
    assert recipe(clipped, small_dataset()) == Recipe("sgd", 16, 8, (0, 1, 8), 0.5)


JOBS = {
    "measure_signal.py": ([], {"signal": SIGNAL, "jacobian": JACOBIAN}),
    "tune_rate.py": ([*RECIPE, "--learning-rates", "0.1"], {"output": TRACES}),
    "train_networks.py": (
        [*RECIPE, "--tuning", "nowhere.parquet", "--tail-steps", "3"],
        {"signal": SIGNAL, "traces": TRACES},
    ),
}


@pytest.mark.parametrize("script", JOBS)
def test_a_refused_cell_computes_nothing_and_leaves_empty_parts(script, cell, data, tmp_path, monkeypatch, capsys):
    write_check(tmp_path / "check.parquet", "failed")
    data.unlink()
    arguments, parts = JOBS[script]
    paths = {name: tmp_path / f"{name}.parquet" for name in parts}
    run(monkeypatch, script, *cell, *arguments, *(word for name in parts for word in (f"--{name}", paths[name])))
    for name, schema in parts.items():
        table = read_table(paths[name])
        assert table.num_rows == 0
        assert table.schema.names == part_schema(schema).names
    assert f"tanh with he_normal is refused and not computed: {tmp_path / 'check.parquet'}" in capsys.readouterr().err


@pytest.mark.parametrize("script", JOBS)
def test_a_job_goes_by_no_other_activations_check(script, cell, tmp_path, monkeypatch):
    write_check(tmp_path / "check.parquet", activation="relu")
    arguments, parts = JOBS[script]
    outputs = [word for name in parts for word in (f"--{name}", tmp_path / f"{name}.parquet")]
    with pytest.raises(SystemExit, match=r"check\.parquet: found the check of relu with he_normal; .* tanh"):
        run(monkeypatch, script, *cell, *arguments, *outputs)
    assert not any((tmp_path / f"{name}.parquet").exists() for name in parts)


def test_a_job_refuses_to_run_without_the_check(cell, tmp_path, monkeypatch):
    (tmp_path / "check.parquet").unlink()
    with pytest.raises(SystemExit, match=r"check\.parquet"):
        run(monkeypatch, "measure_signal.py", *cell, "--signal", tmp_path / "1", "--jacobian", tmp_path / "2")


@pytest.mark.parametrize("seeds", ["3", "5-3", "a-b", "-1-3", ""])
def test_what_is_no_block_of_seeds_is_refused(cell, seeds, capsys):
    with pytest.raises(SystemExit):
        cell_parser("a job").parse_args(with_seeds(cell, seeds))
    assert "--seeds" in capsys.readouterr().err


def test_a_setting_of_training_is_written_in_one_record(cell, monkeypatch):
    longer = make_dataclass(
        "Longer",
        [("momentum", float, field(kw_only=True, metadata={"help": "share", "type": float}))],
        bases=(Recipe,),
        frozen=True,
    )
    for module in (jobs, model):
        monkeypatch.setattr(module, "Recipe", longer)
    parser = cell_parser("a job")
    add_recipe(parser)
    given = {"optimizer": "sgd", "batch_size": 16, "steps": 8, "logged_at": (0, 1, 8), "logged_steps": (0,)}
    training = SimpleNamespace(**given, clip_norm=None, momentum=0.5)
    training.recipe = model.Training.recipe.fget(training)

    settings = stage_settings(SimpleNamespace(root_seed=1, width=7, training=training,
                                              verdicts=SimpleNamespace(tail_steps=3)), "train")  # fmt: skip

    assert settings["momentum"] == 0.5
    arguments = parser.parse_args([*cell, *RECIPE, "--momentum", "0.5"])
    assert recipe(arguments, small_dataset()) == training.recipe == longer("sgd", 16, 8, (0, 1, 8), momentum=0.5)


@pytest.mark.parametrize("stage", ["measure", "tune", "train"])
def test_a_part_notes_the_settings_that_its_rule_hands_over_and_nothing_else(stage, cell, tmp_path, monkeypatch):
    values = {**TINY_SWEEP, "training": {**TINY_SWEEP["training"], "steps": 8, "logged_steps": [0, 1, "last"]}}
    config = Config.model_validate(values)
    run(monkeypatch, "tune_rate.py", *with_seeds(cell, "10000-10001"), *RECIPE, "--learning-rates", "0.1", "--output",
        tmp_path / "tuning")  # fmt: skip
    script = next(name for name in JOBS if name.startswith(stage))
    _, parts = JOBS[script]
    settings = stage_settings(config, stage)
    ours = cell[: cell.index("--width")]
    tuning = ["--tuning", tmp_path / "tuning"] if stage == "train" else []
    outputs = [word for name in parts for word in (f"--{name}", tmp_path / f"{name}.parquet")]
    run(monkeypatch, script, *ours, *stage_arguments(config, stage), "--code", "abc", *tuning, *outputs)
    for name in parts:
        noted = json.loads(read_table(tmp_path / f"{name}.parquet").schema.metadata[b"settings"])
        assert noted == json.loads(json.dumps(settings))


@pytest.mark.parametrize(
    ("script", "words", "complaint"),
    [
        ("measure_signal.py", ["--width", "0"], "--width: found '0'; allowed: a whole number from 1"),
        ("measure_signal.py", ["--depth", "-2"], "--depth: found '-2'; allowed: a whole number from 1"),
        ("measure_signal.py", ["--root-seed", "-1"], "--root-seed: found '-1'; allowed: a whole number from 0"),
        ("measure_signal.py", ["--seeds", "5-3"], "--seeds: '5-3' is no block of seeds; allowed: the first and the"),
        ("measure_signal.py", ["--init", "he"], "--init: 'he' is no initialization"),
        ("tune_rate.py", ["--batch-size", "-16"], "--batch-size: found '-16'; allowed: a whole number from 1"),
        ("tune_rate.py", ["--steps", "1e3"], "--steps: found '1e3'; allowed: a whole number from 1"),
        ("tune_rate.py", ["--logged-steps", "-1"], "--logged-steps: found '-1'; allowed: a whole number from 0"),
        ("tune_rate.py", ["--learning-rates", "nan"], "--learning-rates: found 'nan'; allowed: a number above 0"),
        ("tune_rate.py", ["--clip-norm", "0"], "--clip-norm: found '0'; allowed: a number above 0"),
        ("train_networks.py", ["--tail-steps", "0"], "--tail-steps: found '0'; allowed: a whole number from 1"),
        ("check_gradients.py", ["--width", "0"], "--width: found '0'; allowed: a whole number from 1"),
        ("check_gradients.py", ["--examples", "-5"], "--examples: found '-5'; allowed: a whole number from 1"),
        ("check_gradients.py", ["--complex-step-threshold", "0"], "threshold: found '0'; allowed: a number above 0"),
        ("prepare_data.py", ["--test-fraction", "1"], "found '1'; allowed: a number above 0 and below 1"),
        ("prepare_data.py", ["--probe-examples", "-1"], "--probe-examples: found '-1'; allowed: a whole number from 1"),
    ],
)
def test_an_option_that_no_rule_would_pass_is_refused_in_a_sentence(script, words, complaint, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, script, *words)
    assert complaint in capsys.readouterr().err


def test_a_batch_that_the_data_cannot_fill_and_a_step_that_never_comes_are_refused(cell):
    parser = cell_parser("a job")
    add_recipe(parser)
    data = small_dataset()
    with pytest.raises(Refusal, match="--batch-size: found 500; allowed: at most the 120 training examples"):
        recipe(parser.parse_args([*cell, *RECIPE, "--batch-size", "500"]), data)
    with pytest.raises(Refusal, match="--logged-steps: found 9; allowed: at most the 8 steps"):
        recipe(parser.parse_args([*cell, *RECIPE, "--logged-steps", "0", "9"]), data)


def test_a_table_that_is_no_gradient_check_is_told_apart(cell, tmp_path, monkeypatch):
    write_rows(tmp_path / "check.parquet", [], part_schema(JACOBIAN))
    with pytest.raises(
        SystemExit, match=r"check\.parquet: found a table that is no gradient check; allowed: that of tanh"
    ):
        run(monkeypatch, "measure_signal.py", *cell, "--signal", tmp_path / "1", "--jacobian", tmp_path / "2")


def test_metadata_has_the_settings_that_all_cells_share_and_no_paths(cell):
    parser = cell_parser("a job")
    add_recipe(parser)
    metadata = describe(parser.parse_args([*cell, *RECIPE]), OF_TRAINING)
    assert metadata["code"] == "abc"
    assert json.loads(metadata["settings"]) == {
        "width": 7,
        "root_seed": 1,
        "optimizer": "sgd",
        "batch_size": 16,
        "steps": 8,
        "logged_steps": [0, 1, 8],
        "clip_norm": None,
    }


def test_a_cell_is_measured_tuned_and_trained(cell, tmp_path, monkeypatch):
    initial, jacobian, tuning, signal, traces = (
        tmp_path / f"{name}.parquet" for name in ("initial", "jacobian", "tuning", "signal", "traces")
    )
    run(monkeypatch, "measure_signal.py", *cell, "--signal", initial, "--jacobian", jacobian)
    tuned = with_seeds(cell, "10000-10001")
    run(monkeypatch, "tune_rate.py", *tuned, *RECIPE, "--learning-rates", "0.1", "0.3", "1e9", "--output", tuning)
    outputs = ["--tuning", tuning, "--tail-steps", "3", "--signal", signal, "--traces", traces]
    run(monkeypatch, "train_networks.py", *cell, *RECIPE, *outputs)
    assert read_table(initial).schema.names == read_table(signal).schema.names == part_schema(SIGNAL).names
    assert read_table(jacobian).schema.names == part_schema(JACOBIAN).names
    assert read_table(tuning).schema.names == read_table(traces).schema.names == part_schema(TRACES).names
    rows = read_table(tuning).to_pandas()
    assert {(seed, rate) for seed, rate in zip(rows["seed"], rows["learning_rate"], strict=True)} == {
        (seed, rate) for seed in (10_000, 10_001) for rate in (0.1, 0.3, 1e9)
    }
    assert set(rows["phase"]) == {"tune"}
    rows = read_table(traces).to_pandas()
    assert set(rows["phase"]) == {"evaluate"}
    assert set(rows["seed"]) == {3, 4, 5}
    assert len(set(rows["learning_rate"])) == 1
    assert rows["learning_rate"][0] in (0.1, 0.3)
    assert set(read_table(signal)["step"].to_pylist()) == {1, 8}
    assert json.loads(read_table(traces).schema.metadata[b"settings"])["steps"] == 8


def test_how_seeds_are_cut_into_blocks_changes_no_value(cell, tmp_path, monkeypatch):
    def rows(block, script, *arguments, outputs):
        paths = [tmp_path / block / f"{name}.parquet" for name in outputs]
        flags = [word for name, path in zip(outputs, paths, strict=True) for word in (f"--{name}", path)]
        run(monkeypatch, script, *with_seeds(cell, block), *arguments, *flags)
        return [read_table(path).to_pandas() for path in paths]

    tuning = tmp_path / "tuning.parquet"
    rates = ["--learning-rates", "0.3", "1e9"]
    run(monkeypatch, "tune_rate.py", *with_seeds(cell, "10000-10001"), *RECIPE, *rates, "--output", tuning)
    jobs = {
        "measure_signal.py": ([], ["signal", "jacobian"]),
        "tune_rate.py": ([*RECIPE, *rates], ["output"]),
        "train_networks.py": ([*RECIPE, "--tuning", tuning, "--tail-steps", "3"], ["signal", "traces"]),
    }
    for script, (arguments, outputs) in jobs.items():
        whole = rows("0-4", script, *arguments, outputs=outputs)
        blocks = [rows(block, script, *arguments, outputs=outputs) for block in ("0-0", "1-3", "4-4")]
        for position, table in enumerate(whole):
            for seed in range(5):
                of_block = next(tables[position] for tables in blocks if seed in set(tables[position]["seed"]))
                mine = table[table["seed"] == seed].reset_index(drop=True)
                assert mine.equals(of_block[of_block["seed"] == seed].reset_index(drop=True)), (script, seed)
