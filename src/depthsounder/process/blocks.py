"""Blocks of seeds, the unit of work: how they are cut and named.

This module converts seed ranges to text and back; `sweep.cells` says which seeds a stage has.
"""

import re


def seed_blocks(first: int, count: int, per_block: int) -> list[str]:
    """Cut the seeds first … first + count - 1 at the multiples of `per_block`.

    More seeds therefore leave every full block as it was. A block is named by its first and last seed, as in ``"0-9"``.
    """
    end = first + count
    starts = [first, *range((first // per_block + 1) * per_block, end, per_block)]
    return [f"{start}-{stop - 1}" for start, stop in zip(starts, [*starts[1:], end], strict=True)]


def parse_block(block: str) -> range:
    """Return the seeds of a block.

    Raises
    ------
    ValueError
        If the text is not of the form ``"0-9"``.
    """
    match = re.fullmatch(r"(\d+)-(\d+)", block)
    if match is None or int(match[2]) < int(match[1]):
        raise ValueError(f"{block!r} is no block of seeds; allowed: the first and the last, such as 0-9")
    return range(int(match[1]), int(match[2]) + 1)
