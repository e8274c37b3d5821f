"""Say what a sweep will take: networks, jobs, time and disk. Nothing of it is run."""

import argparse
import os
import sys
from pathlib import Path

from depthsounder.config import Origin, check_data, default_config, stage_settings, validate_files
from depthsounder.data.prepare import describe, prepare_dataset
from depthsounder.process.commands import run
from depthsounder.sweep.cells import RunPaths
from depthsounder.sweep.costs import measure_costs, start_of_a_job
from depthsounder.sweep.planning import advice, make_plan
from depthsounder.sweep.progress import duration


def main() -> None:
    """Validate the config, measure this machine for a few seconds, and add up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", type=Path, nargs="*", help="config files, laid over the default one")
    arguments = parser.parse_args()
    checkout = Path(__file__).resolve().parents[1]
    origin = Origin([default_config(checkout), *arguments.config])
    config = validate_files(origin.files)
    for warning in check_data(config, RunPaths(config.run).data_stamp, origin):
        print(f"Look at {config.data.source}: {warning}.", file=sys.stderr)
    dataset = prepare_dataset(**stage_settings(config, "prepare"))
    print(*describe(dataset, own_split=config.data.test_fraction is None), sep="\n")
    plan = make_plan(config, measure_costs(config, dataset, start_of_a_job(str(checkout / "scripts/tune_rate.py"))))
    cores = os.cpu_count() or 1
    print(f"run {config.run}: {plan.cells:,} cells, {plan.jobs:,} jobs")
    print(f"{plan.measured:,} networks measured, {plan.trained:,} trained for {config.training.steps:,} steps")
    print(f"at most {plan.seconds / 3600:.2f} core-hours: {duration(plan.seconds / cores)} on {cores} cores")
    print(f"about {plan.size / 1e9:.2f} GB in results/{config.run}/")
    print(advice(config, plan))


if __name__ == "__main__":
    run(main)
