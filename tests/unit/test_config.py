"""What a person who writes a config relies on."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from depthsounder.config import (
    Config,
    ConfigError,
    load_resolved,
    read_config_files,
    save_resolved,
    stage_arguments,
    stage_settings,
    validate_config,
    validate_files,
)
from depthsounder.config.data_section import Section
from depthsounder.config.elsewhere import ACTIVATIONS_ELSEWHERE, ARCHITECTURES_ELSEWHERE, INITS_ELSEWHERE
from depthsounder.config.model import Verdicts
from depthsounder.config.reference import reference_text, resolved_text, schema_text
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.gaussian import critical_gain
from depthsounder.elements.initializers import INITIALIZERS
from depthsounder.storage.file_errors import DamagedFile
from depthsounder.sweep.cells import Cell, cell_parts

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "config" / "config.yaml"
PRESETS = sorted(path for path in (ROOT / "config").glob("*.yaml") if path != DEFAULT)


def default_values():
    return yaml.safe_load(DEFAULT.read_text())


def changed(**changes):
    """The default sweep with some keys changed; a key in a section is written section__key."""
    values = default_values()
    for name, value in changes.items():
        *sections, key = name.split("__")
        place = values
        for section in sections:
            place = place[section]
        place[key] = value
    return values


def refusal(values, files=(), command_line=None):
    with pytest.raises(ConfigError) as caught:
        validate_config(values, files, command_line)
    return str(caught.value)


def all_keys(model, path=()):
    for name, field in model.model_fields.items():
        yield (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from all_keys(field.annotation, (*path, name))


def leaves(values, path=()):
    """Each key of a config that is no section, with its value."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def test_the_default_sweep_states_every_key():
    stated = {path for path, _ in leaves(default_values())}
    assert stated == {path for path in all_keys(Config) if not any(longer[:-1] == path for longer in all_keys(Config))}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.name)
def test_a_preset_states_what_differs_from_the_default_sweep_and_nothing_else(preset):
    defaults = dict(leaves(default_values()))
    stated = dict(leaves(yaml.safe_load(preset.read_text())))
    assert "run" in {path[0] for path in stated}
    assert not {path for path, value in stated.items() if defaults[path] == value}


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.name)
def test_a_preset_is_what_a_review_saw_last(preset):
    # A default that changes is seen in the sweep of every preset which does not state it.
    reviewed = ROOT / "tests" / "presets" / preset.name
    assert reviewed.read_text() == resolved_text(validate_files([DEFAULT, preset])), (
        "run scripts/write_config_reference.py"
    )


def test_every_preset_in_full_has_its_preset():
    assert {path.name for path in (ROOT / "tests" / "presets").iterdir()} == {preset.name for preset in PRESETS}


def test_what_an_editor_leaves_beside_the_presets_is_none(tmp_path):
    configs, written = shutil.copytree(ROOT / "config", tmp_path / "config"), tmp_path / "written"
    written.mkdir()
    # As Emacs marks a file that is being edited.
    (configs / ".#smoke.yaml").symlink_to("me@host.1")

    script = [sys.executable, ROOT / "scripts/write_config_reference.py", "--defaults", configs / "config.yaml"]
    places = ["--schema", tmp_path / "schema.json", "--page", tmp_path / "page.md", "--presets", written]
    subprocess.run([*script, *places], check=True)

    assert {path.name for path in written.iterdir()} == {preset.name for preset in PRESETS}


def test_presets_have_runs_of_their_own():
    runs = [validate_files([DEFAULT, *preset]).run for preset in ([], *([preset] for preset in PRESETS))]
    assert len(set(runs)) == len(runs) >= 2


def test_editors_take_a_file_that_states_what_differs():
    schema = json.loads(schema_text())
    wanting = [name for name, section in schema["$defs"].items() if "required" in section]
    assert "required" not in schema
    assert wanting == ["Comparison"]


