"""Results folders with made-up numbers and true verdicts: what figures and report can be tried on in a second."""

import dataclasses
import itertools

import numpy as np

from depthsounder.config import Config, save_resolved
from depthsounder.data.dataset import Dataset, save_dataset
from depthsounder.elements.axes import Cell
from depthsounder.judging.cell_verdicts import judge_cells
from depthsounder.judging.paired_inits import Pair, compare, evaluation_tails
from depthsounder.judging.reference import References
from depthsounder.judging.thresholds import Thresholds
from depthsounder.storage import schemas, tables
from depthsounder.sweep.cells import cells as sweep_cells
from depthsounder.sweep.cells import designs
from depthsounder.theory.predicting import withheld_columns

CLASSES = 4
ENTROPY = float(np.log(CLASSES))
GAIN = {
    "naive_small": 0.01,
    "naive_large": 9.0,
    "glorot_normal": 1.0,
    "xavier_note": 0.5,
    "he_normal": 2.0,
    "critical": 1.0,
}
FULL = {
    "statement": ["Xavier keeps the variance of tanh.", "A chain of 0.9 vanishes: 0.9²⁰ = 0.12.", "Not tried here."],
    "verdict": ["refuted", "confirmed", "inconclusive"],
}


def make_config(depths, activations, inits, **changes):
    """The config of a small run; `run_changes` replace keys of the top level."""
    values = {
        "run": "made-up",
        "root_seed": 1,
        "data": {"source": "digits", "target": None, "test_fraction": 0.2},
        "depths": depths,
        "activations": activations,
        "inits": inits,
        "seeds": {"measure": 7, "tune": 2, "evaluate": 3},
        "seeds_per_block": 10,
        "width": 8,
        "training": {
            "optimizer": "sgd",
            "batch_size": 8,
            "steps": 30,
            "learning_rates": [0.01, 0.1, 1.0],
            "logged_steps": [0, 1, 10, "last"],
        },
        "probe_examples": 8,
        "gradient_check": {
            "depths": [1, 2],
            "width": 4,
            "examples": 3,
            "complex_step_threshold": 1e-12,
            "not_analytic": "refuse",
        },
        "verdicts": {
            "exploding_ratio": 100.0,
            "vanishing_ratio": 0.01,
            "collapsed_share": 0.01,
            "trains_loss": 0.1,
            "trains_share": 0.8,
            "stalled_loss": 0.98,
            "plateau_loss": 1.1,
            "diverged_loss": 2.0,
            "tail_steps": 5,
        },
        "comparisons": [],
        "study": None,
    }
    return Config.model_validate({**values, **changes})


def write_run(
    folder, depths, activations, inits, *, factor=None, claims=None, classes=None, losses=None, withheld=(), **changes
):
    """Write all that a finished run leaves for figures and report.

    `factor(activation, init)` is what a layer multiplies q and δ² by; without it the init decides alone. `losses` are
    every network's, as multiples of H; without them the factor decides. `withheld` are inits, or pairs of an activation
    and an init, without theory.
    """
    config = make_config(depths, activations, inits, **changes)
    factor = factor or (lambda activation, init: GAIN.get(init, 1.2))
    save_resolved(folder / "config.json", config)
    labels = np.tile(np.arange(CLASSES), 4)
    names = np.array(classes or [f"class {name}" for name in range(CLASSES)])
    inputs = np.ones((16, 3))
    save_dataset(folder / "data.npz", Dataset(inputs, labels, inputs[:4], labels[:4], np.arange(8), names))
    cells = list(sweep_cells(config))

    def grown(cell):
        # A normalized signal keeps its size.
        return factor(cell.activation, cell.init) if cell.architecture == "plain" else 1.0

    _write(folder, "signal", [rows for cell in cells for rows in _signal(config, cell, grown(cell))])
    _write(folder, "jacobian", [rows for cell in cells for rows in _jacobian(config, cell, grown(cell))])
    _write(folder, "traces", [rows for cell in cells for rows in _traces(config, cell, grown(cell), losses)])
    without = [cell for cell in cells if cell.init in withheld or (cell.activation, cell.init) in withheld]
    theory = [_no_theory(cell) if cell in without else _theory(cell, grown(cell)) for cell in cells]
    _write(folder, "theory", theory)
    _write(folder, "gradient_check", list(_checks(config)))
    thresholds = Thresholds(**config.verdicts.model_dump())
    references = References(config.root_seed, labels, config.training.batch_size, config.training.steps)
    judged = judge_cells(folder / "signal.parquet", folder / "traces.parquet", cells, references, thresholds)
    verdicts = list(judged)
    columns = {name: [row[name] for row in verdicts] for name in schemas.VERDICTS.names}
    tables.write_table(folder / "verdicts.parquet", columns, schemas.VERDICTS)
    traces = tables.read_table(folder / "traces.parquet").to_pandas()
    tails = evaluation_tails(traces, config.training.steps, config.verdicts.tail_steps)
    family = [Pair(**dict(comparison)) for comparison in config.comparisons]
    tables.write_rows(folder / "comparisons.parquet", compare(tails, family, config.inits), schemas.COMPARISONS)
    texts = {**{name: [f"{name} {row}" for row in range(3)] for name in schemas.CLAIMS.names}, **FULL, **(claims or {})}
    tables.write_table(folder / "claims.parquet", texts, schemas.CLAIMS)
    return folder


def with_tables(run, **tables):
    """The run with other data frames in place of some of its tables."""
    changed = dataclasses.replace(run)
    # As a cached property keeps what it has read.
    vars(changed).update(tables)
    return changed


