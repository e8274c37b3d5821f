"""Scripts called as the workflow calls them, but by hand: on the real digits, for a few cells."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STEPS = 40


def command(script, *arguments, flags=()):
    """The call of a script."""
    return [sys.executable, *flags, str(ROOT / "scripts" / script), *map(str, arguments)]


def call(script, *arguments, flags=(), **environment):
    """Run a script to its end and return what it wrote to standard error."""
    done = subprocess.run(
        command(script, *arguments, flags=flags),
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def prepare(folder, **how):
    """Write the digits."""
    return call("prepare_data.py", "--source=digits", "--test-fraction=0.2", "--root-seed=1", "--probe-examples=256",
                "--output", folder / "data.npz", **how)  # fmt: skip


def check(folder, cell, **how):
    """Check the gradients of a cell."""
    return call("check_gradients.py", *_named(cell.design), "--depths=2", "--width=4",
                "--examples=3", "--sweep-width=64", "--complex-step-threshold=1e-12", "--not-analytic=refuse",
                "--root-seed=1", "--output", _check_of(folder, cell), **how)  # fmt: skip


def measure(prepared, folder, cell, **how):
    """Measure three networks of a cell before training, into `folder`/signal.parquet and jacobian.parquet."""
    return call("measure_signal.py", *_of_cell(prepared, cell), "--signal", folder / "signal.parquet",
                "--jacobian", folder / "jacobian.parquet", **how)  # fmt: skip


def tune(prepared, folder, cell, **how):
    """Train three networks of a cell at two rates, into `folder`/traces.parquet."""
    return call("tune_rate.py", *_of_cell(prepared, cell), *_recipe(), "--learning-rates", 0.01, 0.1,
                "--output", folder / "traces.parquet", **how)  # fmt: skip


def train(prepared, folder, cell, **how):
    """Train three networks of a cell at the rate that `tune` chose."""
    return call("train_networks.py", *_of_cell(prepared, cell), *_recipe(), "--tuning", folder / "traces.parquet",
                "--tail-steps=10", "--signal", folder / "training.parquet", "--traces", folder / "evaluated.parquet",
                **how)  # fmt: skip


def _of_cell(prepared, cell):
    return ("--data", prepared / "data.npz", "--check", _check_of(prepared, cell), *_named(cell),
            "--seeds=0-2", "--width=64", "--root-seed=1")  # fmt: skip


def _named(point):
    return [f"--{axis}={name}" for axis, name in point._asdict().items()]


def _check_of(folder, cell):
    return folder / f"{'_'.join(cell.design)}.parquet"


def _recipe():
    return "--optimizer=sgd", "--batch-size=64", "--steps", STEPS, "--logged-steps", 0, STEPS
