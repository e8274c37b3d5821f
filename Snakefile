# Depthsounder: how deep can a network be before its signal dies, and was that predictable?
#
# Data flows from one file of rules to the next. Settings are validated before any job starts.

# At the root of a local git repository Snakemake would look for the files below as /workflow/…, which git does not know.
if hasattr(workflow.included_stack[-1], "repo_path") and workflow.included_stack[-1].path == "Snakefile":
    workflow.included_stack[-1].path = "./Snakefile"


include: "workflow/rules/lifecycle.smk"


from depthsounder.config import ConfigError, default_config, read_config_files

# What config/config.yaml a working folder has belongs to the workflow that runs there.
DEFAULTS = ROOT / "config/config.yaml" if IMPORTED else default_config(ROOT)

# Read here first, because Snakemake names no line of a file that is no YAML.
try:
    read_config_files([DEFAULTS])
except ConfigError as error:
    raise WorkflowError(str(error)) from None


configfile: DEFAULTS


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/tune.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


# The parts are named beside what is made of them, so that a part that was lost is computed again. No rule of an included
# file is a default target: this one is, and in a workflow that imports it, the importer's own if it has one.
rule all:
    input:
        paths.report,
        expand(paths.figure("{figure}", "{suffix}"), figure=FIGURES, suffix=["svg", "png"]),
        expand(paths.table("{table}"), table=SCHEMAS),
        check_paths(settings),
        [part_paths(settings, kind) for kind in PART_KINDS],
