"""The trials of an activation's promises, one function each: what breaks the promise in a sentence, or None.

Each trial may take for granted what those before it in `contract` have tried. Whatever goes wrong in a function that a
user wrote is the user's to know: an exception becomes a sentence there.
"""

from collections.abc import Callable, Iterator
from math import isfinite

import numpy as np

from depthsounder.checking.antiderivative import Mismatch, find_mismatch
from depthsounder.elements.activation import Activation
from depthsounder.process.text import failure

LARGEST = 1e4
"""The largest |z| at which φ must be finite and φ' its derivative: six deviations of a signal of q = 3e6."""

FLOAT32_ERROR = 1e-3
"""What float32 may differ from float64, relative to φ's size there and near 0: thousands of roundings."""

_GENTLE = np.linspace(-5.0, 5.0, 60).reshape(3, 4, 5)
"""Where every activation is harmless: networks, examples and units, as the engine has them."""

_ELSEWHERE = -_GENTLE[::-1]

_WIDE = np.concatenate([np.linspace(0.0, 200.0, 801), np.geomspace(201.0, LARGEST, 200)])
_WIDE = np.concatenate([-_WIDE[:0:-1], _WIDE])

_ROUND_POINTS = np.arange(-20.0, 20.5, 0.5)
_NEAR_ZERO = np.geomspace(3e-3, 1e-12, 38)
_BESIDE, _SLOPE_ERROR = 1e-7, 1e-5

_COMPLEX_STEP = 1e-40
_COMPLEX_ERROR = 1e-8
_COMPLEX_REACH = 30.0


def _calls(activation: Activation) -> Iterator[tuple[str, Callable[[np.ndarray, np.ndarray], object]]]:
    """Yield both functions of a record as functions of z and out, by what they are called in a sentence."""

    def derivative(z: np.ndarray, out: np.ndarray) -> object:
        return activation.derivative(z, activation(z), out)

    yield "φ", activation.function
    yield "φ'", derivative


def _values(function: Callable[[np.ndarray, np.ndarray], object], z: np.ndarray, filler: float) -> np.ndarray:
    """Return what a function writes into a part of a larger array, as the engine's buffers are."""
    buffer = np.full((*z.shape[:-1], 2 * z.shape[-1]), filler, z.dtype)
    out = buffer[..., : z.shape[-1]]
    function(z, out)
    return out.copy()


def computes(activation: Activation) -> str | None:
    """Try to call both functions with the engine's arrays of float64 and float32."""
    kinks: object = activation.kinks
    if not isinstance(kinks, tuple) or not all(isinstance(kink, int | float) and isfinite(kink) for kink in kinks):
        return f"`kinks` is {kinks!r}, and must be a tuple of numbers, such as (0.0,) or ()."
    for dtype in (np.float64, np.float32):
        for name, function in _calls(activation):
            try:
                _values(function, _GENTLE.astype(dtype), 0.0)
            except Exception as error:  # noqa: BLE001
                return f"{name} cannot be computed in {np.dtype(dtype)}: {failure(error)}."
    return None


def leaves_arguments(activation: Activation) -> str | None:
    """Try whether z and h are as before."""
    z = _GENTLE.copy()
    h = np.zeros_like(z)
    activation.function(z, h)
    if not _same(z, _GENTLE):
        return "φ writes into z, which must stay as it is: the engine measures it afterwards."
    before = h.copy()
    activation.derivative(z, h, np.zeros_like(z))
    if not _same(z, _GENTLE):
        return "φ' writes into z, which must stay as it is."
    if not _same(h, before):
        return "φ' writes into h, which must stay as it is."
    return None


def repeats(activation: Activation) -> str | None:
    """Try whether anything but the arguments has a part in a value: random numbers, or what an earlier call left."""
    for name, function in _calls(activation):
        if not _same(_values(function, _GENTLE, 0.0), _values(function, _GENTLE, 0.0)):
            return f"{name} is not the same when it is called twice with the same z."
    h, slopes = _values(activation.function, _GENTLE, 0.0), activation.slope(_GENTLE)
    _values(activation.function, _ELSEWHERE, 0.0)
    again = np.zeros_like(_GENTLE)
    activation.derivative(_GENTLE, h, again)
    if not _same(again, slopes):
        return "φ' depends on the z for which φ was called last: a call may keep nothing for the next."
    return None


def fills_out(activation: Activation) -> str | None:
    """Try whether both functions write all of `out`, and nothing but their values."""
    for dtype in (np.float64, np.float32):
        z = _GENTLE.astype(dtype)
        for name, function in _calls(activation):
            on_nan, again, on_seven = (_values(function, z, filler) for filler in (np.nan, np.nan, 7.0))
            if _same(on_nan, again) and not _same(on_nan, on_seven):
                return (
                    f"{name} does not fill `out`: what it leaves there depends on what stood there before. Write the "
                    "result into `out`, as by np.copyto(out, …): what a function returns is not looked at."
                )
    return None


