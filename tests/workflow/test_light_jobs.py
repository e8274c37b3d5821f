"""What a job by the thousand does not pay for: libraries that it has no use for, imported on the way."""

import re

import by_hand
import pytest

from depthsounder.elements.axes import Cell

pytestmark = pytest.mark.workflow

CELL = Cell(2, "batch_norm", "relu", "he_normal")
HEAVY = {"pandas", "scipy", "sklearn", "matplotlib", "seaborn", "pydantic", "jinja2", "snakemake"}


def imported(report):
    """The libraries in a report of -X importtime."""
    return {name.partition(".")[0] for name in re.findall(r"^import time:.*\| +(\S+)$", report, re.MULTILINE)}


def test_no_job_of_a_cell_imports_a_heavy_library_at_its_start_or_later(tmp_path):
    by_hand.prepare(tmp_path)
    jobs = {"verify": lambda **how: by_hand.check(tmp_path, CELL, **how)}
    for job in (by_hand.measure, by_hand.tune, by_hand.train):
        jobs[job.__name__] = lambda job=job, **how: job(tmp_path, tmp_path, CELL, **how)

    for name, run in jobs.items():
        libraries = imported(run(flags=("-X", "importtime")))
        assert "numpy" in libraries, name
        assert not libraries & HEAVY, name
