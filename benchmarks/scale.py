"""Run large sweeps, of many networks that are trained for three steps each, and say what they took."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml

from depthsounder.config import stage_settings, validate_files
from depthsounder.data.prepare import prepare_dataset
from depthsounder.storage.schemas import SCHEMAS
from depthsounder.storage.tables import write_rows
from depthsounder.sweep.cells import PART_KINDS, RunPaths, part_paths
from depthsounder.sweep.costs import measure_costs, start_of_a_job
from depthsounder.sweep.planning import make_plan

SIZES = {"3k": (2, 3), "10k": (4, 5), "100k": (10, 20)}
"""Activations and initializations; with five depths and a hundred networks a cell that makes the sweep's networks."""

CORES = 2

ACTIVATIONS = ["linear", "tanh", "relu", "sigmoid", "elu", "selu", "silu", "softsign", "erf", "leaky_relu"]
INITS = [
    *("glorot_normal", "he_normal", "naive_small", "naive_large", "orthogonal", "lecun_normal", "xavier_note"),
    *("naive_unit", "glorot_uniform", "uniform_standard", "he_uniform", "zeros"),
    *(f"gaussian_w{tenths / 10}_b0.05" for tenths in range(6, 22, 2)),
]

SCHEMA = pa.schema(
    [
        ("size", pa.string()),
        ("networks", pa.int64()),
        ("cells", pa.int64()),
        ("jobs", pa.int64()),
        ("parts", pa.int64()),
        ("planned_seconds", pa.float64()),
        ("dag_seconds", pa.float64()),
        ("wall_seconds", pa.float64()),
        ("job_seconds", pa.float64()),
        ("network_milliseconds", pa.float64()),
        ("overhead_percent", pa.float64()),
        ("snakemake_mb", pa.float64()),
        ("collect_mb", pa.float64()),
        ("analysis_mb", pa.float64()),
        ("parts_mb", pa.float64()),
        ("tables_mb", pa.float64()),
        ("report_mb", pa.float64()),
    ]
)

COMPUTING, COLLECTING, ANALYZING = (
    ("measure_signal", "tune_rate", "train_networks"),
    ("collect_table",),
    ("judge_cells", "judge_claims", "compare_inits", "plot_figure", "render_report"),
)


def sweep(size: str) -> dict[str, Any]:
    """Return where a large sweep differs from the default one: it has many cells, and little to do in each."""
    activations, inits = SIZES[size]
    return {
        "run": f"scale-{size}",
        "depths": [2, 5, 10, 20, 30],
        "activations": ACTIVATIONS[:activations],
        "inits": INITS[:inits],
        "seeds": {"measure": 40, "tune": 2, "evaluate": 50},
        "seeds_per_block": 50,
        "width": 32,
        "training": {
            "batch_size": 64,
            "steps": 3,
            "learning_rates": [0.01, 0.03, 0.1, 0.3, 1.0],
            "logged_steps": [0, "last"],
        },
        "probe_examples": 64,
        "gradient_check": {"depths": [1], "width": 4, "examples": 3},
        "verdicts": {"tail_steps": 3},
        "comparisons": [],
    }


