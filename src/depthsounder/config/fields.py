"""The types of the config's keys: limits, names from the registries, and the rules of single values and lists.

This module validates single values; `model` validates their combinations.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from pydantic import AfterValidator, Field, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from depthsounder.config.allowed import Allowed, AllowedNow
from depthsounder.config.elsewhere import ACTIVATIONS_ELSEWHERE, ARCHITECTURES_ELSEWHERE, INITS_ELSEWHERE
from depthsounder.data.sources import BUILT_IN, ENDINGS, advice_on_ending, format_of
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.elements.initializers import GAUSSIAN_PATTERN, INITIALIZERS
from depthsounder.engine.extensions import OWN_NAME, ExtensionError, load_extension
from depthsounder.engine.optimizers import OPTIMIZERS

TUNING_SEED_BASE = 10_000
"""The first tuning seed: measured and evaluated networks have the seeds below it, so that no rate is chosen on them."""

MAX_GAUSSIAN_NUMBER = 1e6


LONGEST_LIST = 1_000
"""Entries of a list, and characters of a text: a job is told its settings on one command line, of at most 128 KiB."""

MOST_TUNING_BLOCKS = 500
"""Blocks of tuning seeds of a cell: the job that picks a rate is told the files of all of them in the same way."""


class Broken(TypedDict):
    """A rule that a value breaks.

    Attributes
    ----------
    complaint
        What is wrong, to follow "which".
    within
        Leads from the validated value to the one that is to blame.
    allowed
        What the rule allows, where it is less than the value's type does.
    """

    complaint: str
    within: tuple[str | int, ...]
    allowed: str | None


def refuse(
    complaint: str, *within: str | int, allowed: str | None = None, remedy: str | None = None
) -> PydanticCustomError:
    """Return the error of a rule, of which `Broken` says what the arguments are, and what mends it."""
    context = {"complaint": complaint, "within": within, "allowed": allowed, "remedy": remedy}
    return PydanticCustomError("rule", "{complaint}", context)


def refuse_all(broken: Sequence[Broken], remedy: str) -> PydanticCustomError:
    """Return the error of a rule that several values break, and what mends all of them."""
    first, *further = broken
    return PydanticCustomError("rule", "{complaint}", {**first, "further": tuple(further), "remedy": remedy})


UNUSABLE = "cannot be used"
"""The complaint of an extension; what mends it is told with the file's own line."""

NOT_KNOWN = "is not known"
"""The complaint of a name that is in no registry."""


def _known(names: Collection[str]) -> Callable[[str], str]:
    def check(name: str) -> str:
        if name not in names:
            raise refuse(NOT_KNOWN)
        return name

    return check


def _known_init(name: str) -> str:
    family = GAUSSIAN_PATTERN.fullmatch(name) if name.isascii() else None
    if family is None:
        return _known(INITIALIZERS)(name)
    if len(name) > 64 or any(float(number) > MAX_GAUSSIAN_NUMBER for number in family.groups()):
        raise refuse(f"has a number above {MAX_GAUSSIAN_NUMBER:,.0f} or with too many digits")
    return name


def _law(name: object) -> object:
    """Return what tells values apart: w1.5 and w1.50 are two spellings of one Gaussian law."""
    family = GAUSSIAN_PATTERN.fullmatch(name) if isinstance(name, str) else None
    return tuple(float(number) for number in family.groups()) if family else name


def _filled(values: tuple[Any, ...]) -> None:
    if not values:
        raise refuse("is empty")
    if len(values) > LONGEST_LIST:
        raise refuse(f"has {len(values):,} entries, of which there may be {LONGEST_LIST:,}")


def distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list that is empty, too long, or in which a value stands twice."""
    _filled(values)
    return different(values)


def different(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a list in which a value stands twice."""
    laws = [_law(value) for value in values]
    for position, law in enumerate(laws):
        if law in laws[:position]:
            raise refuse("stands in the list twice", position, allowed="each entry once")
    return values


def increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    """Refuse a list that is empty, too long, or in which a number is not above the one before it."""
    _filled(values)
    for position in range(1, len(values)):
        if values[position] <= values[position - 1]:
            allowed = f"a number above {values[position - 1]:g}"
            raise refuse("is not above the one before it", position, allowed=allowed)
    return values


def _plain(text: str) -> str:
    if not text.isprintable():
        raise refuse("contains characters that cannot be printed")
    if len(text) > LONGEST_LIST:
        raise refuse(f"has {len(text):,} characters, of which there may be {LONGEST_LIST:,}")
    return text


def _own_folder(run: str) -> str:
    if run in COMMITTED_REPORTS:
        raise refuse(f"is the name of the committed folder reports/{run}/, which no run writes")
    return run


def _known_source(source: str) -> str:
    if set("{}<>") & set(source):
        raise refuse("contains braces or angle brackets, in which Snakemake looks for names of its own")
    if source not in BUILT_IN and format_of(source) is None:
        raise refuse(advice_on_ending(source) or "is neither built-in data nor a file of a known kind")
    return _from_home(source)


def _from_home(path: str) -> str:
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError as error:
        raise refuse("begins with ~, and the home folder is not known") from error


def one_of(names: Iterable[object]) -> str:
    """Return names or numbers as what is allowed."""
    return f"one of {', '.join(map(str, names))}"


def _own_extension(path: str) -> str:
    if not path.endswith(".py"):
        raise refuse("is no file of Python")
    try:
        load_extension(Path(path))
    except ExtensionError as error:
        raise refuse(UNUSABLE, remedy=str(error)) from error
    return path


