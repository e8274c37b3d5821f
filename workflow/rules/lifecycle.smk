# What touches Snakemake's insides, and nothing else does: where this workflow lies and who runs it, and what happens at the
# start and at the end of a run. Snakemake documents none of these names. Each was seen in release 9.20.0, the oldest that
# pyproject.toml allows, and in 9.27.1, which requirements.txt pins:
#
#   workflow.current_basedir                the folder of the file that is read; from git, an object with .path and .ref
#   …hosted_repo, .repo_path                … and with one of these: a repository of GitHub's or GitLab's, or a local one
#   workflow.included_stack                 the files that are being read: the main one, and this one; of git, each with a .path
#   workflow.modifier.is_main_snakefile     false in a workflow that another one imports with `module`
#   workflow.is_main_process                this is the process that a person started, and not a job of a cluster's
#   workflow.output_settings.dryrun         … with -n
#   workflow.output_settings.quiet          what --quiet names
#   workflow.output_settings.printshellcmds, workflow.output_settings.verbose   -p and --verbose
#   workflow.touch                          … with --touch; asked for when jobs start, not before
#   workflow.dag_settings.targets           the files and rules that were asked for; not known before all rules are
#   workflow.rules                          all rules, each with a .name and .is_producer(file)
#   workflow.resource_settings.cores        … of --cores
#   workflow.resource_settings.nodes        the number of --jobs, where they run elsewhere
#   workflow.overwrite_configfiles          the files of --configfile
#   workflow.config_settings.config         the values of --config
#   workflow.config_settings.config_args    … as they were typed
#   workflow.local_exec                     jobs run on this machine
#   workflow.deployment_settings.deployment_method   what --sdm names
#   workflow.scheduler.job_rate_limiter     the limit of job starts per second; None is no limit
#   workflow.dag.needrun_jobs()             the jobs that are planned
#   workflow.dag.finished(job)              whether one is done
#   workflow.dag.finished_jobs              those that are done
#   workflow.dag.reason(job)                why it is planned; .updated_input: files are newer than what it made of them
#   job.rule.name, .wildcards, .input       a job's facts
#   snakemake.logging.logger                the log that the terminal shows; the members of LogEvent, and the words "Select
#                                           jobs to execute..." at a job's start, "Building DAG of jobs..." before a plan
#                                           and "This was a dry-run" after it

import io
import logging
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_executor_plugins.settings import DeploymentMethod


def unpacked(place):
    """Unpack the commit of a git repository in which these rules lie: they are text, but scripts start from a folder."""
    import git

    if hasattr(place, "hosted_repo"):
        repository = place.hosted_repo.repo
    elif hasattr(place, "repo_path"):
        repository = git.Repo(place.repo_path)
    else:
        raise WorkflowError(
            f"{place}: Depthsounder's scripts and library lie beside its rules. Name a clone of it, or its repository "
            "by github(…), gitlab(…) or gitfile(…)."
        )
    commit = repository.commit(place.ref).hexsha
    folder = Path.cwd() / ".snakemake" / "depthsounder" / commit
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(dir=folder.parent))
        archive = io.BytesIO()
        repository.archive(archive, commit, format="zip")
        with zipfile.ZipFile(archive) as files:
            files.extractall(making)
        try:
            making.rename(folder)
        except OSError:
            # Another process was faster.
            shutil.rmtree(making)
    return folder / Path(place.path).parents[1]


HERE = workflow.current_basedir
ROOT = Path(str(HERE)).parents[1] if Path(str(HERE)).is_dir() else unpacked(HERE)
IMPORTED = not workflow.modifier.is_main_snakefile()
IN_CHARGE = workflow.is_main_process
COMPUTES = IN_CHARGE and not workflow.output_settings.dryrun
SIDE_BY_SIDE = workflow.resource_settings.nodes or workflow.resource_settings.cores or 1
BY_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method

COMMAND_LINE_FILES = list(map(Path, workflow.overwrite_configfiles))
COMMAND_LINE_VALUES = workflow.config_settings.config
COMMAND_LINE_WORDS = workflow.config_settings.config_args or ()

if not IMPORTED and len(workflow.included_stack) > 2:
    raise WorkflowError(
        "Depthsounder's Snakefile is included by another one, whose rules and handlers it would mix with its own. Import it "
        "with `module` instead, as docs/from-anywhere.md shows."
    )