def _write(folder, table, blocks):
    """Write blocks of columns; what a block does not name is null, and a single value fills its column."""
    schema = schemas.SCHEMAS[table]
    columns = {name: [] for name in schema.names}
    for block in blocks:
        rows = len(block["rows"])
        for name in schema.names:
            values = block.get(name)
            columns[name] += list(values) if isinstance(values, np.ndarray) else [values] * rows
    tables.write_table(folder / f"{table}.parquet", columns, schema)


def _named(cell):
    return cell._asdict()


def _signal(config, cell, factor):
    depth = cell[0]
    layer = np.arange(1, depth + 2)
    hidden = np.minimum(layer, depth).astype(float)
    for seed in range(config.seeds.measure):
        noise = np.exp(np.random.default_rng(seed).normal(0, 0.1, depth + 1))
        for step in config.training.logged_at if seed < config.seeds.evaluate else [0]:
            with np.errstate(over="ignore", under="ignore"):
                q = factor ** (hidden - 1) * noise
                delta = factor ** (depth - hidden) * noise
            yield {
                **_named(cell), "rows": layer, "seed": seed, "step": step, "layer": layer, "fan_in": 8, "fan_out": 8,
                "learning_rate": 0.1 if step else None, "z_second_moment": q, "z_batch_variance": q / layer,
                "z_second_moment_single": q,
                "h_mean": 0.0, "h_variance": q, "delta_second_moment": delta, "weight_grad_rms": np.sqrt(q * delta),
                "weight_grad_mean_abs": np.sqrt(q * delta),
            }  # fmt: skip


def _jacobian(config, cell, factor):
    """Three singular values, of which the last stays behind by a factor of ten with each layer."""
    index = np.arange(1, 4)
    with np.errstate(divide="ignore"):
        largest = cell[0] * np.log(np.float64(factor)) / 2.0
    for seed in range(config.seeds.measure):
        noise = np.random.default_rng(seed).normal(0, 0.1)
        logarithms = largest + noise - np.log(10.0) * cell[0] * (index - 1) / 2.0
        yield {**_named(cell), "rows": index, "seed": seed, "index": index, "log_singular_value": logarithms}


def _traces(config, cell, factor, given):
    """A loss that falls where the signal is healthy, stands still where it vanished, and blows up where it exploded."""
    steps = config.training.steps
    with np.errstate(over="ignore", under="ignore"):
        growth = np.float64(factor) ** cell[0]
    for phase, seeds, rates in (
        ("tune", 10_000 + np.arange(config.seeds.tune), config.training.learning_rates),
        ("evaluate", np.arange(config.seeds.evaluate), [0.1]),
    ):
        for seed, rate in itertools.product(seeds, rates):
            if given is not None:
                losses = ENTROPY * given
            elif growth > 1e3:
                losses = ENTROPY * np.array([1.0, 1e3, np.nan])
            else:
                losses = ENTROPY * np.exp(-np.arange(steps + 1) * 0.15 * min(1.0, growth))
            yield {
                **_named(cell), "rows": losses, "phase": phase, "seed": int(seed), "learning_rate": rate,
                "step": np.arange(len(losses)), "train_loss": losses,
            }  # fmt: skip


def _theory(cell, factor):
    """The probe's columns, at which figures look, and canonical ones that differ from them at every layer."""
    layer = np.arange(1, cell[0] + 1)
    with np.errstate(over="ignore", under="ignore"):
        q, delta = factor ** (layer - 1.0), factor ** (cell[0] - layer.astype(float))
        mean_square = factor ** layer.astype(float)
    with np.errstate(divide="ignore"):
        scale = float(1 / np.log(np.float64(factor)))
    return {
        **_named(cell), "rows": layer, "layer": layer, "z_second_moment": 0.7 * q, "z_second_moment_probe": q,
        "z_batch_variance_probe": q / layer, "delta_second_moment_ratio": 1.3 * delta,
        "delta_second_moment_ratio_probe": delta, "chi_1": factor, "q_star": 1.0,
        "xi_c": abs(scale), "xi_grad": scale, "z_second_moment_single": 1.1 * q,
        "z_log_variance_single": 0.01 * np.ones(len(layer)), "jacobian_mean_square_single": mean_square,
    }  # fmt: skip


def _no_theory(cell):
    layer = np.arange(1, cell[0] + 1)
    columns = withheld_columns(cell[0], f"weights of '{cell.init}' have mean 0.5, and theory takes it to be 0")
    return {**_named(cell), "rows": layer, "layer": layer, "note": np.array(columns["note"])}


def _checks(config):
    """Checks that pass, but for central differences in the deepest networks, which rounding blinds."""
    errors = {
        "complex_step": np.array([2e-16, 0.0, 1e-16, 0.0]),
        "central_difference": np.array([3e-9, 1e-10, 1e-9, 1e-10]),
    }
    for depth, design in itertools.product(config.gradient_check.depths, designs(config)):
        cell = Cell(depth, *design)
        parameters = np.array(["W1", "b1", f"W{cell[0] + 1}", f"b{cell[0] + 1}"])
        for method, relative_error in errors.items():
            blind = method == "central_difference" and cell[0] == max(config.gradient_check.depths)
            yield {
                **_named(cell), "rows": relative_error, "parameter": parameters, "method": method,
                "relative_error": np.array([0.9, 0.8, 0.7, 0.6]) if blind else relative_error,
                "noise_floor": 40.0 if blind else 1e-15, "verdict": "blind" if blind else "passed",
            }  # fmt: skip
