"""The product's tables: which columns each has, of which kind and in which unit."""

import pyarrow as pa

from depthsounder.elements.axes import AXES, Cell

CELL_KEYS = list(Cell._fields)
"""What identifies a cell, and in which order its parts are laid out in folders. A list, as pandas takes keys."""

BASELINE_FILES = ("config.json", "verdicts.parquet", "comparisons.parquet", "claims.parquet")
"""The files of a run by which runs are compared, and of which a baseline consists."""


def _field(name: str, kind: pa.DataType, unit: str) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit})


_CELL_FIELDS = [_field(name, pa.string() if axis.registry else pa.int32(), axis.unit) for name, axis in AXES.items()]

SIGNAL = pa.schema(
    [
        *_CELL_FIELDS,
        _field("seed", pa.int32(), "number of the network"),
        _field("step", pa.int32(), "updates done; 0 = before training"),
        _field("layer", pa.int32(), "1 to depth + 1, the readout"),
        _field("learning_rate", pa.float64(), "1; null at step 0"),
        _field("fan_in", pa.int32(), "units"),
        _field("fan_out", pa.int32(), "units"),
        _field("z_second_moment", pa.float64(), "mean of z² over units and examples"),
        _field("z_second_moment_single", pa.float64(), "mean of z² over units, for the probe's first example alone"),
        _field("z_batch_variance", pa.float64(), "variance of z over examples, mean over units"),
        _field("h_mean", pa.float64(), "mean of h over units and examples; null at the readout"),
        _field("h_variance", pa.float64(), "variance of h over units and examples; null at the readout"),
        _field("delta_second_moment", pa.float64(), "mean of (∂C_example/∂z)² over units and examples"),
        _field("weight_grad_rms", pa.float64(), "root mean square of ∂C_batch/∂W"),
        _field("weight_grad_mean_abs", pa.float64(), "mean of |∂C_batch/∂W|"),
        _field("saturated_fraction", pa.float64(), "share of (unit, example); null for rectifiers and the readout"),
        _field("dead_fraction", pa.float64(), "share of units; null but for rectifiers, and at the readout"),
        _field("update_ratio", pa.float64(), "‖ΔW‖/‖W‖ of the update that led to this step; null at step 0"),
    ]
)

JACOBIAN = pa.schema(
    [
        *_CELL_FIELDS,
        _field("seed", pa.int32(), "number of the network"),
        _field("index", pa.int32(), "1, the largest, to the smaller of features and width"),
        _field(
            "log_singular_value",
            pa.float64(),
            "ln of a singular value of ∂h/∂x, layer depth by input, for the probe's first example, before training; "
            "-inf where it is exactly 0, NaN where the signal is no number",
        ),
    ]
)

TRACES = pa.schema(
    [
        *_CELL_FIELDS,
        _field("phase", pa.string(), "tune or evaluate"),
        _field("seed", pa.int32(), "number of the network"),
        _field("learning_rate", pa.float64(), "1"),
        _field("step", pa.int32(), "updates done"),
        _field("train_loss", pa.float32(), "nat; mean over the next batch, before its update"),
        _field("grad_norm", pa.float64(), "Euclidean norm of that batch's gradient; null between logged steps"),
        _field("test_loss", pa.float32(), "nat; null between logged steps"),
        _field("test_accuracy", pa.float32(), "share; null between logged steps"),
        _field("train_accuracy", pa.float32(), "share; null between logged steps"),
    ]
)

GRADIENT_CHECK = pa.schema(
    [
        *_CELL_FIELDS,
        _field("parameter", pa.string(), "W, b, gamma or beta with its layer's number; at depth 0 a record's promise"),
        _field("method", pa.string(), "complex_step or central_difference; or contract, of a promise"),
        _field(
            "relative_error",
            pa.float64(),
            "‖analytic − numeric‖ / (‖analytic‖ + ‖numeric‖); null if nothing was checked",
        ),
        _field("noise_floor", pa.float64(), "relative error that rounding alone explains"),
        _field("verdict", pa.string(), "passed, failed, blind or skipped"),
        _field("found", pa.string(), "what broke a promise, in sentences; null elsewhere"),
    ]
)

THEORY = pa.schema(
    [
        *_CELL_FIELDS,
        _field("layer", pa.int32(), "1 to depth"),
        _field("z_second_moment", pa.float64(), "q of an input of norm 1 per unit"),
        _field("delta_second_moment_ratio", pa.float64(), "this layer over layer L, for an input of norm 1 per unit"),
        _field("chi_1", pa.float64(), "slope of the correlation map at correlation 1, at q*"),
        _field("q_star", pa.float64(), "fixed point that q reaches; null if none, inf if q diverges"),
        _field("xi_q", pa.float64(), "layers"),
        _field("xi_c", pa.float64(), "layers"),
        _field("xi_grad", pa.float64(), "layers; negative where gradients vanish towards the input"),
        _field("z_second_moment_probe", pa.float64(), "q, mean over the probe's own norms"),
        _field("z_batch_variance_probe", pa.float64(), "from the probe's own norms and overlaps"),
        _field("delta_second_moment_ratio_probe", pa.float64(), "this layer over layer L, mean over the probe's norms"),
        _field("z_second_moment_single", pa.float64(), "q of the probe's first example"),
        _field("z_log_variance_single", pa.float64(), "variance of its ln mean z² over networks of this width"),
        _field(
            "delta_log_variance_single",
            pa.float64(),
            "variance of ln of this layer's over layer L's delta_second_moment over networks of this width",
        ),
        _field("jacobian_mean_square_single", pa.float64(), "mean of squared singular values of ∂h/∂x, same example"),
        _field("note", pa.string(), "the degenerate case of q* in words, or why theory is withheld; else null"),
    ]
)

