"""Write the graph of the workflow's rules into a page, for the default sweep."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from depthsounder.process.commands import Refusal, run
from depthsounder.sweep.rule_graph import rule_graph, with_rule_graph


def main() -> None:
    """Ask Snakemake in an empty folder, and fill the block; a test fails while the page differs from the rules."""
    parser = argparse.ArgumentParser(description=__doc__)
    checkout = Path(__file__).resolve().parents[1]
    parser.add_argument("--page", type=Path, default=checkout / "docs/architecture.md", help="the page to write")
    arguments = parser.parse_args()
    snakemake = [str(Path(sys.executable).with_name("snakemake")), "--snakefile", str(checkout / "Snakefile")]
    with tempfile.TemporaryDirectory() as folder:
        asked = [*snakemake, "--rulegraph", "mermaid-js", "--directory", folder]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refusal(done.stderr)
    page = arguments.page.read_text(encoding="utf-8")
    arguments.page.write_text(with_rule_graph(page, rule_graph(done.stdout)), encoding="utf-8")


if __name__ == "__main__":
    run(main)