def run_sweep(size: str, config_file: Path) -> dict[str, Any]:
    """Plan a sweep, run it from nothing, and return its row of the table.

    Raises
    ------
    RuntimeError
        If snakemake fails.
    """
    config = validate_files([Path("config/config.yaml"), config_file])
    paths = RunPaths(config.run)
    for folder in (paths.results, paths.reports):
        shutil.rmtree(folder, ignore_errors=True)
    dataset = prepare_dataset(**stage_settings(config, "prepare"))
    plan = make_plan(config, measure_costs(config, dataset, start_of_a_job("scripts/tune_rate.py")))
    command = [str(Path(sys.executable).with_name("snakemake")), "--configfile", str(config_file), f"--cores={CORES}"]
    dag_seconds, _ = _timed([*command, "--dry-run", "--quiet"])
    wall_seconds, snakemake_mb = _timed(command)
    jobs = _jobs(paths.results / "benchmarks")
    parts = [path for kind in PART_KINDS for path in part_paths(config, kind)]
    networks = plan.measured + plan.trained
    job_seconds, computing = float(jobs["s"].sum()), float(jobs.loc[jobs["rule"].isin(COMPUTING), "s"].sum())
    return {
        "size": size,
        "networks": networks,
        "cells": plan.cells,
        "jobs": len(jobs),
        "parts": len(parts),
        "planned_seconds": plan.seconds / CORES,
        "dag_seconds": dag_seconds,
        "wall_seconds": wall_seconds,
        "job_seconds": job_seconds,
        "network_milliseconds": 1e3 * computing / networks,
        "overhead_percent": 100.0 * (wall_seconds * CORES / job_seconds - 1.0),
        "snakemake_mb": snakemake_mb,
        "collect_mb": _most_memory(jobs, COLLECTING),
        "analysis_mb": _most_memory(jobs, ANALYZING),
        "parts_mb": _megabytes(parts),
        "tables_mb": _megabytes([paths.results / f"{table}.parquet" for table in SCHEMAS]),
        "report_mb": _megabytes([paths.report]),
    }


def _timed(command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds, and the most memory of its main process in MB."""
    start, most = perf_counter(), 0.0
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        while process.poll() is None:
            most = max(most, _peak_memory(process.pid))
            sleep(0.2)
        if process.returncode:
            said.seek(0)
            raise RuntimeError(said.read()[-3000:])
    return perf_counter() - start, most


def _peak_memory(pid: int) -> float:
    """Return the most memory that a process has had, in MB; 0 where the system does not say (it is Linux that does)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _jobs(folder: Path) -> pd.DataFrame:
    """Return what Snakemake measured of each job: rule, s, max_rss (MB)."""
    files = sorted(folder.rglob("*.tsv"))
    jobs = pd.concat([pd.read_csv(file, sep="\t", na_values="-").iloc[-1:] for file in files], ignore_index=True)
    rules = [file.relative_to(folder).with_suffix("").parts[0] for file in files]
    return jobs[["s", "max_rss"]].assign(rule=rules)


def _most_memory(jobs: pd.DataFrame, rules: tuple[str, ...]) -> float:
    return float(jobs.loc[jobs["rule"].isin(rules), "max_rss"].max())


def _megabytes(files: list[Path]) -> float:
    return sum(file.stat().st_size for file in files) / 1e6


def text_table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a Markdown table, a sweep in each column."""
    lines = [["", *(row["size"] for row in rows)], ["---", *("---:" for _ in rows)]]
    for name, words, digits in (
        ("networks", "networks", 0),
        ("cells", "cells", 0),
        ("jobs", "jobs", 0),
        ("parts", "part files", 0),
        ("dag_seconds", "planning the jobs (`snakemake -n`), s", 0),
        ("planned_seconds", "predicted by `make plan`, s", 0),
        ("wall_seconds", "wall time, s", 0),
        ("job_seconds", "time of all jobs, s", 0),
        ("network_milliseconds", "time of a network, with its share of a job's start, ms", 1),
        ("overhead_percent", "wall time beyond that of the jobs on two cores, %", 1),
        ("snakemake_mb", "memory of Snakemake, MB", 0),
        ("collect_mb", "most memory of a collecting job, MB", 0),
        ("analysis_mb", "most memory of a judging, drawing or rendering job, MB", 0),
        ("parts_mb", "parts, MB", 1),
        ("tables_mb", "tables, MB", 1),
        ("report_mb", "report, MB", 1),
    ):
        lines.append([words, *(f"{row[name]:,.{digits}f}" for row in rows)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Run the sweeps one after another, write results/scale.parquet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", action="append", choices=[*SIZES], help="which sweep; may be repeated; all by default"
    )
    rows = []
    for size in parser.parse_args().size or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            config_file = Path(folder) / f"{size}.yaml"
            config_file.write_text(yaml.safe_dump(sweep(size), sort_keys=False), encoding="utf-8")
            rows.append(run_sweep(size, config_file))
    write_rows(Path("results/scale.parquet"), rows, SCHEMA)
    print(text_table(rows))


if __name__ == "__main__":
    main()