VERDICTS = pa.schema(
    [
        *_CELL_FIELDS,
        _field("signal_verdict", pa.string(), "healthy, vanishing or exploding; null at depth 1"),
        _field("signal_borderline", pa.bool_(), "whether the interval of D covers a threshold"),
        _field("training_verdict", pa.string(), "trains, partial, mixed, stalled or diverged"),
        _field("best_learning_rate", pa.float64(), "1"),
        _field("edge_of_grid", pa.bool_(), "whether the best rate is the grid's first or last"),
        _field("tail_loss", pa.float64(), "nat; median over evaluation seeds"),
        _field("reference_loss", pa.float64(), "nat; the least that a constant prediction costs there; median"),
        _field("escape_step", pa.float64(), "updates until below any constant prediction; median, null if most never"),
        _field("successes", pa.int32(), "evaluation seeds that train"),
        _field("learning", pa.int32(), "evaluation seeds that ended below any constant prediction, not trained"),
        _field("falling", pa.int32(), "evaluation seeds that came down to half of their start or less, but not to it"),
        _field("on_plateau", pa.int32(), "evaluation seeds whose tail loss guessing explains"),
        _field("above_plateau", pa.int32(), "evaluation seeds that ended above the plateau and did none of these"),
        _field("diverged_seeds", pa.int32(), "evaluation seeds that diverged"),
        _field("dead_at_birth", pa.int32(), "measured evaluation seeds with δ² exactly 0 in a hidden layer at step 0"),
        _field("seeds", pa.int32(), "evaluation seeds"),
        _field("success_rate", pa.float64(), "share"),
        *(_field(f"success_rate_{end}", pa.float64(), "share; Wilson, 95 %") for end in ("low", "high")),
        _field("delta_ratio", pa.float64(), "D, the median over seeds"),
        *(_field(f"delta_ratio_{end}", pa.float64(), "D; order statistics, 95 %") for end in ("low", "high")),
        _field("forward_ratio", pa.float64(), "q^L/q^1, the median over seeds; null if q^1 is 0"),
        _field("forward_verdict", pa.string(), "distinct or collapsed; null if most networks overflow"),
        _field("variance_share", pa.float64(), "variance of z over examples over q, at layer L; median over seeds"),
        _field("dead_units", pa.float64(), "share of the units of layer L; median over seeds, null but for rectifiers"),
        _field("reason", pa.string(), "the verdicts in words"),
    ]
)

COMPARISONS = pa.schema(
    [
        *_CELL_FIELDS,
        _field("against", pa.string(), "name of another init, all else being the same"),
        _field("in_family", pa.bool_(), "whether the config names this comparison, which alone are tested"),
        _field("seeds", pa.int32(), "networks of each init, paired"),
        _field("lower", pa.int32(), "seeds whose tail loss is lower with init than with against"),
        _field("higher", pa.int32(), "seeds whose tail loss is higher with init than with against"),
        _field("tail_ratio", pa.float64(), "tail loss with init over that with against; Hodges-Lehmann, of logarithms"),
        *(_field(f"tail_ratio_{end}", pa.float64(), "ratio; of the signed-rank test, 95 %") for end in ("low", "high")),
        _field("pairing_gain", pa.float64(), "variance of ln tail differences, unpaired over paired"),
        _field("p_value", pa.float64(), "exact signed-rank test of ln ratios over seeds; null outside the family"),
        _field("p_holm", pa.float64(), "p_value, adjusted over the family by Holm's method"),
        _field("finding", pa.string(), "lower, higher or not told apart; one law, also outside the family; else null"),
    ]
)

CLAIMS = pa.schema(
    [
        _field("claim", pa.string(), "name"),
        _field("statement", pa.string(), "text"),
        _field("verdict", pa.string(), "confirmed, refuted, conditional or inconclusive"),
        _field("observed", pa.string(), "text with units"),
        _field("expected", pa.string(), "text with units"),
        _field("evidence", pa.string(), "text"),
    ]
)

SCHEMAS = {
    "signal": SIGNAL,
    "jacobian": JACOBIAN,
    "traces": TRACES,
    "gradient_check": GRADIENT_CHECK,
    "theory": THEORY,
    "verdicts": VERDICTS,
    "comparisons": COMPARISONS,
    "claims": CLAIMS,
}


def part_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of a table's parts, whose cell stands in the path and not in the file."""
    return pa.schema([field for field in schema if field.name not in CELL_KEYS])
