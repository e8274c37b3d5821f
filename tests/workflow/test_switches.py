"""Snakemake's own switches are the interface: each does here what its help says, and says what it does."""

import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from chromium import ARGUMENTS, chromium_of
from playwright.sync_api import sync_playwright

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

PART = "results/default/parts/training/depth=2/architecture=plain/activation=tanh/init=he_normal/seeds=0-1.parquet"
FIGURE = "reports/default/figures/failure_map.svg"
STACK = re.compile(r'Traceback|^  File "', re.MULTILINE)


def says(project, *arguments):
    """What a call says that succeeds without a stack."""
    run = project.snakemake(*arguments)
    assert run.code == 0, run.output
    assert not STACK.search(run.output), run.output
    return run.output


def refuses(project, *arguments):
    """What a call says that fails without a stack."""
    run = project.snakemake(*arguments)
    assert run.code != 0, run.output
    assert not STACK.search(run.output), run.output
    return run.output


# --- plans ---


@pytest.mark.parametrize("switches", [["-n"], ["-n", "-q"], ["-n", "-p"]], ids=" ".join)
def test_a_dry_run_says_how_many_jobs_and_networks_and_about_how_long(fresh, switches):
    said = says(fresh, *switches, "--cores=2")

    assert re.search(r"^train_networks +8$", said, re.MULTILINE)
    assert re.search(r"^total +54$", said, re.MULTILINE)
    assert re.search(r"^16 networks to measure, 32 to train: about \d+ s on 2 cores$", said, re.MULTILINE)
    assert ("rule train_networks:" in said) == ("-q" not in switches)
    assert ("scripts/train_networks.py" in said) == ("-p" in switches)
    assert not any((fresh / folder).exists() for folder in ("results", "reports", "logs"))


def test_a_dry_run_whose_time_cannot_be_measured_ends_well_and_says_why(fresh):
    data = fresh / "results/default/data.npz"
    data.parent.mkdir(parents=True)
    data.write_bytes(b"no archive")

    said = says(fresh, "-n")

    assert re.search(r"^How long that takes could not be measured: .*data\.npz", said, re.MULTILINE)


def test_the_library_is_compiled_once_also_where_python_is_told_to_keep_nothing(fresh):
    """Of a module that only Snakemake's own process imports, and of one that only a job does."""
    library = fresh / "src/depthsounder"

    run = fresh.snakemake("results/default/data.npz", "--cores=1", environment={"PYTHONDONTWRITEBYTECODE": "1"})

    assert run.code == 0, run.output
    assert list((library / "process/__pycache__").glob("kept_digests.*.pyc"))
    assert list((library / "data/__pycache__").glob("prepare.*.pyc"))


def test_results_that_were_copied_without_times_are_planned_with_the_reason_and_the_way_out(finished_run, tmp_path):
    copy = finished_run.copy(tmp_path / "project")
    # Where Snakemake remembers the files' digests, their times do not matter.
    shutil.rmtree(copy / ".snakemake")
    for number, path in enumerate(sorted((copy / "results").rglob("*.parquet"), reverse=True)):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))

    said = says(copy, "-n")

    assert "updated input files:" in said
    assert re.search(r"\d+ of these jobs made files that are older than what they were made of", said)
    assert "`snakemake --touch`" in said
    assert "networks" not in says(copy, "--touch")
    assert copy.plan() == []


def test_forceall_plans_everything_and_mtime_alone_plans_what_files_tell(finished):
    assert len([job for job in finished.plan("--forceall") if job.rule == "train_networks"]) == 8
    finished.edit(
        "src/depthsounder/engine/network.py",
        "np.add(z, self.biases[layer], out=z)",
        "np.add(self.biases[layer], z, out=z)",
    )
    assert len([job for job in finished.plan() if job.rule == "train_networks"]) == 8
    assert finished.plan("--rerun-triggers", "mtime") == []


def test_what_snakemake_draws_lists_and_lints_is_about_this_workflow(finished):
    assert "digraph snakemake_dag" in says(finished, "--dag")
    assert "train_networks" in says(finished, "--rulegraph")
    summary = says(finished, "--summary")
    assert re.search(rf"^{re.escape(PART)}\t.*\tok\tno update$", summary, re.MULTILINE)
    assert "good condition" in says(finished, "--lint")


def test_delete_all_output_removes_what_rules_made(finished):
    deleted = says(finished, "--delete-all-output")
    assert PART in deleted or not (finished / PART).exists()
    left = {path.name for path in (finished / "results").rglob("*.parquet")} | {
        path.name for path in (finished / "reports").rglob("*") if path.is_file()
    }
    assert left == set()


# --- targets ---


