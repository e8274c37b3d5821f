"""Where the workflow lies is not where it runs: each way ends in the tables of a run in place, bit for bit."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from tiny_sweep import TINY_SWEEP

from depthsounder.storage.schemas import SCHEMAS
from depthsounder.storage.tables import read_table

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

ONE_CELL = TINY_SWEEP | {"run": "mine", "depths": [1], "activations": ["tanh"], "inits": ["he_normal"]}
TABLES = [f"results/mine/{name}.parquet" for name in SCHEMAS]
OTHER_USER = 54_321

MODULE = """
configfile: "mine.yaml"

module sounding:
    snakefile: {snakefile}
    config: config
{more}
use rule * from sounding{names}
"""


@pytest.fixture(scope="module")
def public():
    """A folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def checkout(sources, public):
    """A clone that nobody may write to, in a path with a space; git knows it by a tag."""
    folder = public / "depth sounder"
    shutil.copytree(sources.folder, folder, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=A. User", "-c", "user.email=user@localhost", "commit", "--quiet", "-m", "All of it")
    git(folder, "tag", "v1.0")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222 | 0o444)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


@pytest.fixture(scope="module")
def in_place(sources, tmp_path_factory):
    """The rows of each table of a run in its own checkout."""
    project = sources.copy(tmp_path_factory.mktemp("place") / "project")
    (project / "config/config.yaml").write_text(yaml.safe_dump(ONE_CELL, sort_keys=False))
    project.run(*TABLES)
    return rows(project.folder)


@pytest.fixture
def own(sources, tmp_path):
    """A folder of a user's own, with no more than a config."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.yaml").write_text(yaml.safe_dump(ONE_CELL, sort_keys=False))
    return type(sources)(folder)


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def rows(place, run="mine"):
    """All values of all tables, each number with all its digits."""
    return {name: repr(read_table(place / f"results/{run}/{name}.parquet").to_pylist()) for name in SCHEMAS}


def imports(own, snakefile, more="", names="", rules=""):
    """Write a workflow of the user's own that imports ours."""
    text = MODULE.format(snakefile=snakefile, more=more, names=names)
    (own / "Snakefile").write_text(f"{rules}{text}")