def test_the_default_sweep_is_the_one_that_the_design_names():
    config = validate_config(default_values(), [DEFAULT])
    assert len(config.depths) * len(config.activations) * len(config.inits) == 200
    assert (config.seeds.measure, config.seeds.tune, config.seeds.evaluate) == (20, 2, 10)
    assert config.training.learning_rates == (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    assert config.training.logged_at == (0, 1, 10, 100, 300)


def test_schema_and_reference_page_are_those_of_the_model():
    assert (ROOT / "config" / "schema.json").read_text() == schema_text(), "run scripts/write_config_reference.py"
    assert (ROOT / "docs" / "config.md").read_text() == reference_text(DEFAULT), "run scripts/write_config_reference.py"


def test_every_key_is_described_and_every_threshold_names_its_source():
    page = reference_text(DEFAULT)
    for path in all_keys(Config):
        assert f"`{path[-1]}`" in page
    for name, field in Verdicts.model_fields.items():
        assert "Unit: " in field.description, name
        assert "Source: " in field.description, name


def comparison(**changes):
    return {"activation": "tanh", "depth": 20, "init": "glorot_normal", "against": "xavier_note"} | changes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"run": "My run"}, ["run", "'My run'", "a-z, 0-9"]),
        ({"run": "../other"}, ["run", "'../other'"]),
        ({"run": "ok\n"}, ["run", "'ok\\n'"]),
        ({"root_seed": -1}, ["root_seed", "found -1", "from 0"]),
        ({"depths": []}, ["depths", "found []", "not empty"]),
        ({"depths": [2, -5]}, ["depths[1]", "found -5", "from 1"]),
        ({"depths": [2, True]}, ["depths[1]", "found true", "a whole number"]),
        ({"depths": [2, 2]}, ["depths[1]", "twice"]),
        ({"depths": 5}, ["depths", "found 5", "a list"]),
        ({"activations": ["rleu"]}, ["activations[0]", "'rleu'", "did you mean relu?"]),
        ({"activations": ["Leaky-ReLU"]}, ["did you mean leaky_relu?"]),
        ({"activations": [None]}, ["activations[0]", "found null"]),
        ({"inits": ["he_norml"]}, ["inits[0]", "did you mean he_normal?", "gaussian_w"]),
        ({"inits": ["kaiming_normal"]}, ["inits[0]", "did you mean he_normal?"]),
        ({"inits": ["Kaiming-Uniform"]}, ["did you mean he_uniform?"]),
        ({"inits": ["xavier_normal_"]}, ["did you mean glorot_normal?"]),
        ({"inits": ["xavier_uniform"]}, ["did you mean glorot_uniform?"]),
        ({"activations": ["swish"]}, ["did you mean silu?"]),
        ({"activations": ["identity"]}, ["did you mean linear?"]),
        ({"inits": ["gaussian_w1.5_b-1"]}, ["inits[0]", "gaussian_w1.5_b0.05"]),
        ({"inits": ["gaussian_w1.5_b0", "gaussian_w1.50_b0.0"]}, ["inits[1]", "twice"]),
        ({"inits": ["gaussian_w1" + "0" * 400 + "_b0"]}, ["inits[0]", "too many digits"]),
        ({"width": "64"}, ["width", "found '64'", "a whole number", "this is a text"]),
        ({"width": 64.0}, ["width", "found 64.0"]),
        ({"seeds__measure": 0}, ["seeds.measure", "found 0", "from 1"]),
        ({"seeds__evaluate": 10_001}, ["seeds.evaluate", "to 10,000"]),
        ({"training__learning_rates": [0.1, 0.01]}, ["training.learning_rates[1]", "not above the one before"]),
        ({"training__clip_norm": 0.0}, ["training.clip_norm", "found 0.0", "from 1e-12 to 1,000,000, or null"]),
        ({"training__clip_norm": -1.0}, ["training.clip_norm", "found -1.0"]),
        ({"training__clip_norm": "1"}, ["training.clip_norm", "found '1'"]),
        ({"training__learning_rates": [0.0, 0.1]}, ["training.learning_rates[0]", "from 1e-12"]),
        ({"training__learning_rates": [float("inf")]}, ["training.learning_rates[0]", "found inf"]),
        ({"training__learning_rates": ["1e-2"]}, ["training.learning_rates[0]", "'1e-2'", "1.0e-2"]),
        ({"training__logged_steps": [0, 301]}, ["training.logged_steps[1]", "found 301", "training.steps is 300"]),
        ({"training__logged_steps": ["first"]}, ["training.logged_steps[0]", "'first'", "or last"]),
        ({"training__optimizer": "adamw"}, ["training.optimizer", "did you mean adam?"]),
        ({"verdicts__tail_steps": 301}, ["verdicts.tail_steps", "found 301", "training.steps, 300"]),
        ({"verdicts__trains_loss": 0.99}, ["verdicts.stalled_loss", "found 0.98", "not above verdicts.trains_loss"]),
        ({"verdicts__vanishing_ratio": 2.0}, ["verdicts.vanishing_ratio", "below 1"]),
        ({"verdicts__exploding_ratio": 0.5}, ["verdicts.exploding_ratio", "above 1"]),
        ({"verdicts": None}, ["verdicts", "found null", "a section with the keys exploding_ratio"]),
        ({"data__source": "table.doc"}, ["data.source", "'table.doc'", ".csv"]),
        ({"data__source": "https://x.org/a.csv"}, ["found 'https://x.org/a.csv'", "download the file first"]),
        ({"data__source": "S3://bucket/a.parquet"}, ["is a web address"]),
        ({"data__source": "a.pkl"}, ["is a pickle, which can run code"]),
        ({"data__source": "a.feather"}, ["is a Feather file", "to_parquet"]),
        ({"data__source": "a.npy"}, ["numpy.savez"]),
        ({"data__source": "a.XLSX"}, ["is a workbook"]),
        ({"data__source": "a.zip"}, ["unpack it first"]),
        ({"data__source": "train-labels-idx1-ubyte.gz"}, ["name the file of the images"]),
        ({"data__source": "digit"}, ["did you mean digits?"]),
        ({"data__source": "a.csv", "data__target": 1}, ["data.target", "found 1", "in quotes where it is a number"]),
        ({"data__source": "a.csv"}, ["data.target", "does not name the column"]),
        ({"data__source": "iris", "data__features": ["x"]}, ["data.features", "no meaning for built-in data"]),
        ({"data__source": "a.npz", "data__header": True}, ["data.header", "no meaning for a file that is no text"]),
        ({"data__source": "a.npz", "data__header": "no"}, ["data.header", "true, false or null"]),
        (
            {"data__source": "a.npz", "data__features": ["x"], "data__drop": ["y"]},
            ["data.drop", "no meaning beside data.features"],
        ),
        ({"data__source": "a.npz", "data__drop": ["y", 2]}, ["data.drop[1]", "found 2", "in quotes"]),
        ({"data__source": "a.npz", "data__drop": []}, ["data.drop", "is empty"]),
        ({"data__source": "a.npz", "data__drop": ["y", "y"]}, ["data.drop[1]", "twice"]),
        ({"data__test_fraction": None}, ["data.test_fraction", "without a split of its own"]),
        ({"data__source": "a\0.csv"}, ["data.source", "'a\\x00.csv'", "cannot be printed"]),
        ({"data__source": "{table}.csv"}, ["data.source", "'{table}.csv'", "contains braces or angle brackets"]),
        ({"data__source": "<results>.csv"}, ["data.source", "'<results>.csv'", "names of its own"]),
        ({"data__source": "x" * 1001 + ".csv"}, ["data.source", "has 1,005 characters, of which there may be 1,000"]),
        ({"depths": list(range(1, 1002))}, ["depths", "has 1,001 entries, of which there may be 1,000"]),
        (
            {"training__learning_rates": [step / 1000 for step in range(1, 1002)]},
            ["training.learning_rates", "has 1,001 entries, of which there may be 1,000"],
        ),
        (
            {"seeds__tune": 1001, "seeds_per_block": 2},
            ["seeds_per_block", "found 2, which makes 501 blocks of the tuning seeds, of which there may be 500"],
        ),
        ({"data__source": "table.csv"}, ["data.target", "does not name the column with the classes"]),
        ({"data__target": "label"}, ["data.target", "no meaning for a source that knows its own labels"]),
        ({"widht": 3}, ["widht", "unknown key", "did you mean width?"]),
        ({"training__step": 3}, ["training.step", "unknown key", "did you mean steps?"]),
        ({"batch_size": 8}, ["batch_size", "unknown key", "did you mean training.batch_size?"]),
        ({"steps": 8}, ["steps", "unknown key", "did you mean training.steps?"]),
        ({"training__root_seed": 8}, ["training.root_seed", "did you mean root_seed, at the top level?"]),
        ({"training__depths": [8]}, ["did you mean depths, at the top level or gradient_check.depths?"]),
    ],
)
def test_a_wrong_value_is_refused_with_key_found_and_allowed(changes, expected):
    message = refusal(changed(**changes), [DEFAULT])
    for text in ["1 problem", *expected]:
        assert text in message


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        (
            {"activations": ["tanh"], "comparisons": [comparison(activation="relu")]},
            "allowed: one of tanh\n",
        ),
        ({"inits": ["he_normal", "zeros"], "comparisons": [comparison()]}, "allowed: one of he_normal, zeros\n"),
        ({"comparisons": [comparison(against="glorot_normal")]}, "itself; allowed: one of naive_small"),
        ({"comparisons": [comparison()] * 2}, "twice; allowed: each pair once\n"),
        ({"depths": [2, 2]}, "twice; allowed: each entry once\n"),
        ({"training__learning_rates": [0.1, 0.01]}, "before it; allowed: a number above 0.1\n"),
        ({"training__logged_steps": [0, 301]}, "300; allowed: a whole number from 0 to 300, or last\n"),
        ({"verdicts__tail_steps": 301}, "300; allowed: a whole number from 1 to 300\n"),
        ({"verdicts__stalled_loss": 0.1}, "allowed: a number above 0.1 and below 1\n"),
        ({"activations": ["relu", "softplus"], "inits": ["critical"]}, "allowed: any other init, or activations"),
    ],
)
def test_what_another_key_rules_out_is_not_among_what_is_allowed(changes, allowed):
    assert allowed in refusal(changed(**{"comparisons": []} | changes), [DEFAULT]) + "\n"