def is_elementwise(activation: Activation) -> str | None:
    """Try whether each element has its value whatever stands beside it."""
    # A branch on z.any() or z.all() takes one side in every array of both signs: what is alone can take the other.
    points = np.concatenate([_GENTLE.ravel(), _WIDE[::20]])
    for name, function in _calls(activation):
        together = _values(function, points, 0.0)
        alone = np.concatenate([_values(function, point, 0.0) for point in points[:, None]])
        whole = _values(function, _GENTLE, 0.0)
        backwards = _values(function, np.ascontiguousarray(_GENTLE[::-1, ::-1, ::-1]), 0.0)[::-1, ::-1, ::-1]
        part = _values(function, np.ascontiguousarray(_GENTLE[:1, :2, :3]), 0.0)
        # Vector units round the rest of an array otherwise than its body.
        pairs = ((whole, backwards), (whole[:1, :2, :3], part), (together, alone))
        if not all(np.allclose(*pair, rtol=1e-9, atol=1e-12, equal_nan=True) for pair in pairs):
            return f"{name} of an element depends on its neighbors: it must act on each element alone."
    return None


def is_finite(activation: Activation) -> str | None:
    """Try both functions from -LARGEST to LARGEST, but where the value itself is beyond the range of float32."""
    found = []
    for dtype in (np.float64, np.float32):
        z = _WIDE.astype(dtype)
        for name, function in _calls(activation):
            values, exact = _values(function, z, 0.0), _values(function, z.astype(np.float64), 0.0)
            too_large = np.isfinite(exact) & (np.abs(exact) > np.finfo(dtype).max)
            found += [
                (abs(at), f"{name} is {value} at z = {at:g} in {z.dtype}")
                for at, value in _nearest(z, values, ~np.isfinite(values) & ~too_large)
            ]
    if not found:
        return None
    return (
        f"{min(found)[1]}: it must be finite wherever z is, from -{LARGEST:g} to {LARGEST:g}. An intermediate value "
        "overflows, or φ has no value there."
    )


def holds_in_float32(activation: Activation) -> str | None:
    """Try whether float32, in which networks are trained, gives what float64 gives."""
    z = _WIDE.astype(np.float32)
    wide, spread = z.astype(np.float64), 8.0 * float(np.finfo(np.float32).eps)
    for name, function in _calls(activation):
        values = _values(function, z, 0.0).astype(np.float64)
        below, exact, above = (_values(function, wide * (1.0 + move), 0.0) for move in (-spread, 0.0, spread))
        # Where φ is steep or winds, a rounded z alone has another value.
        allowed = np.abs(exact - below) + np.abs(exact - above)
        allowed += FLOAT32_ERROR * (np.abs(exact) + np.abs(exact[np.abs(z) <= 3.0]).max())
        wrong = np.isfinite(values) & (np.abs(values - exact) > allowed)
        for at, value in _nearest(z, values, wrong):
            return (
                f"{name} is {value:.6g} at z = {at:g} in float32, in which networks are trained, and "
                f"{float(exact[z == at][0]):.6g} in float64."
            )
    return None


def _nearest(z: np.ndarray, values: np.ndarray, chosen: np.ndarray) -> list[tuple[float, float]]:
    """Return z and value of the chosen point that is nearest to 0, or nothing."""
    points = np.flatnonzero(chosen)
    nearest = points[np.abs(z[points]).argmin() :][:1] if len(points) else points
    return [(float(z[point]), float(values[point])) for point in nearest]


def derivative_belongs(activation: Activation) -> str | None:
    """Try whether φ' adds up to φ, and to nothing else at single points."""
    found = _mismatch(activation)
    if found is None or found.kind == "kink":
        return _slope_near_zero(activation) or _slope_at_points(activation)
    if found.kind == "jump":
        return f"φ jumps by {found.change:.3g} at z = {found.left:.6g}, where no derivative can follow."
    return (
        f"φ' is not the derivative of φ: from z = {found.left:.6g} to {found.right:.6g} φ changes by "
        f"{found.change:.9g}, and φ' adds up to {found.integral:.9g}."
    )


