"""Time the commands that users wait for, in this checkout of the project and in another one, paired."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks.machine import processor

HERE = Path(__file__).resolve().parents[1]
CORES = 2

Command = Callable[[Path, Path], list[str]]
"""The arguments of snakemake for a checkout and an empty working folder."""


def _default(checkout: Path, _: Path) -> list[str]:
    return ["--snakefile", str(checkout / "Snakefile"), "--quiet"]


def _smoke(checkout: Path, folder: Path) -> list[str]:
    return [*_default(checkout, folder), "--configfile", str(checkout / "config/smoke.yaml")]


COMMANDS: dict[str, tuple[list[Command], Command]] = {
    "dry run of the default sweep": ([], lambda *place: [*_default(*place), "--dry-run"]),
    "smoke, from nothing": ([], _smoke),
    "smoke's report, rendered again": ([_smoke], lambda *place: [*_smoke(*place), "--forcerun", "render_report"]),
    "smoke, with nothing to do": ([_smoke], _smoke),
}
"""What is timed, by name: the commands that come before, and the command itself."""


def seconds_of(checkout: Path, name: str) -> float:
    """Return the wall time of a command in a working folder of its own.

    Raises
    ------
    subprocess.CalledProcessError
        If it fails.
    """
    before, timed = COMMANDS[name]
    with tempfile.TemporaryDirectory() as folder:
        for command in before:
            _run(command, checkout, Path(folder))
        start = perf_counter()
        _run(timed, checkout, Path(folder))
        return perf_counter() - start


def _run(command: Command, checkout: Path, folder: Path) -> None:
    snakemake = str(Path(sys.executable).with_name("snakemake"))
    arguments = [snakemake, f"--cores={CORES}", *command(checkout, folder)]
    subprocess.run(arguments, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Time each command in both checkouts in turn, and print medians and the ratios of each pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, default=HERE, help="another checkout; this one by default")
    parser.add_argument("--repeats", type=int, default=3, help="pairs of each command")
    parser.add_argument(
        "--command", action="append", choices=[*COMMANDS], help="which; may be repeated; all by default"
    )
    arguments = parser.parse_args()
    before = arguments.before.resolve()
    print(
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; seconds before and now, and their ratio"
    )
    for name in arguments.command or COMMANDS:
        pairs = [(seconds_of(before, name), seconds_of(HERE, name)) for _ in range(arguments.repeats)]
        medians = [statistics.median(times) for times in zip(*pairs, strict=True)]
        ratios = sorted(now / then for then, now in pairs)
        spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"{name}: {medians[0]:.1f}, {medians[1]:.1f}, {spread}", flush=True)


if __name__ == "__main__":
    main()
