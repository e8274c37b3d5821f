"""What goes into the networks, in sentences: for the terminal and for the report.

This module knows words; the numbers are counted elsewhere.
"""

from collections.abc import Sequence

from depthsounder.data.sources.problems import MOST_NAMED, counted, escaped

MOST_CLASSES = 20
"""Classes that are listed with their counts."""


def data_sentences(
    features: Sequence[str], classes: Sequence[str], counts: Sequence[int], sizes: tuple[int, int], own_split: bool
) -> list[str]:
    """Return what a data set consists of.

    Parameters
    ----------
    features
        The names of the inputs.
    classes, counts
        The names of the labels, and the examples of each.
    sizes
        Examples of the training and of the test part.
    own_split
        Whether the source says which they are.
    """
    named = ", ".join(escaped(name) for name in features[:MOST_NAMED])
    more = f" and {len(features) - MOST_NAMED:,} more" if len(features) > MOST_NAMED else ""
    pairs = [f"{escaped(name)} ({count:,})" for name, count in zip(classes, counts, strict=True)]
    rest = f" and {len(pairs) - MOST_CLASSES:,} more" if len(pairs) > MOST_CLASSES else ""
    how = "the source's own split" if own_split else "drawn at random, with the same share of each class"
    return [
        f"{counted(len(features), 'feature')}: {named}{more}.",
        f"{len(classes):,} classes, with their rows: {', '.join(pairs[:MOST_CLASSES])}{rest}.",
        f"{counted(sum(sizes), 'row')}: {sizes[0]:,} for training and {sizes[1]:,} for testing, {how}.",
    ]
