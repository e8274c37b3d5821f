"""A finished run, as its readers see it: the tables as data frames, the config, and the facts of its data.

Each table is read when somebody asks for it, and of the long ones (signal, jacobian, traces) only what figures and
report use. Nothing is computed here: figures and report interpret the numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product, starmap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from depthsounder.config import Config, load_resolved
from depthsounder.data.dataset import load_dataset
from depthsounder.elements.architectures import PLAIN
from depthsounder.elements.axes import Cell, Design, Model
from depthsounder.engine.gate import CONTRACT, RefusedCells, read_refusals
from depthsounder.judging.equal_inits import Laws, equal_laws
from depthsounder.judging.reference import References
from depthsounder.storage.frames import cell_of, designs_of, rows_of, to_frame
from depthsounder.storage.schemas import CELL_KEYS, SCHEMAS
from depthsounder.storage.tables import read_table

_SIGNAL_COLUMNS = [
    *CELL_KEYS,
    "seed",
    "step",
    "layer",
    "z_second_moment",
    "z_second_moment_single",
    "z_batch_variance",
    "delta_second_moment",
    "weight_grad_rms",
    "saturated_fraction",
]
_TRACE_COLUMNS = [*CELL_KEYS, "phase", "seed", "step", "train_loss"]


@dataclass(frozen=True)
class DataFacts:
    """What a reader needs to know of the data.

    Attributes
    ----------
    class_entropy
        H, the entropy of the training part's class prior in nats.
    classes
        The names of the labels.
    n_inputs, n_test
        Features and test examples.
    class_counts
        Examples of each class in both parts.
    features
        The names of the features.
    warnings
        What a person should look at.
    train_labels
        (n_train,), of the training examples, from 0.
    """

    class_entropy: float
    classes: tuple[str, ...]
    n_inputs: int
    n_test: int
    class_counts: tuple[int, ...]
    features: tuple[str, ...]
    warnings: tuple[str, ...]
    train_labels: np.ndarray

    @property
    def n_train(self) -> int:
        """The number of training examples."""
        return len(self.train_labels)


@dataclass(frozen=True)
class Run:
    """Everything that a run left in its results folder, as far as it has come.

    Attributes
    ----------
    folder
        results/<run>.
    config
        The resolved config.
    data
        Facts of the prepared data.
    """

    folder: Path
    config: Config
    data: DataFacts

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The table of this name, in full."""
        return self._whole("verdicts")

    @cached_property
    def theory(self) -> pd.DataFrame:
        """The table of this name, in full."""
        return self._whole("theory")

    @cached_property
    def gradient_check(self) -> pd.DataFrame:
        """The table of this name, in full."""
        return self._whole("gradient_check")

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """The table of this name, in full."""
        return self._whole("comparisons")

    @cached_property
    def claims(self) -> pd.DataFrame:
        """The table of this name, in full."""
        return self._whole("claims")

    @cached_property
    def signal(self) -> pd.DataFrame:
        """The per-layer statistics that figures draw, at every logged step; names are categories."""
        return to_frame(self._read("signal", _SIGNAL_COLUMNS))

    @cached_property
    def initial_signal(self) -> pd.DataFrame:
        """The rows of `signal` before training."""
        return self.signal[self.signal["step"] == 0].reset_index(drop=True)

    @cached_property
    def laws(self) -> dict[Model, Laws]:
        """By architecture and activation, the groups of initializations that are one law."""
        return equal_laws(self.initial_signal, self.inits)

    @cached_property
    def deepest_jacobian(self) -> pd.DataFrame:
        """The singular values of the deepest networks' Jacobians."""
        table = self._read("jacobian")
        return to_frame(table.filter(pc.equal(table["depth"], self.depths[-1])))

    @cached_property
    def evaluation_traces(self) -> pd.DataFrame:
        """The training loss at every step of the networks on which the training verdicts rest."""
        traces = self._read("traces", _TRACE_COLUMNS)
        return to_frame(traces.filter(pc.equal(traces["phase"], "evaluate")).drop_columns(["phase"]))

    def evaluated_networks(self) -> Iterator[tuple[Cell, int, np.ndarray]]:
        """Yield the cell, the seed and the training losses of each network on which the training verdicts rest."""
        networks = self.evaluation_traces.groupby([*CELL_KEYS, "seed"], observed=True, sort=True)["train_loss"]
        network: Any
        for network, losses in networks:
            *cell, seed = network
            yield cell_of(cell), int(seed), losses.to_numpy()

    def sampled_traces(self, steps: Sequence[int]) -> pd.DataFrame:
        """Return the training loss at a few steps of all networks, tuning and evaluation alike."""
        traces = self._read("traces", [*_TRACE_COLUMNS, "learning_rate"])
        return to_frame(traces.filter(pc.is_in(traces["step"], pa.array(steps, traces["step"].type))))

    @cached_property
    def compared_gradients(self) -> pd.DataFrame:
        """The rows of `gradient_check` that compare gradients, without those that try a record's promises."""
        return self.gradient_check[self.gradient_check["method"] != CONTRACT].reset_index(drop=True)

    @cached_property
    def refusals(self) -> list[RefusedCells]:
        """What was refused, of which no other table has a row."""
        found = read_refusals(self.table_path("gradient_check"))
        return [refusal for refusal in found if refusal.design.architecture in self.config.architectures]

    @cached_property
    def references(self) -> References:
        """What constant predictions cost on the batches of the run's seeds."""
        training = self.config.training
        return References(self.config.root_seed, self.data.train_labels, training.batch_size, training.steps)

    @cached_property
    def withheld(self) -> dict[Design, str]:
        """The designs whose theory is withheld, and why: they have a note, and no number beside it."""
        numbers = self.theory.columns.difference([*CELL_KEYS, "layer", "note"])
        rows = self.theory[self.theory[numbers].isna().all(axis=1) & self.theory["note"].notna()]
        return {Design.of(row): str(row["note"]) for row in rows_of(rows)}

    @property
    def architectures(self) -> list[str]:
        """The architectures that have verdicts, in the config's order."""
        return _in_order(self.config.architectures, self.verdicts["architecture"])

    @property
    def activations(self) -> list[str]:
        """The activations that have verdicts, in the config's order."""
        return _in_order(self.config.activations, self.verdicts["activation"])

    @property
    def models(self) -> list[Model]:
        """The architectures with activations that have verdicts, in the config's order."""
        present = {design.model for design in designs_of(self.verdicts)}
        return [model for model in starmap(Model, product(self.architectures, self.activations)) if model in present]

    @property
    def inits(self) -> list[str]:
        """The initializations that have verdicts, in the config's order."""
        return _in_order(self.config.inits, self.verdicts["init"])

    @property
    def depths(self) -> list[int]:
        """The depths that have verdicts, ascending."""
        return sorted(int(depth) for depth in self.verdicts["depth"].unique())

    def _whole(self, table: str) -> pd.DataFrame:
        frame: pd.DataFrame = self._read(table).to_pandas()
        return frame

    def _read(self, table: str, columns: list[str] | None = None) -> pa.Table:
        """Return the rows of a table that are of the config's architectures, as all are but in a view of one."""
        found = read_table(self.table_path(table), columns)
        if "architecture" not in found.column_names:
            return found
        return found.filter(pc.is_in(found["architecture"], pa.array(self.config.architectures)))

    @cached_property
    def home(self) -> "Run":
        """The run as if its plain cells were all of it, or where none are plain, those of its first architecture.

        What is told of one architecture alone is told of this one; a run of one architecture is its own home.
        """
        names = self.architectures
        if len(names) == 1:
            return self
        chosen = PLAIN.name if PLAIN.name in names else names[0]
        comparisons = tuple(pair for pair in self.config.comparisons if pair.architecture == chosen)
        return replace(
            self, config=self.config.model_copy(update={"architectures": (chosen,), "comparisons": comparisons})
        )

    def table_path(self, table: str) -> Path:
        """Return the file of a table.

        Raises
        ------
        KeyError
            If the product has no table of this name.
        """
        if table not in SCHEMAS:
            raise KeyError(table)
        return self.folder / f"{table}.parquet"


def load_run(folder: Path) -> Run:
    """Read the config and the data's facts of a results folder.

    Raises
    ------
    OSError
        If a file is missing or damaged; the message names it. So it is with a table, once somebody asks for it.
    """
    dataset = load_dataset(folder / "data.npz")
    facts = DataFacts(
        class_entropy=dataset.class_entropy,
        classes=tuple(str(name) for name in dataset.classes),
        n_inputs=dataset.n_inputs,
        n_test=len(dataset.test_labels),
        class_counts=tuple(dataset.class_counts.tolist()),
        features=tuple(dataset.features.tolist()),
        warnings=tuple(dataset.warnings.tolist()),
        train_labels=dataset.train_labels,
    )
    return Run(folder=folder, config=load_resolved(folder / "config.json"), data=facts)


def _in_order(names: Sequence[str], present: pd.Series) -> list[str]:
    found = set(present)
    return [name for name in names if name in found]
