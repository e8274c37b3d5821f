# Depthsounder: how deep can a network be before its signal dies, and was that predictable?
#
# Data flows from prepare to report; each arrow is a file. Settings are validated before any job starts.

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from depthsounder.config import ConfigError, read_config_files

# Read here first, because Snakemake names no line of a file that is no YAML.
try:
    read_config_files([Path("config/config.yaml")])
except ConfigError as error:
    raise WorkflowError(str(error)) from None


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/verify.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/tune.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/analyse.smk"
include: "workflow/rules/report.smk"


# The parts are named beside what is made of them, so that a part that was lost is computed again.
rule all:
    default_target: True
    input:
        paths.report,
        expand(paths.figure("{figure}", "{suffix}"), figure=FIGURES, suffix=["svg", "png"]),
        expand(paths.table("{table}"), table=SCHEMAS),
        check_paths(settings),
        [part_paths(settings, kind) for kind in PART_KINDS],
