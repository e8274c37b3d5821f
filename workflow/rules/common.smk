# What all rules share: the validated settings, the places of files, and how a script is called.

import logging
import os
import shlex

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake_interface_logger_plugins.common import LogEvent

from depthsounder.judging.run_changes import KEPT
from depthsounder.process.future_dates import DatedInTheFuture, bring_back, require_past
from depthsounder.config import STUDIES, ConfigError, Origin, check_data, stage_arguments, validate_config
from depthsounder.process.commands import Refusal
from depthsounder.process.definitions import NotFollowed
from depthsounder.process.home import stand_ins
from depthsounder.process.lock import RUNNER, NoClaim, claim, require_free
from depthsounder.process.fingerprint import code_fingerprint, require_digests
from depthsounder.sweep.figure_tables import tables_of_figure
from depthsounder.sweep.progress import Closing, Portion, ProgressReporter, closing_words, portion
from depthsounder.data.sources import source_files
from depthsounder.sweep.cells import PART_KINDS, Cell, RunPaths, cell_parts, check_paths, part_paths, table_parts
from depthsounder.storage.tables import SCHEMAS

ROOT = Path(workflow.basedir)

origin = Origin(
    [Path("config/config.yaml"), *map(Path, workflow.overwrite_configfiles)], workflow.config_settings.config
)
try:
    settings = validate_config(config, origin.files, origin.command_line, workflow.config_settings.config_args or ())
    paths = RunPaths(settings.run)
    warnings = check_data(settings, paths.data_stamp, origin)
    if workflow.is_main_process:
        require_digests(ROOT / "scripts", settings.activations, settings.inits)
        if not workflow.output_settings.dryrun:
            require_free(paths.results)
except (ConfigError, NoClaim, NotFollowed, OSError) as error:
    raise WorkflowError(str(error)) from None

# Once, and not by each job that reads these files again.
if workflow.is_main_process:
    for warning in warnings:
        print(f"Look at {settings.data.source}: {warning}.", file=sys.stderr)


def escaped(path):
    """A path in a text in which Snakemake looks for names in braces: the project's own folder may have some."""
    return str(path).replace("{", "{{").replace("}", "}}")


def environment(wildcards):
    """The file of the environment that `--sdm conda` makes: from a function, which may return an absolute path."""
    return escaped(ROOT / "environment.yml")


# Every figure has a caption, and every caption a figure. The figures themselves would take a second to import. A study's
# figure has the study's name.
CAPTIONS = {caption.stem for caption in (ROOT / "workflow/report").glob("*.rst")}
FIGURES = sorted(CAPTIONS - set(STUDIES) | ({settings.study} if settings.study else set()))

# For Snakemake and for the jobs, which have the same environment.
os.environ.update(stand_ins(os.environ, Path("results").absolute()))

# Jobs run in the Python that runs Snakemake, also where nobody activated its environment, and find the library without
# its being installed. A job says what went wrong to the terminal and to its log: with its words piped to both, bash has
# to be told that it fails where the script does.
INTERPRETER, LIBRARY = (shlex.quote(escaped(folder)) for folder in (Path(sys.executable).parent, ROOT / "src"))
shell.prefix(f"set -euo pipefail; export PATH={INTERPRETER}:$PATH PYTHONPATH={LIBRARY} {RUNNER}=$PPID; ")


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


def settings_of(stage):
    """The settings of a stage, as a parameter: from a function, because Snakemake looks for wildcards in other texts."""
    return lambda wildcards: stage_arguments(settings, stage)


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


# Which rules compute networks, and of which kind.
KIND_OF_RULE = {"measure_signal": "initial", "tune_rate": "tuning", "train_networks": "training"}


def portion_of(jobs):
    """What some jobs contribute to the run."""
    return sum(
        (
            portion(settings, KIND_OF_RULE[job.rule.name], int(job.wildcards.depth), job.wildcards.seeds)
            for job in jobs
            if job.rule.name in KIND_OF_RULE
        ),
        Portion(),
    )


# What follows the networks, in its order, as progress calls it.
CLOSING = {
    "collecting tables": {"collect_table"},
    "predicting and judging": {"predict_signal", "judge_cells", "compare_inits", "judge_claims"},
    "drawing figures": {"plot_figure", "plot_figure_as_pdf"},
    "writing the report": {"render_report"},
}


def closing_of(jobs):
    """The first of these of which some jobs are left, with how many are done."""
    for name, rule_names in CLOSING.items():
        done = [bool(workflow.dag.finished(job)) for job in jobs if job.rule.name in rule_names]
        if not all(done):
            return Closing(name, sum(done), len(done))
    return None


class OwnProgress(logging.Filter):
    """Keeps back what Snakemake says at each start of a job: a thousand lines, and none says how long it will take."""

    def filter(self, record):
        return record.msg != "Select jobs to execute..." and getattr(record, "event", None) != LogEvent.JOB_STARTED


reporters = []
claims = []


onstart:
    # Snakemake's limit of job starts per second sets a timer with each look at the queue, and each timer causes another
    # look: after a thousand jobs the queue is looked at a thousand times a second. On one machine the cores are limit enough.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    planned = list(workflow.dag.needrun_jobs())
    try:
        claims.append(claim(paths.results, paths.reports))
        bring_back([paths.results, paths.reports])
        require_past(Path(file) for job in planned for file in job.input)
    except (NoClaim, DatedInTheFuture, OSError) as error:
        raise WorkflowError(str(error)) from None
    logger.addFilter(OwnProgress())
    reporters.append(
        ProgressReporter(
            lambda: portion_of(job for job in planned if workflow.dag.finished(job)),
            portion_of(planned),
            lambda: closing_of(planned),
        )
    )
    reporters[0].start()


onsuccess:
    for reporter in reporters:
        reporter.stop()
        if any(job.rule.name == "render_report" for job in workflow.dag.finished_jobs):
            print(closing_words(paths, reporter.seconds), file=sys.stderr)


onerror:
    for reporter in reporters:
        reporter.stop()
