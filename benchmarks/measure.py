"""The measurement: every implementation on every case, several times, paired.

Within a repeat of a case the implementations run one right after the other, so that whatever slows the machine for a
while slows them all; each repeat begins with another one. This module knows names and outcomes, and no implementation.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from benchmarks.agreement import require_agreement
from benchmarks.limits import product_flop, sgemm_rate
from benchmarks.problem import Case, Outcome, Problem, pose

Implementation = Callable[[Problem], Outcome]

SCHEMA = pa.schema(
    [
        pa.field("implementation", pa.string(), metadata={"unit": "name"}),
        pa.field("architecture", pa.string(), metadata={"unit": "name"}),
        pa.field("activation", pa.string(), metadata={"unit": "name"}),
        pa.field("depth", pa.int32(), metadata={"unit": "hidden layers"}),
        pa.field("width", pa.int32(), metadata={"unit": "units of a hidden layer"}),
        pa.field("batch", pa.int32(), metadata={"unit": "examples"}),
        pa.field("networks", pa.int32(), metadata={"unit": "networks trained"}),
        pa.field("threads", pa.int32(), metadata={"unit": "threads"}),
        pa.field("repeat", pa.int32(), metadata={"unit": "number of the repeat"}),
        pa.field("seconds_per_network_step", pa.float64(), metadata={"unit": "s; compiled and warm"}),
        pa.field("compile_seconds", pa.float64(), metadata={"unit": "s; once for each shape"}),
        pa.field("share_of_sgemm", pa.float64(), metadata={"unit": "products' flop/s over that of sgemm alone"}),
        pa.field("final_loss", pa.float64(), metadata={"unit": "nat; mean over networks, last batch"}),
    ]
)

THREADS = 1


def measure(
    cases: Sequence[Case], repeats: int, implementations: Mapping[str, Implementation]
) -> Iterator[list[dict[str, object]]]:
    """Yield the rows of the table, those of all implementations for each repeat and case as they are measured.

    The first implementation is the one with which the losses of all others are compared.

    Raises
    ------
    Disagreement
        If they are not the same.
    """
    names = list(implementations)
    problems = [pose(case) for case in cases]
    rehearsal = pose(replace(cases[0], updates=2))
    for run in implementations.values():
        run(rehearsal)
    for repeat in range(repeats):
        first = repeat % len(names)
        for problem in problems:
            limit = sgemm_rate(problem)
            outcomes = {name: implementations[name](problem) for name in [*names[first:], *names[:first]]}
            require_agreement(problem, {name: outcomes[name] for name in names})
            yield [_row(name, problem, repeat, limit, outcomes[name]) for name in names]


def _row(name: str, problem: Problem, repeat: int, limit: float, outcome: Outcome) -> dict[str, object]:
    case = problem.case
    seconds = outcome.seconds / (case.networks * case.passes)
    return {
        "implementation": name,
        "architecture": case.architecture,
        "activation": case.activation,
        "depth": case.depth,
        "width": case.width,
        "batch": case.batch,
        "networks": case.networks,
        "threads": THREADS,
        "repeat": repeat,
        "seconds_per_network_step": seconds,
        "compile_seconds": outcome.compile_seconds,
        "share_of_sgemm": product_flop(problem.spec.fans, case.batch) / seconds / limit,
        "final_loss": float(outcome.losses[:, -1].mean()),
    }