def test_names_of_other_libraries_stand_for_names_that_there_are():
    assert {name for _, name in INITS_ELSEWHERE} <= INITIALIZERS.keys()
    assert {name for _, name in ACTIVATIONS_ELSEWHERE} <= ACTIVATIONS.keys()
    assert {name for _, name in ARCHITECTURES_ELSEWHERE} <= ARCHITECTURES.keys()
    assert not {other for other, _ in ARCHITECTURES_ELSEWHERE} & ARCHITECTURES.keys()
    assert not {other for other, _ in (*INITS_ELSEWHERE, *ACTIVATIONS_ELSEWHERE)} & {*INITIALIZERS, *ACTIVATIONS}


def test_critical_is_refused_where_no_critical_variance_exists():
    for name, activation in ACTIVATIONS.items():
        activations = ["tanh", name] if name != "tanh" else ["tanh"]
        values = changed(activations=activations, inits=["he_normal", "critical"], comparisons=[])
        if critical_gain(activation).status == "none":
            assert name in critical_gain(activation).reason
            message = refusal(values, [DEFAULT])
            assert f"is not possible: {critical_gain(activation).reason}" in message
            assert "inits[1]" in message
        else:
            validate_config(values, [DEFAULT])


def test_every_problem_is_named_at_once():
    message = refusal(changed(width=-1, activations=["rleu"], root_seed="x"), [DEFAULT])
    assert "3 problems" in message
    for key in ("width", "activations[0]", "root_seed"):
        assert f": {key}\n" in message


