"""The config model: every key of a sweep, with its unit, its limits and, for a threshold, its source.

No key has a default here but those that most files do not need, which are null or empty: `config/config.yaml` is the
default sweep, over which other files are laid. Types are strict: a text is no number, and a number is no text.

This module knows which values belong together; it knows nothing of files, paths or jobs.
"""

from dataclasses import fields
from typing import Annotated

from pydantic import AfterValidator, Field, Strict, ValidationInfo, field_validator

from depthsounder.checking.contract import breaches
from depthsounder.config.allowed import Allowed
from depthsounder.config.comparisons import MOST_COMPARISONS, Comparison, check_family
from depthsounder.config.data_section import Data, Section
from depthsounder.config.fields import (
    LIST,
    MOST_TUNING_BLOCKS,
    TUNING_SEED_BASE,
    ActivationName,
    ArchitectureName,
    ClipNorm,
    Depth,
    Examples,
    Extensions,
    InitName,
    LearningRate,
    LoggedStep,
    NotAnalytic,
    OptimizerName,
    RunName,
    SeedCount,
    Share,
    Steps,
    StudyName,
    Width,
    distinct,
    increasing,
    refuse,
)
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES, PLAIN
from depthsounder.elements.gaussian import critical_gain
from depthsounder.engine.training import Recipe
from depthsounder.process.blocks import seed_blocks


class Seeds(Section):
    """How many networks of each cell, by what is done with them."""

    measure: SeedCount = Field(
        description="Networks measured at initialization: seeds 0, 1, 2 … Unit: networks a cell."
    )
    tune: SeedCount = Field(
        description=f"Networks on which the learning rate is chosen: seeds {TUNING_SEED_BASE:,} and on, disjoint from "
        "the others. Unit: networks a cell and learning rate."
    )
    evaluate: SeedCount = Field(
        description="Networks trained at the chosen rate, on which the verdict rests: seeds 0, 1, 2 … Unit: networks a "
        "cell."
    )


class Training(Section):
    """How networks are trained."""

    optimizer: OptimizerName = Field(description="The update rule.")
    batch_size: Examples = Field(
        description="Examples of an update, at most those of the training part. Unit: examples."
    )
    steps: Steps = Field(description="Length of each training. Unit: updates.")
    learning_rates: Annotated[tuple[LearningRate, ...], *LIST, AfterValidator(increasing)] = Field(
        description="The grid that all cells share, from which each picks its own rate; increasing. Unit: 1."
    )
    logged_steps: Annotated[tuple[LoggedStep, ...], *LIST, AfterValidator(distinct)] = Field(
        description="Steps at which layers, accuracy and test loss are recorded; none above `steps`, for which `last` "
        "stands. Unit: updates done."
    )
    clip_norm: ClipNorm = Field(
        default=None,
        description="The greatest norm of a network's whole gradient: a longer one is scaled down to it before its "
        "update. null to clip nothing. `grad_norm` is that before. Unit: 1. Source: Pascanu et al. 2013.",
    )

    @field_validator("logged_steps")
    @classmethod
    def _within_the_training(cls, logged: tuple[LoggedStep, ...], info: ValidationInfo) -> tuple[LoggedStep, ...]:
        steps = info.data.get("steps")
        for position, step in enumerate(logged):
            if steps is not None and step != "last" and step > steps:
                allowed = f"a whole number from 0 to {steps:,}, or last"
                raise refuse(f"is after the last step: training.steps is {steps}", position, allowed=allowed)
        return logged

    @property
    def recipe(self) -> Recipe:
        """What of this reaches the jobs that train, with `last` resolved."""
        given = {setting.name: getattr(self, setting.name) for setting in fields(Recipe)}
        return Recipe(**given | {"logged_steps": self.logged_at})

    @property
    def logged_at(self) -> tuple[int, ...]:
        """The logged steps as numbers, increasing, with `last` resolved."""
        return tuple(sorted({self.steps if step == "last" else step for step in self.logged_steps}))


