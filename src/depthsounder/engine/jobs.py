"""What all jobs of a cell share: their arguments, and the networks that these stand for.

This module turns a command line into the library's records; Snakemake's part ends where the command line begins.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from depthsounder.data.dataset import Dataset, load_dataset
from depthsounder.elements.activations import ACTIVATIONS, Activation
from depthsounder.elements.initializers import Initializer, initializer, layer_sizes
from depthsounder.engine.gate import refused
from depthsounder.engine.optimizers import OPTIMIZERS
from depthsounder.engine.training import Recipe, draw_stack
from depthsounder.process.blocks import parse_block
from depthsounder.storage.tables import CELL_KEYS, Columns, part_schema, write_table


def cell_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every job of a cell."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="prepared data, an NPZ file")
    parser.add_argument("--check", type=Path, required=True, help="gradient check of this activation and init")
    parser.add_argument("--depth", type=int, required=True, help="hidden layers")
    parser.add_argument("--activation", choices=list(ACTIVATIONS), required=True)
    parser.add_argument("--init", type=initializer, required=True, help="a name, such as he_normal")
    parser.add_argument("--seeds", type=parse_block, required=True, help="first and last seed, such as 0-9")
    parser.add_argument("--width", type=int, required=True, help="units of a hidden layer")
    parser.add_argument("--root-seed", type=int, required=True, help="of all random streams")
    parser.add_argument("--code", default="", help="digest of the code, for the tables' metadata")
    return parser


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every job that trains."""
    parser.add_argument("--optimizer", choices=list(OPTIMIZERS), required=True)
    parser.add_argument("--batch-size", type=int, required=True, help="examples of an update")
    parser.add_argument("--steps", type=int, required=True, help="updates")
    parser.add_argument("--logged-steps", type=int, nargs="+", required=True, help="such as 0 1 10")


def recipe(arguments: argparse.Namespace) -> Recipe:
    """Return how the arguments of `add_recipe` say to train."""
    return Recipe(arguments.optimizer, arguments.batch_size, arguments.steps, tuple(arguments.logged_steps))


@dataclass(frozen=True)
class CellJob:
    """A block of networks of one cell, and the data that they see."""

    activation: Activation
    init: Initializer
    seeds: range
    sizes: list[int]
    root_seed: int
    dataset: Dataset

    def draw(self, seeds: Sequence[int]) -> np.ndarray:
        """Draw networks, as flat float32 parameters (S, P)."""
        return draw_stack(self.root_seed, seeds, self.sizes, self.activation, self.init)


def compute_cell(
    arguments: argparse.Namespace, parts: Mapping[str, pa.Schema], compute: Callable[[CellJob], Iterable[Columns]]
) -> None:
    """Compute a block of networks of one cell, and write the parts of the tables that come of it.

    Where the gate refuses the cell, the parts are empty: tables are then made of the others.

    Parameters
    ----------
    arguments
        From `cell_parser`, with the path of each part under its name.
    parts
        The schema of each part's table, by its name.
    compute
        Returns the columns of the parts, in their order.

    Raises
    ------
    WrongCheck
        If the check is that of another activation or init.
    """
    # One thread, by hand as under Snakemake: the jobs are the parallelism, and a product's bits depend on its threads.
    threadpool_limits(1)
    schemas = [part_schema(schema) for schema in parts.values()]
    activation, init = arguments.activation, arguments.init
    if refused(arguments.check, activation, init.name) is None:
        columns = compute(start_cell(arguments))
    else:
        print(f"{activation} with {init.name} is refused and not computed: {arguments.check}", file=sys.stderr)
        columns = [{field.name: [] for field in schema} for schema in schemas]
    for name, schema, of_part in zip(parts, schemas, columns, strict=True):
        write_table(getattr(arguments, name), of_part, schema, describe(arguments))


def start_cell(arguments: argparse.Namespace) -> CellJob:
    """Read what the job of a cell needs."""
    dataset = load_dataset(arguments.data)
    return CellJob(
        activation=ACTIVATIONS[arguments.activation],
        init=arguments.init,
        seeds=arguments.seeds,
        sizes=layer_sizes(dataset.n_inputs, arguments.width, arguments.depth, dataset.n_classes),
        root_seed=arguments.root_seed,
        dataset=dataset,
    )


_FILES = {"data", "check", "tuning", "output", "signal", "jacobian", "traces"}
_NOT_A_SETTING = {*CELL_KEYS, *_FILES, "seeds", "depths", "code"}


def describe(arguments: argparse.Namespace) -> dict[str, str]:
    """Return a table's metadata: the settings that its values depend on, as JSON, and the digest of the code."""
    settings = {name: value for name, value in vars(arguments).items() if name not in _NOT_A_SETTING}
    return {"settings": json.dumps(settings, sort_keys=True), "code": arguments.code}
