"""All that is checked of an activation with an init and an architecture before any of their cells is computed.

First the records' own promises, then back-propagation through small networks; what cannot hold without what failed is
not tried. This module orders the checks; what they stop is decided by `gate`.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from depthsounder.checking.checked_network import N_INPUTS, draw_checked_network
from depthsounder.checking.contract import NOT_ANALYTIC, Promise, try_activation
from depthsounder.checking.gradcheck import check_by_central_differences, check_gradients
from depthsounder.checking.init_contract import try_init
from depthsounder.elements.activation import Activation
from depthsounder.elements.architectures import Architecture
from depthsounder.elements.initializers import Initializer, with_gain_at
from depthsounder.engine.gate import CONTRACT


@dataclass(frozen=True)
class CheckPlan:
    """How an activation and an init are checked.

    Attributes
    ----------
    root_seed
        Origin of the checked networks.
    depths, width, examples
        Shapes of the checked networks, and of their batch.
    sweep_width
        The width of the sweep, at which the checked networks' gains are taken.
    complex_step_threshold
        The greatest relative error against the complex step.
    not_analytic
        What becomes of an activation that takes no complex numbers: it is refused, or central differences alone check
        its gradients.
    """

    root_seed: int
    depths: tuple[int, ...]
    width: int
    examples: int
    sweep_width: int
    complex_step_threshold: float
    not_analytic: Literal["refuse", "central_difference"]


def check_records(
    architecture: Architecture, activation: Activation, init: Initializer, plan: CheckPlan
) -> list[dict[str, object]]:
    """Return the rows of the gradient_check table of an architecture, an activation and an init."""
    of_activation = try_activation(activation)
    broken = of_activation[-1]
    by_differences = broken.name == NOT_ANALYTIC and broken.breach and plan.not_analytic == "central_difference"
    rows = _contract_rows("activation", of_activation, "skipped" if by_differences else "failed")
    if broken.breach and not by_differences:
        return rows
    fans = ((N_INPUTS, plan.width), (plan.width, plan.width))
    # The gains of the sweep's width come from square layers alone; the record itself must do for other ones too.
    of_init = try_init(init, activation, (*fans, (plan.width + 1, plan.width)), plan.root_seed)
    if not of_init[-1].breach:
        init = with_gain_at(init, plan.sweep_width)
        of_init = try_init(init, activation, fans, plan.root_seed)
    rows += _contract_rows("init", of_init, "failed")
    if of_init[-1].breach:
        return rows
    for depth in plan.depths:
        network = draw_checked_network(plan.root_seed, depth, plan.width, plan.examples, activation, init, architecture)
        checks = (
            check_by_central_differences(network)
            if by_differences
            else check_gradients(network, plan.complex_step_threshold)
        )
        rows += [{"depth": depth, **asdict(check), "found": None} for check in checks]
    return rows


def _contract_rows(record: str, promises: Iterable[Promise], word: str) -> list[dict[str, object]]:
    """Return the rows of a record's promises, with the verdict that a broken one has; they belong to no network."""
    return [
        {
            "depth": 0, "parameter": f"{record}.{promise.name}", "method": CONTRACT, "relative_error": None,
            "noise_floor": 0.0, "verdict": word if promise.breach else "passed", "found": promise.breach,
        }
        for promise in promises
    ]  # fmt: skip