sys.path.insert(0, str(ROOT / "src"))

# Here as in the jobs, which `run_script` tells the same; an importing workflow decides that for itself.
if not IMPORTED:
    sys.dont_write_bytecode = False

import depthsounder

if not Path(depthsounder.__file__).is_relative_to(ROOT):
    raise WorkflowError(
        f"Depthsounder is imported from {ROOT} and from {Path(depthsounder.__file__).parents[2]}: one process has one of "
        "them. Import both times from the same place."
    )

from depthsounder.process.future_dates import DatedInTheFuture, bring_back, require_past
from depthsounder.process.lock import NoLock, lock
from depthsounder.sweep.progress import ProgressReporter, closing_words


class OwnProgress(logging.Filter):
    """Keeps back what Snakemake says of each job: thousands of lines, and none says how long it will take."""

    OF_JOBS = {
        LogEvent.RUN_INFO,
        LogEvent.RESOURCES_INFO,
        LogEvent.JOB_INFO,
        LogEvent.GROUP_INFO,
        LogEvent.JOB_STARTED,
        LogEvent.JOB_FINISHED,
        LogEvent.PROGRESS,
        # A failed job says its reason itself.
        LogEvent.JOB_ERROR,
        LogEvent.GROUP_ERROR,
    }

    def filter(self, record):
        return record.msg != "Select jobs to execute..." and getattr(record, "event", None) not in self.OF_JOBS


def rule_names():
    """The names of all rules."""
    return [rule.name for rule in workflow.rules]


def is_made(target):
    """Whether a target is a rule, or a file that one makes; a file that is there and that none makes is no target."""
    return target in rule_names() or any(rule.is_producer(target) for rule in workflow.rules)


class Refusing(logging.Handler):
    """Names a file that no rule makes, before Snakemake looks for the rule and says only that there is none."""

    def emit(self, record):
        if record.getMessage() == "Building DAG of jobs...":
            for target in sorted(workflow.dag_settings.targets):
                if explanation := explained(target):
                    # Not a WorkflowError, to which Snakemake would add how the log came to be written.
                    raise SystemExit(explanation)


class Forecast(logging.Handler):
    """Adds to a dry run's table of jobs how many networks they compute, and about how long that takes."""

    planned = ()

    def emit(self, record):
        if not self.planned and getattr(record, "event", None) == LogEvent.RUN_INFO:
            # At the end Snakemake calls these jobs finished.
            self.planned = list(workflow.dag.needrun_jobs())
            # With --quiet this table is all that a dry run comes to, and Snakemake keeps even that back.
            if Quietness.PROGRESS in (workflow.output_settings.quiet or ()):
                logger.info(record.getMessage())
                logger.info(forecast_of(self.planned))
        elif record.getMessage().startswith("This was a dry-run"):
            logger.info(forecast_of(self.planned))
            if older := sum(bool(workflow.dag.reason(job).updated_input) for job in self.planned):
                logger.info(
                    f"{older} of these jobs made files that are older than what they were made of. Where files were copied "
                    "without their times, `snakemake --touch` says that they belong together."
                )


if IN_CHARGE and not IMPORTED:
    logger.addHandler(Refusing())
    if workflow.output_settings.dryrun:
        logger.addHandler(Forecast())
    elif not (workflow.output_settings.printshellcmds or workflow.output_settings.verbose):
        logger.addFilter(OwnProgress())

# What lives as long as the run: the lock on its folder, and what counts its networks.
locks, reporters = [], []


onstart:
    if workflow.touch:
        return
    # Snakemake's limit of job starts per second sets a timer with each look at the queue, and each timer causes another
    # look: after a thousand jobs the queue is looked at a thousand times a second. On one machine the cores are limit enough.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None
    planned = list(workflow.dag.needrun_jobs())
    try:
        locks.append(lock(paths.results, paths.reports))
        bring_back([paths.results, paths.reports])
        require_past(Path(file) for job in planned for file in job.input)
    except (NoLock, DatedInTheFuture, OSError) as error:
        raise WorkflowError(str(error)) from None
    reporters.append(
        ProgressReporter(
            lambda: portion_of(job for job in planned if workflow.dag.finished(job)),
            portion_of(planned),
            lambda: closing_of(planned, workflow.dag.finished),
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
