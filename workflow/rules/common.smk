# What all rules share: the validated settings, the places of files, and how a script is called.

import atexit
import os
import shlex

from depthsounder.config import (
    STUDY_NAMES,
    Origin,
    check_data,
    extension_arguments,
    own_records,
    stage_arguments,
    validate_config,
    validate_imported,
)
from depthsounder.elements.axes import AXES, Cell, Design
from depthsounder.data.sources import printable, source_files
from depthsounder.process.commands import Refusal
from depthsounder.process.definitions import Library, NotFollowed
from depthsounder.process.fingerprint import content_digest
from depthsounder.process.home import stand_ins
from depthsounder.process.kept_digests import KeptDigests
from depthsounder.process.lock import RUNNER, require_free
from depthsounder.storage.schemas import BASELINE_FILES, SCHEMAS
from depthsounder.sweep.cells import (
    ANY_CELL,
    ANY_CHECKED,
    CHECKED_AXES,
    PART_KINDS,
    RunPaths,
    cell_parts,
    check_paths,
    designs,
    part_paths,
    table_parts,
)
from depthsounder.sweep.figure_tables import tables_of_figure
from depthsounder.sweep.progress import Closing, Portion, portion
from depthsounder.sweep.targets import explain_nothing, explain_target

origin = (
    Origin([DEFAULTS], config, "the importing workflow")
    if IMPORTED
    else Origin([DEFAULTS, *COMMAND_LINE_FILES], COMMAND_LINE_VALUES)
)
# What one command keeps for the next, in the working folder.
KEPT_HERE = Path(".snakemake/depthsounder").absolute()

try:
    settings = (
        validate_imported(config, DEFAULTS)
        if IMPORTED
        else validate_config(config, origin.files, origin.others, COMMAND_LINE_WORDS)
    )
    # The modules and the user's own files, whose code is in the digests of what uses it.
    library = Library(ROOT / "src/depthsounder", own_records(settings))
    digests = KeptDigests(KEPT_HERE / "digests.json", ROOT / "scripts", library)
    if IN_CHARGE:
        digests.require(list(designs(settings)))
        # Snakemake asks for digests while it plans, and has no hook for the end of a dry run.
        atexit.register(digests.keep)
except (ConfigError, NotFollowed) as error:
    raise WorkflowError(str(error)) from None

# Complete also where an importing workflow hands over no more than what differs: captions take their numbers from it.
config = settings.model_dump(mode="json")

# Relative to the folder in which snakemake runs; the `prefix` of an importing workflow is Snakemake's to add.
paths = RunPaths(settings.run)


class Captions(dict):
    """The caption of each figure for Snakemake's own report, with this run's numbers, made when it is asked for."""

    def __missing__(self, figure):
        from depthsounder.report.captions import caption_text

        return caption_text(ROOT / "workflow/report" / f"{figure}.rst", settings)


config["captions"] = Captions()

# Every figure has a caption, and every caption a figure. The figures themselves would take a second to import. A study's
# figure has the study's name.
CAPTIONS = {caption.stem for caption in (ROOT / "workflow/report").glob("[!.]*.rst")}
FIGURES = sorted(CAPTIONS - set(STUDY_NAMES) | ({settings.study} if settings.study else set()))

# A workflow that imports this one keeps its own environment; jobs have these variables in any case.
STAND_INS = stand_ins(os.environ, Path("results").absolute())
if not IMPORTED:
    os.environ.update(STAND_INS)

# Jobs run in the Python that runs Snakemake, also where nobody activated its environment, or in the environment that
# `--sdm conda` activates for them; they find the library without its being installed.
PYTHON = "python" if BY_CONDA else shlex.quote(sys.executable)


def environment(wildcards):
    """The file of the environment that `--sdm conda` makes: from a function, which may return an absolute path.

    Snakemake looks for names in the braces of a text, and the project's own folder may have some.
    """
    return str(ROOT / "environment.yml").replace("{", "{{").replace("}", "}}")


wildcard_constraints:
    **{name: axis.pattern for name, axis in AXES.items()},
    seeds=r"\d+-\d+",