def test_a_missing_key_is_named_with_its_section(tmp_path):
    values = default_values()
    del values["training"]["steps"]
    del values["width"]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    line = 1 + file.read_text().splitlines().index("training:")
    message = refusal(values, [file])
    assert f"{file}, line {line}: training.steps\n    is missing; allowed: a whole number" in message
    assert f"{file}: width\n    is missing" in message


def test_an_error_names_the_last_file_that_sets_the_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    base, preset = Path("base.yaml"), Path("preset.yaml")
    base.write_text("width: 1\ndepths: [2, 3]\n")
    preset.write_text("# mine\n\ndepths:\n  - 4\n  - -5\n")
    values = changed(width=-1, depths=[4, -5], root_seed=-1)
    message = refusal(values, [base, preset.absolute()], {"root_seed": -1})
    assert "base.yaml, line 1: width" in message
    assert "  preset.yaml, line 5: depths[1]" in message
    assert "command line: root_seed" in message


def test_positions_survive_anchors_and_merged_mappings(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("x: &shared\n  steps: 0\ntraining:\n  <<: *shared\n  batch_size: 0\n")
    values = changed(training__steps=0, training__batch_size=0)
    message = refusal(values, [file])
    assert f"{file}, line 2: training.steps" in message
    assert f"{file}, line 5: training.batch_size" in message


def test_numbers_in_lists_and_sections_of_the_command_line_are_numbers():
    # Snakemake reads what stands in brackets and braces as text.
    command_line = {"depths": ["3", "4"], "seeds": {"measure": "5"}, "run": "other"}
    merged = changed(depths=["3", "4"], seeds__measure="5", run="other", comparisons=[])
    config = validate_config(merged, [DEFAULT], command_line)
    assert config.depths == (3, 4)
    assert config.seeds.measure == 5
    assert "command line: depths[0]\n    found 'x'" in refusal(changed(depths=["x"]), [DEFAULT], {"depths": ["x"]})


@pytest.mark.parametrize(("word", "made"), [("007", 7), ("2026_11_25", 20261125), ("1e5", 1e5), ("true", True)])
def test_a_name_of_the_command_line_is_what_was_typed(word, made):
    command_line = {"run": made, "width": 8}
    words = [f"run={word}", "width=8"]
    assert validate_config(changed(run=made, width=8), [DEFAULT], command_line, words).run == word


def test_texts_in_braces_of_the_command_line_stay_texts_and_null_is_null():
    command_line = {"data": {"source": "flowers.csv", "target": "7", "drop": ["1", "a"]}, "study": "null"}
    merged = default_values()
    merged["data"] |= command_line["data"]
    config = validate_config(merged | {"study": "null"}, [DEFAULT], command_line)
    assert (config.data.target, config.data.drop, config.study) == ("7", ("1", "a"), None)


@pytest.mark.parametrize(
    ("written", "read"),
    [("007", "the number 7"), ("2026_11_25", "the number 20261125"), ("1.0e+5", "the number 100000.0"),
     ("on", "the truth value true")],
)  # fmt: skip
def test_a_name_of_a_file_is_shown_as_written_with_the_way_to_quote_it(tmp_path, written, read):
    (tmp_path / "mine.yaml").write_text(f"run: {written}\n")
    with pytest.raises(ConfigError) as error:
        validate_files([DEFAULT, tmp_path / "mine.yaml"])
    assert f"mine.yaml, line 1: run\n    found {written}, which is read as {read}; allowed: up to 64" in str(
        error.value
    )
    assert f"\n    in quotes it is a text: '{written}'" in str(error.value)
    (tmp_path / "mine.yaml").write_text(f"run: '{written.replace('.0e+', 'e')}'\n")
    assert validate_files([DEFAULT, tmp_path / "mine.yaml"]).run == written.replace(".0e+", "e")


def test_a_date_is_named_with_the_way_to_quote_it(tmp_path):
    (tmp_path / "mine.yaml").write_text("run: 2026-11-25\n")
    with pytest.raises(ConfigError, match=r"line 1: found the date 2026-11-25; in quotes it is a text: '2026-11-25'"):
        validate_files([DEFAULT, tmp_path / "mine.yaml"])


def test_a_narrowed_axis_names_all_comparisons_that_fall_out_and_how_to_drop_them():
    narrowed = {"depths": ["5"], "activations": ["tanh", "sigmoid"]}
    message = refusal(default_values() | narrowed, [DEFAULT], narrowed)
    family = default_values()["comparisons"]
    for position, comparison in enumerate(family):
        assert (f"comparisons[{position}].depth\n" in message) == (comparison["depth"] != 5)
        outside = comparison["activation"] not in ("tanh", "sigmoid")
        assert (f"comparisons[{position}].activation\n" in message) == outside
    assert message.count("--config 'comparisons=[]'") == 1
    dropped = narrowed | {"comparisons": []}
    assert validate_config(default_values() | dropped, [DEFAULT], dropped).depths == (5,)


def test_the_page_shows_how_a_key_of_a_section_is_given_on_the_command_line():
    page = (ROOT / "docs/config.md").read_text()
    assert "`--config 'training={steps: 100}'`" in page
    given = {"training": {"steps": "100", "logged_steps": ["0", "last"]}}
    merged = changed(training__steps="100", training__logged_steps=["0", "last"])
    assert validate_config(merged, [DEFAULT], given).training.steps == 100


@pytest.mark.parametrize("key", ["run", "width", "depths", "data", "comparisons", "study"])
def test_a_list_that_anchors_blow_up_is_not_written_out(tmp_path, key):
    file = tmp_path / "config.yaml"
    # Ten times as many values with each level: ten thousand millions of them, from a few bytes.
    levels = ["&level0 1", *(f"&level{n} [{', '.join([f'*level{n - 1}'] * 10)}]" for n in range(1, 11))]
    file.write_text("".join(f"x{n}: {level}\n" for n, level in enumerate(levels)) + f"{key}: *level10\n")
    values = changed(**{key: yaml.safe_load(file.read_text())[key]})
    message = refusal(values, [file])
    assert "found [" in message
    assert "…; allowed: " in message
    assert len(message) < 10_000


@pytest.mark.parametrize("text", ["[" * 100, "[" * 5000, "[1, " * 5000], ids=len)
def test_a_text_of_the_command_line_that_is_nested_without_end_is_a_wrong_value(text):
    values = changed(depths=[text])
    assert "command line: depths[0]\n    found '" in refusal(values, [DEFAULT], {"depths": [text]})


def test_a_long_text_is_shown_by_its_beginning():
    assert f"found '{'x' * 99}…; allowed" in refusal(changed(run="x" * 1_000_000))


@pytest.mark.parametrize(
    ("changes", "place", "complaint"),
    [
        ({"depth": 7}, ".depth", "found 7, which is not among this sweep's depths; allowed: one of 2, 5, 10, 20, 50\n"),
        ({"activation": "erf"}, ".activation", "found 'erf', which is not among this sweep's activations"),
        ({"against": "zeros"}, ".against", "found 'zeros', which is not among this sweep's inits"),
        ({"against": "glorot_normal"}, ".against", "found 'glorot_normal', which is compared with itself"),
        ({"init": "xavier_note", "against": "glorot_normal"}, "", "which stands in the list twice"),
        ({"init": "glorot"}, ".init", "did you mean glorot_normal?"),
        ({"depths": [2]}, ".depths", "did you mean depth?"),
        (
            {"than": "zeros"},
            ".than",
            "is an unknown key; allowed: the keys architecture, activation, depth, init, against",
        ),
    ],
)
def test_a_comparison_of_what_is_not_in_the_sweep_is_refused(tmp_path, changes, place, complaint):
    values = changed(comparisons=[comparison(), comparison(**changes)])
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(values))
    message = refusal(values, [tmp_path / "config.yaml"])
    assert f"comparisons[1]{place}\n" in message
    assert complaint in message


