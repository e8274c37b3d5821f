"""A file that no rule makes is explained: which figure was meant, and which config makes it."""

import pytest
from made_up_run import make_config

from depthsounder.sweep.targets import explain_nothing, explain_target

CONFIG = make_config([2], ["tanh"], ["glorot_normal"])
FIGURES = ["answer", "failure_map"]


@pytest.fixture
def configs(root):
    return sorted((root / "config").glob("*.yaml"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (
            "reports/{run}/figures/failre_map.svg",
            ["no figure failre_map", "did you mean failure_map?", "are answer, fai"],
        ),
        ("reports/{run}/figures/zzz.png", ["no figure zzz. This run's figures are answer, failure_map."]),
        ("reports/{run}/figures/answer.docx", ["a figure is made as svg, png, pdf, slide.svg or slide.png"]),
        (
            "reports/smoke/figures/answer.svg",
            ["a file of run smoke", "reports/smoke/figures/answer.svg --configfile", "smoke.yaml"],
        ),
        ("results/adam/verdicts.parquet", ["a file of run adam", "adam.yaml"]),
        ("results/nobody/verdicts.parquet", ["a file of run nobody", "FILE, whose key run is nobody"]),
        (
            "reports/{run}/figures/he2015.svg",
            ["only the study he2015", "reports/he2015/figures/he2015.svg --configfile"],
        ),
    ],
)
def test_a_file_of_no_rule_is_explained(configs, target, words):
    explanation = explain_target(target.format(run=CONFIG.run), CONFIG, FIGURES, configs)
    for word in words:
        assert word in explanation


@pytest.mark.parametrize(
    "target",
    [
        "all",
        "train_networks",
        "reports/{run}/figures/answer.pdf",
        "reports/{run}/figures/answer.slide.svg",
        "reports/{run}/figures/answer.slide.png",
        "results/{run}/verdicts.parquet",
        "elsewhere/a/b.svg",
    ],
)
def test_nothing_is_said_against_what_rules_make_or_nobody_knows(configs, target):
    assert explain_target(target.format(run=CONFIG.run), CONFIG, FIGURES, configs) is None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("train_network", "did you mean train_networks?"),
        ("results/mine/verdict.parquet", "did you mean results/mine/verdicts.parquet?"),
        ("zzz", "none makes such a file. `snakemake --list`"),
    ],
)
def test_what_no_rule_makes_is_named_with_what_was_meant(target, words):
    said = explain_nothing(target, ["all", "train_networks"], ["results/mine/verdicts.parquet"])
    assert said.startswith(f"{target}: no rule has this name")
    assert words in said


def test_a_config_that_cannot_be_read_stops_no_explanation(tmp_path):
    (tmp_path / "broken.yaml").write_text("run: [")
    (tmp_path / "list.yaml").write_text("- run")
    configs = sorted(tmp_path.iterdir())
    assert "FILE, whose key run is other" in explain_target("results/other/x.parquet", CONFIG, FIGURES, configs)