def _names(names: tuple[str, ...], elsewhere: tuple[tuple[str, str], ...] = ()) -> tuple[Any, ...]:
    return (
        AfterValidator(_known(names)),
        Allowed(one_of(names), names, elsewhere),
        WithJsonSchema({"enum": list(names)}),
    )


def _recorded(registry: Mapping[str, object], elsewhere: tuple[tuple[str, str], ...] = ()) -> tuple[Any, ...]:
    """Return what stands beside the type of a name that is looked up in a registry, to which extensions add."""
    return (
        AfterValidator(_known(registry)),
        AllowedNow(lambda: Allowed(one_of(registry), tuple(registry), elsewhere)),
        WithJsonSchema({"anyOf": [{"enum": list(registry)}, OWN_SCHEMA]}),
    )


def _allowed_inits() -> Allowed:
    family = "gaussian_w<σw²>_b<σb²> with two numbers, such as gaussian_w1.5_b0.05"
    return Allowed(f"{one_of(INITIALIZERS)}, or {family}", tuple(INITIALIZERS), INITS_ELSEWHERE)


OWN_SCHEMA = {"type": "string", "pattern": f"^{OWN_NAME}$"}
"""Of a name that an extension may have."""

INIT_SCHEMA = {"anyOf": [{"enum": list(INITIALIZERS)}, {"type": "string", "pattern": f"^{GAUSSIAN_PATTERN.pattern}$"}]}
"""Of an init of the library."""

EXTENSION_TEXT = (
    "the path of a file that ends in .py and has records in ARCHITECTURES, ACTIVATIONS, INITIALIZERS or OPTIMIZERS"
)
_SOURCE_TEXT = f"{', '.join(BUILT_IN)}, or the path of a file that ends in {ENDINGS}"
_NAME_TEXT = "a column's name, in quotes where it is a number"
LIST = (Strict(False), Field(json_schema_extra={"minItems": 1, "maxItems": LONGEST_LIST, "uniqueItems": True}))
"""The limits of a key that is a list in the YAML and a tuple in Python."""

STUDY_NAMES = ("glorot2010", "he2015", "plateau", "rescue", "schoenholz2017", "trainability")
"""The studies that a sweep can be made for; each has a file of its name in config/ and a section in its report."""

COMMITTED_REPORTS = ("baseline", "example")
"""Folders of reports/ that the project itself keeps."""

RunName = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64),
    AfterValidator(_own_folder),
    Allowed(f"up to 64 of a-z, 0-9, _ and -, the first a letter or a digit; not {' or '.join(COMMITTED_REPORTS)}"),
]
Extension = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_from_home),
    AfterValidator(_own_extension),
    Allowed(EXTENSION_TEXT),
]
Extensions = Annotated[
    tuple[Extension, ...],
    Strict(False),
    Field(
        description="Files of your own with architectures, activations, inits and optimizers, which the other keys "
        "then name as they do those of the library. A relative path starts at the folder in which Snakemake works, as "
        "that of `data.source` does. A file is run like any program: name only those that you trust.",
        json_schema_extra={"maxItems": LONGEST_LIST, "uniqueItems": True},
    ),
    AfterValidator(different),
    Allowed(f"a list; each: {EXTENSION_TEXT}"),
]
ArchitectureName = Annotated[str, *_recorded(ARCHITECTURES, ARCHITECTURES_ELSEWHERE)]
ActivationName = Annotated[str, *_recorded(ACTIVATIONS, ACTIVATIONS_ELSEWHERE)]
InitName = Annotated[
    str,
    AfterValidator(_known_init),
    AllowedNow(_allowed_inits),
    WithJsonSchema({"anyOf": [*INIT_SCHEMA["anyOf"], OWN_SCHEMA]}),
]
OptimizerName = Annotated[str, *_recorded(OPTIMIZERS)]
StudyName = Annotated[
    Annotated[str, AfterValidator(_known(STUDY_NAMES))] | None,
    Allowed(f"{one_of(STUDY_NAMES)}, or null", STUDY_NAMES),
    WithJsonSchema({"enum": [*STUDY_NAMES, None]}),
]
NotAnalytic = Annotated[str, *_names(("refuse", "central_difference"))]
Source = Annotated[str, AfterValidator(_plain), AfterValidator(_known_source), Allowed(_SOURCE_TEXT, BUILT_IN)]
Target = Annotated[
    Annotated[str, AfterValidator(_plain)] | None,
    Allowed(
        "a column's name, in quotes where it is a number; null for built-in data and for files that say which are the "
        "labels"
    ),
]
ColumnNames = Annotated[
    Annotated[tuple[Annotated[str, AfterValidator(_plain), Allowed(_NAME_TEXT)], ...], *LIST, AfterValidator(distinct)]
    | None,
    Allowed(f"a list, not empty, none twice; each: {_NAME_TEXT}; or null"),
]
Header = Annotated[bool | None, Allowed("true, false or null")]
OptionalShare = Annotated[Annotated[float, Field(gt=0, lt=1)] | None, Allowed("a number above 0 and below 1, or null")]
Depth = Annotated[int, Field(ge=1, le=10_000)]
Width = Annotated[int, Field(ge=1, le=65_536)]
SeedCount = Annotated[int, Field(ge=1, le=TUNING_SEED_BASE)]
Examples = Annotated[int, Field(ge=1, le=10_000_000)]
Steps = Annotated[int, Field(ge=1, le=10_000_000)]
LoggedStep = Annotated[int, Field(ge=0)] | Literal["last"]
LearningRate = Annotated[float, Field(ge=1e-12, le=1_000_000)]
ClipNorm = Annotated[
    Annotated[float, Field(ge=1e-12, le=1_000_000)] | None, Allowed("a number from 1e-12 to 1,000,000, or null")
]
Share = Annotated[float, Field(gt=0, lt=1)]