def test_a_family_of_comparisons_stays_small():
    pairs = [comparison(depth=depth, activation=name) for depth in (2, 5, 10) for name in ("tanh", "relu", "linear")]
    assert len(validate_config(changed(comparisons=[*pairs, comparison()]), [DEFAULT]).comparisons) == 10
    message = refusal(changed(comparisons=[*pairs, comparison(), comparison(depth=50)]), [DEFAULT])
    assert "has 11 comparisons: each more makes all of them weaker" in message
    assert validate_config(changed(comparisons=[]), [DEFAULT]).comparisons == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("run: a\nwidth: [1, 2\ndepths: 3\n", "line 3: this is no YAML"),
        ("run: a\n\twidth: 1\n", "line 2: this is no YAML"),
        ("run: a\nwidth: 1\nrun: b\n", "line 3: the key 'run' was already set in line 1"),
        ("seeds:\n  tune: 1\n  tune: 2\n", "line 3: the key 'tune' was already set in line 2"),
        ("- run\n", "found no keys"),
        ("", "found no keys"),
        ("run: !!python/object/apply:os.getcwd []\n", "line 1: found 'tag:yaml.org,2002:python"),
        ("depths: !!set {2, 5}\n", "dates, sets and tags"),
        ("run: 2020-01-01\n", "line 1: found the date 2020-01-01; in quotes it is a text"),
        ("__use_yte__: true\nrun: a\n", "line 1: found '__use_yte__'"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused_with_its_line(tmp_path, text, expected):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config_files([file])
    assert str(file) in str(caught.value)
    assert expected in str(caught.value)


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.yaml: the file cannot be read: No such file"):
        read_config_files([tmp_path / "absent.yaml"])
    (tmp_path / "bytes.yaml").write_bytes(b"run: \xff\xfe\n")
    with pytest.raises(ConfigError, match=r"bytes\.yaml: the file cannot be read: it is no UTF-8 text"):
        read_config_files([tmp_path / "bytes.yaml"])


def test_the_resolved_config_comes_back_equal_and_with_equal_bytes(tmp_path):
    config = validate_config(default_values(), [DEFAULT])
    save_resolved(tmp_path / "one.json", config)
    assert load_resolved(tmp_path / "one.json") == config
    save_resolved(tmp_path / "two.json", load_resolved(tmp_path / "one.json"))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert list(json.loads((tmp_path / "one.json").read_text())) == list(Config.model_fields)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:100],
        lambda content: b"\xff" + content[1:],
    ],
    ids=["emptied", "truncated", "no text"],
)
def test_a_damaged_resolved_config_is_named_and_moved_aside(tmp_path, damage):
    path = tmp_path / "config.json"
    save_resolved(path, validate_config(default_values(), [DEFAULT]))
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(DamagedFile, match=f"{path}: the config is damaged .* the same command computes it again$"):
        load_resolved(path)
    assert not path.exists()
    assert (tmp_path / "config.json.damaged").read_bytes() == damaged


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('  "width": ', '  "widht": ', "widht\n    is an unknown key; .*\n    did you mean width?"),
        ('  "width": ', '  "width": -', "width\n    found -.*; allowed: a whole number from"),
        ('  "study": null', '  "study": null,\n  "noise": 1', "noise\n    is an unknown key"),
    ],
    ids=["another key", "another value", "a key of another version"],
)
def test_a_resolved_config_that_is_whole_but_not_of_this_version_is_called_that_and_stays(tmp_path, old, new, problem):
    path = tmp_path / "config.json"
    save_resolved(path, validate_config(default_values(), [DEFAULT]))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(ConfigError, match=f"{path} is whole.* another version") as refusal:
        load_resolved(path)

    assert re.search(rf"config\.json, line \d+: {problem}", str(refusal.value)), refusal.value
    assert [kept.name for kept in tmp_path.iterdir()] == ["config.json"]
    assert path.read_text() == text.replace(old, new)


