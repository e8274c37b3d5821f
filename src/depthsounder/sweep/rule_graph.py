"""The graph of the rules as a block of a page, from what `snakemake --rulegraph mermaid-js` says.

This module knows that text and the marks around the block; it runs no workflow.
"""

import re

from depthsounder.process.commands import Refusal

BEGIN, END = "<!-- rule graph: written by `make rulegraph` -->", "<!-- end of the rule graph -->"


def rule_arrows(said: str) -> set[tuple[str, str]]:
    """Return every arrow between two rules, by their names and without those to `all`.

    Raises
    ------
    ValueError
        If the text has no rules and arrows.
    """
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]$", said, re.MULTILINE))
    arrows = {
        (names[before], names[after]) for before, after in re.findall(r"^\s*(id\d+) --> (id\d+)$", said, re.MULTILINE)
    }
    arrows = {(before, after) for before, after in arrows if after != "all"}
    if not arrows:
        raise ValueError("found no arrow between two rules")
    return arrows


def rule_graph(said: str) -> str:
    """Return the graph in Mermaid, without arrows that follow from others.

    Raises
    ------
    ValueError
        If the text has no rules and arrows.
    """
    arrows = rule_arrows(said)
    direct = sorted(arrow for arrow in arrows if not _reaches(*arrow, arrows - {arrow}))
    return "\n".join(["flowchart TB", *(f"    {before} --> {after}" for before, after in direct)])


def _reaches(start: str, end: str, arrows: set[tuple[str, str]]) -> bool:
    following = [after for before, after in arrows if before == start]
    return end in following or any(_reaches(after, end, arrows) for after in following)


def with_rule_graph(page: str, graph: str) -> str:
    """Return a page in Markdown with the graph between the marks.

    Raises
    ------
    Refusal
        If the page has not each mark once.
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise Refusal(f"the page has no place for the graph; allowed: each of these lines once, {BEGIN} and {END}")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n\n```mermaid\n{graph}\n```\n\n{END}{rest.split(END)[1]}"
