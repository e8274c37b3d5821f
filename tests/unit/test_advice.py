"""Advice from theory alone: D over depth, the rule and its record, and what the command says."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from math import exp, inf, sqrt
from pathlib import Path

import numpy as np
import pytest
import yaml
from own_files import MINE

from depthsounder.elements.activations import ACTIVATIONS, GELU, LINEAR, RELU, SIGMOID, TANH
from depthsounder.elements.architectures import ARCHITECTURES, PLAIN
from depthsounder.elements.initializers import INITIALIZERS, initializer
from depthsounder.judging.advice import Advice, Network, advise, critical_with_biases, first_failures, laws_of
from depthsounder.judging.advice_text import critical_sentence
from depthsounder.judging.foretelling import (
    Accuracy,
    Foretold,
    accuracy,
    bounds,
    by_run,
    foretells_failure,
    read_record,
    rule_in_words,
    write_record,
)
from depthsounder.judging.foretold_runs import miss, missed
from depthsounder.process.text import join, percent
from depthsounder.storage.frames import to_frame
from depthsounder.storage.tables import read_table
from depthsounder.theory.columns import theory_columns
from depthsounder.theory.error_growth import Fans, delta_ratios
from depthsounder.theory.phase_plane import critical_gain_at, growth_plane

ROOT = Path(__file__).resolve().parents[2]
RECORD = read_record(ROOT / "docs/advice.tsv")
SQUARE = Fans(64, 64)
STEPS = 300


def ratios(architecture, activation, names, depth, fans=SQUARE):
    return delta_ratios(ARCHITECTURES[architecture], activation, [initializer(name) for name in names], fans, depth)


def advice_on(activation, depth, architecture="plain", inits=INITIALIZERS):
    network = Network(ARCHITECTURES[architecture], activation, SQUARE, depth, STEPS)
    laws, _ = laws_of(network, inits)
    return {name: row for row in advise(network, laws, ARCHITECTURES) for name in row.law.names}


# --- D over depth ---


def test_a_linear_network_multiplies_errors_by_its_gain_in_every_layer():
    found = ratios("plain", LINEAR, ["glorot_normal", "xavier_note", "he_normal", "naive_large", "zeros"], 12)
    layers = np.arange(12)

    for column, gain in zip(found.T, (1.0, 0.5, 2.0, 16.0), strict=False):
        assert column == pytest.approx(gain ** (layers / 2.0), rel=1e-12)
    assert found[:, 4].tolist() == [1.0, *[0.0] * 11]


def test_errors_keep_their_size_in_relu_networks_with_he_s_variance():
    assert ratios("plain", RELU, ["he_normal", "critical"], 200) == pytest.approx(1.0, rel=1e-11)


@pytest.mark.parametrize(
    ("architecture", "share"), [("residual", 1.0), ("residual_sqrt", 1 / 10), ("residual_inverse", 1 / 100)]
)
def test_a_shortcut_adds_a_scaled_branch_to_the_error(architecture, share):
    found = ratios(architecture, LINEAR, ["he_normal", "naive_large"], 10)

    assert found[-1] == pytest.approx([(1 + 2 * share) ** 4.5, (1 + 16 * share) ** 4.5], rel=1e-12)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("activation", [SIGMOID, RELU, GELU], ids=lambda activation: activation.name)
def test_d_is_that_of_the_theory_table(architecture, activation):
    names = ["naive_small", "glorot_normal", "he_normal", "naive_unit", "gaussian_w1.5_b0.05"]
    inputs, depths = np.random.default_rng(3).standard_normal((6, 20)), [2, 7, 30]
    for name in names:
        table = theory_columns(
            depths, ARCHITECTURES[architecture], activation, initializer(name), inputs, np.arange(6) % 3, 48
        )
        for depth in depths:
            expected = sqrt(table[depth]["delta_second_moment_ratio"][0])
            found = ratios(architecture, activation, names, depth, Fans(20, 48))[-1, names.index(name)]
            assert found == pytest.approx(expected, rel=1e-9)


def test_where_signals_overflow_d_is_infinite_and_never_undefined():
    with np.errstate(all="raise"):
        found = ratios("plain", GELU, ["naive_unit", "zeros"], 1000)

    assert not np.isnan(found).any()
    assert foretells_failure(found[-1, 0], STEPS)


# --- the rule ---


@pytest.mark.parametrize(
    ("ratio", "fails"),
    [(0.0, True), (0.00999, True), (0.01, False), (1.0, False), (100.0, False), (100.1, True), (inf, True)],
)
def test_a_cell_fails_by_the_rule_where_the_smallest_errors_steps_add_up_to_too_little(ratio, fails):
    assert foretells_failure(ratio, STEPS) == fails


def test_ten_times_the_steps_learn_from_a_tenth_of_the_errors():
    (least, most), (longer_least, longer_most) = bounds(STEPS), bounds(10 * STEPS)

    assert (longer_least, longer_most) == pytest.approx((least / 10, 10 * most))
    assert least * most == pytest.approx(1.0)


def test_in_as_many_steps_as_the_default_sweep_has_the_bounds_are_those_of_a_healthy_signal():
    settings = yaml.safe_load((ROOT / "config/config.yaml").read_text())

    assert settings["training"]["steps"] == STEPS
    assert bounds(STEPS) == (settings["verdicts"]["vanishing_ratio"], settings["verdicts"]["exploding_ratio"])


def test_the_rule_is_stated_with_its_bounds():
    assert rule_in_words(STEPS).endswith("lies outside 3/steps to steps/3: 0.01 to 100 for 300 steps")


def test_balanced_accuracy_is_the_mean_of_both_shares():
    found = Accuracy.of([True] * 4 + [False] * 10, [True] * 3 + [False] + [False] * 9 + [True])

    assert found == Accuracy(4, 3, 10, 9)
    assert found.balanced == pytest.approx((0.75 + 0.9) / 2)
    assert found.missed == 2
    assert Accuracy.of([False, False], [False, True]).balanced is None


def test_a_record_is_read_as_it_was_written(tmp_path):
    cells = [
        Foretold("mine", 64, 32, 300, 5, "plain", "tanh", "he_normal", 1.2345678, "trains"),
        Foretold("mine", 64, 32, 300, 50, "plain", "tanh", "zeros", 0.0, "stalled"),
        Foretold("other", 64, 32, 300, 50, "plain", "tanh", "naive_unit", inf, "partial"),
    ]
    write_record(tmp_path / "cells.tsv", cells)
    read = read_record(tmp_path / "cells.tsv")

    assert read[1:] == cells[1:]
    assert read[0].delta_ratio == 1.23457
    assert list(by_run(read)) == ["mine", "other"]
    assert [missed(cell) for cell in read] == [False, False, True]


# --- the record that is committed, and the page that speaks of it ---


def test_the_record_has_the_d_that_theory_predicts_today():
    groups = {}
    for cell in RECORD:
        groups.setdefault((cell.architecture, cell.activation, cell.depth, cell.n_inputs, cell.width), []).append(cell)
    for (architecture, activation, depth, n_inputs, width), cells in groups.items():
        names = [cell.init for cell in cells]
        found = ratios(architecture, ACTIVATIONS[activation], names, depth, Fans(n_inputs, width))[-1]
        assert found == pytest.approx([cell.delta_ratio for cell in cells], rel=1e-5)


def test_the_record_has_the_cells_of_the_baseline_and_what_became_of_them():
    baseline = to_frame(read_table(ROOT / "reports/baseline/verdicts.parquet"))
    failed = {
        (row.depth, row.activation, row.init): row.training_verdict in ("stalled", "diverged")
        for row in baseline.itertuples()
    }

    assert {(cell.depth, cell.activation, cell.init): cell.failed for cell in RECORD if cell.run == "default"} == failed


@pytest.mark.parametrize("run", by_run(RECORD))
def test_the_rule_holds_on_every_run_in_which_cells_failed(run):
    balanced = accuracy(by_run(RECORD)[run]).balanced

    assert balanced is None or balanced >= 0.9


def test_every_preset_that_needs_no_file_is_judged():
    presets = {path.stem for path in (ROOT / "config").glob("*.yaml")} - {"config"}

    assert {"default", *presets} - set(by_run(RECORD)) == {"mnist"}


def test_the_activations_on_which_the_rule_is_judged_had_no_part_in_setting_it():
    runs = by_run(RECORD)

    assert not {cell.activation for cell in runs["unseen"]} & {cell.activation for cell in runs["default"]}


def test_the_page_states_the_accuracy_on_each_run():
    page = (ROOT / "docs/advice.md").read_text()
    for run, cells in by_run(RECORD).items():
        found = accuracy(cells)
        balanced = "–" if found.balanced is None else percent(found.balanced)
        row = (
            f"| `{run}` | {cells[0].steps:,} | {len(cells)} | {found.failed_foretold} of {found.failed} | "
            f"{found.others_foretold} of {found.others} | {balanced} |"
        )
        assert row in page


def test_the_page_states_the_accuracy_on_architectures_alone():
    page = " ".join((ROOT / "docs/advice.md").read_text().split())
    runs = by_run(RECORD)
    plain = [cell for cell in runs["rescue"] if cell.architecture == "plain"]
    others = [cell for cell in runs["rescue"] if cell.architecture != "plain"]
    found = accuracy(others)
    unforeseen = [cell for cell in others if cell.failed and missed(cell)]

    assert {replace(cell, run="default") for cell in plain} < set(runs["default"])
    assert (
        f"The {len(plain)} plain cells of `rescue` are cells of `default` too. On its other {len(others)} cells" in page
    )
    assert f"accuracy is {percent(found.balanced)}: {found.failed_foretold} of {found.failed} failures and" in page
    assert f"{found.others_foretold} of {found.others} others are foretold, and the three failures" in page
    assert [(cell.architecture, cell.init) for cell in unforeseen] == [("layer_norm", "naive_small")] * 3


def test_the_page_says_what_bounds_for_any_number_of_steps_were_right_in():
    page = " ".join((ROOT / "docs/advice.md").read_text().split())
    for run in ("schoenholz2017", "trainability"):
        cells = by_run(RECORD)[run]
        fixed = Accuracy.of([cell.failed for cell in cells], [not 0.01 <= cell.delta_ratio <= 100 for cell in cells])
        assert f"{percent(fixed.balanced)} on `{run}`" in page


def test_the_page_says_in_which_runs_no_cell_failed():
    none_failed = [run for run, cells in by_run(RECORD).items() if not accuracy(cells).failed]

    assert f"In {join(f'`{run}`' for run in none_failed)} no cell failed" in (ROOT / "docs/advice.md").read_text()


def test_the_page_lists_every_cell_that_the_rule_has_wrong():
    page = (ROOT / "docs/advice.md").read_text()
    listed = [line.removeprefix("- ") for line in page.splitlines() if line.startswith("- `")]

    assert listed == [f"`{cell.run}`: {miss(cell)}" for cell in RECORD if missed(cell)]


# --- advice ---


def test_a_failing_init_is_told_the_depth_at_which_it_first_fails():
    found = {name: row.first_failure for name, row in advice_on(LINEAR, 10).items()}

    # The least L with gain^((L-1)/2) outside 0.01 to 100.
    assert (found["xavier_note"], found["he_normal"], found["naive_large"]) == (15, 15, 5)
    assert found["zeros"] == 2
    assert found["glorot_normal"] is None


def test_first_failures_are_looked_for_where_each_depth_has_a_branch_scale_of_its_own():
    network = Network(ARCHITECTURES["residual_inverse"], LINEAR, SQUARE, 10, STEPS)
    laws, _ = laws_of(network, {name: initializer(name) for name in ("naive_unit", "he_normal", "gaussian_w400_b0")})
    least = [
        next((depth for depth in range(2, 9) if (1 + gain / depth**2) ** ((depth - 1) / 2) > 100), None)
        for gain in (64, 2, 400)
    ]

    assert first_failures(network, laws) == least
    assert least[2] is not None


def test_inits_are_ranked_by_d_and_those_of_one_law_stand_together():
    network = Network(PLAIN, TANH, SQUARE, 30, STEPS)
    laws, refused = laws_of(network, INITIALIZERS)
    advice = advise(network, laws, ARCHITECTURES)
    distances = [abs(np.log(row.delta_ratio)) if row.delta_ratio else inf for row in advice]

    assert not refused
    assert all(nearer <= farther for nearer, farther in pairwise(distances))
    assert sorted(name for row in advice for name in row.law.names) == sorted(INITIALIZERS)
    assert {"lecun_normal", "glorot_normal", "orthogonal", "critical"} <= {
        name for row in advice for name in row.law.names if "critical" in row.law.names
    }
    assert isinstance(advice[0], Advice)


def test_no_theory_is_claimed_where_every_unit_stands_at_a_kink():
    found = {
        name: laws_of(Network(PLAIN, ACTIVATIONS[name], SQUARE, 5, STEPS), INITIALIZERS)[1]
        for name in ("relu", "tanh", "elu")
    }

    # ELU's second derivative jumps, and its first does not.
    assert found == {"relu": {"zeros": "every z is 0, where relu has no derivative"}, "tanh": {}, "elu": {}}


def test_a_cure_is_an_architecture_in_which_the_same_weights_do_not_fail():
    advice = advice_on(SIGMOID, 20)

    assert advice["glorot_normal"].fails
    assert "batch_norm" in advice["glorot_normal"].cures
    assert "layer_norm" not in advice["glorot_normal"].cures
    assert not advice["critical"].fails
    assert advice["critical"].cures == ()
    for name in advice["he_normal"].cures:
        assert 0.01 <= ratios(name, SIGMOID, ["he_normal"], 20)[-1, 0] <= 100


@pytest.mark.parametrize(
    ("activation", "gain"), [(TANH, "1"), (LINEAR, "1"), (RELU, "2"), (ACTIVATIONS["erf"], "0.785398")]
)
def test_the_critical_variance_is_the_closed_form(activation, gain):
    assert f"σw² = {gain};" in critical_sentence(Network(PLAIN, activation, SQUARE, 5, STEPS))


def test_an_activation_without_a_critical_variance_is_told_so():
    network = Network(PLAIN, GELU, SQUARE, 5, STEPS)
    laws, refused = laws_of(network, INITIALIZERS)

    assert critical_sentence(network).startswith("In a plain network without biases gelu has no critical gain: ")
    assert critical_sentence(network).startswith(
        f"In a plain network without biases {refused['critical']}. With biases "
    )
    assert "critical" not in {name for law in laws for name in law.names}


@pytest.mark.parametrize("name", ["gelu", "silu"])
def test_where_no_variance_is_critical_without_biases_one_with_biases_is_named_and_does_not_fail(name):
    activation = ACTIVATIONS[name]
    init = critical_with_biases(activation)
    gain = init.gain(64, 64, activation)

    assert growth_plane(activation, [gain], [init.bias_variance])[0, 0] == pytest.approx(1.0, abs=2e-3)
    assert not foretells_failure(ratios("plain", activation, [init.name], 100)[-1, 0], STEPS)
    assert f"With biases {init.name} is critical." in critical_sentence(Network(PLAIN, activation, SQUARE, 5, STEPS))


def test_biases_are_named_to_no_activation_that_needs_none():
    assert critical_with_biases(TANH) is None
    assert critical_gain_at(LINEAR, 0.1) is None
    assert critical_with_biases(ACTIVATIONS["softplus"]) is None


# --- the command ---


def command(*words, folder=ROOT):
    called = [sys.executable, ROOT / "scripts/advise.py", *words]
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "500"}
    return subprocess.run(called, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def test_the_command_says_rank_depth_cure_rule_and_accuracy(tmp_path):
    done = command("--activation", "tanh", "--depth", "30", folder=tmp_path)
    lines = done.stdout.splitlines()

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert lines[0] == "tanh, plain: 30 hidden layers of 64 units, 64 inputs, trained for 300 steps"
    assert "σw² = 1;" in lines[1]
    worst = ["xavier_note", "naive_large", "uniform_standard", "naive_unit", "naive_small", "zeros"]
    ranked = [line.split()[-1] for line in lines[4:] if line]
    assert [name for name in ranked if name in worst] == worst
    assert any(line.startswith("By the rule zeros would not fail at this depth with residual") for line in lines)
    for run, cells in by_run(RECORD).items():
        found = accuracy(cells)
        balanced = "" if found.balanced is None else f", a balanced accuracy of {percent(found.balanced)}"
        assert f"  {run}: right in {len(cells) - found.missed} of {len(cells)} cells{balanced}" in lines


def test_the_command_takes_other_architectures_widths_and_inputs(tmp_path):
    done = command("--activation=gelu", "--depth=7", "--architecture=rms_norm", "--width=100", "--fan-in=30")

    assert done.stdout.startswith(
        "gelu, rms_norm: 7 hidden layers of 100 units, 30 inputs, trained for 300 steps\n"
        "In a plain network without biases gelu "
    )
    assert "\ncritical is left out: gelu has no critical gain" in done.stdout


def test_the_command_says_how_good_the_rule_is_on_the_architecture(tmp_path):
    cells = [cell for cell in RECORD if cell.architecture == "layer_norm"]
    plain = {replace(cell, run="") for cell in RECORD if cell.architecture == "plain"}
    right = len(cells) - accuracy(cells).missed
    done = command("--activation=tanh", "--depth=7", "--architecture=layer_norm")

    assert f"  layer_norm, in all runs: right in {right} of {len(cells)} cells, a balanced" in done.stdout
    assert f" of {len(plain)} cells" in command("--activation=tanh", "--depth=7").stdout.splitlines()[-1]
    assert (
        "  rms_norm, in all runs: never tried"
        in command("--activation=tanh", "--depth=7", "--architecture=rms_norm").stdout
    )


def test_the_command_ranks_inits_of_the_family_and_says_for_how_many_steps():
    done = command("--activation=gelu", "--depth=40", "--init=gaussian_w2_b0.5", "--steps=3000")
    lines = done.stdout.splitlines()

    assert lines[0].endswith("64 inputs, trained for 3,000 steps")
    assert lines[4].split() == [
        "1.4",
        "does",
        "not",
        "fail",
        "not",
        "before",
        "200",
        "2",
        "gaussian_w2_b0.5,",
        "σb²",
        "=",
        "0.5",
    ]
    assert lines[5].endswith(f"{critical_with_biases(GELU).name}, σb² = 0.2")
    assert any(line.endswith("lies outside 3/steps to steps/3: 0.001 to 1,000 for 3,000 steps.") for line in lines)


def test_as_many_steps_as_the_default_sweep_has_are_meant_where_none_are_named():
    assert f"trained for {STEPS} steps\n" in command("--activation=tanh", "--depth=5").stdout


def test_the_command_takes_records_of_one_s_own(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    done = command("--activation=sine", "--depth=30", "--extension=mine.py", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    third = next(line for line in done.stdout.splitlines() if line.endswith("third"))
    q, product = 3.0, 1.0
    for _ in range(29):
        # E[cos²] and E[sin²] of a normal number.
        product, q = product * 3.0 * (1 + exp(-2 * q)) / 2, 3.0 * (1 - exp(-2 * q)) / 2
    assert float(third.split()[0].replace(",", "")) == pytest.approx(sqrt(product), rel=0.05)


WRONG = """
ACTIVATIONS["liar"] = Activation("liar", sine, cube_slope, kinks=(), rectifier=False, source="an example")
from depthsounder.elements.architectures import Architecture, Normalization
ARCHITECTURES = {"mixed": Architecture("mixed", Normalization(-2, True), True, 0.0, "an example")}
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--activation", "tan", "--depth", "3"], ["--activation", "'tan'", "tanh"]),
        (["--activation", "tanh", "--depth", "1"], ["--depth", "found '1'", "allowed: a whole number from 2 to 200"]),
        (["--activation", "tanh", "--depth", "201"], ["--depth", "found '201'", "from 2 to 200"]),
        (["--activation", "tanh", "--depth", "x"], ["--depth", "found 'x'", "from 2 to 200"]),
        (["--activation", "tanh", "--depth", "3", "--width", "1"], ["--width", "found '1'", "a whole number from 2"]),
        (["--activation", "tanh", "--depth", "3", "--fan-in", "-1"], ["--fan-in", "'-1'", "a whole number from 1"]),
        (["--activation", "tanh", "--depth", "3", "--steps", "3"], ["--steps", "found '3'", "a whole number from 4"]),
        (["--activation", "tanh", "--depth", "3", "--init", "he"], ["--init", "'he'", "gaussian_w…_b…", "he_normal"]),
        (["--activation", "tanh", "--depth", "3", "--architecture", "x"], ["--architecture", "'x'", "batch_norm"]),
        (["--activation", "tanh", "--depth", "3", "--extension", "no.py"], ["no.py", "no such file"]),
        (["--activation", "liar", "--depth", "3", "--extension", "mine.py"], ["--activation", "'liar'", "derivative"]),
        (
            ["--activation", "tanh", "--depth", "3", "--architecture", "mixed", "--extension", "mine.py"],
            ["--architecture", "'mixed'", "allowed: "],
        ),
        (["--depth", "3"], ["--activation"]),
    ],
)  # fmt: skip
def test_what_cannot_be_advised_on_is_refused_by_its_option(tmp_path, words, said):
    (tmp_path / "mine.py").write_text(MINE + WRONG)
    done = command(*words, folder=tmp_path)

    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert all(piece in done.stderr.splitlines()[-1] for piece in said), done.stderr