def test_from_a_foreign_folder_and_by_another_one_named_with_directory(checkout, own, in_place):
    """The whole run: report and figures as well, with what the page takes from the checkout."""
    before = sorted(checkout.rglob("*"))

    own.run("--snakefile", checkout / "Snakefile", "--configfile", "mine.yaml", cores=1)

    assert rows(own.folder) == in_place
    assert "<h1" in (own / "reports/mine/index.html").read_text()
    assert sorted(path.name for path in own.folder.iterdir()) == [
        ".snakemake", "logs", "mine.yaml", "reports", "results"
    ]  # fmt: skip
    assert sorted(path for path in checkout.rglob("*") if "__pycache__" not in path.parts) == before

    elsewhere = own / "elsewhere"
    elsewhere.mkdir()
    common = ("--snakefile", checkout / "Snakefile", "--configfile", "mine.yaml", "--directory", elsewhere)
    own.run(*TABLES, *common, cores=1)
    assert rows(elsewhere) == in_place
    # For the next command, which goes to this folder as well.
    assert (elsewhere / ".snakemake/depthsounder/digests.json").is_file()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_as_another_user_than_the_owner_of_a_checkout_that_cannot_be_written(checkout, public, in_place):
    who = ["setpriv", f"--reuid={OTHER_USER}", f"--regid={OTHER_USER}", "--clear-groups"]
    # By way of a shell: a first process still has the rights of the one that starts it.
    imports_it = f"{shlex.quote(sys.executable)} -c 'import snakemake'"
    if subprocess.run([*who, "sh", "-c", imports_it], check=False, capture_output=True).returncode:
        pytest.skip("another user cannot start this Python")
    own = public / "guest"
    own.mkdir()
    (own / "mine.yaml").write_text(yaml.safe_dump(ONE_CELL, sort_keys=False))
    os.chown(own, OTHER_USER, OTHER_USER)
    snakemake = [Path(sys.executable).with_name("snakemake"), *TABLES, "--cores=1", "--configfile", "mine.yaml"]
    environment = {"HOME": str(own), "USER": "guest", "LOGNAME": "guest", "PATH": os.defpath}

    done = subprocess.run(
        [*who, *snakemake, "--snakefile", checkout / "Snakefile"],
        cwd=own,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert rows(own) == in_place
    assert (own / TABLES[0]).stat().st_uid == OTHER_USER


OWN_RULES = """
rule all:
    input:
        "own.txt"

rule own:
    input:
        "results/mine/verdicts.parquet",
        "below/results/other/verdicts.parquet",
    output:
        "own.txt"
    shell:
        "echo path=$PYTHONPATH runner=${{DEPTHSOUNDER_RUNNER-}} python=$(command -v python) > {output}"

onstart:
    print("THE IMPORTER STARTS")

onsuccess:
    print("THE IMPORTER HAS ENDED")
"""

BELOW = """
module below:
    snakefile: {snakefile}
    config: {{**config, "run": "other"}}
    prefix: "below"

use rule * from below as below_*
"""


def test_a_module_serves_its_importer_and_leaves_its_rules_and_handlers_alone(checkout, own, in_place, tmp_path):
    snakefile = repr(str(checkout / "Snakefile"))
    imports(own, snakefile, names=" as sounding_*", rules=OWN_RULES)
    with (own / "Snakefile").open("a") as file:
        file.write(BELOW.format(snakefile=snakefile))
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    environment = {"PYTHONPATH": "/of/the/importer", "PATH": f"{python.parent}:{own.environment()['PATH']}"}

    run = own.snakemake("--cores=1", environment=environment)

    assert run.code == 0, run.output
    found = (own / "own.txt").read_text()
    assert found == f"path=/of/the/importer runner= python={python}\n"
    assert "THE IMPORTER STARTS" in run.output
    assert "THE IMPORTER HAS ENDED" in run.output
    assert "networks (" not in run.output
    assert "localrule all:" in run.output or "rule all:" in run.output
    done = own.snakemake(*TABLES, *(f"below/{table.replace('mine', 'other')}" for table in TABLES), "--cores=1")
    assert done.code == 0, done.output
    assert rows(own.folder) == in_place
    assert rows(own / "below", "other") == in_place
    assert not (own / "reports").exists()


def test_the_default_target_of_a_module_is_that_of_an_importer_without_rules(checkout, own):
    imports(own, repr(str(checkout / "Snakefile")), names=" as sounding_*")

    planned = own.plan()

    assert {job.rule for job in planned} >= {"sounding_render_report", "sounding_plot_figure", "sounding_prepare_data"}
    assert len([job for job in planned if job.rule == "sounding_train_networks"]) == 1


@pytest.mark.parametrize("given", ["tag", "commit"])
def test_by_a_tag_or_a_commit_of_a_local_repository(checkout, own, in_place, given):
    sha = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True).stdout
    ref = {"tag": "v1.0", "commit": sha.strip()}[given]
    imports(own, f'gitfile({str(checkout)!r}, path="Snakefile", {given}={ref!r})')

    if given == "commit":
        assert own.plan()
        return
    own.run(*TABLES, cores=1)
    assert rows(own.folder) == in_place


def test_included_instead_of_imported_is_refused_in_a_sentence(checkout, own):
    (own / "Snakefile").write_text(f"include: {str(checkout / 'Snakefile')!r}\n")

    run = own.snakemake("--cores=1", "--configfile", "mine.yaml")

    assert run.code != 0
    assert "included by another one" in run.output
    assert "with `module` instead" in run.output
    assert not (own / "results").exists()


