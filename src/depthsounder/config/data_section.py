"""The `data` section of the config: where the examples are, and which of their columns are used.

This module says which keys have a meaning for which kind of source; `data.sources` reads the file.
"""

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from depthsounder.config.fields import ColumnNames, Header, OptionalShare, Source, Target, refuse
from depthsounder.data.sources import BUILT_IN, FORMATS, format_of


class Section(BaseModel):
    """A part of the config: strict, complete and constant."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Data(Section):
    """What the networks learn."""

    source: Source = Field(
        description="The examples: one of scikit-learn's own sets, or a file of your own with numeric features and one "
        "row for each example; a relative path starts at the folder in which snakemake runs, and `~` is your home. "
        + " ".join(known.about for known in FORMATS if known.about)
    )
    target: Target = Field(
        description="The column of a text or of a Parquet file, or the array of an NPZ file, with the classes. A class "
        "is its text as written, without blanks around it: 01 and 1 are two, and NA is one. Only an empty field is "
        "missing. Where every class is a number they are put in order by value, and else by the alphabet; a number of "
        "a Parquet or NPZ file is the text that Python writes for it, such as 1, 1.0 or True."
    )
    features: ColumnNames = Field(
        default=None, description="The columns that are used as features; null for all but the target and `drop`."
    )
    drop: ColumnNames = Field(
        default=None, description="Columns that are left out, such as a row number; null for none."
    )
    header: Header = Field(
        default=None,
        description="Whether the first line of a text names the columns: null if it does, but is refused where it "
        "looks like data; false if it is an example, and the columns are called `column_1`, `column_2` and so on; true "
        "if it names them though it looks like data.",
    )
    test_fraction: OptionalShare = Field(
        description="Share of the examples held out for testing, the same for each class; null for the split that "
        "the arrays of Keras and MedMNIST and IDX files have themselves. Unit: 1."
    )

    @field_validator("target")
    @classmethod
    def _target_where_it_is_needed(cls, target: str | None, info: ValidationInfo) -> str | None:
        source = info.data.get("source", "")
        known = format_of(source)
        if target is not None and (source in BUILT_IN or (known and known.target == "none")):
            raise refuse("has no meaning for a source that knows its own labels")
        if known and known.target == "needed" and not target:
            raise refuse("does not name the column with the classes, as a file needs")
        return target

    @field_validator("features", "drop", "header")
    @classmethod
    def _of_a_file(cls, value: object, info: ValidationInfo) -> object:
        source = info.data.get("source", "")
        known = format_of(source)
        if value is not None and source in BUILT_IN:
            raise refuse("has no meaning for built-in data")
        if value is not None and info.field_name == "header" and known and not known.header:
            raise refuse("has no meaning for a file that is no text")
        if value is not None and info.field_name == "drop" and info.data.get("features") is not None:
            raise refuse("has no meaning beside data.features, which names all that is used")
        return value

    @field_validator("test_fraction")
    @classmethod
    def _share_where_it_is_needed(cls, share: float | None, info: ValidationInfo) -> float | None:
        source = info.data.get("source", "")
        known = format_of(source)
        if share is None and (source in BUILT_IN or (known and not known.own_split)):
            raise refuse("is no share, which a source without a split of its own needs")
        return share
