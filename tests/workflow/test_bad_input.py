"""What cannot be used is refused with one error that says where and what, before anything is written or started."""

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow

CONFIG = "config/config.yaml"


def refusal(project, *arguments):
    """What a run says that refuses, which it does at once and with one error."""
    run = project.snakemake("--cores=1", *arguments)
    assert run.code != 0, run.output
    assert len(re.findall("cannot be (used|read)", run.output)) == 1, run.output
    assert "Traceback" not in run.output
    assert "Job stats" not in run.output
    assert not any((project / folder).exists() for folder in ("results", "reports", "logs"))
    return run.output


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("width: 8\n", "width: 8\nwidht: 9\n", "widht", ["is an unknown key", "did you mean width?"]),
        ("  steps: 5\n", "  steps: 5\n  step: 6\n", "training.step", ["is an unknown key", "did you mean steps?"]),
        ("- relu\n", "- rleu\n", "activations[1]", ["found 'rleu'", "did you mean relu?"]),
        ("- he_normal\n", "- he_norml\n", "inits[1]", ["found 'he_norml'", "did you mean he_normal?"]),
        ("depths:\n- 1\n- 2\n", "depths: []\n", "depths", ["found []", "not empty"]),
        ("- 1\n- 2\n", "- 1\n- -2\n", "depths[1]", ["found -2", "from 1"]),
        (
            "- tanh\n- relu\ninits:\n- glorot_normal\n- he_normal\n",
            "- softplus\ninits:\n- critical\n",
            "inits[0]",
            ["found 'critical', which is not possible", "softplus"],
        ),
    ],
    ids=["key", "nested key", "activation", "init", "empty axis", "negative depth", "critical softplus"],
)
def test_a_wrong_value_is_named_with_its_line(fresh, old, new, key, expected):
    fresh.edit(CONFIG, old, new)
    wrong = (fresh / CONFIG).read_text().splitlines().index(new.splitlines()[-1]) + 1

    output = refusal(fresh)

    assert f"{CONFIG}, line {wrong}: {key}\n" in output
    for words in expected:
        assert words in output


def test_a_config_that_is_no_yaml_is_refused_with_the_line(fresh):
    fresh.edit(CONFIG, "width: 8", "width: [8")
    line = (fresh / CONFIG).read_text().splitlines().index("width: [8") + 2

    assert f"{CONFIG}, line {line}: this is no YAML" in refusal(fresh)


def test_code_in_which_an_edit_would_be_overlooked_is_named_with_its_file(fresh):
    registry = "ACTIVATIONS = {"
    fresh.edit("src/depthsounder/elements/activations.py", registry, f"HIDDEN = [*map(replace, ())]\n\n{registry}")
    fresh.edit("src/depthsounder/elements/activations.py", "        TANH,\n", "        *HIDDEN,\n        TANH,\n")
    fresh.edit(
        "src/depthsounder/elements/activations.py",
        "import numpy as np\n",
        "import numpy as np\nfrom dataclasses import replace\n",
    )

    output = refusal(fresh)

    assert "depthsounder/elements/activations.py, line" in output
    assert "the name of the entry *HIDDEN of ACTIVATIONS cannot be read" in output


def test_a_value_of_the_command_line_is_called_that(fresh):
    output = refusal(fresh, "--config", "width=-3")

    assert "command line: width\n    found -3" in output


def test_a_preset_is_named_and_not_the_config_that_it_overrides(fresh):
    fresh.configure({"width": 0}, "config/mine.yaml")
    line = (fresh / "config/mine.yaml").read_text().splitlines().index("width: 0") + 1

    assert f"config/mine.yaml, line {line}: width" in refusal(fresh, "--configfile", "config/mine.yaml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, ["flowers.csv: found no such file"]),
        (
            "length,kind\n1,iris\nnan,iris\n2,poppy\n",
            ["column 'length', row 2 of the data", "NaN", "found 3 rows; allowed: at least 8"],
        ),
        ("length,sort\n1,iris\n2,poppy\n", ["no target column 'kind'", "'length', 'sort'"]),
        (
            "length,kind\n1,iris\n2,poppy\n",
            ["found 2 rows; allowed: at least 8"],
        ),
        (
            "length,kind\n" + "1,iris\n2,iris\n" * 4 + "2,poppy\n",
            ["found 8 rows of the class 'iris'", "found 1 row of the class 'poppy'", "training.batch_size: found 16"],
        ),
    ],
    ids=["missing file", "NaN", "missing target", "too few examples", "too few of a class"],
)
def test_data_that_cannot_be_used_is_refused(fresh, content, expected):
    if content is not None:
        (fresh / "flowers.csv").write_text(content)
    fresh.configure({"data.source": "flowers.csv", "data.target": "kind"})

    output = refusal(fresh)
    plan = subprocess.run(
        [sys.executable, "scripts/plan_sweep.py"],
        cwd=fresh.folder,
        env=fresh.environment() | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert plan.returncode == 1
    for words in expected:
        assert words in output
        assert words in plan.stderr
    assert plan.stderr.strip() in output
