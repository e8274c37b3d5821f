"""What is said behind the cards: whether theory foresaw it, and what cannot be laid to the depth.

The words are exact: within so many steps, on this grid of rates, up to this depth. Nothing here knows what the sweep is
expected to find. `opening` says what fails and why.
"""

from depthsounder.elements.architectures import PLAIN
from depthsounder.figures import prediction
from depthsounder.figures.outcomes import repeated_laws, uncopied
from depthsounder.figures.style import label
from depthsounder.judging.verdicts import DISTINCT, FAILURES
from depthsounder.process.text import count, join, number, percent, tally
from depthsounder.sweep.runs import Run

MOST_SCATTER = 0.1
"""A share of H: where guessing's tail loss has a larger standard deviation, the page says that little can be seen."""


def tallies(run: Run) -> list[str]:
    """Return what theory foresaw, where not the depth is to blame, and where too little is known to tell."""
    return [sentence for sentence in (_foreseen(run), _shallow_failures(run), rare_classes(run)) if sentence]


def other_runs(run: Run) -> list[str]:
    """Say where to see what rescues the cells that fail; nothing where none does, or where this run has looked."""
    failing = int(run.verdicts["training_verdict"].isin(FAILURES).sum())
    if not failing or run.architectures != [PLAIN.name]:
        return []
    sentence = (
        f"What rescues a cell that fails, of which there are {failing:,} here? make report CONFIG=config/rescue.yaml "
        "sets batch norm, layer norm and shortcuts beside plain networks, with theory and a tuned rate for each."
    )
    return [sentence]


def scope(run: Run) -> str:
    """Say of which architectures the first screen and the page speak; empty where all networks are plain."""
    names, home = run.architectures, run.home.architectures[0]
    if names == [PLAIN.name]:
        return ""
    if len(names) == 1:
        return f"All networks of this run are {label(home)} networks."
    others = join(label(name) for name in names if name != home)
    return (
        f"These lines are about the {label(home)} networks of this run. Figures, counts and explorer also have "
        f"{others}; initializations are compared within one architecture."
    )


def _foreseen(run: Run) -> str:
    """Say in plain words how often theory knew what becomes of the error, and what that meant; empty without theory."""
    table = prediction.rows(run)
    known = table[table["predicted_verdict"].notna()]
    if known.empty:
        return ""
    right = int((known["predicted_verdict"] == known["signal_verdict"]).sum())
    alone = uncopied(known, repeated_laws(run))
    sentence = (
        f"Was it predictable? In {right:,} of {count(len(known), 'cell')}{alone} theory foresaw "
        "whether the error survives"
    )
    healthy = known["predicted_verdict"] == "healthy"
    parts = []
    if (~healthy).any():
        trained = int((known.loc[~healthy, "training_verdict"] == "trains").sum())
        parts.append(f" Where it does not, {tally(trained)} of {int((~healthy).sum()):,} trained.")
    if healthy.any():
        parts.append(f" Of {int(healthy.sum()):,} where it does, {prediction.became(known[healthy])}.")
    return f"{sentence}.{''.join(parts)}"


def _shallow_failures(run: Run) -> str:
    """Name the activations whose shallowest networks fail though signal and inputs arrive; empty if there are none.

    With one hidden layer there is no ratio of errors, and nothing that could spoil it.
    """
    healthy = run.verdicts[run.verdicts["signal_verdict"].fillna("healthy") == "healthy"]
    healthy = healthy[healthy["forward_verdict"] == DISTINCT]
    found: dict[int, list[str]] = {}
    for activation in run.activations:
        cells = healthy[healthy["activation"] == activation]
        shallowest = cells[cells["depth"] == cells["depth"].min()]
        if len(shallowest) and shallowest["training_verdict"].isin(FAILURES).all():
            found.setdefault(int(shallowest["depth"].iloc[0]), []).append(label(activation))
    if not found:
        return ""
    where = join(f"{join(names)} at depth {depth}" for depth, names in sorted(found.items()))
    return (
        f"Not even the shallowest cells whose signal is healthy both ways learned with {where}: that speaks of the "
        "data, the rates or the number of steps, and not of the depth."
    )


def rare_classes(run: Run) -> str:
    """Say where rare classes leave too little to judge in a tail; empty where they do not."""
    references, tail_steps = run.references, run.config.verdicts.tail_steps
    scatter = references.scatter(tail_steps)
    if scatter <= MOST_SCATTER:
        return ""
    share = references.frequencies[references.frequencies > 0].min()
    examples = tail_steps * run.config.training.batch_size
    return (
        f"Rare classes leave little to judge: a tail has {count(examples, 'example')}, of which the rarest class has "
        f"{number(share * examples)} in the mean, so that what guessing costs there scatters by {percent(scatter, 2)} "
        "of H from seed to seed. Each network is compared with guessing on its own batches, so that one that learns "
        "nothing is not said to learn; but few examples decide whether one that learns is seen to."
    )