def test_a_resolved_config_that_is_no_mapping_is_refused_and_stays(tmp_path):
    path = tmp_path / "config.json"
    path.write_text("[1, 2]")
    with pytest.raises(ConfigError, match="config"):
        load_resolved(path)
    assert path.exists()


def test_a_resolved_config_that_is_missing_is_named(tmp_path):
    with pytest.raises(OSError, match=r"absent\.json: the config cannot be read"):
        load_resolved(tmp_path / "absent.json")


def test_the_settings_of_the_largest_sweep_fit_one_argument_of_a_command():
    quotes = "'" * 1000
    values = changed(
        run="r" * 64,
        data__source=quotes[4:] + ".csv",
        data__target=quotes,
        depths=list(range(9_001, 10_001)),
        activations=list(ACTIVATIONS),
        inits=[f"gaussian_w{n}.5_b1.".ljust(64, "5") for n in range(1000)],
        training__steps=10_000_000,
        training__logged_steps=list(range(9_999_001, 10_000_001)),
        training__learning_rates=[0.1 + n * 1.1e-5 for n in range(1000)],
        gradient_check__depths=list(range(1, 51)),
        comparisons=[],
    )
    config = validate_config(values, [DEFAULT])
    longest = 128 * 2**10
    room = 1_000
    assert max(map(len, config.inits)) == 64
    assert len(shlex.quote(config.model_dump_json())) < longest - room
    blocks = values["seeds"] | {"tune": 500}
    config = validate_config(values | {"seeds": blocks, "seeds_per_block": 1}, [DEFAULT])
    paths = cell_parts(config, "tuning", Cell(10_000, "plain", "leaky_relu", config.inits[-1]))
    assert len(paths) == 500
    assert len(shlex.join([*map(str, paths), *stage_arguments(config, "train")])) < longest - room


