"""What a remedy costs: parameters, and the time of training, beside the plain network."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES, PLAIN
from depthsounder.elements.axes import Cell
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.figures.style import label
from depthsounder.process.text import join, number, percent
from depthsounder.storage.frames import cell_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.sweep.cells import folder_of
from depthsounder.sweep.job_times import job_times
from depthsounder.sweep.runs import Run


def costs(run: Run) -> list[str]:
    """Return in sentences what each architecture costs, in the deepest networks; nothing for plain networks alone."""
    others = [name for name in run.architectures if name != PLAIN.name]
    if not others or PLAIN.name not in run.architectures:
        return []
    plain = _parameters(run, PLAIN.name)
    parameters = [f"{label(name)} {percent(_parameters(run, name) / plain - 1, 2)}" for name in others]
    sentences = [f"At depth {run.depths[-1]}, parameters beyond those of a plain network: {join(parameters)}."]
    timed = _timed(run)
    ratios = {name: list(_ratios(timed, name)) for name in others}
    times = [f"{label(name)} {number(float(np.median(own)), 3)}" for name, own in ratios.items() if own]
    if times:
        sentences.append(
            "CPU time of a training job of that depth, over that of the plain network of the same weights and batches, "
            f"where neither diverged, as the median over activations and initializations: {join(times)}."
        )
    return sentences


def _parameters(run: Run, architecture: str) -> int:
    sizes = layer_sizes(run.data.n_inputs, run.config.width, run.depths[-1], len(run.data.classes))
    # Activations have no parameters.
    return NetworkSpec(sizes, ACTIVATIONS["linear"], ARCHITECTURES[architecture]).parameter_count


def _ratios(timed: Mapping[Cell, float], architecture: str) -> Iterator[float]:
    """Yield the times of cells of one architecture over those of their plain twins."""
    for cell, seconds in timed.items():
        twin = cell._replace(architecture=PLAIN.name)
        if cell.architecture == architecture and twin in timed:
            yield seconds / timed[twin]


def _timed(run: Run) -> dict[Cell, float]:
    """Return the CPU time of the training jobs of each of the deepest cells of which no network diverged."""
    times: dict[Path, float] = {}
    for job in job_times(run.folder):
        if job.rule == "train_networks":
            times[job.place.parent] = times.get(job.place.parent, 0.0) + job.cpu
    rows = run.verdicts[(run.verdicts["depth"] == run.depths[-1]) & (run.verdicts["diverged_seeds"] == 0)]
    cells = map(cell_of, rows[CELL_KEYS].itertuples(index=False))
    found = {cell: times.get(folder_of(cell._asdict()), 0.0) for cell in cells}
    return {cell: seconds for cell, seconds in found.items() if seconds}
