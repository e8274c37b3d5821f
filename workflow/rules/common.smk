# What all rules share: the validated settings, the places of files, and how a script is called.

import shlex

from snakemake.exceptions import WorkflowError

from depthsounder.config import ConfigError, check_data, stage_arguments, validate_config
from depthsounder.fingerprint import code_fingerprint
from depthsounder.sources import BUILT_IN
from depthsounder.sweep import PART_KINDS, Cell, RunPaths, cell_parts, check_paths, part_paths, table_parts
from depthsounder.tables import SCHEMAS

ROOT = Path(workflow.basedir)

# Every figure has a caption, and every caption a figure. The figures themselves would take a second to import.
FIGURES = sorted(caption.stem for caption in (ROOT / "workflow/report").glob("*.rst"))

try:
    settings = validate_config(
        config,
        [Path("config/config.yaml"), *map(Path, workflow.overwrite_configfiles)],
        workflow.config_settings.config,
    )
    paths = RunPaths(settings.run)
    check_data(settings, paths.data_stamp)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# Jobs run in the Python that runs Snakemake, also where nobody activated its environment, and find the library without
# its being installed. A job says what went wrong to the terminal and to its log: with its words piped to both, bash has
# to be told that it fails where the script does.
INTERPRETER, LIBRARY = (shlex.quote(str(folder)) for folder in (Path(sys.executable).parent, ROOT / "src"))
shell.prefix(f"set -euo pipefail; export PATH={INTERPRETER}:$PATH PYTHONPATH={LIBRARY}; ")


wildcard_constraints:
    depth=r"\d+",
    activation=r"[a-z_0-9]+",
    init=r"[a-z_0-9.]+",
    seeds=r"\d+-\d+",


def code(script):
    """The digest of the code of a job of one cell, as a parameter: an edit reruns the jobs that it concerns."""

    def of_cell(wildcards):
        return code_fingerprint(ROOT / "scripts" / script, wildcards.get("activation"), wildcards.get("init"))

    return of_cell


def log_path(name):
    """The log of a job, or of the jobs of a pattern."""
    return str(Path("logs") / settings.run / f"{name}.log")


CELL = "depth={depth}/activation={activation}/init={init}/seeds={seeds}"


def tuning_parts(wildcards):
    """The traces that choose a cell's learning rate."""
    return cell_parts(settings, "tuning", Cell(int(wildcards.depth), wildcards.activation, wildcards.init))


def parts_of_table(wildcards):
    """The files that a table is collected from."""
    return check_paths(settings) if wildcards.table == "gradient_check" else table_parts(settings, wildcards.table)


# Snakemake's limit of job starts per second sets a timer with each look at the queue, and each timer causes another look:
# after a thousand jobs the queue is looked at a thousand times a second. On one machine the cores are limit enough.
onstart:
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