def test_the_command_loads_nothing_heavy():
    script = ROOT / "scripts/advise.py"
    lines = [
        "import runpy, sys",
        f"sys.argv = [{str(script)!r}, '--activation=tanh', '--depth=5']",
        f"runpy.run_path({str(script)!r}, run_name='__main__')",
        "print(*sys.modules)",
    ]
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], env=variables, capture_output=True, text=True, check=True
    )

    assert not {"matplotlib", "pandas", "pydantic", "sklearn"} & set(done.stdout.splitlines()[-1].split())


PAGES = "".join((ROOT / name).read_text() for name in ("README.md", "docs/advice.md"))


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("variables", sorted(set(re.findall(r"make advise ((?:[A-Z_]+=[\w.]+ ?)+)", PAGES))))
def test_make_advises_as_the_pages_say(tmp_path, variables):
    (tmp_path / "mine.py").write_text(MINE)
    given = variables.replace("mine.py", str(tmp_path / "mine.py")).split()
    environment = Path(sys.prefix)
    done = subprocess.run(
        ["make", "--no-print-directory", f"VENV={environment}", f"--old-file={environment}/runtime", "advise", *given],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    options = [
        f"--{name.lower().replace('_', '-')}={value}" for name, _, value in (word.partition("=") for word in given)
    ]

    assert done.stdout == command(*options).stdout
    assert done.stdout.splitlines()[0].startswith(options[0].partition("=")[2])
