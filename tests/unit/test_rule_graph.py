"""The rule graph of a page: the rules as Snakemake sees them, less what follows from the rest."""

import re
import shutil
import subprocess
import sys

import pytest

from depthsounder.process.commands import Refusal
from depthsounder.storage.schemas import SCHEMAS
from depthsounder.sweep.rule_graph import BEGIN, END, rule_arrows, rule_graph, with_rule_graph

SAID = """flowchart TB
\tid0[all]
\tid1[draw]
\tid2[count]
\tid3[read]
\tstyle id0 fill:#D95757,stroke-width:2px,color:#333333
\tid1 --> id0
\tid3 --> id0
\tid2 --> id1
\tid3 --> id1
\tid3 --> id2
"""


def test_an_arrow_that_follows_from_others_is_left_out_and_so_is_all():
    assert rule_graph(SAID) == "flowchart TB\n    count --> draw\n    read --> count"


def test_a_text_without_rules_is_refused():
    with pytest.raises(ValueError, match="no arrow"):
        rule_graph("Building DAG of jobs...")


def test_only_the_block_of_a_page_changes():
    page = with_rule_graph(f"above\n{BEGIN}\nold\n{END}\nbelow\n", "new")
    assert page == f"above\n{BEGIN}\n\n```mermaid\nnew\n```\n\n{END}\nbelow\n"
    assert with_rule_graph(page, "new") == page


@pytest.mark.parametrize("page", ["nothing", BEGIN, f"{BEGIN}{END}{BEGIN}"])
def test_a_page_without_the_marks_is_refused(page):
    with pytest.raises(Refusal, match="no place for the graph"):
        with_rule_graph(page, "new")


def test_the_map_shows_the_rules_as_they_are(root, tmp_path):
    page = tmp_path / "page.md"
    shutil.copy(root / "docs/architecture.md", page)
    subprocess.run([sys.executable, "scripts/write_rule_graph.py", "--page", page], cwd=root, check=True)
    assert page.read_text() == (root / "docs/architecture.md").read_text(), "run `make rulegraph`"
    assert "train_networks --> collect_table" in page.read_text()


def flow_arrows(root):
    """The arrows of the diagram of stages, each with its label."""
    diagram = (root / "docs/architecture.md").read_text().split("flowchart LR\n")[1].split("```")[0]
    for befores, label, afters in re.findall(r"^ +(.+?) -- (.+?) --> (.+)$", diagram, re.MULTILINE):
        for before in befores.split(" & "):
            for after in afters.split(" & "):
                yield before, after.partition("[")[0], label.strip('"')


def test_the_diagram_of_the_flow_has_the_arrows_between_the_stages_and_no_others(root, tmp_path):
    command = [sys.executable, "-m", "snakemake", "--snakefile", root / "Snakefile", "--rulegraph", "mermaid-js"]
    done = subprocess.run([*command, "--directory", tmp_path], capture_output=True, text=True, check=True)
    stages = {
        rule: path.stem
        for path in (root / "workflow/rules").glob("*.smk")
        for rule in re.findall(r"^rule (\w+):", path.read_text(), re.MULTILINE)
    }
    between = {(stages[before], stages[after]) for before, after in rule_arrows(done.stdout)}

    drawn = {(before, after) for before, after, _ in flow_arrows(root)} - {("report", "page")}
    assert drawn == {(before, after) for before, after in between if before != after}


def test_the_diagram_of_the_flow_names_every_table_where_it_is_made(root):
    labels = {before: label for before, _, label in flow_arrows(root)}

    assert {*labels["collect"].split(", "), *labels["analyse"].split(", ")} == set(SCHEMAS)