def test_a_single_file_by_its_address_is_refused_in_a_sentence(checkout, own):
    handler = partial(SimpleHTTPRequestHandler, directory=checkout)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        imports(own, repr(f"http://127.0.0.1:{server.server_port}/Snakefile"))
        run = own.snakemake("--cores=1")
        server.shutdown()

    assert run.code != 0
    assert "scripts and library lie beside its rules" in run.output
    assert not (own / "results").exists()


def test_two_modules_from_two_places_are_refused_in_a_sentence(checkout, sources, own, tmp_path):
    other = sources.copy(tmp_path / "another checkout")
    imports(own, repr(str(checkout / "Snakefile")), names=" as sounding_*")
    with (own / "Snakefile").open("a") as file:
        file.write(BELOW.format(snakefile=repr(str(other / "Snakefile"))))

    run = own.snakemake("--cores=1")

    assert run.code != 0
    assert "Import both times from the same place" in run.output
    assert not (own / "results").exists()


def test_as_snakedeploy_deploys_it_from_a_hosted_repository(checkout, own, in_place):
    """What `snakedeploy deploy-workflow` copies and writes; its git leads to the clone instead of to the host."""
    for folder in ("config", "profiles"):
        shutil.copytree(checkout / folder, own / folder, copy_function=shutil.copyfile)
    (own / "config/config.yaml").write_text((own / "mine.yaml").read_text())
    (own / "workflow").mkdir()
    (own / "workflow/Snakefile").write_text(
        'from snakemake.utils import min_version\n\nmin_version("6.10.0")\n\nconfigfile: "config/config.yaml"\n\n'
        'module depthsounder:\n    snakefile:\n        github("someone/depthsounder", path="Snakefile", tag="v1.0")\n'
        "    config:\n        config\n\nuse rule * from depthsounder\n"
    )
    host = own / "host/someone"
    host.mkdir(parents=True)
    (host / "depthsounder").symlink_to(checkout)
    environment = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"url.file://{own / 'host'}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "GIT_CONFIG_KEY_1": "safe.directory",
        "GIT_CONFIG_VALUE_1": "*",
        "XDG_CACHE_HOME": str(own / "cache"),
    }

    run = own.snakemake(*TABLES, "--cores=1", environment=environment)

    assert run.code == 0, run.output
    assert rows(own.folder) == in_place


def test_a_module_that_gets_a_wrong_value_refuses_it_and_says_from_where(checkout, own):
    imports(own, repr(str(checkout / "Snakefile")))
    (own / "mine.yaml").write_text(yaml.safe_dump(ONE_CELL | {"widht": 9}))

    run = own.snakemake("--cores=1")

    assert run.code != 0
    assert "the importing workflow: widht" in run.output
    assert "did you mean width?" in run.output


def test_a_relative_path_of_data_starts_at_the_working_folder_in_every_way(checkout, own):
    """Not at the checkout, not at the config's folder, and not at an importing workflow's prefix."""
    lines = "".join(f"{k % 7},{k % 3},{'ab'[k % 2]}\n" for k in range(120))
    (own / "flowers.csv").write_text(f"x,y,kind\n{lines}")
    sweep = ONE_CELL | {"data": {"source": "flowers.csv", "target": "kind", "test_fraction": 0.2}}
    (own / "configs").mkdir()
    (own / "configs/mine.yaml").write_text(yaml.safe_dump(sweep))
    (own / "mine.yaml").write_text(yaml.safe_dump(sweep))
    target = "results/mine/data.npz"

    own.run(target, "--snakefile", checkout / "Snakefile", "--configfile", "configs/mine.yaml", cores=1)
    prepared = (own / target).read_bytes()
    imports(own, repr(str(checkout / "Snakefile")), more='    prefix: "below"\n')
    own.run(f"below/{target}", cores=1)

    assert (own / f"below/{target}").read_bytes() == prepared