def run_script(name):
    """The call of one of our scripts, as a parameter.

    A job says what went wrong to the terminal and to its log: with its words piped to both, bash has to be told that it
    fails where the script does. It imports the compiled library, also where Python is told to keep nothing that it
    compiled, as in many containers: every job would compile the same modules. A parameter from a function that takes
    `threads` is none whose change reruns a job: the project may be moved.
    """
    script = shlex.quote(str(ROOT / "scripts" / name))
    given = {**STAND_INS, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": ""}
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
    command = f"set -o pipefail; {variables} {RUNNER}=$PPID {PYTHON} {script}"
    return lambda wildcards, threads: command


def run_folder(wildcards, input):
    """The folder of the run's results, with the prefix that an importing workflow may have put before it."""
    return str(Path(input.config).parent)


def design_of(wildcards):
    """What a job's wildcards name of a cell, but for its depth."""
    return Design(*(wildcards[axis] for axis in CHECKED_AXES))


def code(script, optimizer=None):
    """The digest of the code of a job of one cell, as a parameter: an edit reruns the jobs that it concerns."""

    def of_cell(wildcards):
        design = design_of(wildcards) if set(CHECKED_AXES) <= set(wildcards.keys()) else None
        return digests.of(script, design, optimizer)

    return of_cell


def code_of_figure(wildcards):
    """The digest of the code of a figure's job, as a parameter: other figures' modules are no part of it."""
    others = [f"figures.{figure}" for figure in FIGURES if figure != wildcards.figure]
    return digests.of("plot_figure.py", omitted=others)


def settings_of(stage):
    """The settings of a stage, as a parameter: from a function, because Snakemake looks for wildcards in other texts."""
    return lambda wildcards: stage_arguments(settings, stage)


def extensions_of(stage):
    """The user's files that a job of one cell needs, as a parameter whose change reruns nothing: their code does that."""
    return lambda wildcards, threads: extension_arguments(settings, stage, design_of(wildcards))


def log_path(name):
    """The log of a job, or of the jobs of a pattern."""
    return str(Path("logs") / settings.run / f"{name}.log")


def names_on(axes):
    """What a job's wildcards say of some axes, as options of its script."""
    return lambda wildcards: [f"--{axis}={wildcards[axis]}" for axis in axes]


BLOCK = f"{ANY_CELL}/seeds={{seeds}}"


def tuning_parts(wildcards):
    """The traces that choose a cell's learning rate."""
    cell = Cell(*(wildcards[axis] for axis in AXES))
    return cell_parts(settings, "tuning", cell)


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


# What follows the networks. A figure is drawn as soon as its own tables are there: all of these are counted as one.
CLOSING = {
    "collect_table",
    "predict_signal",
    "judge_cells",
    "compare_inits",
    "judge_claims",
    "plot_figure",
    "plot_figure_as_pdf",
    "plot_figure_as_slide",
    "render_report",
}


def closing_of(jobs, finished):
    """How many of these jobs are `finished`; None when all of them are."""
    done = [bool(finished(job)) for job in jobs if job.rule.name in CLOSING]
    return None if all(done) else Closing(sum(done), len(done))


def forecast_of(jobs):
    """What planned jobs will take, in a sentence, or why that is not known: it is not what a dry run is asked for first."""
    counted = [job for job in jobs if job.rule.name in KIND_OF_RULE]
    checks = sum(job.rule.name == "check_gradients" for job in jobs)
    try:
        # Where `--sdm conda` gives jobs their environment, this process may lack what they have.
        from depthsounder.sweep.forecast import PlannedJob, costs_now, forecast
        from depthsounder.sweep.kept_costs import kept_costs

        planned = [
            PlannedJob(KIND_OF_RULE[job.rule.name], int(job.wildcards.depth), job.wildcards.seeds) for job in counted
        ]
        measuring = digests.of("plan_sweep.py")
        costs = kept_costs(KEPT_HERE / "costs.json", settings, measuring, lambda: costs_now(settings, paths))
        return forecast(settings, costs, planned, checks, len(jobs) - len(planned) - checks, SIDE_BY_SIDE)
    except Exception as error:
        return f"How long that takes could not be measured: {printable(str(error) or type(error).__name__)}"


def explained(target):
    """Why no rule makes a file, or None if one does or nothing is known against it."""
    places = [
        (Path(), "*.yaml"),
        (Path("config"), "*.yaml"),
        (ROOT / "config", "*.yaml"),
        (Path("results"), "*/config.json"),
    ]
    configs = (path for folder, pattern in places for path in sorted(folder.glob(pattern)))
    if explanation := explain_target(target, settings, FIGURES, configs):
        return explanation
    files = [paths.report, paths.config, paths.dataset, *map(paths.table, SCHEMAS)]
    return None if is_made(target) else explain_nothing(target, rule_names(), map(str, files))
