"""The data sets that ship inside scikit-learn, as far as they are known without it: their classes and sizes.

This module knows names and numbers; `prepare` loads the examples.
"""

from depthsounder.data.sources.census import Census

CENSUSES = {
    "digits": Census(tuple("0123456789"), (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)),
    "iris": Census(("setosa", "versicolor", "virginica"), (50, 50, 50)),
    "wine": Census(("class_0", "class_1", "class_2"), (59, 71, 48)),
    "breast_cancer": Census(("malignant", "benign"), (212, 357)),
}
"""The classes of each, with their examples, so that a config is checked without scikit-learn."""

BUILT_IN = tuple(CENSUSES)
"""The sources that are no files."""
