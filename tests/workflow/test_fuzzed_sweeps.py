"""Whatever config is accepted runs to its report; refusing the others is tried by the thousand without running any."""

import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from mutated_configs import mutated
from tiny_sweep import TINY_SWEEP

from depthsounder.config import ConfigError, check_data, validate_config
from depthsounder.figures.style import save
from depthsounder.report import render_report
from depthsounder.storage.schemas import SCHEMAS
from depthsounder.studies import figures_of
from depthsounder.sweep.cells import RunPaths, cells
from depthsounder.sweep.runs import load_run

pytestmark = [pytest.mark.workflow, pytest.mark.faults]

SWEEPS = 12
WHOLE = 6
"""Every so many sweeps Snakemake draws the figures too; for the others that is done here, in a fraction of the time."""

MOST_WORK = 2e5
"""Layers of a sweep, over all its networks and steps: seconds of work."""


def small_config(tree):
    """The config of a mutated sweep, or None if it is refused, unchanged or no matter of seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True))
        try:
            config = validate_config(tree, [file], {})
            check_data(config, Path(folder) / "checked")
        except ConfigError:
            return None
    networks = config.seeds.tune * len(config.training.learning_rates) + config.seeds.evaluate
    layers = sum(cell.depth for cell in cells(config))
    work = layers * (config.seeds.measure + networks * config.training.steps)
    check = sum(depth**2 for depth in config.gradient_check.depths) * config.gradient_check.width**4
    small = work < MOST_WORK and check < MOST_WORK and max(config.width, config.gradient_check.examples) <= 70
    return config if small and tree != TINY_SWEEP else None


def render(project, config):
    """Draw all figures and the page of a run here: in processes of their own, each spends seconds on its imports."""
    paths = RunPaths(config.run)
    run = load_run(project / paths.results)
    for name, figure in figures_of(run.config).items():
        save(figure.draw(run), project / paths.figure(name, "svg"))
    page = render_report(run, project / paths.reports / "figures", project / "workflow/report", project / paths.report)
    (project / paths.report).write_text(page)


def test_every_accepted_config_runs_to_its_report(sources):
    ran = []

    @settings(
        max_examples=SWEEPS, deadline=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(tree=mutated(TINY_SWEEP))
    def run(tree):
        config = small_config(tree)
        assume(config is not None and config not in ran)
        with tempfile.TemporaryDirectory() as folder:
            project = sources.copy(Path(folder) / "project")
            (project / "config/config.yaml").write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True))
            run_to_the_report(project, config, whole=len(ran) % WHOLE == 0)
        ran.append(config)

    run()

    assert len(ran) >= SWEEPS


def run_to_the_report(project, config, whole):
    """Compute a sweep, draw its figures and its page, and look at what came of it."""
    paths = RunPaths(config.run)
    if whole:
        assert f"{config.run}/index.html" in project.run()
    else:
        project.run(*map(str, map(paths.table, SCHEMAS)))
        render(project, config)
    page = (project / paths.report).read_text()
    assert f"<title>Depthsounder: {config.run}</title>" in page
    assert len(project.table("verdicts", config.run)) == len(list(cells(config)))