class GradientCheck(Section):
    """The networks on which backpropagation is compared with numeric derivatives, before anything is trained."""

    depths: Annotated[tuple[Annotated[int, Field(ge=1, le=50)], ...], *LIST, AfterValidator(distinct)] = Field(
        description="Depths at which each architecture × activation × init is checked. Unit: hidden layers."
    )
    width: Annotated[int, Field(ge=2, le=64)] = Field(
        description="Width of the checked networks; the cost grows with its fourth power. Their weights have the gain "
        "that the init has at the sweep's width. With one unit, W and its transpose would be the same. Unit: units a "
        "layer."
    )
    examples: Annotated[int, Field(ge=2, le=64)] = Field(
        description="Examples of the checked batch; with one, a mean over the batch would be the same as a sum. Unit: "
        "examples."
    )
    complex_step_threshold: Annotated[float, Field(gt=0, le=1e-3)] = Field(
        description="Relative error above which a parameter's gradient fails. Unit: 1. Source: the complex step has no "
        "subtraction, so that it is exact to rounding, about 1e-15 (Squire & Trapp 1998)."
    )
    not_analytic: NotAnalytic = Field(
        description="What becomes of an activation that is right but cannot take complex numbers, as with np.abs or "
        "expit: `refuse` it, or let the `central_difference` alone check its gradients, which sees a hundred million "
        "times less."
    )


class Verdicts(Section):
    """The thresholds of the verdicts.

    H is the entropy of the training part's class prior. A mean loss over some batches has the noise of the labels in
    them, which for rare classes is larger than H. A network is therefore judged on its own batches: G is the entropy of
    their labels, the least that any constant prediction can cost on them (Gibbs' inequality), and P what guessing by
    the class prior costs on them, or H if that is more. For the digits all three are 2.3 nat.
    """

    exploding_ratio: Annotated[float, Field(gt=1)] = Field(
        description="Signal explodes if D, the error's root mean square at layer 1 over that at layer L, is above. "
        "Unit: 1. Source: convention; the default is two decades, 27 % a layer over 20 layers."
    )
    vanishing_ratio: Share = Field(
        description="Signal vanishes if D is below. Unit: 1. Source: convention; the default is two decades, as for "
        "`exploding_ratio`."
    )
    collapsed_share: Share = Field(
        description="Inputs have collapsed if the variance of z over them is below this share of the mean of z², at "
        "layer L before training. Unit: 1. Source: convention, 99 % of the mean square are common to all inputs."
    )
    trains_loss: Share = Field(
        description="A network trains if its tail loss is at most this share of G. Unit: G. Source: convention; the "
        "default explains nine tenths of the classes' entropy, down to 0.23 nat on the digits."
    )
    trains_share: Annotated[float, Field(gt=0, le=1)] = Field(
        description="A cell trains if at least this share of its evaluation seeds does, and is partial if at least "
        "this share has trained, is learning or is falling. Unit: 1. Source: convention; the default is 8 of 10, whose "
        "Wilson interval begins at 0.49."
    )
    stalled_loss: Share = Field(
        description="A network is learning if its tail loss is below this share of G, and has left the plateau when a "
        "mean over `tail_steps` first is. Unit: G. Source: on the same batches no constant prediction gets below G, "
        "whatever the classes; the default leaves 2 % to one that changes from step to step."
    )
    plateau_loss: Annotated[float, Field(gt=1)] = Field(
        description="A network stands on the plateau if it is not learning and its tail loss is at most this multiple "
        "of P, or of ln K for K classes if it began no higher than that. Above, it is falling if the tail loss is at "
        "most half of its initial loss. A cell is stalled if more than half of its evaluation seeds stand on the "
        "plateau or above it without falling, or if none learns or falls. Unit: P. Source: convention; the default "
        "leaves a tenth to the restlessness of large steps."
    )
    diverged_loss: Annotated[float, Field(ge=1)] = Field(
        description="A network has diverged if its loss is not finite, or its tail loss above this multiple of both P "
        "and its initial loss. A cell has diverged if more than half of its tuning seeds do at every rate, or more "
        "than half of its evaluation seeds at the chosen one. Unit: P. Source: convention; the default is twice the "
        "loss of guessing."
    )
    tail_steps: Steps = Field(
        description="Length of the tail, whose mean batch loss is judged; at most `training.steps`. Unit: updates. "
        "Source: the default is about one pass over the digits at batch size 32."
    )

    @field_validator("stalled_loss")
    @classmethod
    def _stalled_above_trains(cls, stalled: float, info: ValidationInfo) -> float:
        trains = info.data.get("trains_loss", 0.0)
        if stalled <= trains:
            raise refuse(f"is not above verdicts.trains_loss, {trains}", allowed=f"a number above {trains} and below 1")
        return stalled


