"""The jobs of a cell share their command line, which becomes the stack of networks and the parts that a job writes.

This module turns a command line into the library's records; Snakemake's part ends where the command line begins.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from threadpoolctl import threadpool_limits

from depthsounder.data.dataset import Dataset, load_dataset
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.axes import Design
from depthsounder.elements.initializers import Initializer, initializer
from depthsounder.engine.drawing import draw_stack
from depthsounder.engine.extensions import extension_parser
from depthsounder.engine.gate import refused
from depthsounder.engine.spec import NetworkSpec, layer_sizes
from depthsounder.engine.training import Recipe
from depthsounder.process.blocks import parse_block
from depthsounder.process.commands import Refusal
from depthsounder.process.options import count, from_zero, told
from depthsounder.process.text import in_words
from depthsounder.storage.schemas import part_schema
from depthsounder.storage.tables import Columns, write_table

OF_ALL_CELLS = ("root_seed", "width")
"""The settings of every job of a cell, which its tables note."""

OF_TRAINING = (*OF_ALL_CELLS, *(setting.name for setting in fields(Recipe)))
"""The settings of every job that trains, which its tables note."""


def add_design(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name the records of a cell, which `design` and `start_cell` read."""
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), required=True)
    parser.add_argument("--activation", choices=list(ACTIVATIONS), required=True)
    parser.add_argument("--init", type=told(initializer), required=True, help="a name, such as he_normal")


def design(arguments: argparse.Namespace) -> Design:
    """Return the names of the arguments of `add_design`."""
    return Design(arguments.architecture, arguments.activation, arguments.init.name)


def cell_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the arguments of every job of a cell."""
    parser = argparse.ArgumentParser(description=description, parents=[extension_parser()])
    parser.add_argument("--data", type=Path, required=True, help="prepared data, an NPZ file")
    parser.add_argument("--check", type=Path, required=True, help="gradient check of these records")
    parser.add_argument("--depth", type=count, required=True, help="hidden layers")
    add_design(parser)
    parser.add_argument("--seeds", type=told(parse_block), required=True, help="first and last seed, such as 0-9")
    parser.add_argument("--width", type=count, required=True, help="units of a hidden layer")
    parser.add_argument("--root-seed", type=from_zero, required=True, help="of all random streams")
    parser.add_argument("--code", default="", help="digest of the code, for the tables' metadata")
    return parser


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every job that trains: one for each field of `Recipe`; what is null may be left out."""
    for setting in fields(Recipe):
        option = f"--{setting.name.replace('_', '-')}"
        parser.add_argument(option, required=setting.default is not None, **setting.metadata)


def recipe(arguments: argparse.Namespace, dataset: Dataset) -> Recipe:
    """Return how the arguments of `add_recipe` say to train on some data.

    Raises
    ------
    Refusal
        If a batch is larger than the training part, or a logged step after the last one.
    """
    if arguments.batch_size > (most := len(dataset.train_labels)):
        raise Refusal(f"--batch-size: found {arguments.batch_size}; allowed: at most the {most} training examples")
    if (last := max(arguments.logged_steps)) > arguments.steps:
        raise Refusal(f"--logged-steps: found {last}; allowed: at most the {arguments.steps} steps")
    given: dict[str, Any] = {setting.name: getattr(arguments, setting.name) for setting in fields(Recipe)}
    # What an option with several words gives is a list.
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return Recipe(**given)


@dataclass(frozen=True)
class CellJob:
    """A block of networks of one cell, and the data that they see."""

    spec: NetworkSpec
    init: Initializer
    seeds: range
    root_seed: int
    dataset: Dataset

    def draw(self, seeds: Sequence[int]) -> np.ndarray:
        """Draw networks, as flat float32 parameters (S, P)."""
        return draw_stack(self.root_seed, seeds, self.spec, self.init)


def compute_cell(
    arguments: argparse.Namespace,
    settings: Sequence[str],
    parts: Mapping[str, pa.Schema],
    compute: Callable[[CellJob], Iterable[Columns]],
) -> None:
    """Compute a block of networks of one cell, and write the parts of the tables that come of it.

    Where the gate refuses the cell, the parts are empty: tables are then made of the others.

    Parameters
    ----------
    arguments
        From `cell_parser`, with the path of each part under its name.
    settings
        The names of the arguments that the parts note.
    parts
        The schema of each part's table, by its name.
    compute
        Returns the columns of the parts, in their order.

    Raises
    ------
    WrongCheck
        If the check is that of other records.
    """
    # One thread, by hand as under Snakemake: the jobs are the parallelism, and a product's bits depend on its threads.
    threadpool_limits(1)
    schemas = [part_schema(schema) for schema in parts.values()]
    if refused(arguments.check, design(arguments)) is None:
        columns = compute(start_cell(arguments))
    else:
        print(f"{in_words(design(arguments))} is refused and not computed: {arguments.check}", file=sys.stderr)
        columns = [{field.name: [] for field in schema} for schema in schemas]
    for name, schema, of_part in zip(parts, schemas, columns, strict=True):
        write_table(getattr(arguments, name), of_part, schema, describe(arguments, settings))


def start_cell(arguments: argparse.Namespace) -> CellJob:
    """Read what the job of a cell needs."""
    dataset = load_dataset(arguments.data)
    sizes = layer_sizes(dataset.n_inputs, arguments.width, arguments.depth, dataset.n_classes)
    return CellJob(
        spec=NetworkSpec(sizes, ACTIVATIONS[arguments.activation], ARCHITECTURES[arguments.architecture]),
        init=arguments.init,
        seeds=arguments.seeds,
        root_seed=arguments.root_seed,
        dataset=dataset,
    )


def describe(arguments: argparse.Namespace, settings: Sequence[str]) -> dict[str, str]:
    """Return a table's metadata: the arguments of some names, as JSON, and the digest of the code."""
    noted = {name: getattr(arguments, name) for name in settings}
    return {"settings": json.dumps(noted, sort_keys=True), "code": arguments.code}
