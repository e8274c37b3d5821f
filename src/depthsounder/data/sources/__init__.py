"""Data sources: the user's own file as arrays, or every reason why it cannot be used.

One module for each format in `formats`, one for what a target is, one for what makes a feature suspicious, one for the
sizes of classes and parts. Nothing is read with pickle. `prepare` splits and scales.
"""

from depthsounder.data.sources.built_in import BUILT_IN, CENSUSES
from depthsounder.data.sources.census import (
    Census,
    fitting_share,
    row_problems,
    size_problems,
    split_problems,
    split_sizes,
    take_census,
)
from depthsounder.data.sources.examples import Examples, Reading, read_examples, read_source
from depthsounder.data.sources.foreign import advice_on_ending
from depthsounder.data.sources.formats import ENDINGS, FORMATS, Format, format_of, source_files
from depthsounder.data.sources.problems import DataError, printable
from depthsounder.data.sources.selection import Wanted
from depthsounder.data.sources.summary import data_sentences

__all__ = [
    "BUILT_IN",
    "CENSUSES",
    "ENDINGS",
    "FORMATS",
    "Census",
    "DataError",
    "Examples",
    "Format",
    "Reading",
    "Wanted",
    "advice_on_ending",
    "data_sentences",
    "fitting_share",
    "format_of",
    "printable",
    "read_examples",
    "read_source",
    "row_problems",
    "size_problems",
    "source_files",
    "split_problems",
    "split_sizes",
    "take_census",
]