def test_last_and_the_last_step_are_one_logged_step():
    config = validate_config(changed(training__logged_steps=["last", 300, 7]), [DEFAULT])
    assert config.training.logged_at == (7, 300)


def test_a_stage_is_given_what_its_results_depend_on_and_no_more():
    config = validate_config(default_values(), [DEFAULT])
    assert stage_settings(config, "measure") == {"root_seed": 1, "width": 64}
    assert "learning_rates" not in stage_settings(config, "train")
    assert not [word for word in stage_arguments(config, "train") if word.startswith("--clip-norm")]
    clipped = validate_config(changed(training__clip_norm=2.5), [DEFAULT])
    for stage in ("tune", "train"):
        assert "--clip-norm=2.5" in stage_arguments(clipped, stage)
    assert stage_arguments(clipped, "measure") == stage_arguments(config, "measure")
    more = validate_config(changed(seeds__evaluate=30, run="other", verdicts__trains_loss=0.2), [DEFAULT])
    for stage in ("prepare", "verify", "measure", "tune", "train"):
        assert stage_settings(more, stage) == stage_settings(config, stage)


def test_settings_become_the_words_of_a_command_line():
    config = validate_config(changed(data__source="-my data.csv", data__target="y"), [DEFAULT])
    assert stage_arguments(config, "prepare")[:2] == ["--source=-my data.csv", "--target=y"]
    words = stage_arguments(config, "verify")
    assert words == [
        "--root-seed=1", "--sweep-width=64", "--depths", "1", "2", "3", "10", "20", "--width=8", "--examples=5",
        "--complex-step-threshold=1e-12", "--not-analytic=refuse",
    ]  # fmt: skip
    digits = validate_config(default_values(), [DEFAULT])
    assert not [word for word in stage_arguments(digits, "prepare") if word.startswith("--target")]


@pytest.mark.parametrize("name", ["example", "baseline"])
def test_a_run_never_writes_into_a_folder_that_the_project_keeps(name):
    assert f"is the name of the committed folder reports/{name}/" in refusal(changed(run=name))


def test_home_is_where_a_path_with_a_tilde_begins(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    config = validate_config(changed(data__source="~/x.csv", data__target="kind"), [DEFAULT])
    assert config.data.source == "/home/someone/x.csv"


def test_names_of_columns_reach_the_job_whatever_they_look_like():
    config = validate_config(
        changed(data__source="a.csv", data__target="y", data__drop=["-x", "a b", "--root-seed=3"]), []
    )
    words = stage_arguments(config, "prepare")
    assert words[2:5] == ["--drop=-x", "--drop=a b", "--drop=--root-seed=3"]


def test_a_config_from_before_the_columns_could_be_chosen_is_valid():
    values = default_values()
    for key in ("features", "drop", "header"):
        del values["data"][key]
    assert validate_config(values, [DEFAULT]) == validate_config(default_values(), [DEFAULT])