class Config(Section):
    """A sweep: every architecture × activation × init at every depth, and what is done with each."""

    run: RunName = Field(description="Name of the run: it writes results/<run>/ and reports/<run>/ and nothing else.")
    root_seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = Field(
        description="Origin of all random numbers: another one gives another, independent sweep."
    )
    data: Data = Field(description="What the networks learn.")
    extensions: Extensions = ()
    depths: Annotated[tuple[Depth, ...], *LIST, AfterValidator(distinct)] = Field(
        description="Depths L of the sweep, without the readout. Unit: hidden layers."
    )
    architectures: Annotated[tuple[ArchitectureName, ...], *LIST, AfterValidator(distinct)] = Field(
        default=(PLAIN.name,),
        description="Architectures of the sweep: what normalizes a layer's signal and what carries it past the layer, "
        "from `src/depthsounder/elements/architectures.py` or an extension.",
    )
    activations: Annotated[tuple[ActivationName, ...], *LIST, AfterValidator(distinct)] = Field(
        description="Activations of the sweep, from `src/depthsounder/elements/activations.py` or an extension."
    )
    inits: Annotated[tuple[InitName, ...], *LIST, AfterValidator(distinct)] = Field(
        description="Initializations of the sweep, from `src/depthsounder/elements/initializers.py` or an "
        "extension; `critical` only with activations that have a critical variance."
    )
    seeds: Seeds = Field(description="How many networks of each cell.")
    seeds_per_block: SeedCount = Field(
        description="Networks of a cell that one job computes together; blocks start at its multiples. Unit: networks."
    )
    width: Width = Field(description="Width of every hidden layer. Unit: units.")
    training: Training = Field(description="How networks are trained.")
    probe_examples: Examples = Field(
        description="Training examples on which layers are measured, at most all of them. Unit: examples."
    )
    gradient_check: GradientCheck = Field(description="The check of backpropagation that gates the sweep.")
    verdicts: Verdicts = Field(description="The thresholds of the verdicts.")
    comparisons: Annotated[
        tuple[Comparison, ...],
        Strict(False),
        Field(json_schema_extra={"maxItems": MOST_COMPARISONS, "uniqueItems": True}),
        Allowed(f"a list of up to {MOST_COMPARISONS} sections with the keys {', '.join(Comparison.model_fields)}"),
    ] = Field(
        description="The one family of hypotheses that is tested. Whoever names a pair after a run of the same "
        "`root_seed` learns nothing new from its p-value. All other pairs of inits get effect sizes and no tests."
    )
    study: StudyName = Field(
        description="What the sweep is set beside, in a section of its report: a paper's figure, or the question that "
        "a preset of this name asks; null for none."
    )

    @field_validator("inits")
    @classmethod
    def _critical_where_it_exists(cls, inits: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for name in info.data.get("activations", ()) if "critical" in inits else ():
            activation = ACTIVATIONS[name]
            if breaches(activation):
                # Its expectations have no meaning, and its cells are refused before they need any.
                continue
            critical = critical_gain(activation)
            if critical.status == "none":
                allowed = "any other init, or activations that have a critical variance"
                raise refuse(f"is not possible: {critical.reason}", inits.index("critical"), allowed=allowed)
        return inits

    @field_validator("seeds_per_block")
    @classmethod
    def _tuning_seeds_in_few_blocks(cls, per_block: int, info: ValidationInfo) -> int:
        seeds = info.data.get("seeds")
        blocks = 0 if seeds is None else len(seed_blocks(TUNING_SEED_BASE, seeds.tune, per_block))
        if blocks > MOST_TUNING_BLOCKS:
            raise refuse(f"makes {blocks:,} blocks of the tuning seeds, of which there may be {MOST_TUNING_BLOCKS}")
        return per_block

    @field_validator("training", "probe_examples")
    @classmethod
    def _two_examples_to_normalize_over(cls, value: Training | int, info: ValidationInfo) -> Training | int:
        examples, place = (value.batch_size, ["batch_size"]) if isinstance(value, Training) else (value, [])
        mixing = [name for name in info.data.get("architectures", ()) if ARCHITECTURES[name].mixes_examples]
        if mixing and examples == 1:
            allowed = "2 and more, or architectures that normalize over no examples"
            raise refuse(f"is one example, which {mixing[0]} normalizes to 0", *place, allowed=allowed)
        return value

    @field_validator("verdicts")
    @classmethod
    def _tail_within_the_training(cls, verdicts: Verdicts, info: ValidationInfo) -> Verdicts:
        training = info.data.get("training")
        if training is not None and verdicts.tail_steps > training.steps:
            allowed = f"a whole number from 1 to {training.steps:,}"
            raise refuse(f"is above training.steps, {training.steps}", "tail_steps", allowed=allowed)
        return verdicts

    @field_validator("comparisons")
    @classmethod
    def _one_small_family(cls, comparisons: tuple[Comparison, ...], info: ValidationInfo) -> tuple[Comparison, ...]:
        check_family(comparisons, info.data)
        return comparisons
