"""A user's own file in a folder of the user's: what README shows runs, and an edit reruns what it concerns."""

import hashlib
import re
import subprocess
import sys
from textwrap import dedent

import pytest
import yaml
from tiny_sweep import TINY_SWEEP

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

SMALL = {
    **{name: TINY_SWEEP[name] for name in ("seeds", "seeds_per_block", "width", "training", "probe_examples")},
    "depths": [20],
    "gradient_check": {"depths": [1, 2], "width": 3, "examples": 2},
    "verdicts": {"tail_steps": 3},
}
CONFIGS = ("--configfile", "mine.yaml", "small.yaml")


def shown(root, language, words):
    """The block of README that has some words in it, as it stands there."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", (root / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    (block,) = [dedent(block) for block in found if words in block]
    return block


@pytest.fixture
def own(root, sources, tmp_path):
    """A folder of a user's own, with the two files that README shows, and one that makes the sweep small."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.py").write_text(shown(root, "python", "ACTIVATIONS ="))
    (folder / "mine.yaml").write_text(shown(root, "yaml", "extensions:"))
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    return type(sources)(folder)


def cells(jobs, rule):
    return {(job["activation"], job["init"]) for job in jobs if job.rule == rule}


def test_what_the_readme_shows_runs_to_a_report_from_a_folder_of_the_users_own(own, sources):
    ours = ("--snakefile", sources / "Snakefile")
    own.run(*ours, *CONFIGS, cores=1)

    checks = [
        row for row in own.table("gradient_check", "mine") if row["activation"] == "sine" and row["init"] == "third"
    ]
    assert checks
    assert {row["verdict"] for row in checks} == {"passed"}
    pairs = {(row["activation"], row["init"]) for row in own.table("verdicts", "mine")}
    assert pairs == {(phi, init) for phi in ("sine", "tanh") for init in ("third", "glorot_normal")}
    theory = [row for row in own.table("theory", "mine") if row["activation"] == "sine"]
    assert all(row["z_second_moment"] for row in theory)
    page = (own / "reports/mine/index.html").read_text()
    assert hashlib.sha256((own / "mine.py").read_bytes()).hexdigest() in page
    assert "sine, third from <code>mine.py</code>" in re.sub(r"</?a\b[^>]*>", "", page)
    assert "sine" in (own / "reports/mine/figures/failure_map.svg").read_text()

    text = (own / "mine.py").read_text()
    (own / "mine.py").write_text(f"# A comment.\n{text}")
    assert own.plan(*ours, *CONFIGS) == []
    (own / "mine.py").write_text(text.replace("np.cos(z, out)", "np.cos(1.0 * z, out)"))
    assert cells(own.plan(*ours, *CONFIGS), "train_networks") == {("sine", "third"), ("sine", "glorot_normal")}
    (own / "mine.py").write_text(text.replace("3 / fan_in", "3.1 / fan_in"))
    assert cells(own.plan(*ours, *CONFIGS), "train_networks") == {("sine", "third"), ("tanh", "third")}
    (own / "small.yaml").write_text(yaml.safe_dump(SMALL | {"extensions": ["mine.py", "more.py"]}))
    (own / "mine.py").write_text(text)
    (own / "more.py").write_text(text.replace('"sine"', '"more"').replace('"third"', '"most"'))
    assert cells(own.plan(*ours, *CONFIGS), "measure_signal") == set()

    (own / "mine.py").unlink()
    script = [sys.executable, sources / "scripts/plot_figure.py", "--results=results/mine", "--figure=answer"]
    environment = {"PYTHONPATH": str(sources / "src")}
    command = [*script, "--output=answer.svg"]
    done = subprocess.run(command, cwd=own.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "made with an extension that cannot be used: mine.py: there is no such file" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_path_starts_at_the_folder_in_which_snakemake_works(own, sources):
    """With --directory at that folder, and in a module at the importer's, whatever its prefix; of two files."""
    ours = ("--snakefile", sources / "Snakefile")
    elsewhere = own / "elsewhere"
    elsewhere.mkdir()
    absolute = ("--configfile", own / "mine.yaml", own / "small.yaml", "--directory", elsewhere)
    code = (own / "mine.py").read_text()
    (own / "more.py").write_text(code.replace('"third"', '"fourth"').replace("ACTIVATIONS = ", "UNUSED = "))
    small = SMALL | {"extensions": ["mine.py", "more.py"], "inits": ["third", "fourth", "glorot_normal"]}
    (own / "small.yaml").write_text(yaml.safe_dump(small))

    run = own.snakemake("--dry-run", *ours, *absolute)
    assert run.code
    assert f"mine.py: there is no such file; its path starts at the working folder, {elsewhere}" in run.output
    assert f"did you mean {own / 'mine.py'}, which lies beside the config?" in run.output
    assert "Traceback" not in run.output
    part = "results/mine/parts/initial/depth=20/architecture=plain/activation=sine/init=fourth/seeds=0-1.parquet"
    for file in ("mine.py", "more.py"):
        (own / file).rename(elsewhere / file)
    own.run(part, *ours, *absolute, cores=1)
    assert (elsewhere / part).exists()

    for file in ("mine.py", "more.py"):
        (elsewhere / file).rename(own / file)
    handed = yaml.safe_load((own / "mine.yaml").read_text()) | small
    (own / "Snakefile").write_text(
        f"module sounding:\n    snakefile: {str(sources / 'Snakefile')!r}\n    config: {handed!r}\n"
        '    prefix: "below"\nuse rule * from sounding as sounding_*\n'
    )
    own.run(f"below/{part}", cores=1)
    assert (own / f"below/{part}").read_bytes() == (elsewhere / part).read_bytes()


def test_a_wrong_file_and_a_misspelt_name_are_told_before_any_job(own, sources):
    ours = ("--snakefile", sources / "Snakefile", *CONFIGS, "--cores=1")
    run = own.snakemake(*ours, "--config", "activations=[sin]", "comparisons=[]")
    assert run.code
    assert "did you mean sine?" in run.output

    (own / "mine.py").write_text("import numpy as np\nX = npp.pi\n")
    run = own.snakemake(*ours)
    assert run.code
    assert "mine.yaml, line 2: extensions[0]" in run.output
    assert "mine.py, line 2: fails with NameError: name 'npp' is not defined" in run.output
    assert "Traceback" not in run.output
    assert not (own / "results").exists()


def test_a_plan_knows_own_names(own, sources):
    command = [sys.executable, sources / "scripts/plan_sweep.py", "mine.yaml", "small.yaml"]
    environment = {"PYTHONPATH": str(sources / "src")}
    done = subprocess.run(command, cwd=own.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run mine: 4 cells" in done.stdout