def _slope_near_zero(activation: Activation) -> str | None:
    """Try φ' where vanishing signals are: φ over [z/2, z], at ever smaller z, by Simpson's rule."""
    z = np.concatenate([_NEAR_ZERO, -_NEAR_ZERO])
    ends, slopes = activation(z), [activation.slope(share * z) for share in (0.5, 0.75, 1.0)]
    change = ends - activation(z / 2.0)
    integral = z / 12.0 * (slopes[0] + 4.0 * slopes[1] + slopes[2])
    allowed = 1e-4 * (np.abs(change) + np.abs(integral)) + 1e-15 * (1.0 + np.abs(ends))
    for kink in activation.kinks:
        allowed[(np.minimum(z / 2.0, z) <= kink) & (kink <= np.maximum(z / 2.0, z))] = np.inf
    for point in np.flatnonzero(np.abs(change - integral) > allowed)[:1]:
        return (
            f"φ' is not the derivative of φ: from z = {z[point] / 2:g} to {z[point]:g} φ changes by "
            f"{change[point]:.9g}, and φ' adds up to {integral[point]:.9g}."
        )
    return None


def _slope_at_points(activation: Activation) -> str | None:
    """Try φ' at single points that networks meet exactly, such as 0: integrals do not see them.

    Between two points beside a smooth one φ' hardly changes; at a kink it lies between its two sides.
    """
    points = np.unique(np.concatenate([_ROUND_POINTS, activation.kinks]))
    below, at, above = (activation.slope(points + move) for move in (-_BESIDE, 0.0, _BESIDE))
    beside = np.maximum(np.abs(below - above), _SLOPE_ERROR * (1.0 + np.abs(below) + np.abs(above)))
    middle = (below + above) / 2.0
    for point, slope in _nearest(points, at, np.abs(at - middle) > beside):
        left, right = (float(side[points == point][0]) for side in (below, above))
        return f"φ' is {slope:.6g} at z = {point:g} exactly, and {left:.6g} and {right:.6g} on its two sides."
    return None


def names_its_kinks(activation: Activation) -> str | None:
    """Try whether every point where φ' or its slope jumps is declared."""
    found = _mismatch(activation)
    if found is None:
        return None
    declared = ", ".join(f"{kink:g}" for kink in activation.kinks)
    return (
        f"φ has a kink at z = {found.left:.4g}, where φ' or its slope jumps, and `kinks` names "
        f"{declared or 'none'}: quadrature splits there, and finite differences skip it."
    )


def _mismatch(activation: Activation) -> Mismatch | None:
    return find_mismatch(activation, activation.slope, activation.kinks, LARGEST)


def is_analytic(activation: Activation) -> str | None:
    """Try φ one tiny imaginary step beside z, as the complex step of the gradient check does."""
    z = _WIDE[np.abs(_WIDE) <= _COMPLEX_REACH] + 0.01237
    slopes = activation.slope(z)
    advice = (
        "φ must also take complex numbers, as a function that is analytic beside its kinks, because the gradient check "
        "takes a complex step. np.abs, np.sign, z.real and z.clip() drop the imaginary part; expit and arctan2 take "
        "none. Write np.where(z.real < 0, -z, z) for |z| and 1 / (1 + np.exp(-z)) for expit(z); or set "
        "gradient_check.not_analytic to central_difference. Central differences agree with φ' to "
        f"{_central_error(activation, z, slopes):.1g}."
    )
    try:
        moved = _values(activation.function, z + 1j * _COMPLEX_STEP, 0.0)
    except Exception as error:  # noqa: BLE001
        return f"φ cannot be computed in complex128: {failure(error)}. {advice}"
    found = moved.imag / _COMPLEX_STEP
    steepest = np.abs(activation.slope(np.linspace(-3.0, 3.0, 601))).max()
    wrong = ~(np.abs(found - slopes) <= _COMPLEX_ERROR * (np.abs(slopes) + steepest))
    for at, imaginary in _nearest(z, found, wrong):
        slope = float(slopes[z == at][0])
        return (
            f"φ is not analytic: at z = {at:.4g} + ih its imaginary part is {imaginary:.4g} h, and φ' is {slope:.4g}. "
            f"{advice}"
        )
    return None


def _central_error(activation: Activation, z: np.ndarray, slopes: np.ndarray) -> float:
    """Return the relative error ‖numeric − φ'‖ / (‖numeric‖ + ‖φ'‖) of central differences off the kinks."""
    step = 1e-6
    numeric = (activation(z + step) - activation(z - step)) / (2.0 * step)
    smooth = np.all([np.abs(z - kink) > 2.0 * step for kink in activation.kinks] or [np.ones(len(z), bool)], axis=0)
    numeric, slopes = numeric[smooth], slopes[smooth]
    total = np.linalg.norm(numeric) + np.linalg.norm(slopes)
    return float(np.linalg.norm(numeric - slopes) / total) if total else 0.0


def _same(left: np.ndarray, right: np.ndarray) -> bool:
    return bool(np.array_equal(left, right, equal_nan=True))
