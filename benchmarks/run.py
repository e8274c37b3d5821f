"""Measure the engine beside PyTorch and JAX, and write a table and a page."""

import argparse
import json
import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from benchmarks import engine, jax_scan, torch_loop, torch_vmap
from benchmarks.machine import processor
from benchmarks.measure import SCHEMA, Implementation, measure
from benchmarks.page import render_page
from benchmarks.problem import Case
from benchmarks.summary import read_results, text_tables
from depthsounder.report.provenance import commit, versions
from depthsounder.storage.replacing import replacing
from depthsounder.storage.tables import write_rows

IMPLEMENTATIONS: dict[str, Implementation] = {
    "engine": engine.run,
    "torch_loop": torch_loop.run,
    "torch_vmap": torch_vmap.run,
    "jax_scan": jax_scan.run,
}

NORMALIZED_OR_JOINED = ("batch_norm", "layer_norm", "residual")
"""The architectures that are measured beside the plain one."""

# The first case is the one from which the others depart along one axis each. Fewer networks make more updates, so that
# every time is long enough to be measured. The last of these is a block of the default sweep: two seeds at seven rates.
# Then come normalized and joined networks, and wide ones, of which one alone may outgrow the cache.
CASES = (
    tuple(
        Case(activation, depth=depth, width=width, networks=networks, updates=updates, batch=batch)
        for activation in ("relu", "tanh")
        for depth, width, networks, updates, batch in (
            (20, 64, 10, 100, 64),
            (20, 128, 10, 60, 64),
            (5, 64, 10, 200, 64),
            (50, 64, 10, 60, 64),
            (20, 64, 1, 300, 64),
            (20, 64, 4, 100, 64),
            (20, 64, 70, 30, 64),
            (20, 64, 14, 300, 32),
        )
    )
    + tuple(
        Case("tanh", depth=20, width=width, networks=10, updates=updates, architecture=architecture)
        for architecture in NORMALIZED_OR_JOINED
        for width, updates in ((64, 60), (128, 30))
    )
    + tuple(
        Case("tanh", depth=depth, width=width, networks=2, updates=updates, batch=128)
        for width, depth, updates in (
            (256, 5, 60),
            (256, 20, 20),
            (512, 5, 20),
            (512, 20, 6),
            (1024, 5, 6),
            (1024, 20, 3),
        )
    )
)
QUICK_CASES = tuple(
    Case(activation, depth=depth, width=width, networks=networks, updates=10, batch=16)
    for activation in ("relu", "tanh")
    for depth, width, networks in ((3, 16, 2), (3, 32, 2), (6, 16, 2), (3, 16, 5))
) + tuple(
    Case("tanh", depth=3, width=16, networks=2, updates=10, batch=16, architecture=architecture)
    for architecture in NORMALIZED_OR_JOINED
)


def keep_to_one_core() -> None:
    """Give this process one core, as a job of a sweep has it, before any library starts threads of its own.

    PyTorch and NumPy have settings for their threads, but XLA takes as many as it has cores: with its flag
    xla_cpu_multi_thread_eigen=false two threads still share the work, and compiling takes two in any case.

    Raises
    ------
    SystemExit
        If the system cannot do that.
    """
    if not hasattr(os, "sched_setaffinity"):
        raise SystemExit("The benchmarks need Linux: JAX can be kept to one thread in no other way.")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def gather_facts(repeats: int) -> dict[str, str]:
    """Return what the times depend on beside the code: machine, its load before the run, versions and commit."""
    kernels = {library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"}
    return {
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "load before the run": f"{os.getloadavg()[0]:.2f}",
        "repeats": str(repeats),
        **versions(),
        "BLAS kernels": ", ".join(sorted(kernels)) or "not known",
        "BLAS settings": " ".join(f"{name}={os.environ[name]}" for name in sorted(os.environ) if "BLAS_" in name)
        or "none",
        "torch": version("torch"),
        "jax": version("jax"),
        "commit": commit(),
    }


def describe(rows: list[dict[str, Any]]) -> str:
    """Return the times of one repeat of a case in a line."""
    case = "repeat {repeat}, {architecture}, {activation}, depth {depth}, width {width}, networks {networks}".format(
        **rows[0]
    )
    times = ", ".join(f"{row['implementation']} {1e3 * row['seconds_per_network_step']:.3f}" for row in rows)
    return f"{case}: {times} ms"


def main() -> None:
    """Run all cases, and write results/NAME.parquet and reports/NAME.html."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny cases that show that everything works, and no speed")
    quick = parser.parse_args().quick
    name, cases, repeats = ("benchmark-quick", QUICK_CASES, 2) if quick else ("benchmark", CASES, 5)
    keep_to_one_core()
    facts = gather_facts(repeats)
    print(f"{facts['processor']}, load {facts['load before the run']}: more than 0.2 would show in the times")
    rows = []
    for measured in measure(cases, repeats, IMPLEMENTATIONS):
        rows += measured
        print(describe(measured), flush=True)
    table = Path("results") / f"{name}.parquet"
    metadata = {"facts": json.dumps(facts), "cases": json.dumps([asdict(case) for case in cases])}
    write_rows(table, rows, SCHEMA, metadata)
    results = read_results(table)
    page = Path("reports") / f"{name}.html"
    with replacing(page) as temporary:
        temporary.write_text(render_page(results), encoding="utf-8")
    print(f"\n{text_tables(results)}\n\nThe page is {page}, the table {table}")


if __name__ == "__main__":
    main()