def test_a_file_is_asked_for_before_its_config(fresh, root):
    (fresh / "config/mine.yaml").write_text((fresh / "config/config.yaml").read_text().replace("default", "mine"))
    planned = fresh.plan("reports/mine/figures/failure_map.svg", "--configfile", "config/mine.yaml")
    assert [job["figure"] for job in planned if job.rule == "plot_figure"] == ["failure_map"]
    assert "figures/failure_map.svg --configfile config/smoke.yaml" in (root / "README.md").read_text()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("reports/default/figures/failre_map.svg", "did you mean failure_map? This run's figures are answer, back"),
        ("reports/smoke/figures/failure_map.svg", "failure_map.svg --configfile config/smoke.yaml"),
        ("reports/default/figures/he2015.svg", "only the study he2015 has this figure"),
        ("results/default/verdict.parquet", "did you mean results/default/verdicts.parquet?"),
        ("train_network", "did you mean train_networks?"),
        ("nothing.csv", "no rule has this name, and none makes such a file"),
    ],
)
def test_a_target_that_no_rule_makes_is_refused_with_what_there_is(fresh, target, words):
    said = refuses(fresh, target)
    assert words in said
    assert "MissingRule" not in said


# --- files of a finished run ---


def test_touch_on_a_whole_run_an_unfinished_one_and_none_computes_nothing_and_claims_nothing(
    finished, sources, tmp_path
):
    fresh = sources.copy(tmp_path / "nothing yet")
    whole = says(finished, "--touch")
    assert "don't exist" not in whole
    assert finished.plan() == []
    (finished / PART).unlink()
    for project, missing in ((finished, PART), (fresh, "results/default/verdicts.parquet")):
        said = says(project, "--touch")
        assert re.search(rf"not touched because they don't exist: .*{re.escape(missing)}", said)
        assert not re.search(r"of \d+ networks|The report is", said)
    assert not any((fresh / folder).exists() for folder in ("results", "reports"))
    assert {job.rule for job in finished.plan()} >= {"train_networks", "render_report"}


def test_a_run_lists_its_jobs_when_it_is_asked_to(finished):
    (finished / FIGURE).unlink()
    assert "rule plot_figure:" not in says(finished, FIGURE, "--cores=1")
    (finished / FIGURE).unlink()
    said = says(finished, FIGURE, "--cores=1", "-p")
    assert "rule plot_figure:" in said
    assert "scripts/plot_figure.py --results results/default --figure failure_map" in said


def test_snakemakes_own_report_has_every_figure_with_its_caption(finished, root):
    says(finished, "--report", "out.html")
    says(finished, "--report", "out.zip")

    page = (finished / "out.html").read_text()
    figures = {path.stem for path in (finished / "reports/default/figures").glob("*.svg")}
    assert len(figures) > 10
    for figure in figures:
        assert f'"figure": "{figure}"' in page
    assert re.search(r"to less than(\\n|\s)0\.01 of its size", page)
    assert "{{" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    with zipfile.ZipFile(finished / "out.zip") as files:
        assert {Path(name).stem for name in files.namelist() if name.endswith(".svg")} >= figures

    _look_at(finished / "out.html")


def _look_at(page):
    """Open the page in Chromium, if there is one, and go to the caption of a figure as a reader does."""
    with sync_playwright() as driver:
        executable = chromium_of(driver)
        if executable is None:
            pytest.skip("no Chromium was found; `make test-browser` installs one")
        browser = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        shown = browser.new_page()
        errors = []
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.goto(page.as_uri())
        shown.get_by_text("Results").click()
        shown.get_by_text("Figures").wait_for()
        row = shown.locator("tr", has_text="failure_map")
        row.locator("a[iconname=information-circle]").click()
        shown.get_by_text("One map for each activation").wait_for()
        browser.close()
    assert errors == []


# --- software ---

CONDA = """#!/bin/sh
case "$*" in
    "info --json") echo '{{"conda_prefix": "{prefix}", "platform": "linux-64"}}';;
    "--version") echo 'conda 24.7.1';;
    config*) echo '{{"get": {{"channel_priority": "strict"}}}}';;
    "env create"*)
        while [ "$1" != --prefix ]; do shift; done
        mkdir -p "$2/bin"
        printf '#!/bin/sh\\necho "$@" >> {prefix}/used\\nexec {python} "$@"\\n' > "$2/bin/python"
        chmod +x "$2/bin/python";;
    clean*) ;;
    *) exit 1;;
esac
"""


def test_jobs_run_in_the_environment_that_sdm_conda_activates(fresh, tmp_path):
    """Conda is a stand-in, which makes an environment whose Python writes down what it runs."""
    prefix = tmp_path / "conda"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/conda").write_text(CONDA.format(prefix=prefix, python=sys.executable))
    (prefix / "bin/conda").chmod(0o755)
    (prefix / "bin/activate").write_text('export PATH="$1/bin:$PATH"\n')
    environment = {"PATH": f"{prefix / 'bin'}:{fresh.environment()['PATH']}"}
    target = "results/default/config.json"

    run = fresh.snakemake(target, "--cores=1", "--sdm", "conda", environment=environment)

    assert run.code == 0, run.output
    assert (fresh / target).exists()
    assert (prefix / "used").read_text().startswith(f"{fresh / 'scripts/record_config.py'} --values")
